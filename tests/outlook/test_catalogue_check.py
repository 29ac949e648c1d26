"""The check: each kind of trouble put into the shipped catalogue is found, and without it there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from tests.outlook.rows import shipped

from hanse.outlook.catalogue.schema import Row
from hanse.outlook.catalogue.tables import SOURCED, TABLES, Catalogue, write_catalogue
from hanse.outlook.check import FILE, Problem, check, computed, plain, write_computed
from hanse.outlook.rating import rate

LATE = date(2026, 12, 24)


def edited(rows: Catalogue, name: str, at: int = 5, **cells: object) -> Catalogue:
    """One row of a table changed, without asking the schema."""
    table: list[Row] = list(getattr(rows, name))
    table[at] = table[at].model_copy(update=cells)
    return replace(rows, **{name: tuple(table)})


def doubled(rows: Catalogue, name: str, **cells: object) -> Catalogue:
    """A row that stands once more, somewhat changed."""
    table: tuple[Row, ...] = getattr(rows, name)
    return replace(rows, **{name: (*table, table[5].model_copy(update=cells))})


def found(rows: Catalogue) -> list[tuple[str, str, str]]:
    return [(problem.table, problem.column, problem.text) for problem in check(rows)]


def test_the_shipped_catalogue_has_no_problem() -> None:
    with as_file(files("hanse.outlook.catalogue") / "data") as folder:
        assert check(shipped(), folder) == []


def test_every_shipped_row_names_its_source() -> None:
    rows = shipped()
    for name in (*SOURCED, "scores", "compute", "benchmarks"):
        table = getattr(rows, name)
        assert table
        assert all(row.source.strip() for row in table)
    known = {source.id for source in rows.sources}
    assert all(row.source in known for name in ("scores", "compute", "benchmarks") for row in getattr(rows, name))


MEND: dict[str, tuple[Callable[[Catalogue], Catalogue], str, str, str]] = {
    "a release after the newest source": (
        lambda r: edited(r, "releases", date=LATE),
        "releases",
        "date",
        "after the newest source",
    ),
    "an event after the newest source": (
        lambda r: edited(r, "events", date=LATE),
        "events",
        "date",
        "after the newest source",
    ),
    "a score after the newest source": (
        lambda r: edited(r, "scores", date=LATE),
        "scores",
        "date",
        "after the newest source",
    ),
    "a run after the newest source": (
        lambda r: edited(r, "compute", date=LATE),
        "compute",
        "date",
        "after the newest source",
    ),
    "a result after the newest source": (
        lambda r: edited(r, "benchmarks", date=LATE),
        "benchmarks",
        "date",
        "after the newest",
    ),
    "a score twice": (lambda r: doubled(r, "scores"), "scores", "name", "stands 2 times"),
    "a license twice": (lambda r: doubled(r, "licenses"), "licenses", "license", "stands 2 times"),
    "a result twice": (lambda r: doubled(r, "benchmarks"), "benchmarks", "model and benchmark", "stands 2 times"),
    "a run twice": (lambda r: doubled(r, "compute"), "compute", "model and date", "stands 2 times"),
    "a release written twice, spelt otherwise": (
        lambda r: doubled(r, "releases", id="again", score="", model=r.releases[5].model.upper().replace("-", " ")),
        "releases",
        "model",
        "stands 2 times",
    ),
    "a score of two releases": (
        lambda r: edited(r, "releases", at=9, score=r.releases[0].score),
        "releases",
        "score",
        "stands 2 times",
    ),
    "an alias of two labs": (lambda r: edited(r, "labs", aliases=r.labs[0].name), "labs", "aliases", "stands 2 times"),
    "a release of an unknown lab": (
        lambda r: edited(r, "releases", lab="nobody"),
        "releases",
        "lab",
        "nobody is no id in labs.csv",
    ),
    "an event of an unknown lab": (
        lambda r: edited(r, "events", lab="nobody"),
        "events",
        "lab",
        "nobody is no id in labs.csv",
    ),
    "an unknown score": (
        lambda r: edited(r, "releases", score="Nothing"),
        "releases",
        "score",
        "'Nothing' is no name in scores.csv",
    ),
    "an unknown license": (
        lambda r: edited(r, "releases", license="Own"),
        "releases",
        "license",
        "'Own' is not classified",
    ),
    "a blank source": (lambda r: edited(r, "events", source=" "), "events", "source", "is empty"),
    "a blank source of a score": (lambda r: edited(r, "scores", source=""), "scores", "source", "is empty"),
    "an unknown source": (
        lambda r: edited(r, "releases", source="epoch-models-2031-08"),
        "releases",
        "source",
        "is no id in sources",
    ),
    "an unknown source of a run": (
        lambda r: edited(r, "compute", source="some-notes"),
        "compute",
        "source",
        "is no id in sources",
    ),
    "an interval above its value": (lambda r: edited(r, "scores", low=200.0), "scores", "low", "does not hold"),
    "an interval below its value": (lambda r: edited(r, "scores", high=1.0), "scores", "low", "does not hold"),
    "a range that misses its value": (
        lambda r: edited(r, "parameters", value=1e30),
        "parameters",
        "value",
        "outside its own range",
    ),
    "more active than total": (
        lambda r: edited(r, "releases", total_params_b=3.0, active_params_b=3.5),
        "releases",
        "active_params_b",
        "3.5 is more than",
    ),
    "a month that is not its first day": (
        lambda r: edited(r, "events", precision="month", date=date(2024, 5, 2)),
        "events",
        "date",
        "must be the first day",
    ),
    "a quarter that is not its first day": (
        lambda r: edited(r, "events", precision="quarter", date=date(2024, 5, 1)),
        "events",
        "date",
        "must be the first day",
    ),
    "a half-year that is not its first day": (
        lambda r: edited(r, "events", precision="half", date=date(2024, 4, 1)),
        "events",
        "date",
        "must be the first day",
    ),
    "a year that is not its first day": (
        lambda r: edited(r, "events", precision="year", date=date(2024, 7, 1)),
        "events",
        "date",
        "must be the first day",
    ),
    "a metered license without a meter": (
        lambda r: edited(r, "licenses", at=1, meter=""),
        "licenses",
        "meter",
        "names its threshold",
    ),
    "an open license with a meter": (
        lambda r: edited(r, "licenses", at=0, meter="x"),
        "licenses",
        "meter",
        "names its threshold",
    ),
    "general knowledge called verified": (
        lambda r: edited(r, "releases", confidence="verified", source="general-knowledge"),
        "releases",
        "confidence",
        "verifies nothing",
    ),
} | {
    f"an id of {name} twice": (lambda r, name=name: doubled(r, name), name, "id", "stands 2 times")
    for name in ("releases", "labs", "events", "parameters", "consortia", "sources")
}


@pytest.mark.parametrize("name", MEND)
def test_it_is_found_where_it_stands(name: str) -> None:
    spoil, table, column, text = MEND[name]
    problems = found(spoil(shipped()))
    assert [p for p in problems if p[:2] == (table, column) and text in p[2]]
    assert len({p[0] for p in problems}) == 1  # and nothing else is blamed but its table


def test_a_first_day_is_asked_of_what_is_known_less_exactly_only() -> None:
    rows = shipped()
    for precision, when in {
        "day": (2024, 5, 2),
        "month": (2024, 5, 1),
        "quarter": (2024, 4, 1),
        "half": (2024, 7, 1),
        "year": (2024, 1, 1),
    }.items():
        assert check(edited(rows, "events", precision=precision, date=date(*when))) == []


def test_what_was_only_announced_may_lie_ahead() -> None:
    rows = shipped()
    announced = next(at for at, row in enumerate(rows.releases) if row.weights == "not verified")
    assert check(edited(rows, "releases", announced, date=LATE)) == []
    assert check(edited(rows, "releases", announced, date=LATE, weights="open")) != []


# --- computed.csv


def folder_of(rows: Catalogue, where: Path) -> Path:
    write_catalogue(where, rows)
    write_computed(rows, where)
    return where


def test_computed_columns_follow_from_the_tables(tmp_path: Path) -> None:
    rows = shipped()
    folder = folder_of(rows, tmp_path)
    assert check(rows, folder) == []
    text = (folder / FILE).read_text()
    line = next(line for line in text.splitlines() if ",near-frontier," in line and not line.startswith("id,"))
    (folder / FILE).write_text(text.replace(line, line.replace(",near-frontier,", ",mid,", 1)))
    (problem,) = check(rows, folder)
    assert (problem.table, problem.row, problem.column) == ("computed", line.split(",")[0], "tier_6")
    assert problem.text == "says mid, follows near-frontier: run `hanse outlook compute`"
    assert str(problem) == f"computed {line.split(',')[0]}, tier_6: {problem.text}"


def test_a_changed_table_leaves_computed_columns_behind_until_they_are_written_again(tmp_path: Path) -> None:
    rows = shipped()
    folder = folder_of(rows, tmp_path)
    at = next(at for at, row in enumerate(rows.releases) if row.score)
    later = edited(rows, "releases", at, date=rows.releases[at].date + timedelta(days=400))
    columns = {problem.column for problem in check(later, folder)}
    assert "months_behind" in columns
    assert columns <= {"months_behind", "gap", "tier_6", "tier_9", "tier_12"}
    fewer = replace(rows, releases=rows.releases[1:])
    assert [(p.row, p.column) for p in check(fewer, folder)] == [(rows.releases[0].id, "id")]
    assert [p.text for p in check(rows, folder_of(fewer, tmp_path / "fewer"))] == [
        "is missing: run `hanse outlook compute`"
    ]
    write_computed(later, folder)
    assert check(later, folder) == []


def test_a_folder_without_computed_columns_is_told_to_write_them(tmp_path: Path) -> None:
    write_catalogue(tmp_path, shipped())
    assert check(shipped(), tmp_path) == [Problem("computed", FILE, "file", "is missing: run `hanse outlook compute`")]
    assert check(shipped()) == []  # without a folder it is not looked for


def test_computed_columns_say_what_the_rating_says() -> None:
    rows = shipped()
    table = {row.id: row for row in computed(rows)}
    assert set(table) == {row.id for row in rows.releases if row.weights == "open"}
    for item in rate(rows):
        row = table[item.release.id]
        assert (row.tier_6, row.tier_9, row.tier_12) == (item.tier(6), item.tier(9), item.tier(12))
        assert row.license_class == item.license_class
        assert (row.eci is None) == (row.months_behind is None) == (row.gap is None) == (item.score is None)
        if item.score is not None:
            assert row.eci == item.score.eci
            assert row.months_behind is not None
            assert item.months_behind is not None
            assert abs(row.months_behind - item.months_behind) <= 0.051


def test_names_are_compared_by_letters_and_digits() -> None:
    assert plain("Qwen3-235B A22B") == plain("qwen3_235b-a22b") == "qwen3235ba22b"
    assert plain("Qwen3.5") == "qwen35"
    assert plain("---") == ""


def test_tables_that_carry_sources_are_known() -> None:
    assert set(SOURCED) == {"releases", "labs", "licenses", "events", "parameters", "consortia"} < set(TABLES)
