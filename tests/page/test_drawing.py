"""What every page is drawn with: safe text, round ticks, marks by their shape, and reading of results that may be anything."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.page import svg, values
from hanse.page.document import document
from hanse.page.table import fold

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_round_ascending_and_within_their_range(low: float, span: float) -> None:
    found = svg.ticks(low, low + span)
    assert found == sorted(found)
    assert len(found) <= 12
    slack = 1e-6 * (1 + abs(low) + span)
    assert all(low - slack <= tick <= low + span + slack for tick in found)


@given(st.text())
def test_any_text_is_safe_in_markup_and_in_attributes(value: str) -> None:
    ET.fromstring(
        svg.svg(
            (9, 9), value, value, [svg.text((0, 0), value), svg.said(value, svg.heading((0, 0), value, value, "x"))]
        )
    )


@pytest.mark.parametrize("shape", ["circle", "square", "diamond", "triangle", "down", "star", "cross"])
def test_every_mark_has_a_shape_of_its_own(shape: str) -> None:
    others = ["circle", "square", "diamond", "triangle", "down", "star", "cross"]
    others.remove(shape)
    drawn = svg.glyph(shape, (10, 10), 5, "k")
    ET.fromstring(drawn)
    assert drawn not in [svg.glyph(other, (10, 10), 5, "k") for other in others]


def test_a_document_is_well_formed_and_escapes_its_title() -> None:
    page = document("<b>&", "a{}", "<p>x</p>")
    assert ET.fromstring(page.partition("\n")[2]).findtext("head/title") == "<b>&"


def test_a_table_without_rows_is_nothing_and_figures_stand_on_the_right() -> None:
    assert fold("Nothing", ("a", "b"), []) == ""
    table = ET.fromstring(fold("Some", ("a", "b"), [["<", 1], [None, 2.5]]))
    assert [cell.text for cell in table.iter("td")] == ["<", "1", "–", "2.5000"]
    assert [cell.get("class") for cell in table.iter("th")] == [None, "n"]


@given(JSON)
def test_reading_never_raises_and_gives_what_it_says(value: Any) -> None:
    found = values.number(value)
    assert found is None or abs(found) <= 1e12
    assert values.whole(value) >= 0
    assert all(hasattr(row, "get") for row in values.rows(value))
    assert isinstance(values.words(value), str)
    values.day(value)
    values.dig(value, "a", "b")
    interval = values.span({"value": value, "low": value, "high": value})
    assert interval is None or interval.low <= interval.value <= interval.high


def test_counts_are_words_while_they_are_small() -> None:
    assert [values.count(n) for n in (0, 1, 14, 20, 21, 1234)] == ["no", "one", "fourteen", "twenty", "21", "1,234"]
    assert values.counted(1, "lab", "labs") == "one lab"
    assert values.capital("three labs") == "Three labs"
    assert values.say_day(values.day("2026-08-13")) == "13 August 2026"  # type: ignore[arg-type]
