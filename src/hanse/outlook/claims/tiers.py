"""Claims 8 and 12: two tiers, and whether the small one is the lasting hedge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.verdict import Finding, Verdict, sign_verdict
from hanse.outlook.estimate import SEED, Interval, bootstrap_slope, percentiles, resample
from hanse.outlook.rating import THRESHOLDS, Rated, rate
from hanse.outlook.supply import best_small_series, half_end, half_year, halves, near_labs

FIRST_FULL = "2024H2"
"""Supply is compared from here: the first half-year with a near-frontier release after GPT-4's lead ended."""
MIN_FORTNIGHTS = 10
"""A gain per year is fitted on more points than this."""


def full_halves(catalogue: Catalogue) -> list[str]:
    """Half-years that the scores cover to their end."""
    every = halves(FIRST_FULL, half_year(catalogue.rated_until))
    return [half for half in every if half_end(half) <= catalogue.rated_until]


def labs_slope(rated: Sequence[Rated], wanted: Sequence[str], months: float, seed: int = SEED) -> Interval:
    """Change per year in the number of near-frontier labs, bootstrap over labs. Raises ValueError with under three half-years."""
    if len(wanted) < 3:
        raise ValueError("a trend needs three half-years")
    near = [set(near_labs(rated, half, months)) for half in wanted]
    labs = sorted(set().union(*near))
    table = np.array([[lab in found for lab in labs] for found in near], dtype=np.float64)
    steps = 2.0 * np.arange(len(wanted)) - (len(wanted) - 1)  # whole numbers around zero: no change is exactly none
    trends, scale = steps @ table, 4 / (steps**2).sum()
    draws = scale * (resample(len(labs), 2000, seed) @ trends) if labs else np.zeros(1)
    return percentiles(scale * float(trends.sum()), draws)


def two_tiers(catalogue: Catalogue) -> Finding:
    """Claim 8."""
    rule = (
        "Over the half-years that scores cover in full, since 2024H2: holds if labs with a small release became more and labs near "
        "the frontier fewer at 6, 9 and 12 months alike, with intervals off zero; does not hold if the interval "
        "shows no fall at one of the thresholds, or no rise of the small ones."
    )
    rated, wanted = rate(catalogue), full_halves(catalogue)
    if len(wanted) < 3:
        return Finding(
            "cannot tell", "fewer than three half-years are rated", None, "releases", catalogue.rated_until, rule
        )
    small = [len({i.release.lab for i in rated if i.small and half_year(i.release.date) == half}) for half in wanted]
    units = list(range(len(wanted)))
    growth = bootstrap_slope([u / 2 for u in units], small)
    slopes = {months: labs_slope(rated, wanted, months) for months in THRESHOLDS}
    verdict: Verdict = "cannot tell"
    if growth.above_zero and all(slope.below_zero for slope in slopes.values()):
        verdict = "holds"
    elif growth.high <= 0 or any(slope.low >= 0 for slope in slopes.values()):
        verdict = "does not hold"
    series = {months: [len(near_labs(rated, half, months)) for half in wanted] for months in THRESHOLDS}
    figure = (
        f"Labs near the frontier per half-year, {wanted[0]} to {wanted[-1]}: "
        + "; ".join(f"{months} months {', '.join(map(str, counts))}" for months, counts in series.items())
        + f". Labs with a small release: {', '.join(map(str, small))}."
    )
    flat = [f"{months}" for months, slope in slopes.items() if slope.value >= 0]
    last = half_year(catalogue.rated_until)
    partial = f"{last} until {catalogue.rated_until}: " + ", ".join(
        f"{len(near_labs(rated, last, months))} within {months}" for months in THRESHOLDS
    )
    unrated = sum(item.tier() == "unrated" for item in rated)
    notes = (
        f"Thresholds at which labs near the frontier did not become fewer at all: {', '.join(flat) or 'none'}.",
        "Change per year: " + "; ".join(f"{months} months {slope.say(1)}" for months, slope in slopes.items()) + ".",
        f"{partial}. A cut-off half-year is no trend.",
        f"{unrated} large releases were never scored and count in neither tier.",
        "Small releases were collected by hand: their number also follows the collector's diligence.",
    )
    rows = tuple(
        item.release.id for item in rated if item.near() and half_year(item.release.date) in (wanted[-1], last)
    )
    data = f"releases ({len(rated)}), scores ({len(catalogue.scores)})"
    return Finding(verdict, figure, slopes[9], data, catalogue.rated_until, rule, notes, rows)


def small_hedge(catalogue: Catalogue) -> Finding:
    """Claim 12."""
    rule = (
        "ECI points a year gained by the best open model of at most 40B, less those gained by the best model of all, since "
        "2024, bootstrap over the small releases. Holds if the interval is above zero, does not hold if below."
    )
    last = catalogue.rated_until
    small = [i for i in rate(catalogue) if i.score is not None and i.small and i.release.date >= date(2023, 6, 1)]
    begun = (min((i.release.date for i in small), default=last), min(score.date for score in catalogue.scores))
    days = np.arange(max(date(2024, 1, 1), *begun).toordinal(), last.toordinal(), 14, dtype=np.float64)
    if len(small) < 4 or len(days) <= MIN_FORTNIGHTS:
        return Finding(
            "cannot tell", "fewer than four small open releases are scored", None, "releases, scores", last, rule
        )
    best = _running(days, [(s.date.toordinal(), s.eci) for s in catalogue.scores])
    frontier = _slope(days, best)
    points = [(i.release.date.toordinal(), i.score.eci) for i in small if i.score is not None]
    value = _slope(days, _running(days, points)) - frontier
    draws = []
    for weights in resample(len(points), 500, SEED):
        line = _running(days, [point for point, weight in zip(points, weights, strict=True) if weight])
        known = np.isfinite(line)
        if known.sum() > MIN_FORTNIGHTS:
            draws.append(_slope(days[known], line[known]) - _slope(days[known], best[known]))
    estimate = percentiles(value, np.array(draws))
    series = best_small_series(catalogue)
    newest = series[-1]
    figure = (
        f"The best small open model gains {value + frontier:.1f} points a year, the frontier {frontier:.1f}: "
        f"difference {estimate.say(1)}; {newest.release} was {newest.months_behind:.0f} months behind."
    )
    recent = ", ".join(f"{point.release} {point.months_behind:.0f}" for point in series[-5:])
    notes = (
        f"Months behind of the small models that were best when they came out: {recent}.",
        f"{len(small)} small releases are scored: a small model that nobody tested is not in this.",
        "Whether a fine-tuned small model is good enough is a question per task: compare them on yours.",
    )
    rows = tuple(point.release for point in series[-5:])
    return Finding(
        sign_verdict(estimate, +1), figure, estimate, f"releases ({len(small)} small), scores", last, rule, notes, rows
    )


def _running(days: np.ndarray, points: Sequence[tuple[float, float]]) -> np.ndarray:
    """Best value reached by each day; NaN before the first."""
    ordered = sorted(points)
    best = np.maximum.accumulate([value for _, value in ordered])
    at = np.searchsorted([day for day, _ in ordered], days, side="right") - 1
    return np.where(at >= 0, best[np.maximum(at, 0)], np.nan)


def _slope(days: np.ndarray, values: np.ndarray) -> float:
    known = np.isfinite(values)
    return float(np.polyfit(days[known] / 365.25, values[known], 1)[0])
