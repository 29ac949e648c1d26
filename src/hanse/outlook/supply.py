"""Supply over time: releases per half-year, labs near the frontier with intervals, the lag between open and closed.

A half-year is written 2026H1. Half-years after the newest score are not rated, and the last one is cut off there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from hanse.outlook.catalogue.schema import SMALL_PARAMS_B, Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import DRAWS, SEED, Interval, percentiles, resample
from hanse.outlook.rating import (
    NEAR_MONTHS,
    THRESHOLDS,
    Rated,
    draw_months_behind,
    months_between,
    rate,
)

FIRST_HALF = "2024H1"
"""In 2023 the rule is dominated by GPT-4's long lead: everything trained before it was known counts as near."""


def half_year(day: date) -> str:
    """2026-03-01 is in 2026H1."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"


def half_end(half: str) -> date:
    """Last day of a half-year."""
    year, part = int(half[:4]), half[5:]
    return date(year, 6, 30) if part == "1" else date(year, 12, 31)


def half_start(half: str) -> date:
    """First day of a half-year."""
    return date(int(half[:4]), 1 if half[5:] == "1" else 7, 1)


def next_half(half: str, steps: int = 1) -> str:
    """The half-year so many later (or earlier, when negative)."""
    at = int(half[:4]) * 2 + int(half[5:]) - 1 + steps
    return f"{at // 2}H{at % 2 + 1}"


def halves(first: str, last: str) -> list[str]:
    """Half-years from first to last, both included."""
    found = [first]
    while found[-1] < last:
        found.append(next_half(found[-1]))
    return found


def counts(rated: Sequence[Rated], key: Callable[[Rated], str]) -> dict[str, dict[str, int]]:
    """Releases per half-year and key; half-years without any are there, empty."""
    if not rated:
        return {}
    days = [item.release.date for item in rated]
    table: dict[str, Counter[str]] = {half: Counter() for half in halves(half_year(min(days)), half_year(max(days)))}
    for item in rated:
        table[half_year(item.release.date)][key(item)] += 1
    return {half: dict(row) for half, row in table.items()}


def rated_halves(catalogue: Catalogue) -> list[str]:
    """Half-years in which a release can have been rated."""
    return halves(FIRST_HALF, half_year(catalogue.rated_until))


def labs_within(catalogue: Catalogue, months: float, draws: int = DRAWS, seed: int = SEED) -> dict[str, Interval]:
    """Labs with an open release at most `months` behind, per half-year.

    The interval draws each release's score again from its own interval, and labs with replacement: other labs of the
    same kind, measured again. It does not cover models nobody scored.
    """
    scored = [item for item in rate(catalogue) if item.score is not None]
    labs = sorted({item.release.lab for item in scored})
    wanted = rated_halves(catalogue)
    if not scored:
        return {half: Interval(0, 0, 0) for half in wanted}
    behind = draw_months_behind(scored, catalogue.scores, draws, seed)
    weights = resample(len(labs), draws, seed + 1)
    found = {}
    for half in wanted:
        drawn = np.zeros(draws)
        near = set()
        for at, lab in enumerate(labs):
            columns = [
                c for c, item in enumerate(scored) if item.release.lab == lab and half_year(item.release.date) == half
            ]
            if not columns:
                continue
            drawn += weights[:, at] * (behind[:, columns] <= months).any(axis=1)
            near |= {lab for c in columns if scored[c].near(months)}
        found[half] = percentiles(len(near), drawn)
    return found


def near_labs(rated: Sequence[Rated], half: str, months: float = NEAR_MONTHS) -> list[str]:
    """Ids of the labs with an open release at most `months` behind in that half-year."""
    return sorted({r.release.lab for r in rated if half_year(r.release.date) == half and r.near(months)})


@dataclass(frozen=True)
class LagPoint:
    """How far open weights were behind on a day."""

    day: date
    months: float
    """Since a closed model first reached more than the best open score of that day; 0 while none had."""
    best_open: float
    best_closed: float


def lag_on(day: date, scores: Sequence[Score]) -> LagPoint | None:
    """The open-closed lag of one day; None before both kinds exist."""
    known = [score for score in scores if score.date <= day]
    opened = [score.eci for score in known if score.access == "open"]
    closed = [score for score in known if score.access == "closed"]
    if not opened or not closed:
        return None
    best = max(opened)
    ahead = min((score.date for score in closed if score.eci > best), default=day)
    return LagPoint(day, months_between(ahead, day), best, max(score.eci for score in closed))


def lag_series(catalogue: Catalogue, first: date = date(2024, 1, 1), step_days: int = 7) -> list[LagPoint]:
    """The lag week by week until the newest score."""
    found, day = [], first
    while day <= catalogue.rated_until:
        point = lag_on(day, catalogue.scores)
        if point is not None:
            found.append(point)
        day += timedelta(days=step_days)
    return found


@dataclass(frozen=True)
class BestSmall:
    """The best open model of at most 40B on a day."""

    day: date
    release: str
    eci: float
    months_behind: float
    """Behind the first model of equal score, on that day."""
    frontier: float


def best_small_series(catalogue: Catalogue) -> list[BestSmall]:
    """One point per release that was the best small open model when it came out."""
    found: list[BestSmall] = []
    for item in rate(catalogue):
        if item.score is None or not item.small or (found and item.score.eci <= found[-1].eci):
            continue
        day = item.release.date
        frontier = max(score.eci for score in catalogue.scores if score.date <= max(day, item.score.date))
        found.append(BestSmall(day, item.release.id, item.score.eci, item.months_behind or 0.0, frontier))
    return found


def supply(catalogue: Catalogue, draws: int = DRAWS, seed: int = SEED) -> dict[str, object]:
    """Everything of this module as plain values, for JSON and pages."""
    rated = rate(catalogue)
    lab = catalogue.lab
    by = {
        "tier": counts(rated, lambda item: item.tier()),
        "region": counts(rated, lambda item: lab[item.release.lab].region),
        "funding": counts(rated, lambda item: lab[item.release.lab].funding),
        "license": counts(rated, lambda item: item.license_class),
        "license_large": counts([item for item in rated if item.small is not True], lambda item: item.license_class),
    }
    return {
        "rated_until": catalogue.rated_until.isoformat(),
        "collected": catalogue.collected.isoformat(),
        "near_months": NEAR_MONTHS,
        "small_params_b": SMALL_PARAMS_B,
        "releases": by,
        "labs_within": {
            str(months): {h: i.as_json() for h, i in labs_within(catalogue, months, draws, seed).items()}
            for months in THRESHOLDS
        },
        "lag": [{"day": p.day.isoformat(), "months": round(p.months, 2)} for p in lag_series(catalogue)],
        "best_small": [
            {"day": p.day.isoformat(), "release": p.release, "eci": p.eci, "months_behind": round(p.months_behind, 1)}
            for p in best_small_series(catalogue)
        ],
    }
