"""Advice finds an optimum that is known from trying everything, on draws it has not seen."""

from __future__ import annotations

from itertools import product

import pytest
from tests.case.made import TWO_UNKNOWN, UNEQUAL, unequal

from hanse.case import advise as module
from hanse.case.advise import Advice, advise
from hanse.case.levers import levers
from hanse.case.paired import sample
from hanse.case.stability import bargain, deviation, terms_under
from hanse.charter.schema import Charter

TWO = ("dues.rule", "release.embargo_days")


def everything(given: Charter, draws: int, seed: int) -> dict[tuple[str, int], tuple[float, bool]]:
    """For each rule and embargo: the chance to be near, and whether it is in the core."""
    found = []
    for first in [given, *(lever.charter for lever in levers(given, {TWO[0]}))]:
        found += [first, *(lever.charter for lever in levers(first, {TWO[1]}))]
    terms = [terms_under(each, given, UNEQUAL, TWO_UNKNOWN) for each in found]
    near = [float(row.near.mean()) for row in sample(terms, draws, seed, TWO_UNKNOWN)]
    core = [not deviation(bargain(each, TWO_UNKNOWN)).members for each in terms]
    keys = [(each.dues.rule, each.release.embargo_days or 0) for each in found if each.dues and each.release]
    return dict(zip(keys, zip(near, core, strict=True), strict=True))


def test_it_finds_the_best_rule_and_embargo() -> None:
    given = unequal()
    table = everything(given, 2048, 99)
    assert len(table) == 6 * 4
    allowed = {key: near for key, (near, in_core) in table.items() if in_core}
    best = max(allowed.values())
    assert table["equal", 0][0] < best - 0.2, "the charter itself is far from it"
    assert table["equal", 365][1] is False, "and with equal dues alone somebody refuses"
    found = advise(given, UNEQUAL, 1, 512, ranges=TWO_UNKNOWN)
    assert found.charter.dues is not None
    assert found.charter.release is not None
    key = (found.charter.dues.rule, found.charter.release.embargo_days or 0)
    assert found.outside_core == ()
    assert found.is_better
    assert found.near >= best - 3 * found.error - 0.01
    assert allowed[key] >= best - 0.03
    assert found.founded >= found.near > found.near_before


def test_everything_may_be_tried_at_once() -> None:
    """The search is as good as all combinations of two clauses."""
    given = unequal()
    table = everything(given, 512, 5)
    assert {rule for rule, _ in table} == {"equal", "sales_share", "key", "usage", "serial", "shapley"}
    assert sorted({days for _, days in table}) == [0, 90, 180, 365]
    assert len(table) == len(list(product(range(6), range(4))))


@pytest.fixture(scope="module")
def small() -> tuple[Charter, Advice, list[int]]:
    given, seen = unequal(), []
    return given, advise(given, UNEQUAL, 7, 128, seen.append, TWO_UNKNOWN), seen


def test_the_same_arguments_give_the_same_advice(small: tuple[Charter, Advice, list[int]]) -> None:
    given, found, _ = small
    assert advise(given, UNEQUAL, 7, 128, ranges=TWO_UNKNOWN) == found


def test_progress_only_rises_and_changes_make_the_charter(small: tuple[Charter, Advice, list[int]]) -> None:
    given, found, seen = small
    assert seen == sorted(seen)
    assert seen[-1] >= 2 * found.draws
    changed = given
    for clause, words in found.changes:
        (changed,) = (lever.charter for lever in levers(changed, {clause}) if lever.change == words)
        assert clause in module.CLAUSES
    assert changed == found.charter


def test_a_charter_that_needs_nothing_keeps_its_clauses(small: tuple[Charter, Advice, list[int]]) -> None:
    _, first, _ = small
    again = advise(first.charter, UNEQUAL, 8, 128, ranges=TWO_UNKNOWN)
    assert again.near_before >= first.near - 0.05
    assert not again.is_better or again.near - again.near_before < 0.05


def test_nothing_helps_where_nobody_gains() -> None:
    """A budget a hundred times too large: no rule is in the core, and who refuses is named."""
    given = unequal(dues={"rule": "equal", "budget": "70_000_000_000 USD"})
    found = advise(given, UNEQUAL, 1, 64, ranges=TWO_UNKNOWN)
    assert found.outside_core
    assert not found.is_better
    assert found.near == found.near_before == 0
