"""Dues by every rule that a charter alone decides: exact, and within their floor, cap and ceiling."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.charter.drawing import NAMES, whole

from hanse.charter.dues import UNFORESEEN, dues
from hanse.charter.schema import Charter
from hanse.errors import CharterError

bases = st.lists(st.integers(0, 1000), min_size=3, max_size=3)


def with_bases(values: list[int], **rule: Any) -> Charter:
    members = [{"name": name, "membership": "full", "base": f"{value} USD" if value < 1000 else "1_000 USD"}
               for name, value in zip(NAMES, values, strict=True)]  # fmt: skip
    return whole(member=members, dues=rule)


def first(charter: Charter) -> list[Fraction]:
    return [dues(charter)[name][0] for name in NAMES]


def test_equal_dues_grow_by_their_factor_every_year() -> None:
    found = dues(whole(dues={"rule": "equal", "budget": "10 USD", "growth": "6/5"}))
    assert found["ada"] == (Fraction(10, 3), Fraction(4), Fraction(24, 5), Fraction(144, 25))
    assert len(set(found.values())) == 1


def test_dues_by_class_are_those_of_the_class_and_none_without() -> None:
    classes = [{"name": "full", "dues": "7 USD"}, {"name": "data"}]
    members = [{"name": "ada", "membership": "full"}, {"name": "bob", "membership": "data"}]
    found = dues(whole(membership=classes, member=members, dues={"rule": "class", "growth": "2/1"}))
    assert found == {"ada": (7, 14, 28, 56), "bob": (0, 0, 0, 0)}


def test_a_share_of_sales_stays_between_floor_and_cap() -> None:
    rule = {"rule": "sales_share", "rate": "1/100", "floor": "2 USD", "cap": "5 USD", "growth": "2/1"}
    charter = with_bases([100, 300, 900], **rule)
    assert first(charter) == [2, 3, 5]
    assert dues(charter)["ada"] == (2, 2, 2, 2)


def test_a_key_without_ceiling_is_in_proportion() -> None:
    assert first(with_bases([100, 300, 0], rule="key", budget="8 USD")) == [2, 6, 0]
    assert first(with_bases([0, 0, 0], rule="key", budget="9 USD")) == [3, 3, 3]


def test_what_is_above_the_ceiling_goes_to_the_others_in_proportion() -> None:
    found = first(with_bases([700, 200, 100], rule="key", budget="100 USD", ceiling="1/2"))
    assert found == [50, Fraction(100, 3), Fraction(50, 3)]


@settings(deadline=None)
@given(bases.filter(all), st.fractions(Fraction(1, 10), 1, max_denominator=10))
def test_a_key_raises_the_budget_wherever_its_ceiling_lets_it(values: list[int], ceiling: Fraction) -> None:
    found = first(with_bases(values, rule="key", budget="100 USD", ceiling=f"{ceiling.numerator}/{ceiling.denominator}"))
    assert max(found) <= 100 * ceiling
    assert sum(found) == min(100, 300 * ceiling)
    assert all((found[a] <= found[b]) for a in range(3) for b in range(3) if values[a] <= values[b])


def test_no_dues_are_none() -> None:
    assert dues(whole()) == dict.fromkeys(NAMES, (0, 0, 0, 0))


@pytest.mark.parametrize("rule", sorted(UNFORESEEN))
def test_dues_that_no_charter_says_are_an_error(rule: str) -> None:
    with pytest.raises(CharterError, match=f"dues by {rule}: "):
        dues(whole(dues={"rule": rule, "budget": "9 USD"}))


def test_a_member_without_its_base_is_named() -> None:
    with pytest.raises(CharterError, match="member ada: base: missing; dues by key ask for it"):
        dues(whole(dues={"rule": "key", "budget": "9 USD"}))
