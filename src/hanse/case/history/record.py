"""What happened since 2024, from the outlook's catalogue: lags, labs near the frontier, labs that stopped, rounds, budgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.rating import NEAR_MONTHS, Rated, rate
from hanse.outlook.supply import half_year, halves, lag_series, near_labs

HALVES = halves("2024H2", "2026H2")
CONTENDER_MONTHS = 18.0
"""A lab whose best open release was at most so many months behind in HALVES ran for the frontier."""
SILENT_DAYS = 365
"""A lab without an open release for longer has stopped."""
YEAR = 365.25
SEEN_FROM = date(2024, 1, 1)
"""Before, whatever was as good as GPT-3.5 was near: GPT-4 stood alone (economics.md section 3)."""
RND_MULTIPLIER, STAFF_SHARE = "rnd-multiplier-on-final-run", "staff-share-of-development"


def lag_of(catalogue: Catalogue, year: int) -> float:
    """Months that the best open model was behind, mean over the weeks of a year that have scores."""
    weeks = [point.months for point in lag_series(catalogue, date(2023, 1, 1)) if point.day.year == year]
    return sum(weeks) / len(weeks)


def near_counts(catalogue: Catalogue) -> dict[str, int]:
    """Labs with an open release at most NEAR_MONTHS behind, by half-year of HALVES; the last one ends with the scores."""
    rated = rate(catalogue)
    return {half: len(near_labs(rated, half)) for half in HALVES}


def contenders(catalogue: Catalogue) -> tuple[int, int]:
    """How many startups and how many arms of large companies ran for the open frontier in HALVES."""
    labs = {item.release.lab for item in rate(catalogue)
            if item.score is not None and item.near(CONTENDER_MONTHS) and half_year(item.release.date) in HALVES}  # fmt: skip
    funding = [catalogue.lab[lab].funding for lab in labs]
    return funding.count("startup"), funding.count("bigtech")


def seen_share(catalogue: Catalogue) -> float:
    """Part of the labs near the frontier that a half-year cut off at the last score shows: how often a lab counted in a whole
    half-year has a near release within as many days."""
    rated = [item for item in rate(catalogue) if item.score is not None and item.near(NEAR_MONTHS)]
    last = catalogue.rated_until
    window = (last - _first_day(HALVES[-1])).days + 1
    seen = possible = 0
    for half in HALVES[:-1]:
        first, days = _first_day(half), 182
        for lab in near_labs(rated, half):
            at = [(item.release.date - first).days for item in rated if _of(item, lab, half)]
            for start in range(days - window + 1):
                possible += 1
                seen += any(start <= day < start + window for day in at)
    return seen / possible


def _of(item: Rated, lab: str, half: str) -> bool:
    return item.release.lab == lab and half_year(item.release.date) == half


def _first_day(half: str) -> date:
    return date(int(half[:4]), 1 if half.endswith("1") else 7, 1)


@dataclass(frozen=True)
class Stops:
    """Of labs that were once near the frontier: how many stopped, in how many lab-years."""

    stopped: int
    lab_years: float


def stops(catalogue: Catalogue, funding: str) -> Stops:
    """From a lab's first near release since SEEN_FROM until the last score, or half a year after the release that it was silent
    after for longer than SILENT_DAYS, whatever it did later."""
    last = catalogue.rated_until
    first: dict[str, date] = {}
    for item in rate(catalogue):
        if item.score is not None and item.near(NEAR_MONTHS) and item.release.date >= SEEN_FROM:
            first[item.release.lab] = min(item.release.date, first.get(item.release.lab, last))
    found, days = 0, 0.0
    for lab, start in first.items():
        if catalogue.lab[lab].funding != funding:
            continue
        at = sorted(r.date for r in catalogue.open_releases if r.lab == lab and start <= r.date <= last)
        silent = next((a for a, b in zip(at, [*at[1:], last], strict=True) if (b - a).days > SILENT_DAYS), None)
        found += silent is not None
        days += (last - start).days if silent is None else (silent - start).days + SILENT_DAYS / 2
    return Stops(found, days / YEAR)


def rounds(catalogue: Catalogue) -> int:
    """Rounds and listings since the middle of 2024 of startups that had been near the frontier by their day. No such startup is
    on record whose round did not come."""
    rated = rate(catalogue)
    listed: set[str] = set()
    count = 0
    for event in sorted(catalogue.events, key=lambda event: event.date):
        lab = catalogue.lab.get(event.lab or "")
        if lab is None or lab.funding != "startup" or event.date < _first_day(HALVES[0]):
            continue
        near = any(item.release.lab == lab.id and item.near(NEAR_MONTHS) and item.release.date <= event.date for item in rated)
        listing = event.kind == "listing" and lab.id not in listed
        if listing:
            listed.add(lab.id)
        count += near and (listing or (event.kind == "funding" and event.usd_m is not None))
    return count


def budget_of(catalogue: Catalogue, year: int) -> tuple[float, float, float]:
    """USD a year of the best open lab: value, low, high. From 2025 on a row of the parameters table; before, the costliest open
    run of the year, times the research around it, plus staff: F = run * multiplier * (1 + staff)."""
    row = {item.id: item for item in catalogue.parameters}
    if year >= 2025:
        found = row[f"near-frontier-open-lab-annual-cost-{year}"]
        return found.value * 1e9, found.low * 1e9, found.high * 1e9
    run = max(item.cost_usd_2023 or 0.0 for item in catalogue.compute if item.access == "open" and item.date.year == year)
    around, staff = row[RND_MULTIPLIER], row[STAFF_SHARE]
    value, low, high = (run * getattr(around, key) * (1 + getattr(staff, key)) for key in ("value", "low", "high"))
    return value, low, high
