"""Will a lab that was near the frontier release openly there again within a year? Probability, interval, what moved it.

The probability is Cox's for a spell that has lasted as long as this one, drawn toward the base rate with the weight of
one spell: after the longest gap on record a Cox model says zero, which nobody knows. `backtest` says whether this beats
two baselines; where it does not, the base rate is what is forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import SEED, Interval, percentiles
from hanse.outlook.rating import NEAR_MONTHS, Rated, draw_months_behind, months_between, rate
from hanse.outlook.survival import ACTIVE_MONTHS, COVARIATES, Cox, Spell, covariates_of, fit_cox, near_releases, spells

HORIZON_MONTHS = 12.0
REFITS = 100
"""Bootstrap refits per interval: about three seconds."""
SURE = 0.9
"""Near (or not near) in at least this share of draws counts as known."""
Method = Literal["cox", "base rate"]
State = Literal["forecast", "cannot rate", "left", "not near"]


@dataclass(frozen=True)
class Outlook:
    """One lab's outlook."""

    lab: str
    state: State
    last: date | None
    """Its last near-frontier open release."""
    last_release: str
    waited: float | None
    """Months since then, at the day of the newest score."""
    probability: Interval | None
    method: Method
    moved: tuple[tuple[str, float], ...]
    """Covariates by what they add to the log hazard, strongest first; empty for the base rate."""
    events: tuple[str, ...]
    """Ids of the lab's events of the last year."""
    why: str


def base_rate(found: Sequence[Spell], until: date, horizon: float = HORIZON_MONTHS) -> float:
    """Share of the past (lab, quarter) pairs that were followed by a release within the horizon; 0.5 without any.

    Only pairs whose whole horizon lies before `until` count, so nothing is taken from the future.
    """
    hits = trials = 0
    for lab in {spell.lab for spell in found}:
        mine = [spell for spell in found if spell.lab == lab]
        starts = [spell.start for spell in mine]
        day = min(starts)
        while months_between(day, until) >= horizon:
            trials += 1
            hits += any(0 < months_between(day, start) <= horizon for start in starts)
            day = date.fromordinal(day.toordinal() + 91)
    return hits / trials if trials else 0.5


def blend(
    cox: Cox, found: Sequence[Spell], covariates: dict[str, float], waited: float, base: float, horizon: float
) -> float:
    """Cox's probability, drawn toward the base rate: spells still at risk against one."""
    at_risk = sum(spell.months >= waited for spell in found)
    return (at_risk * cox.probability(covariates, waited, horizon) + base) / (at_risk + 1)


def last_near(rated: Sequence[Rated], lab: str) -> Rated | None:
    """A lab's last near-frontier open release: the one that began its last spell."""
    near = near_releases(rated).get(lab)
    return near[-1] if near else None


def outlooks(
    catalogue: Catalogue,
    method: Method = "cox",
    names: Sequence[str] = tuple(COVARIATES),
    refits: int = REFITS,
    seed: int = SEED,
) -> list[Outlook]:
    """Every lab that was near the frontier or released something large: its outlook, likeliest first."""
    rated = rate(catalogue)
    until = catalogue.rated_until
    found = spells(catalogue)
    base = base_rate(found, until)
    cox = fit_cox(found, names) if method == "cox" else None
    redrawn = _refits(found, names, refits, seed) if cox is not None else []
    result = []
    for lab in sorted({item.release.lab for item in rated}):
        last = last_near(rated, lab)
        mine = [item for item in rated if item.release.lab == lab]
        state, why = state_of(mine, last, catalogue, seed)
        waited = months_between(last.release.date, until) if last else None
        events = tuple(
            e.id for e in catalogue.events if e.lab == lab and 0 <= months_between(e.date, catalogue.collected) <= 12
        )
        probability, moved = None, tuple[tuple[str, float], ...]()
        if state == "forecast" and last is not None and waited is not None:
            now = covariates_of(catalogue, last, until)
            if cox is None:
                probability = _base_interval(found, until, seed)
            else:
                value = blend(cox, found, now, waited, base, HORIZON_MONTHS)
                draws = [blend(c, s, now, waited, base, HORIZON_MONTHS) for c, s in redrawn] or [value]
                probability = _spread(value, draws, sum(spell.months >= waited for spell in found), seed)
                moved = tuple(sorted(cox.log_hazards(now).items(), key=lambda pair: -abs(pair[1])))
        used: Method = "cox" if cox is not None else "base rate"
        day, name = (last.release.date, last.release.id) if last else (None, "")
        result.append(Outlook(lab, state, day, name, waited, probability, used, moved, events, why))
    order = {"forecast": 0, "cannot rate": 1, "left": 2, "not near": 3}
    return sorted(result, key=lambda o: (order[o.state], -(o.probability.value if o.probability else 0), o.lab))


