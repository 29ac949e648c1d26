"""What is wrong in a catalogue, beyond what its schema refuses; and the computed columns, written and compared.

computed.csv holds the columns that follow from others, for people to read. Nothing is ever computed from it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hanse.outlook.catalogue.schema import Computed
from hanse.outlook.catalogue.tables import SOURCED, Catalogue, parse_table, print_table, read_table, write_text
from hanse.outlook.rating import rate

FILE = "computed.csv"
_SOURCE_ID = re.compile(r"^[a-z]+(-[a-z]+)*(-\d{4}(-\d{2})?)?$")
_FIRST_MONTHS = {"month": range(1, 13), "quarter": (1, 4, 7, 10), "half": (1, 7), "year": (1,)}
"""Months in which what is known so exactly begins."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend."""

    table: str
    row: str
    column: str
    text: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}, {self.column}: {self.text}"


def computed(catalogue: Catalogue) -> tuple[Computed, ...]:
    """Every computed column of every release whose weights are out, in order of date."""
    return tuple(
        Computed(
            id=item.release.id,
            eci=item.score.eci if item.score else None,
            low=item.score.low if item.score else None,
            high=item.score.high if item.score else None,
            months_behind=None if item.months_behind is None else round(item.months_behind, 1),
            gap=None if item.gap is None else round(item.gap, 1),
            tier_6=item.tier(6),
            tier_9=item.tier(9),
            tier_12=item.tier(12),
            license_class=item.license_class,
        )
        for item in rate(catalogue)
    )


def write_computed(catalogue: Catalogue, folder: Path) -> None:
    """Write computed.csv into a catalogue's folder."""
    write_text(folder / FILE, print_table(computed(catalogue), Computed))


def check(catalogue: Catalogue, folder: Path | None = None) -> list[Problem]:
    """Every problem, by table. With a folder, computed.csv in it must follow from the tables."""
    found = [
        *_duplicates(catalogue),
        *_references(catalogue),
        *_dates(catalogue),
        *_values(catalogue),
        *_sources(catalogue),
    ]
    if folder is not None:
        found += _follows(catalogue, folder)
    return found


def _twice(table: str, column: str, keys: Iterable[str]) -> Iterator[Problem]:
    for key, count in Counter(keys).items():
        if count > 1:
            yield Problem(table, key, column, f"stands {count} times; one row per {column}")


