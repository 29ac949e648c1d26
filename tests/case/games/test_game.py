"""What coalitions are worth, against the plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.case.games.made import MANY, aligned, fixed, masks, parts, table, tabled

from hanse.case.games.game import LISTED_MOST, Aligned, Fixed, Table, Types, cover, listed, types
from hanse.errors import CaseError

SEEDS = st.integers(0, 2**32 - 1)


@MANY
@given(SEEDS, st.integers(1, 6))
def test_fixed_is_the_best_part_less_the_cost(seed: int, n: int) -> None:
    game = fixed(n, np.random.default_rng(seed))
    for inside, value in zip(masks(n), game.values(masks(n)), strict=True):
        nets = [sum(game.benefit[i] - game.own_cost[i] for i in part) - game.fixed
                for part in parts(np.flatnonzero(inside).tolist())]  # fmt: skip
        assert value == pytest.approx(max(0.0, *nets, 0.0))


@MANY
@given(SEEDS, st.integers(1, 6), st.integers(1, 3))
def test_aligned_is_the_definition(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    game = aligned(n, k, rng)
    game = Aligned(game.benefit, np.where(rng.random(n) < 0.2, 2, 0.1) * game.benefit, game.fixed, game.wanted + 50, game.delta)
    for inside, value in zip(masks(n), game.values(masks(n)), strict=True):
        members = [i for i in np.flatnonzero(inside) if game.benefit[i] > game.own_cost[i]]
        if not members:
            assert value == 0
            continue
        say = game.benefit[members] / game.benefit[members].sum()
        mean = sum(s * game.wanted[i] for s, i in zip(say, members, strict=True))
        spread = sum(s * ((game.wanted[i] - mean) ** 2).sum() for s, i in zip(say, members, strict=True))
        net = sum(game.benefit[i] - game.own_cost[i] for i in members)
        assert value == pytest.approx(max(0.0, net - game.fixed * (1 + game.delta * spread)), abs=1e-8)


@MANY
@given(SEEDS, st.integers(1, 7))
def test_no_delta_is_fixed(seed: int, n: int) -> None:
    game = fixed(n, rng := np.random.default_rng(seed))
    same = Aligned(game.benefit, game.own_cost, game.fixed, rng.normal(size=(n, 2)), 0.0)
    np.testing.assert_allclose(same.values(masks(n)), game.values(masks(n)), atol=1e-12)
    np.testing.assert_allclose(cover(same).worth, tabled(game).worth, atol=1e-12)


@MANY
@given(SEEDS, st.integers(1, 6))
def test_cover_is_the_best_part(seed: int, n: int) -> None:
    game = aligned(n, 2, np.random.default_rng(seed))
    own = game.values(masks(n))
    for s, value in enumerate(cover(game).worth):
        assert value == max(own[t] for t in range(s + 1) if t & s == t)


@MANY
@given(SEEDS, st.integers(1, 7))
def test_along_an_order_each_joins_those_before(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    orders = np.argsort(rng.random((4, n)), axis=1)
    for game in (table("any", n, rng), fixed(n, rng), aligned(n, 2, rng)):
        for order, row in zip(orders, game.along(orders), strict=True):
            joined = np.array([np.isin(np.arange(n), order[: i + 1]) for i in range(n)])
            np.testing.assert_allclose(row, game.values(joined), atol=1e-9)


@MANY
@given(SEEDS, st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_kinds_are_found_and_worth_the_same(seed: int, counts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    one = aligned(len(counts), 2, rng)
    kind = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    full = Aligned(one.benefit[kind], one.own_cost[kind], one.fixed, one.wanted[kind], one.delta)
    found = types(full)
    assert sorted(found.counts.tolist()) == sorted(counts)
    every = masks(full.n)
    np.testing.assert_allclose(found.values(every), full.values(every), atol=1e-9)
    np.testing.assert_allclose(Types(one, kind).values(every), full.values(every), atol=1e-9)


def test_five_kinds_of_ten_are_listed_and_fifty_different_members_are_not() -> None:
    rng = np.random.default_rng(0)
    rows = listed(Types(aligned(5, 2, rng), np.repeat(np.arange(5), 10)))
    assert rows is not None
    assert len(rows.values) == 11**5 <= LISTED_MOST
    assert rows.values[0] == 0
    assert rows.everybody.tolist() == [10] * 5
    assert listed(aligned(50, 2, rng)) is None


@pytest.mark.parametrize("worth", [np.zeros(3), np.zeros(1), np.ones(4), np.array([0, np.nan]), np.zeros(2**17)])
def test_what_is_no_table_is_refused(worth: np.ndarray) -> None:
    with pytest.raises(CaseError, match="table"):
        Table(worth)


def test_what_is_no_game_is_refused() -> None:
    one = np.ones(2)
    for bad, words in (
        (lambda: Fixed(one, np.ones(3), 1.0), "own_cost"), (lambda: Fixed(-one, one, 1.0), "benefit must be"),
        (lambda: Fixed(one, one, np.inf), "fixed must be"), (lambda: Aligned(one, one, 1.0, np.ones(2), 1.0), "wanted"),
        (lambda: Aligned(one, one, 1.0, np.ones((2, 1)), -1.0), "delta"), (lambda: cover(Fixed(np.ones(17), np.ones(17), 1)), "17"),
        (lambda: Types(Fixed(one, one, 1.0), np.array([0, 0])), "kinds are 0 to 1"),
    ):  # fmt: skip
        with pytest.raises(CaseError, match=words):
            bad()
