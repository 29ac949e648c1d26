"""The case's page: well-formed, self-contained, every picture speaks, a miss of history comes first."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.case.charters import mixed, ten

from hanse.case.private import Private
from hanse.case.report.page import render, section
from hanse.case.report.plots import LAG_MOST, fan
from hanse.case.report.rails import Scale, decades
from hanse.case.result import Document
from hanse.case.solve import Depth, Question, solve

HOSTILE = "</title><script>alert('&')</script>\"x\u0000\u001b"
HEAVY = Private(preset="heavy")
QUICK = Depth(effects=False, influences=False, history=False)
TARGET = {"name": "lag", "says": "lag in 2026", "low": 4.2, "high": 8.2, "value": 12.0, "model": [9.0, 11.0, 12.0, 13.0, 15.0],
          "met": False, "fitted": [], "held_out": True, "source": "scores.csv"}  # fmt: skip


@cache
def one() -> Document:
    return solve([Question("Anchor & friends", "a.toml", mixed())], HEAVY, 300, 1, Depth(history=False)).document()


@cache
def four() -> Document:
    asked = [Question(f"{n} companies", f"{n}.toml", ten(count=n)) for n in (2, 5, 10)]
    return solve([*asked, Question("mixed", "m.toml", mixed())], HEAVY, 200, 1, QUICK).document()


def tree(text: str) -> ET.Element:
    return ET.fromstring(text.partition("\n")[2])


def words(text: str) -> str:
    return " ".join("".join(tree(text).itertext()).split())


@pytest.mark.parametrize("document", [one, four])
def test_the_page_is_well_formed_and_every_picture_says_what_it_shows(document: Any) -> None:
    pictures = [svg for svg in tree(render(document())).iter("svg") if svg.get("aria-hidden") is None]
    assert len(pictures) > 40
    assert all(svg.get("role") == "img" and svg.findtext("title") and svg.findtext("desc") for svg in pictures)


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    found = render(one())
    assert not re.search(r"(href|src|url|@import)\s*[=(]?\s*[\"'(]?\s*(https?:)?//", found)
    assert not re.search(r"<script|<link|<iframe|<img|\bsrc=|@import|\bon\w+=|url\(", found)


def test_pictures_come_in_the_order_of_the_questions() -> None:
    heads = [found.text for found in tree(render(one())).iter("h2")]
    assert heads == [
        "How far behind, year by year", "Which structure is still near the frontier", "What it costs each member",
        "Who pays what under each rule", "Who walks", "Which clause would change that", "What the answer hangs on",
        "The figures", "What the figures stand on",
    ]  # fmt: skip


def test_what_was_not_computed_is_left_out() -> None:
    bare = {**one()["charters"][0], "first_year": None, "effects": None, "sensitivity": None}
    said = words(render({**one(), "charters": [bare]}))
    for title in ("Who pays what under each rule", "Which clause would change that", "What the answer hangs on"):
        assert title in words(render(one()))
        assert title not in said


def test_a_miss_of_history_opens_the_page() -> None:
    missed = words(render({**one(), "calibration": {"targets": [TARGET, TARGET | {"met": True, "says": "is met"}]}}))
    assert missed.index("The model misses one target of history") < missed.index("Case · one charter")
    assert "lag in 2026: expected 4.2 to 8.2, the model gives 12." in missed
    assert "The model misses" not in words(render({**one(), "calibration": {"targets": [TARGET | {"met": True}]}}))


def test_four_charters_stand_side_by_side_on_one_scale() -> None:
    found = tree(render(four()))
    fans = [svg for svg in found.iter("svg") if (svg.get("aria-label") or "").startswith("Lag of ")]
    assert len(fans) == 4
    assert len({tuple(text.text for text in svg.iter("text") if text.get("text-anchor") == "end") for svg in fans}) == 1
    assert [item.text for item in found.iter("h2")].count("mixed") == 1


def test_every_figure_of_the_tables_has_its_source() -> None:
    for table in tree(render(one())).iter("table"):
        heads = [cell.text for cell in table.iter("th")]
        assert heads[-1] in ("source", "is"), heads


def test_the_part_for_another_page_is_well_formed_and_short() -> None:
    found = ET.fromstring(section(four()))
    assert len([svg for svg in found.iter("svg") if svg.get("aria-hidden") is None]) == 6
    assert section({}) == ""


def test_hostile_names_are_text_and_nothing_else() -> None:
    document = solve([Question(HOSTILE, HOSTILE, ten(name="x", count=2))], HEAVY, 100, 1, QUICK).document()
    found = render(document)
    assert not list(tree(found).iter("script"))
    assert "alert('&')" in words(found)


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1))
def test_any_name_at_all_gives_a_well_formed_page(name: str) -> None:
    document = four()
    tree(render({**document, "charters": [{**row, "name": name} for row in document["charters"]]}))


@given(st.floats(-1e12, 1e12), st.lists(st.floats(1e3, 1e13), min_size=1, max_size=5), st.booleans())
def test_a_scale_keeps_everything_on_its_rail_and_its_marks_in_order(value: float, ends: list[float], log: bool) -> None:
    scale = decades(ends, 1e5) if log else Scale(-max(ends), max(ends))
    assert 0 <= scale.at(value) <= 100
    assert scale.at(value) <= scale.at(value + abs(value) + 1)
    places = [scale.at(mark) for mark in scale.marks]
    assert places == sorted(places)
    assert 1 <= len(places) <= 10


def test_a_fan_of_a_consortium_that_never_trains_says_so() -> None:
    nothing = {"value": 0.0, "low": 0.0, "high": 0.01}
    assert "it never trains" in ET.fromstring(fan("x", [2027, 2028], [None, None], [nothing] * 2, LAG_MOST, 12.0))[1].text  # type: ignore[operator]
