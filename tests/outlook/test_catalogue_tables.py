"""Tables as files: what is written is read back equal, shipped files to the byte, and a mistake is named where it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types as at
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo
from tests.outlook.rows import catalogue, day, event, release, score

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.schema import Computed, Row, Score
from hanse.outlook.catalogue.tables import (
    TABLES,
    columns_of,
    parse_table,
    print_table,
    read_catalogue,
    shipped,
    write_catalogue,
)
from hanse.outlook.check import FILE, computed

DATA = files("hanse.outlook.catalogue") / "data"
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\r\n",; \t\ufeff'), max_size=12)


def cells(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Values that a field takes, from its annotation."""
    kinds = get_args(field.annotation) or (field.annotation,)
    limits: dict[str, Any] = {}
    pattern = None
    for rule in field.metadata:
        if isinstance(rule, at.Gt):
            limits |= {"min_value": rule.gt, "exclude_min": True}
        if isinstance(rule, at.Ge):
            limits["min_value"] = rule.ge
        if isinstance(rule, at.Le):
            limits["max_value"] = rule.le
        pattern = getattr(rule, "pattern", None) or pattern
    if get_origin(field.annotation) is Literal:
        return st.sampled_from(get_args(field.annotation))
    if date in kinds:
        return st.dates()
    if str in kinds:
        if pattern:
            return st.from_regex(pattern, fullmatch=True).filter(str.isascii)
        return TEXT.filter(bool) if any(isinstance(rule, at.MinLen) for rule in field.metadata) else TEXT
    if int in kinds:
        limits.pop("exclude_min", None)
        found: st.SearchStrategy[Any] = st.integers(**limits | {"min_value": max(1, limits.get("min_value", 1))})
    else:
        found = st.floats(**limits, allow_nan=False, allow_infinity=False)
    return st.none() | found if type(None) in kinds else found


def rows_of(model: type[Row]) -> st.SearchStrategy[list[Row]]:
    fields = {field.alias or name: cells(field) for name, field in model.model_fields.items()}
    return st.lists(st.fixed_dictionaries(fields).map(model.model_validate), max_size=4)


