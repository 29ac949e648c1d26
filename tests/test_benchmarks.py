"""The page of figures: what was measured stands there with its bar, what was not says so."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.page import WRITERS, render
from benchmarks.run import SECTIONS, documents
from hypothesis import given
from hypothesis import strategies as st

MACHINE = {"cpu": "a machine", "cores": 2, "python": "3.11", "date": "2026-11-24", "load": 0.1}


def kept(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"machine": MACHINE, "output": list(rows)}


def test_every_section_is_on_the_page_measured_or_not() -> None:
    assert set(WRITERS) == set(SECTIONS)
    page = render({})
    for section, (title, _) in WRITERS.items():
        assert f"## {title}\n\nNot measured yet: `python -m benchmarks.run --only {section}`." in page


def test_a_missed_bar_says_so() -> None:
    row = {"bench": "memory", "codec": "int8", "members": 8, "parameters": 10**8, "threads": 2}
    assert "2.90 times" in (good := render({"memory": kept(row | {"times_the_weights": 2.9})}))
    assert "reached" in good
    assert "**missed**" in render({"memory": kept(row | {"times_the_weights": 3.1})})
    world = {"seeds": 2000, "crashes": 9, "entries": 99, "void": 1, "problems": {}}
    assert "problems in 0: reached" in render({"simulate": kept(world)})
    assert "**missed**. Seeds: 7." in render({"simulate": kept(world | {"problems": {"7": ["stuck"]}})})


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3), max_size=5))
def test_json_is_read_back_between_lines_for_people(rows: list[dict[str, Any]]) -> None:
    text = "starting, {not json\n" + "".join(json.dumps(row, indent=1) + "\n  1/2 done {x}\n" for row in rows)
    assert documents(text) == rows