def plain(name: str) -> str:
    """A name reduced to its letters and digits, in lower case: how rows of different sources are told to be the same."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _duplicates(catalogue: Catalogue) -> Iterator[Problem]:
    for table in ("releases", "labs", "events", "parameters", "consortia", "sources"):
        yield from _twice(table, "id", (row.id for row in getattr(catalogue, table)))
    yield from _twice("scores", "name", (row.name for row in catalogue.scores))
    yield from _twice("licenses", "license", (row.license for row in catalogue.licenses))
    yield from _twice("releases", "model", (f"{row.lab} {plain(row.model)}" for row in catalogue.releases))
    yield from _twice("releases", "score", (row.score for row in catalogue.releases if row.score))
    yield from _twice("labs", "aliases", (name for lab in catalogue.labs for name in set(lab.known_as)))
    yield from _twice("benchmarks", "model and benchmark", (f"{b.model}: {b.benchmark}" for b in catalogue.benchmarks))
    yield from _twice("compute", "model and date", (f"{run.model} {run.date}" for run in catalogue.compute))


def _references(catalogue: Catalogue) -> Iterator[Problem]:
    for release in catalogue.releases:
        if release.lab not in catalogue.lab:
            yield Problem(
                "releases", release.id, "lab", f"{release.lab} is no id in labs.csv; add the lab or correct the id"
            )
        if release.score and release.score not in catalogue.score:
            yield Problem(
                "releases", release.id, "score", f"{release.score!r} is no name in scores.csv; empty it or correct it"
            )
        if release.license not in catalogue.license_of:
            yield Problem("releases", release.id, "license", f"{release.license!r} is not classified in licenses.csv")
    for event in catalogue.events:
        if event.lab not in catalogue.lab:
            yield Problem("events", event.id, "lab", f"{event.lab} is no id in labs.csv; add the lab or correct the id")


def _dates(catalogue: Catalogue) -> Iterator[Problem]:
    last = catalogue.collected
    for release in catalogue.releases:
        if release.date > last and release.weights == "open":
            yield Problem("releases", release.id, "date", f"{release.date} is after the newest source ({last})")
    for event in catalogue.events:
        if event.date > last:
            yield Problem("events", event.id, "date", f"{event.date} is after the newest source ({last})")
        months = _FIRST_MONTHS.get(event.precision)
        if months is not None and (event.date.day != 1 or event.date.month not in months):
            yield Problem(
                "events", event.id, "date", f"known by {event.precision} only, so it must be the first day of one"
            )
    dated = [("scores", row.name, row.date) for row in catalogue.scores]
    dated += [("compute", row.model, row.date) for row in catalogue.compute]
    dated += [("benchmarks", f"{row.model}: {row.benchmark}", row.date) for row in catalogue.benchmarks]
    for table, name, day in dated:
        if day > last:
            yield Problem(table, name, "date", f"{day} is after the newest source ({last})")


def _values(catalogue: Catalogue) -> Iterator[Problem]:
    for release in catalogue.releases:
        total, active = release.total_params_b, release.active_params_b
        if total is not None and active is not None and active > total:
            yield Problem("releases", release.id, "active_params_b", f"{active:g} is more than the total of {total:g}")
    for score in catalogue.scores:
        low = score.eci if score.low is None else score.low
        high = score.eci if score.high is None else score.high
        if not low <= score.eci <= high:
            yield Problem("scores", score.name, "low", f"the interval {low:g}..{high:g} does not hold {score.eci:g}")
    for parameter in catalogue.parameters:
        if not parameter.low <= parameter.value <= parameter.high:
            yield Problem("parameters", parameter.id, "value", f"{parameter.value:g} is outside its own range")
    for row in catalogue.licenses:
        if (row.class_ == "metered") != bool(row.meter):
            yield Problem("licenses", row.license, "meter", "a metered license names its threshold, no other does")


def _sources(catalogue: Catalogue) -> Iterator[Problem]:
    known = {source.id for source in catalogue.sources}
    for table in (*SOURCED, "scores", "compute", "benchmarks"):
        for row in getattr(catalogue, table):
            name = str(
                getattr(row, "id", None) or getattr(row, "name", None) or getattr(row, "license", None) or row.model
            )
            if not row.source.strip():
                yield Problem(table, name, "source", "is empty: name the document, or general-knowledge")
            elif _SOURCE_ID.match(row.source) and "-" in row.source and row.source not in known:
                yield Problem(table, name, "source", f"{row.source} is no id in sources.csv")
            if getattr(row, "confidence", "") == "verified" and row.source == "general-knowledge":
                yield Problem(table, name, "confidence", "general knowledge verifies nothing")


def _follows(catalogue: Catalogue, folder: Path) -> Iterator[Problem]:
    if not (folder / FILE).exists():
        yield Problem("computed", FILE, "file", "is missing: run `hanse outlook compute`")
        return
    kept = {row.id: row for row in read_table(folder / FILE, Computed)}
    fresh = {row.id: row for row in parse_table(print_table(computed(catalogue), Computed), Computed, FILE)}
    for name in sorted(kept.keys() | fresh.keys()):
        if name not in fresh:
            yield Problem("computed", name, "id", "no such open release any more: run `hanse outlook compute`")
        elif name not in kept:
            yield Problem("computed", name, "id", "is missing: run `hanse outlook compute`")
        else:
            for column, value in fresh[name].model_dump().items():
                old = getattr(kept[name], column)
                if old != value:
                    yield Problem("computed", name, column, f"says {old}, follows {value}: run `hanse outlook compute`")
