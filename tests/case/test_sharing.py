"""Every dues rule on many draws: sums, bounds, symmetry, and the same in exact fractions, one draw at a time."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.case.sharing import RULES, Basis, Bools, Floats, Rule, shares
from hanse.charter.clauses.money import Dues
from hanse.errors import CaseError

BUDGET_RULES: tuple[Rule, ...] = ("equal", "key", "usage", "serial", "shapley")
MANY = settings(max_examples=60, deadline=None)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Floats, Basis, Bools]:
    """Small whole numbers, so that ties and zeros are common and fractions agree."""
    n, d = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    varying = draw(st.booleans())

    def amounts(most: int) -> Floats:
        size = n * d if varying else n
        rows = np.array(draw(st.lists(st.integers(0, most), min_size=size, max_size=size)), float)
        return rows.reshape(n, d) if varying else rows

    budget = np.array(draw(st.lists(st.integers(0, 1000), min_size=d, max_size=d)), float)
    present = np.array(draw(st.lists(st.booleans(), min_size=n * d, max_size=n * d))).reshape(n, d)
    floor, spread = draw(st.integers(0, 20)), draw(st.integers(0, 50))
    members = Basis(
        class_dues=amounts(50), base=amounts(50), tokens=amounts(9), key=amounts(9), rate=draw(st.integers(0, 4)) / 4,
        floor=float(floor), cap=float(floor + spread), ceiling=draw(st.integers(0, 16)) / 16,
        elasticity=draw(st.sampled_from((0.0, 0.3, 0.5, 1.0))),
    )  # fmt: skip
    return budget, members, present


def test_the_rules_are_those_of_the_charter() -> None:
    assert get_args(Dues.model_fields["rule"].annotation) == RULES


@MANY
@given(cases())
def test_nobody_pays_less_than_nothing_and_absent_members_pay_nothing(case: tuple[Floats, Basis, Bools]) -> None:
    for rule in RULES:
        paid = shares(rule, *case)
        assert paid.shape == case[2].shape
        assert (paid >= 0).all(), rule
        assert (paid[~case[2]] == 0).all(), rule


def measure(rule: Rule, members: Basis, present: Bools) -> Floats:
    """What a rule goes by, [n, d]."""
    names = {"class": "class_dues", "sales_share": "base", "key": "base", "usage": "tokens", "serial": "tokens", "shapley": "key"}
    value = np.ones(len(present)) if rule == "equal" else getattr(members, names[rule])
    return np.broadcast_to(value if value.ndim == 2 else value[:, None], present.shape)


@MANY
@given(cases())
def test_a_budget_is_raised_where_it_can_be(case: tuple[Floats, Basis, Bools]) -> None:
    budget, members, present = case
    for rule in BUDGET_RULES:
        payers = (present & (measure(rule, members, present) > 0)).sum(axis=0)
        most = np.minimum(payers * (members.ceiling if rule == "key" else 1.0), 1.0)
        raised = shares(rule, budget, members, present).sum(axis=0)
        np.testing.assert_allclose(raised, budget * most, rtol=1e-12, atol=1e-9, err_msg=rule)


@MANY
@given(cases())
def test_equals_pay_the_same_and_more_of_what_counts_never_pays_less(case: tuple[Floats, Basis, Bools]) -> None:
    budget, members, present = case
    for rule in RULES:
        paid, by = shares(rule, budget, members, present), measure(rule, members, present)
        for j in range(len(budget)):
            there = np.flatnonzero(present[:, j])
            order = there[np.argsort(by[there, j])]
            steps, rise = np.diff(paid[order, j]), np.diff(by[order, j])
            assert (steps >= -1e-9).all(), rule
            np.testing.assert_allclose(steps[rise == 0], 0, atol=1e-9, err_msg=rule)


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(case: tuple[Floats, Basis, Bools], chance: random.Random) -> None:
    budget, members, present = case
    order = list(range(len(present)))
    chance.shuffle(order)
    names = ("class_dues", "base", "tokens", "key")
    moved = replace(members, **{name: getattr(members, name)[order] for name in names})
    for rule in RULES:
        paid = shares(rule, budget, members, present)[order]
        np.testing.assert_allclose(shares(rule, budget, moved, present[order]), paid, rtol=1e-12, atol=1e-9, err_msg=rule)


@MANY
@given(cases())
def test_nobody_is_above_the_ceiling_or_outside_floor_and_cap(case: tuple[Floats, Basis, Bools]) -> None:
    budget, members, present = case
    assert (shares("key", budget, members, present) <= members.ceiling * budget).all()
    paid = shares("sales_share", budget, members, present)[present]
    assert ((paid >= members.floor) & (paid <= members.cap)).all()


@MANY
@given(cases(), st.integers(0, 6), st.integers(1, 9))
def test_serial_whoever_uses_more_pays_more_and_smaller_ones_never_for_it(
    case: tuple[Floats, Basis, Bools], who: int, more: int
) -> None:
    budget, members, present = case
    who %= len(present)
    tokens = measure("serial", members, present).copy()
    before = shares("serial", budget, replace(members, tokens=tokens), present)
    larger = tokens.copy()
    larger[who] += more
    used = [np.where(present, t, 0).sum(axis=0) for t in (tokens, larger)]
    grown = budget * np.divide(used[1], used[0], out=np.ones_like(budget), where=used[0] > 0) ** members.elasticity
    after = shares("serial", grown, replace(members, tokens=larger), present)  # the cost function is the same one
    there = present[who] & (used[0] > 0)
    assert (after[who, there] >= before[who, there] - 1e-9).all()
    smaller = (tokens <= tokens[who]) & there
    smaller[who] = False
    np.testing.assert_allclose(after[smaller], before[smaller], rtol=1e-9, atol=1e-9)


def exact(rule: Rule, budget: Fraction, by: list[Fraction], members: Basis) -> list[Fraction]:
    """One draw, everybody there, by the words of the rule."""
    n, total = len(by), sum(by, Fraction())
    if rule == "class":
        return by
    if rule == "sales_share":
        return [min(max(Fraction(members.rate) * b, Fraction(members.floor)), Fraction(members.cap)) for b in by]
    if not total:
        return [Fraction()] * n
    if rule == "key":
        most, paid = Fraction(members.ceiling) * budget, [budget * b / total for b in by]
        while excess := sum((p - most for p in paid if p > most), Fraction()):
            paid = [min(p, most) for p in paid]
            open_ = sum((p for p in paid if p < most), Fraction())
            if not open_:
                break
            paid = [p + excess * p / open_ if p < most else p for p in paid]
        return paid
    if rule == "serial":

        def cost(q: Fraction) -> Fraction:
            return budget * (q / total if members.elasticity == 1 else q > 0)

        def pays(i: int) -> Fraction:
            shared, last = Fraction(), Fraction()
            for k, step in enumerate(sorted(by)[: sorted(by).index(by[i]) + 1]):
                level = sum(sorted(by)[:k], Fraction()) + (n - k) * step
                shared, last = shared + (cost(level) - cost(last)) / (n - k), level
            return shared

        return [pays(i) for i in range(n)]
    return [budget * b / total for b in by]


@MANY
@given(cases(), st.sampled_from((0.0, 1.0)))
def test_equal_to_the_same_in_fractions(case: tuple[Floats, Basis, Bools], elasticity: float) -> None:
    budget, members, present = case
    members = replace(members, elasticity=elasticity)
    for rule in RULES:
        paid, by = shares(rule, budget, members, present), measure(rule, members, present)
        for j, money in enumerate(budget):
            there = np.flatnonzero(present[:, j])
            wanted = exact(rule, Fraction(money), [Fraction(by[i, j]) for i in there], members)
            np.testing.assert_allclose(paid[there, j], [float(x) for x in wanted], rtol=1e-12, atol=1e-9, err_msg=rule)


def test_serial_by_hand() -> None:
    # C(q) = 60 * sqrt(q / 9): levels 3, 5, 9 for demands 1, 2, 6.
    costs = [60 * np.sqrt(q / 9) for q in (3, 5, 9)]
    wanted = [costs[0] / 3, costs[0] / 3 + (costs[1] - costs[0]) / 2, 0.0]
    wanted[2] = wanted[1] + costs[2] - costs[1]
    members = Basis(tokens=np.array([2.0, 6.0, 1.0, 5.0]))
    paid = shares("serial", np.array([60.0]), members, np.array([[True], [True], [True], [False]]))
    np.testing.assert_allclose(paid[:, 0], [wanted[1], wanted[2], wanted[0], 0.0])


def test_a_ceiling_that_cannot_hold_the_budget_raises_less() -> None:
    members = Basis(base=np.array([90.0, 9.0, 1.0, 0.0]), ceiling=0.25)
    paid = shares("key", np.array([100.0]), members, np.ones((4, 1), bool))
    assert paid[:, 0].tolist() == [25.0, 25.0, 25.0, 0.0]


GOOD = Basis(base=np.ones(3), tokens=np.ones(3))


@pytest.mark.parametrize(
    ("rule", "members", "words"),
    [
        ("lottery", GOOD, "unknown dues rule 'lottery'; known are equal, class"),
        ("shapley", GOOD, "members.key is missing"),
        ("usage", replace(GOOD, tokens=np.ones(4)), r"members.tokens is \(4,\): expected \(3,\) or \(3, 2\)"),
        ("usage", replace(GOOD, tokens=np.array([1.0, -1.0, 0.0])), "members.tokens must be finite and not negative"),
        ("key", replace(GOOD, base=np.array([1.0, np.nan, 0.0])), "members.base must be finite"),
        ("key", replace(GOOD, ceiling=1.5), "members.ceiling is 1.5: expected 0.0 to 1.0"),
        ("sales_share", replace(GOOD, floor=2.0, cap=1.0), "members.floor is 2.0: expected 0.0 to 1.0"),
        ("serial", replace(GOOD, elasticity=-0.1), "members.elasticity is -0.1"),
    ],
)
def test_what_cannot_be_shared_is_refused(rule: Rule, members: Basis, words: str) -> None:
    with pytest.raises(CaseError, match=words):
        shares(rule, np.ones(2), members, np.ones((3, 2), bool))


def test_shapes_and_budgets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CaseError, match=r"expected \[d\] and \[n, d\]"):
        shares("equal", np.ones(3), GOOD, np.ones((3, 2), bool))
    with pytest.raises(CaseError, match="budget must be finite and not negative"):
        shares("equal", np.array([1.0, -1.0]), GOOD, np.ones((3, 2), bool))