def recent_large(mine: Sequence[Rated], catalogue: Catalogue) -> list[Rated]:
    """Releases above 40B, or of unknown size, of the year before the newest score, or since."""
    return [i for i in mine if i.small is not True and months_between(i.release.date, catalogue.rated_until) <= 12]


def state_of(mine: Sequence[Rated], last: Rated | None, catalogue: Catalogue, seed: int = SEED) -> tuple[State, str]:
    """Whether a lab can be forecast, and why: its large releases of the year before the newest score, or since."""
    recent = recent_large(mine, catalogue)
    if last is not None and months_between(last.release.date, catalogue.rated_until) <= ACTIVE_MONTHS:
        since = [i.release.model for i in recent if i.score is None and i.release.date > last.release.date]
        return "forecast", f"not rated since: {', '.join(since)}" if since else ""
    scored = [item for item in recent if item.score is not None]
    if scored:
        draws = draw_months_behind(scored, catalogue.scores, 2000, seed) <= NEAR_MONTHS
        share = float(draws.any(axis=1).mean())
        if 1 - SURE <= share <= SURE:
            names = ", ".join(item.release.model for item in scored)
            return "cannot rate", f"{names}: near the frontier in {share:.0%} of draws from their intervals"
    unrated = [item.release.model for item in recent if item.score is None]
    if unrated:
        return "cannot rate", f"large and never scored: {', '.join(unrated)}"
    if last is not None:
        return "left", f"no near-frontier open release on record since {last.release.model}, {last.release.date}"
    return "not near", "no near-frontier open release on record"


def _refits(found: Sequence[Spell], names: Sequence[str], refits: int, seed: int) -> list[tuple[Cox, list[Spell]]]:
    """Models of labs drawn with replacement; a draw that fits nothing is left out."""
    from lifelines.exceptions import ConvergenceError

    labs = sorted({spell.lab for spell in found})
    random = np.random.default_rng(seed)
    result = []
    for _ in range(refits):
        drawn = [spell for at in random.integers(0, len(labs), len(labs)) for spell in found if spell.lab == labs[at]]
        try:
            cox = fit_cox(drawn, names)
        except ConvergenceError:
            continue
        if cox is not None and set(cox.names) <= set(names):
            result.append((cox, drawn))
    return result


def _spread(value: float, draws: Sequence[float], at_risk: int, seed: int) -> Interval:
    """The interval of a probability: refits differ, and so few spells lasted so long that even a right model is not sure.

    Each refit's probability is drawn again from a Beta distribution that weighs as much as the spells at risk (Jeffreys'
    prior): without it a lab that has been silent for longer than anybody who came back would seem certain.
    """
    random = np.random.default_rng(seed)
    center = np.clip(np.asarray(draws, dtype=np.float64), 0.0, 1.0)
    weight = at_risk + 1
    again = random.beta(weight * center + 0.5, weight * (1 - center) + 0.5, size=(50, len(center)))
    return percentiles(value, again.ravel())


def _base_interval(found: Sequence[Spell], until: date, seed: int) -> Interval:
    labs = sorted({spell.lab for spell in found})
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(400):
        drawn = [
            Spell(f"{spell.lab}#{copy}", spell.start, spell.release, spell.months, spell.ended, spell.covariates)
            for copy, at in enumerate(random.integers(0, len(labs), len(labs)))
            for spell in found
            if spell.lab == labs[at]
        ]
        draws.append(base_rate(drawn, until))
    return percentiles(base_rate(found, until), np.array(draws))
