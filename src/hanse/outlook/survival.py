"""How long labs go between near-frontier open releases: spells, Kaplan-Meier, Cox (lifelines).

A spell starts with a lab's near-frontier open release and ends with its next one, or is cut off (censored) at the day
of the newest score: silence after it means nothing. Time is in months.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import Interval
from hanse.outlook.rating import DAYS_PER_MONTH, NEAR_MONTHS, Rated, months_between, rate

if TYPE_CHECKING:
    import pandas as pd
    from lifelines import CoxPHFitter

COVARIATES = {
    "bigtech": "paid for by a large company's other business",
    "china": "based in China",
    "lag": "months behind when the spell began, in years",
    "metered": "the release that began the spell was metered or research-only",
    "departure": "a leader had left in the twelve months before",
}
EVENT_COVARIATES = ("departure",)
"""Rest on events collected after the fact: left out wherever hindsight would count."""
PENALTY = 0.1
"""Ridge penalty on the log hazards: some forty spells carry five covariates only with one."""
FIRST_DAY = date(2023, 1, 1)
"""Spells begin here at the earliest: the scores do."""
ACTIVE_MONTHS = 24.0
"""A lab without a near-frontier open release for longer has left the tier and is not asked about: it would only be an
easy answer."""
MIN_EVENTS = 8
"""Fewer ended spells than this fit nothing."""


@dataclass(frozen=True)
class Spell:
    """Months between two near-frontier open releases of a lab, or since the last one."""

    lab: str
    start: date
    release: str
    months: float
    ended: bool
    covariates: dict[str, float]


def near_releases(rated: Sequence[Rated], months: float = NEAR_MONTHS) -> dict[str, list[Rated]]:
    """Near-frontier open releases by lab, in order of date; of several on one day the best."""
    near: dict[str, list[Rated]] = {}
    for item in rated:
        if item.score is None or not item.near(months) or item.release.date < FIRST_DAY:
            continue
        found = near.setdefault(item.release.lab, [])
        before = found[-1] if found else None
        if before is None or before.score is None or before.release.date < item.release.date:
            found.append(item)
        elif before.score.eci < item.score.eci:
            found[-1] = item
    return near


def spells(catalogue: Catalogue, until: date | None = None, months: float = NEAR_MONTHS) -> list[Spell]:
    """Every spell, in order of lab and start; `until` cuts off earlier than the newest score. Same-day releases are one."""
    last = min(until or catalogue.rated_until, catalogue.rated_until)
    near = near_releases([item for item in rate(catalogue) if item.release.date <= last], months)
    result = []
    for lab, items in sorted(near.items()):
        for at, item in enumerate(items):
            end = items[at + 1].release.date if at + 1 < len(items) else None
            length = months_between(item.release.date, end or last)
            if length <= 0:  # released on the very last day: nothing was observed
                continue
            covariates = covariates_of(catalogue, item, item.release.date)
            result.append(Spell(lab, item.release.date, item.release.id, length, end is not None, covariates))
    return result


def covariates_of(catalogue: Catalogue, item: Rated, day: date) -> dict[str, float]:
    """What is known of a lab on a day, its last near-frontier release being `item`."""
    lab = catalogue.lab[item.release.lab]
    return {
        "bigtech": float(lab.funding == "bigtech"),
        "china": float(lab.region == "China"),
        "lag": (item.months_behind or 0.0) / 12,
        "metered": float(item.license_class in ("metered", "research-only")),
        "departure": float(departed(catalogue, lab.id, day)),
    }


def departed(catalogue: Catalogue, lab: str, day: date, months: float = 12) -> bool:
    """Whether a departure at the lab is on record within so many months before the day."""
    return any(
        event.kind == "departure" and event.lab == lab and 0 <= months_between(event.date, day) <= months
        for event in catalogue.events
    )


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve: share of spells that have not ended after so many months, with 90% intervals."""

    months: tuple[float, ...]
    surviving: tuple[Interval, ...]
    spells: int
    ended: int
    median: float | None
    """None when more than half have not ended."""

    def at(self, months: float) -> Interval:
        """The curve's step at a time."""
        found = Interval(1.0, 1.0, 1.0)
        for when, value in zip(self.months, self.surviving, strict=True):
            if when <= months:
                found = value
        return found


def kaplan_meier(found: Sequence[Spell]) -> Curve:
    """Kaplan and Meier 1958, intervals by the log-log transform. Raises ValueError without spells."""
    from lifelines import KaplanMeierFitter

    if not found:
        raise ValueError("no spells to estimate from")
    fit = KaplanMeierFitter(alpha=0.1)
    fit.fit([spell.months for spell in found], [spell.ended for spell in found])
    bounds = fit.confidence_interval_survival_function_
    values = [
        Interval(float(s), _unit(low), _unit(high))
        for s, low, high in zip(fit.survival_function_.iloc[:, 0], bounds.iloc[:, 0], bounds.iloc[:, 1], strict=True)
    ]
    months = tuple(float(t) for t in fit.survival_function_.index)
    # not lifelines' own: its products of logarithms miss a share of just one half by a rounding error
    median = next((when for when, value in zip(months, values, strict=True) if value.value <= 0.5 + 1e-9), None)
    return Curve(months, tuple(values), len(found), sum(spell.ended for spell in found), median)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, float(value))) if math.isfinite(value) else float("nan")


