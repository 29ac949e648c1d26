"""Catalogues of a few rows, built by hand. The closed frontier gains one ECI point a month: 100 on 2023-01-01."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from hanse.outlook.catalogue import tables as files
from hanse.outlook.catalogue.schema import Benchmark, Compute, Event, Lab, License, Parameter, Release, Score, Source
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import Interval
from hanse.outlook.rating import DAYS_PER_MONTH, Rated
from hanse.outlook.survival import Spell

START = date(2023, 1, 1)
LAST = date(2026, 8, 13)
COLLECTED = date(2026, 11, 23)
SOURCE = {"confidence": "verified", "source": "notes-2026"}
LICENSES = {"MIT": "open", "Metered": "metered", "Research": "research-only", "Unread": "unknown"}


@cache
def shipped() -> Catalogue:
    """The shipped catalogue, read once."""
    return files.shipped()


def day(text: str) -> date:
    return date.fromisoformat(text)


def before(when: date, months: float) -> date:
    return when - timedelta(days=round(months * DAYS_PER_MONTH))


def eci_on(when: date) -> float:
    """The frontier's score on a day."""
    return 100 + (when - START).days / DAYS_PER_MONTH


def lab(id_: str, **cells: Any) -> Lab:
    row = {"id": id_, "name": id_.title(), "country": "France", "region": "Europe", "funding": "startup", "aliases": "",
           "hub_orgs": "", "note": ""}  # fmt: skip
    return Lab.model_validate(SOURCE | row | cells)


def score(
    name: str, when: date, eci: float, organization: str = "Closed", access: str = "closed", **cells: Any
) -> Score:
    row = {"name": name, "organization": organization, "date": when, "access": access, "eci": eci, "low": None, "high": None,
           "source": "notes-2026"}  # fmt: skip
    return Score.model_validate(row | cells)


def release(id_: str, lab_: str, when: date, size: float | None = 200, **cells: Any) -> Release:
    row = {"id": id_, "lab": lab_, "model": id_.replace("-", " ").title(), "date": when, "total_params_b": size,
           "active_params_b": None, "license": "MIT", "weights": "open", "data": "none", "code": "none",
           "context_tokens": None, "family": "F", "score": "", "compute_flop": None, "note": ""}  # fmt: skip
    return Release.model_validate(SOURCE | row | cells)


def event(id_: str, lab_: str, when: date, kind: str = "departure", **cells: Any) -> Event:
    row = {"id": id_, "lab": lab_, "date": when, "precision": "day", "kind": kind, "label": "industry update",
           "what": f"Something happened at {lab_}.", "usd_m": None, "found": "after the fact"}  # fmt: skip
    return Event.model_validate(SOURCE | row | cells)


def run(model: str, when: date, flop: float, access: str, confidence: str = "confident") -> Compute:
    return Compute(model=model, organization="Someone", date=when, flop=flop, cost_usd_2023=None, access=access,
                   confidence=confidence, source="notes-2026")  # fmt: skip


def result(model: str, benchmark: str, performance: float, when: date = START) -> Benchmark:
    return Benchmark(model=model, benchmark=benchmark, performance=performance, date=when, source="notes-2026")


def frontier(first: date = START, last: date = LAST, step: int = 7) -> list[Score]:
    """Closed models on the line, every `step` days, and one on the last day."""
    days = [first + timedelta(days=at) for at in range(0, (last - first).days, step)]
    return [score(f"closed-{when}", when, eci_on(when)) for when in [*days, last]]


def scored(
    id_: str, lab_: str, when: date, behind: float | None, size: float | None = 200, **cells: Any
) -> tuple[Release, Score | None]:
    """An open release so many months behind the frontier; without a score when `behind` is None."""
    if behind is None:
        return release(id_, lab_, when, size, **cells), None
    made = score(f"{id_} score", when, eci_on(before(when, behind)), lab_.title(), "open")
    return release(id_, lab_, when, size, score=made.name, **cells), made


def catalogue(
    pairs: Iterable[tuple[Release, Score | None]] = (),
    scores: Iterable[Score] = (),
    events: Iterable[Event] = (),
    labs: Iterable[Lab] = (),
    collected: date = COLLECTED,
    **tables: Iterable[Any],
) -> Catalogue:
    """Labs that rows name are made up where they are not given; every license of `LICENSES` is known."""
    found, events, known = list(pairs), tuple(events), {row.id: row for row in labs}
    for name in [row.lab for row, _ in found] + [row.lab for row in events]:
        known.setdefault(name, lab(name))
    licenses = tuple(
        License.model_validate(SOURCE | {"license": name, "class": class_, "meter": "a meter" * (class_ == "metered"),
                                         "limits": "", "note": ""})
        for name, class_ in LICENSES.items()
    )  # fmt: skip
    source = Source(id="notes-2026", title="Notes", publisher="", url="", license="MIT", vintage=collected, note="")
    rows: dict[str, Any] = {
        "releases": tuple(row for row, _ in found),
        "labs": tuple(known.values()),
        "licenses": licenses,
        "events": events,
        "parameters": (),
        "consortia": (),
        "scores": tuple(scores) + tuple(made for _, made in found if made is not None),
        "compute": (),
        "benchmarks": (),
        "sources": (source,),
    }
    return Catalogue(**rows | {name: tuple(found) for name, found in tables.items()})


def parameter(id_: str, value: float, low: float, high: float) -> Parameter:
    row = {"id": id_, "value": value, "low": low, "high": high, "unit": "x", "as_of": "2026", "note": ""}
    return Parameter.model_validate(SOURCE | row)


def rated(months: float | None, size: float | None, license_class: str = "open") -> Rated:
    """A rated release of so many months, straight from figures."""
    made = None if months is None else score("s", START, 100, access="open")
    return Rated(release("r", "a", START, size), made, months, None if months is None else 0.0, license_class)


def spell(months: float, ended: bool, lab_: str = "a", start: date = START, **covariates: float) -> Spell:
    return Spell(lab_, start, "r", months, ended, covariates)


def about(value: float, low: float, high: float) -> Interval:
    return Interval(value, low, high)


def departing(*more: Event) -> Catalogue:
    """Labs that somebody leaves before each release, every other one, wait three times as long for the next."""
    pairs, gone = [], []
    for at in range(10):
        when = day("2024-01-01") + timedelta(days=20 * at)
        while when < LAST:
            pairs.append(scored(f"l{at}-{when}", f"l{at}", when, 2 + at % 5))
            if at % 2:
                gone.append(event(f"e{at}-{when}", f"l{at}", when - timedelta(days=3)))
            when += timedelta(days=365 if at % 2 else 120)
    return catalogue(pairs, frontier(), [*gone, *more])