@pytest.mark.parametrize("model", [*TABLES.values(), Computed], ids=lambda model: model.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_rows_of_any_content_are_read_back_equal(model: type[Row], data: st.DataObject) -> None:
    rows = data.draw(rows_of(model))
    text = print_table(rows, model)
    assert parse_table(text, model, "here") == tuple(rows)
    assert print_table(parse_table(text, model, "here"), model) == text


def test_every_shipped_file_is_printed_as_it_stands() -> None:
    rows = shipped()
    for name, model in TABLES.items():
        assert print_table(getattr(rows, name), model) == (DATA / f"{name}.csv").read_bytes().decode()
    assert print_table(computed(rows), Computed) == (DATA / FILE).read_bytes().decode()


def test_a_catalogue_written_is_a_catalogue_read(tmp_path: Path) -> None:
    rows = shipped()
    write_catalogue(tmp_path / "deep" / "copy", rows)
    assert read_catalogue(tmp_path / "deep" / "copy") == rows
    assert {path.name for path in (tmp_path / "deep" / "copy").iterdir()} == {f"{name}.csv" for name in TABLES}
    changed = replace(rows, events=rows.events[:3])
    write_catalogue(tmp_path / "deep" / "copy", changed, ["events"])
    assert read_catalogue(tmp_path / "deep" / "copy") == changed


def test_columns_may_stand_in_any_order() -> None:
    made = score("a, b", day("2024-01-01"), 101.25)
    text = print_table([made], Score)
    header, line = text.splitlines()
    swapped = ",".join(reversed(header.split(",")))
    cells_ = line.replace('"a, b"', "ab").split(",")
    assert parse_table(f"{swapped}\n{','.join(reversed(cells_))}\n", Score, "s") == (
        made.model_copy(update={"name": "ab"}),
    )


def test_lines_that_another_system_ends_otherwise_are_read_alike() -> None:
    for name, model in TABLES.items():
        text = (DATA / f"{name}.csv").read_bytes().decode()
        if "\n" not in text.replace("\n", "", text.count("\n")):
            assert parse_table(text.replace("\n", "\r\n"), model, name) == parse_table(text, model, name)


MISTAKES = {
    "a column missing": (("low,", ""), "wrong header: missing ['low'], unknown [], twice []"),
    "a column unknown": (("low,", "lower,"), "wrong header: missing ['low'], unknown ['lower'], twice []"),
    "a column twice": (("low,high", "low,low"), "wrong header: missing ['high'], unknown [], twice ['low']"),
    "a cell too few": ((",95,", ","), "line 3: 7 cells, expected 8"),
    "a cell too many": ((",95,", ",95,95,"), "line 3: 9 cells, expected 8"),
    "no number": ((",95,", ",high,"), "line 3, column low: Input should be a valid number"),
    "a number that is none": ((",95,", ",nan,"), "line 3, column low"),
    "a number without end": ((",95,", ",inf,"), "line 3, column low"),
    "no date": (("2024-02-01", "2024-02-30"), "line 3, column date"),
    "a date written otherwise": (("2024-02-01", "20240201"), "line 3, column date: Value error, expected YYYY-MM-DD"),
    "a word that is no choice": (
        (",open,", ",free,"),
        "line 3, column access: Input should be 'open', 'closed' or 'unknown'",
    ),
    "an open quote": (("second,", '"second,'), "line 3: not CSV: unexpected end of data"),
    "an empty name": (("second,", ","), "line 3, column name: String should have at least 1 character"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_column(name: str) -> None:
    (old, new), wanted = MISTAKES[name]
    text = print_table(
        [score("first", day("2024-01-01"), 99), score("second", day("2024-02-01"), 97, access="open", low=95)], Score
    )
    assert old in text
    with pytest.raises(CatalogueError) as told:
        parse_table(text.replace(old, new, 1), Score, "scores.csv")
    assert str(told.value).startswith("scores.csv")
    assert wanted in str(told.value)


def test_an_empty_file_and_one_with_a_header_only_are_told_apart() -> None:
    with pytest.raises(CatalogueError, match=r"scores.csv: wrong header: missing \['access', "):
        parse_table("", Score, "scores.csv")
    assert parse_table(",".join(columns_of(Score)) + "\n", Score, "scores.csv") == ()


def test_a_folder_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CatalogueError, match=r"releases\.csv: cannot read: No such file or directory; a catalogue has releases, labs"
    ):
        read_catalogue(tmp_path)
    write_catalogue(tmp_path, shipped())
    (tmp_path / "events.csv").write_bytes(b"caf\xe9")
    with pytest.raises(CatalogueError, match=r"events\.csv: not UTF-8 at byte 3; save it as UTF-8"):
        read_catalogue(tmp_path)


def test_until_a_day_nothing_later_is_left() -> None:
    rows = shipped()
    past = rows.until(day("2025-03-31"))
    for name in ("releases", "events", "scores", "compute", "benchmarks"):
        all_, kept = getattr(rows, name), getattr(past, name)
        assert kept == tuple(row for row in all_ if row.date.isoformat() <= "2025-03-31")
        assert 0 < len(kept) < len(all_)
    assert past.rated_until <= day("2025-03-31") < rows.rated_until
    assert past.labs == rows.labs


def test_what_is_looked_up_is_found_by_every_name() -> None:
    rows = shipped()
    for lab in rows.labs:
        assert rows.lab[lab.id] is lab
        for name in lab.known_as:
            assert rows.lab_called[name] is lab
    assert [(r.date, r.id) for r in rows.open_releases] == sorted(
        (r.date, r.id) for r in rows.releases if r.weights == "open"
    )
    small = catalogue(
        [(release("a", "x", day("2024-01-01"), weights="not verified"), None)],
        events=[event("e", "y", day("2024-01-01"))],
    )
    assert small.open_releases == ()
    assert set(small.lab) == {"x", "y"}


def test_the_shipped_folder_is_what_is_read(tmp_path: Path) -> None:
    with as_file(DATA) as folder:
        assert read_catalogue(folder) == shipped()
