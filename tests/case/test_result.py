"""The document of a case: every number with range, unit and source; the same for the same seed, however many threads."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.case.charters import mixed, ten

from hanse.case.private import Private
from hanse.case.result import SOURCES, Document, chance, kinds, shown
from hanse.case.solve import Depth, Question, solve
from hanse.case.terms import YEARS, terms_of

HEAVY = Private(preset="heavy")
QUICK = Depth(effects=False, influences=False, history=False)


def questions() -> list[Question]:
    return [Question("ten", "ten.toml", ten()), Question("mixed", "mixed.toml", mixed())]


@cache
def whole() -> Document:
    return solve([Question("mixed", "mixed.toml", mixed())], HEAVY, 300, 1).document()


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every amount and chance with its place."""
    if isinstance(value, dict) and ("value" in value or "p50" in value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from leaves(item, f"{path}.{at}")


def test_every_number_has_a_range_a_unit_and_a_source() -> None:
    found = list(leaves(whole()["charters"]))
    assert len(found) > 300
    for path, item in found:
        assert item["unit"], path
        assert item["source"] in SOURCES, path
        if "p50" in item:
            assert item["p5"] <= item["p25"] <= item["p50"] <= item["p75"] <= item["p95"], path
        elif "less_there" not in path:
            assert item["low"] <= item["value"] <= item["high"], path


def test_no_number_stands_alone() -> None:
    """Outside of amounts, chances and years there is no number in what is said of a charter."""
    def bare(value: Any, path: str = "") -> Iterator[str]:
        if isinstance(value, dict) and not ("value" in value or "p50" in value):
            for key, item in value.items():
                yield from bare(item, f"{path}.{key}")
        elif isinstance(value, list):
            for at, item in enumerate(value):
                yield from bare(item, f"{path}.{at}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path

    assert {path for path in bare(whole()["charters"][0]) if not path.startswith(".years.")} == set()


def test_parameters_used_are_listed_with_ranges_and_sources() -> None:
    own = Private.model_validate(
        {"preset": "heavy", "parameter": [{"name": "patience", "value": "9/1", "low": "8/1", "high": "10/1"}]}
    )
    rows = {row["name"]: row for row in solve(questions()[1:], own, 100, 1, QUICK).document()["parameters"]}
    assert (rows["patience"]["low"], rows["patience"]["value"], rows["patience"]["high"]) == (8, 9, 10)
    assert rows["patience"]["source"] == "private file"
    assert all(row["low"] <= row["value"] <= row["high"] and row["unit"] and row["source"] for row in rows.values())


def test_the_same_seed_gives_the_same_document_on_one_thread_and_on_two() -> None:
    one, two = (solve(questions(), HEAVY, 3000, 7, QUICK, threads=threads).document() for threads in (1, 2))
    assert json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    other = solve(questions(), HEAVY, 3000, 8, QUICK).document()
    assert other["charters"] != one["charters"]


def test_a_charter_has_the_same_figures_alone_and_beside_another() -> None:
    both = solve(questions(), HEAVY, 500, 1, QUICK).document()["charters"]
    alone = solve(questions()[1:], HEAVY, 500, 1, QUICK).document()["charters"]
    assert both[1] == alone[0]


def test_what_was_not_asked_for_is_not_there() -> None:
    found = solve(questions()[1:], HEAVY, 200, 1, QUICK).document()["charters"][0]
    assert found["effects"] is None
    assert found["sensitivity"] is None
    assert found["first_year"]["rules"]["equal"]["pays"]
    assert whole()["charters"][0]["effects"]
    assert whole()["charters"][0]["sensitivity"]


def test_the_document_is_plain_json() -> None:
    assert json.loads(json.dumps(whole(), allow_nan=False)) == whole()
    assert len(whole()["charters"][0]["years"]) == YEARS


def test_members_that_differ_in_luck_alone_are_one_kind() -> None:
    assert kinds(terms_of(ten())) == [[f"company-{at}" for at in range(1, 11)]]
    assert kinds(terms_of(mixed())) == [["anchor"], ["bank", "grid"], ["clinic"]]
    own = Private.model_validate({"member": [{"name": "grid", "tokens": 7}]})
    assert kinds(terms_of(mixed(), own)) == [["anchor"], ["bank"], ["grid"], ["clinic"]]


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_a_chance_lies_within_its_interval_and_that_within_0_and_1(share: float, draws: int) -> None:
    found = chance(share, draws)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert found["low"] < found["high"]


@given(st.floats(-1e15, 1e15).filter(lambda value: value == 0 or abs(value) > 1e-9))
def test_what_is_shown_is_the_number_to_six_digits(value: float) -> None:
    assert math.isclose(shown(value), value, rel_tol=1e-5)


def test_more_draws_make_a_chance_surer() -> None:
    widths = [chance(0.3, draws)["high"] - chance(0.3, draws)["low"] for draws in (100, 1000, 10_000)]
    assert widths == sorted(widths, reverse=True)


def test_progress_comes_to_the_end() -> None:
    seen: dict[str, tuple[int, int]] = {}
    solve(questions()[1:], HEAVY, 300, 1, seen=lambda what, done, total: seen.update({what: (done, total)}))
    assert sorted(what.partition(": ")[2] for what in seen) == ["changing clauses", "simulating", "what it hangs on"]
    assert all(done == total for done, total in seen.values()), seen


def test_a_belief_about_no_parameter_is_refused() -> None:
    own = Private.model_validate({"parameter": [{"name": "luck", "value": "1/1", "low": "1/1", "high": "1/1"}]})
    with pytest.raises(Exception, match="parameter 'luck' is unknown; there are: anchor_budget"):
        solve(questions(), own, 100, 1, QUICK)
