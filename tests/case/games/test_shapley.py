"""The Shapley value: its axioms, its closed form for airports, and the sample against the exact value."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.case.games.made import KINDS, MANY, Kind, aligned, fixed, masks, table, tabled

from hanse.case.games.game import Fixed, Floats, Game, Table, Types, listed
from hanse.case.games.shapley import airport, exact, sampled
from hanse.errors import CaseError

SEEDS = st.integers(0, 2**32 - 1)
KIND = st.sampled_from(KINDS)


def value(game: Game) -> Floats:
    rows = listed(game)
    assert rows is not None
    return exact(rows).value


@MANY
@given(KIND, SEEDS, st.integers(1, 5))
def test_mean_over_all_orders(kind: Kind, seed: int, n: int) -> None:
    game = table(kind, n, np.random.default_rng(seed))
    wanted, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        inside = 0
        for i in order:
            wanted[i] += game.worth[inside | 1 << i] - game.worth[inside]
            inside |= 1 << i
    np.testing.assert_allclose(value(game), wanted / len(orders), atol=1e-9)


@MANY
@given(KIND, SEEDS, st.integers(1, 8))
def test_all_of_it_is_shared(kind: Kind, seed: int, n: int) -> None:
    game = table(kind, n, np.random.default_rng(seed))
    assert value(game).sum() == pytest.approx(game.worth[-1])
    assert sampled(game, 2, np.random.default_rng(seed)).value.sum() == pytest.approx(game.worth[-1])


@MANY
@given(KIND, SEEDS, st.integers(2, 7), st.data())
def test_whoever_can_be_swapped_gets_the_same(kind: Kind, seed: int, n: int, data: st.DataObject) -> None:
    game = table(kind, n, np.random.default_rng(seed))
    i, j = data.draw(st.permutations(range(n)))[:2]
    swapped = masks(n)
    swapped[:, [i, j]] = swapped[:, [j, i]]
    found = value(Table(game.worth + game.values(swapped)))
    assert found[i] == pytest.approx(found[j])


@MANY
@given(KIND, SEEDS, st.integers(1, 6), st.integers(0, 6), st.integers(0, 5))
def test_whoever_adds_only_what_it_has_gets_that(kind: Kind, seed: int, n: int, at: int, own: int) -> None:
    game, at = table(kind, n, np.random.default_rng(seed)), at % (n + 1)
    every = masks(n + 1)
    found = value(Table(game.values(np.delete(every, at, axis=1)) + own * every[:, at]))
    assert found[at] == pytest.approx(own)
    np.testing.assert_allclose(np.delete(found, at), value(game), atol=1e-9)


@MANY
@given(KIND, KIND, SEEDS, st.integers(1, 7))
def test_values_of_a_sum_are_sums_of_values(kind: Kind, other: Kind, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = table(kind, n, rng), table(other, n, rng)
    np.testing.assert_allclose(value(Table(2 * a.worth + b.worth)), 2 * value(a) + value(b), atol=1e-9)


@MANY
@given(st.lists(st.integers(0, 20), min_size=1, max_size=9))
def test_airport_closed_form(runways: list[int]) -> None:
    costs = np.array(runways, float)
    most = Table((masks(len(costs)) * costs).max(axis=1))
    np.testing.assert_allclose(airport(costs), value(most), atol=1e-9)


@MANY
@given(SEEDS, st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_by_kinds_is_the_same(seed: int, counts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    game = Types(aligned(len(counts), 2, rng), rng.permutation(np.repeat(np.arange(len(counts)), counts)))
    np.testing.assert_allclose(value(game), value(tabled(game)), atol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_sampled_within_four_standard_errors_of_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 11))
    for game in (table(KINDS[seed % 4], n, rng), fixed(n, rng), aligned(n, 2, rng)):
        found, wanted = sampled(game, 3000, rng), value(game)
        assert found.orders == 6000
        assert (np.abs(found.value - wanted) <= 4 * found.standard_error + 1e-9).all()


def test_the_standard_error_is_that_of_repeated_samples() -> None:
    game = fixed(9, np.random.default_rng(1))
    samples = [sampled(game, 200, np.random.default_rng(seed)) for seed in range(300)]
    spread = np.std([each.value for each in samples], axis=0)
    stated = np.mean([each.standard_error for each in samples], axis=0)
    np.testing.assert_allclose(stated[spread > 0], spread[spread > 0], rtol=0.15)


def test_chunks_do_not_show_and_fifty_kinds_of_one_agree_with_five_of_ten() -> None:
    rng = np.random.default_rng(4)
    one, kind = Fixed(rng.lognormal(3, 1, 5), np.ones(5), 600.0), np.repeat(np.arange(5), 10)
    full = Fixed(one.benefit[kind], one.own_cost[kind], one.fixed)
    found, wanted = sampled(full, 2500, rng), value(Types(one, kind))
    assert wanted.min() > 0
    assert (np.abs(found.value - wanted) <= 4 * found.standard_error).all()


def test_one_pair_has_no_error() -> None:
    with pytest.raises(CaseError, match="at least 2"):
        sampled(fixed(3, np.random.default_rng(0)), 1, np.random.default_rng(0))
