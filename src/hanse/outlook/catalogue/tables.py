"""A catalogue is a folder of CSV files (UTF-8, comma, header first), one per table; this reads and writes them.

What is read is validated row by row; a message names file, line and column. What is written is read back equal.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.schema import (
    Benchmark,
    Compute,
    Consortium,
    Event,
    Lab,
    License,
    Parameter,
    Release,
    Row,
    Score,
    Source,
    Sourced,
)
from hanse.store.disk import replace_file

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Catalogue:
    """All tables, in file order. Field names are file names."""

    releases: tuple[Release, ...]
    labs: tuple[Lab, ...]
    licenses: tuple[License, ...]
    events: tuple[Event, ...]
    parameters: tuple[Parameter, ...]
    consortia: tuple[Consortium, ...]
    scores: tuple[Score, ...]
    compute: tuple[Compute, ...]
    benchmarks: tuple[Benchmark, ...]
    sources: tuple[Source, ...]

    @cached_property
    def lab(self) -> dict[str, Lab]:
        """Labs by id."""
        return {lab.id: lab for lab in self.labs}

    @cached_property
    def score(self) -> dict[str, Score]:
        """Scores by name."""
        return {score.name: score for score in self.scores}

    @cached_property
    def license_of(self) -> dict[str, License]:
        """Classified licenses by the name releases give them."""
        return {row.license: row for row in self.licenses}

    @cached_property
    def lab_called(self) -> dict[str, Lab]:
        """Labs by every name data sets give them."""
        return {name: lab for lab in self.labs for name in lab.known_as}

    @cached_property
    def open_releases(self) -> tuple[Release, ...]:
        """Releases whose weights are out, in order of date: what was only announced is none."""
        return tuple(sorted((r for r in self.releases if r.weights == "open"), key=lambda r: (r.date, r.id)))

    @property
    def rated_until(self) -> date:
        """Date of the newest score: after it nothing can be rated, so nothing is concluded from silence."""
        if not self.scores:
            raise CatalogueError("scores.csv: has no rows; without one score nothing can be rated")
        return max(score.date for score in self.scores)

    @property
    def collected(self) -> date:
        """Date of the newest source."""
        if not self.sources:
            raise CatalogueError("sources.csv: has no rows; a catalogue names at least one source and its vintage")
        return max(source.vintage for source in self.sources)

    def verified(self) -> Catalogue:
        """Only releases and events that somebody verified, and runs whose compute is not speculative."""
        return replace(
            self,
            releases=tuple(row for row in self.releases if row.verified),
            events=tuple(row for row in self.events if row.verified),
            compute=tuple(row for row in self.compute if row.verified),
        )

    def until(self, day: date) -> Catalogue:
        """What had happened by `day`: releases, events, scores, runs and results dated later are gone.

        Not what was known: scores keep the values of their one vintage, which later results shaped.
        """
        return replace(
            self,
            releases=tuple(row for row in self.releases if row.date <= day),
            events=tuple(row for row in self.events if row.date <= day),
            scores=tuple(row for row in self.scores if row.date <= day),
            compute=tuple(row for row in self.compute if row.date <= day),
            benchmarks=tuple(row for row in self.benchmarks if row.date <= day),
        )


TABLES: dict[str, type[Row]] = {
    "releases": Release,
    "labs": Lab,
    "licenses": License,
    "events": Event,
    "parameters": Parameter,
    "consortia": Consortium,
    "scores": Score,
    "compute": Compute,
    "benchmarks": Benchmark,
    "sources": Source,
}
assert [field.name for field in fields(Catalogue)] == list(TABLES)
SOURCED = tuple(name for name, model in TABLES.items() if issubclass(model, Sourced))


def shipped() -> Catalogue:
    """The catalogue that comes with this package."""
    with as_file(files("hanse.outlook.catalogue") / "data") as folder:
        return read_catalogue(folder)


def read_catalogue(folder: Path) -> Catalogue:
    """Every table of a folder. Raises CatalogueError naming the file, line and column of the first thing that is wrong."""
    tables: dict[str, Any] = {name: read_table(folder / f"{name}.csv", model) for name, model in TABLES.items()}
    return Catalogue(**tables)


def read_table(path: Path, model: type[R]) -> tuple[R, ...]:
    """The rows of one file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CatalogueError(f"{path}: cannot read: {error.strerror}; a catalogue has {', '.join(TABLES)}") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return parse_table(text, model, str(path))


def columns_of(model: type[Row]) -> list[str]:
    """Column names in order."""
    return [field.alias or name for name, field in model.model_fields.items()]


def parse_table(text: str, model: type[R], name: str) -> tuple[R, ...]:
    """The rows of a table's text; columns may stand in any order, but none may be missing, extra or twice."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    wanted, rows = columns_of(model), list[R]()
    try:
        header = next(reader, [])
        if sorted(header) != sorted(wanted):
            missing, extra = sorted(set(wanted) - set(header)), sorted(set(header) - set(wanted))
            twice = sorted({column for column in header if header.count(column) > 1})
            raise CatalogueError(
                f"{name}: wrong header: missing {missing}, unknown {extra}, twice {twice}; expected {wanted}"
            )
        for cells in reader:
            if len(cells) != len(header):
                raise CatalogueError(f"{name} line {reader.line_num}: {len(cells)} cells, expected {len(header)}")
            rows.append(model.model_validate(dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise CatalogueError(f"{name} line {reader.line_num}: not CSV: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(str(part) for part in first["loc"])
        given = first.get("input")
        raise CatalogueError(
            f"{name} line {reader.line_num}, column {column}: {first['msg']}; got {given!r}"
        ) from error
    return tuple(rows)


def print_table(rows: Iterable[Row], model: type[Row]) -> str:
    """A table's text: what `parse_table` reads back equal."""
    lines = [_line(columns_of(model))]
    lines += [_line([_cell(value) for value in row.model_dump(by_alias=True).values()]) for row in rows]
    return "".join(lines)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # a writer quotes what is in its line end: "\r" too
    return out.getvalue()[:-2] + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e7 else repr(value)
    return str(value)


def write_text(path: Path, text: str) -> None:
    """Put a whole UTF-8 file in place at once."""
    replace_file(path, text.encode("utf-8"))


def write_catalogue(folder: Path, catalogue: Catalogue, names: Sequence[str] = tuple(TABLES)) -> None:
    """Write tables into a folder, each in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_text(folder / f"{name}.csv", print_table(getattr(catalogue, name), TABLES[name]))
