"""Would these forecasts have been any good? Fitted on each half-year's past, scored on what came, against two baselines.

Hindsight that cannot be taken out is named in `LEAKS`; the event covariates, which can, are left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import Interval
from hanse.outlook.forecast import HORIZON_MONTHS, Method, base_rate, blend
from hanse.outlook.rating import months_between, rate
from hanse.outlook.scoring import Bin, Forecast, against, brier, calibration, calibration_error
from hanse.outlook.supply import half_end, half_year, halves
from hanse.outlook.survival import (
    ACTIVE_MONTHS,
    COVARIATES,
    EVENT_COVARIATES,
    covariates_of,
    fit_cox,
    near_releases,
    spells,
)

FIRST = "2024H1"
"""The first half-year whose end is a forecast's day."""
HINDSIGHT_FREE = tuple(name for name in COVARIATES if name not in EVENT_COVARIATES)
METHODS = ("cox", "base rate", "last half-year repeats")
LEAKS = (
    "Scores are of one vintage (the newest): who counts as near-frontier in 2024 is judged by results that came later.",
    "Labs are those somebody put into the catalogue in 2026: a lab that faded unnoticed is missing.",
    "The rule (9 months, these covariates, this penalty) was chosen with the whole series in view.",
)


@dataclass(frozen=True)
class Scored:
    """One method over all half-years."""

    method: str
    forecasts: tuple[Forecast, ...]
    brier: float
    calibration: tuple[Bin, ...]
    calibration_error: float
    better_by: Interval | None
    """Brier score of the base rate less this one's; None for the base rate itself."""


@dataclass(frozen=True)
class Backtest:
    """All methods over the same questions."""

    horizon_months: float
    days: tuple[str, ...]
    scored: tuple[Scored, ...]
    events: bool
    """Whether event covariates, found after the fact, were used."""
    leaks: tuple[str, ...] = LEAKS

    @property
    def chosen(self) -> Method:
        """Cox only if it beats both baselines."""
        by = {item.method: item.brier for item in self.scored}
        return "cox" if by["cox"] < min(by["base rate"], by["last half-year repeats"]) else "base rate"

    @property
    def verdict(self) -> str:
        """In words, with the figures."""
        by = {item.method: item for item in self.scored}
        said = [
            (f.probability, b.probability) for f, b in zip(by["cox"].forecasts, by["base rate"].forecasts, strict=True)
        ]
        own = sum(probability != base for probability, base in said)  # where too little had ended, Cox is the base rate
        figures = ", ".join(f"{name} {by[name].brier:.3f}" for name in METHODS)
        over = f"Brier score over {len(said)} forecasts, {own} of them from a fitted model: {figures}"
        if self.chosen == "cox":
            gains = [against(by["cox"].forecasts, by[name].forecasts) for name in METHODS[1:]]
            sure = "" if all(gain.above_zero for gain in gains) else ", by less than its interval"
            return f"Cox beats both baselines{sure} ({over})."
        return f"Cox does not beat both baselines, so the base rate is forecast ({over})."


def backtest(catalogue: Catalogue, horizon: float = HORIZON_MONTHS, events: bool = False) -> Backtest | None:
    """Questions at the end of each half-year since 2024-06 whose horizon has passed; None when there are none.

    Asked of every lab that had a near-frontier open release in the two years before: another one within the horizon?
    """
    names = tuple(COVARIATES) if events else HINDSIGHT_FREE
    asked: dict[str, list[Forecast]] = {method: [] for method in METHODS}
    days = []
    for half in halves(FIRST, half_year(catalogue.rated_until)):
        day = half_end(half)
        if months_between(day, catalogue.rated_until) < horizon - 0.5:  # half a month of grace: scores come in batches
            break
        answered = _ask(catalogue, half, day, horizon, names)
        if not answered["base rate"]:
            continue
        days.append(half)
        for method, forecasts in answered.items():
            asked[method] += forecasts
    if not any(asked.values()):
        return None
    base = asked["base rate"]
    scored = tuple(
        Scored(
            method,
            tuple(found),
            brier(found),
            tuple(calibration(found)),
            calibration_error(found),
            None if method == "base rate" else against(found, base),
        )
        for method, found in asked.items()
    )
    return Backtest(horizon, tuple(days), scored, events)


def proven(test: Backtest | None) -> Method:
    """What may be forecast: Cox where a backtest has shown it, else the base rate."""
    return "base rate" if test is None else test.chosen


def _ask(catalogue: Catalogue, half: str, day: date, horizon: float, names: Sequence[str]) -> dict[str, list[Forecast]]:
    past = catalogue.until(day)
    result: dict[str, list[Forecast]] = {method: [] for method in METHODS}
    if not past.scores:
        return result
    found = spells(past, day)
    base, cox = base_rate(found, day, horizon), fit_cox(found, names)
    truth = near_releases(rate(catalogue))
    for lab, known in sorted(near_releases(rate(past)).items()):
        last, waited = known[-1], months_between(known[-1].release.date, day)
        if waited > ACTIVE_MONTHS:
            continue
        came = [months_between(day, item.release.date) for item in truth[lab]]
        happened = any(0 < months <= horizon for months in came)
        value = base if cox is None else blend(cox, found, covariates_of(past, last, day), waited, base, horizon)
        result["cox"].append(Forecast(half, lab, value, happened))
        result["base rate"].append(Forecast(half, lab, base, happened))
        result["last half-year repeats"].append(
            Forecast(half, lab, float(half_year(last.release.date) == half), happened)
        )
    return result