@dataclass(frozen=True)
class Cox:
    """A fitted Cox model (Cox 1972), ridge-penalized."""

    fit: CoxPHFitter
    names: tuple[str, ...]
    """Covariates that vary in the data; the others say nothing."""
    hazard_ratios: dict[str, Interval]
    """How much sooner (above 1) or later the next release comes."""
    means: dict[str, float]

    def log_hazards(self, covariates: dict[str, float]) -> dict[str, float]:
        """What each covariate adds to the log hazard, against the average spell."""
        return {
            name: math.log(self.hazard_ratios[name].value) * (covariates[name] - self.means[name])
            for name in self.names
        }

    def probability(self, covariates: dict[str, float], waited: float, horizon: float) -> float:
        """Probability that a spell that has lasted `waited` months ends within `horizon` more."""
        baseline = self.fit.baseline_cumulative_hazard_.iloc[:, 0]
        risk = math.exp(sum(self.log_hazards(covariates).values()))
        before = float(baseline[baseline.index <= waited].max()) if (baseline.index <= waited).any() else 0.0
        after = (
            float(baseline[baseline.index <= waited + horizon].max())
            if (baseline.index <= waited + horizon).any()
            else 0.0
        )
        return 1 - math.exp(-(after - before) * risk)


def frame(found: Sequence[Spell], names: Sequence[str]) -> pd.DataFrame:
    """Spells as a table with columns months, ended and the covariates."""
    import pandas as pd

    rows = [{"months": s.months, "ended": int(s.ended)} | {n: s.covariates[n] for n in names} for s in found]
    return pd.DataFrame(rows)


def fit_cox(found: Sequence[Spell], names: Sequence[str] = tuple(COVARIATES), penalty: float = PENALTY) -> Cox | None:
    """A Cox model of the spells; None when too few have ended or nothing varies."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceWarning

    if sum(spell.ended for spell in found) < MIN_EVENTS:
        return None
    varying = [name for name in names if len({spell.covariates[name] for spell in found}) > 1]
    if not varying:
        return None
    fit = CoxPHFitter(penalizer=penalty, alpha=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of covariates that vary little: the penalty settles them
        fit.fit(frame(found, varying), "months", "ended")
    bounds = fit.confidence_intervals_
    ratios = {
        name: Interval(
            *(float(math.exp(v)) for v in (fit.params_[name], bounds.loc[name].iloc[0], bounds.loc[name].iloc[1]))
        )
        for name in varying
    }
    means = {name: sum(spell.covariates[name] for spell in found) / len(found) for name in varying}
    return Cox(fit, tuple(varying), ratios, means)


@dataclass(frozen=True)
class RateRatio:
    """Releases per lab-month with a departure on record in the year before, against without."""

    with_departure: tuple[int, float]
    """Near-frontier releases, and lab-months in which they could have come."""
    without: tuple[int, float]
    ratio: Interval


def departure_rate(catalogue: Catalogue, found: Sequence[Spell]) -> RateRatio:
    """Rates of the next near-frontier open release in lab-months within a year after a departure, and in all others.

    The interval is exact, conditional on the total (Przyborowski and Wilenski 1940).
    """
    from scipy.special import betaincinv

    exposed = exposed_hits = other = other_hits = 0.0
    for spell in found:
        departures = [e.date for e in catalogue.events if e.kind == "departure" and e.lab == spell.lab]
        start, days = spell.start.toordinal(), round(spell.months * DAYS_PER_MONTH)
        inside = sum(any(0 <= start + d - out.toordinal() <= 365 for out in departures) for d in range(days))
        exposed += inside / DAYS_PER_MONTH
        other += (days - inside) / DAYS_PER_MONTH
        if spell.ended:
            hit = any(0 <= start + days - out.toordinal() <= 365 for out in departures)
            exposed_hits += hit
            other_hits += not hit
    x, y = int(exposed_hits), int(other_hits)
    if not exposed or not other or not y:
        return RateRatio((x, exposed), (y, other), Interval(float("nan"), 0.0, float("inf")))
    scale = other / exposed
    low = float(betaincinv(x, y + 1, 0.05)) if x else 0.0
    high = float(betaincinv(x + 1, y, 0.95))
    ratio = Interval(x / y * scale, low / (1 - low) * scale, high / (1 - high) * scale)
    return RateRatio((x, exposed), (y, other), ratio)
