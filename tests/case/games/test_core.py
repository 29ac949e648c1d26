"""The core: closed form, plain definition over all coalitions, and the searches that stand in for it where they are too many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from tests.case.games.made import FEW, KINDS, Kind, aligned, excesses, fixed, masks, table, tabled

from hanse.case.games import core
from hanse.case.games.core import in_core, least_core, worst
from hanse.case.games.game import Aligned, Fixed, Floats, Game, Types
from hanse.case.games.separation import LIMITS, worst_aligned, worst_fixed
from hanse.errors import CaseError

SEEDS = st.integers(0, 2**32 - 1)
KIND = st.sampled_from(KINDS)


def brute_epsilon(game: Game) -> float:
    """Least core by one program over all coalitions."""
    every = masks(game.n)[1:]
    worth = game.values(every)
    found = linprog(
        [0.0] * game.n + [1.0], -np.column_stack([every[:-1], np.ones(len(every) - 1)]), -worth[:-1],
        np.column_stack([every[-1:], np.zeros(1)]), worth[-1:], (None, None),
    )  # fmt: skip
    return float(found.fun)


def payoff_of(game: Game, rng: np.random.Generator) -> Floats:
    """Shares v(N); with ties, zeros, and sometimes less than nothing."""
    shares = rng.integers(-1, 4, game.n) + 1e-3
    total: Floats = shares / shares.sum() * game.values(np.ones((1, game.n)))[0]
    return total


@FEW
@given(KIND, SEEDS, st.integers(2, 7))
def test_the_worst_of_all_coalitions_is_named(kind: Kind, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    for game in (table(kind, n, rng), fixed(n, rng), aligned(n, 2, rng)):
        payoff = payoff_of(game, rng)
        found = worst(game, payoff)
        assert found.excess == found.bound == pytest.approx(excesses(game, payoff).max(), abs=1e-9)
        assert 0 < len(found.members) < n
        inside = np.isin(np.arange(n), found.members)[None]
        assert found.excess == pytest.approx(game.values(inside)[0] - payoff[inside[0]].sum(), abs=1e-9)


@FEW
@given(SEEDS, st.lists(st.integers(1, 3), min_size=2, max_size=3))
def test_by_kinds_the_worst_is_the_worst_for_any_payoff(seed: int, counts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    game = Types(aligned(len(counts), 2, rng), rng.permutation(np.repeat(np.arange(len(counts)), counts)))
    payoff = payoff_of(game, rng)
    found = worst(game, payoff)
    assert found.excess == pytest.approx(excesses(game, payoff).max(), abs=1e-9)
    inside = np.isin(np.arange(game.n), found.members)[None]
    assert found.excess == pytest.approx(game.values(inside)[0] - payoff[inside[0]].sum(), abs=1e-9)


@FEW
@given(SEEDS, st.integers(2, 8), st.integers(1, 3))
def test_the_program_finds_what_listing_finds(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    game = aligned(n, k, rng)
    if seed % 3 == 0:
        game = replace(game, own_cost=game.own_cost + 2 * game.benefit * (np.arange(n) == 0))
    payoff = payoff_of(game, rng)
    found = worst_aligned(game, payoff, LIMITS)
    true = excesses(game, payoff).max()
    assert found.excess <= true + 1e-9
    assert found.bound >= true - 1e-6 * game.fixed
    if found.bound == found.excess:
        assert found.excess == pytest.approx(true, abs=2e-6 * game.fixed)


def test_the_program_proves_what_it_finds_most_of_the_time() -> None:
    rng, proved = np.random.default_rng(2), 0
    for _ in range(12):
        game = aligned(9, 2, rng)
        found = worst_aligned(game, payoff_of(game, rng), LIMITS)
        proved += found.bound == found.excess
    assert proved >= 10


def test_a_limit_that_was_hit_is_said_and_the_bound_still_holds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        game = aligned(12, 2, rng)
        payoff = payoff_of(game, rng)
        found = worst_aligned(game, payoff, replace(LIMITS, programs=0))
        true = excesses(game, payoff).max()
        assert found.excess <= true + 1e-9 <= found.bound + 2e-9
        if found.bound > found.excess:
            assert in_core(tabled(game), payoff) is False or found.excess <= 0
            break
    else:
        pytest.fail("no game needed a program")


@FEW
@given(KIND, SEEDS, st.integers(2, 6))
def test_least_core_is_that_of_one_program_over_all(kind: Kind, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    for game in (table(kind, n, rng), fixed(n, rng), aligned(n, 2, rng)):
        found = least_core(game)
        scale = max(1.0, float(np.abs(tabled(game).worth).max()))
        assert found.exact
        assert found.epsilon == pytest.approx(brute_epsilon(game), abs=1e-7 * scale)
        assert found.payoff.sum() == pytest.approx(tabled(game).worth[-1], abs=1e-7 * scale)
        assert excesses(game, found.payoff).max() == pytest.approx(found.epsilon, abs=1e-7 * scale)
        assert in_core(game, found.payoff) is (found.epsilon <= 1e-6 * scale)


@FEW
@given(SEEDS, st.integers(2, 7), st.data())
def test_the_core_of_fixed_is_analytic(seed: int, n: int, data: st.DataObject) -> None:
    game = fixed(n, np.random.default_rng(seed))
    total = float(game.values(np.ones((1, n)))[0])
    shares = np.array(data.draw(st.lists(st.integers(-2, 12), min_size=n, max_size=n)), float)
    shares[-1] = total - shares[:-1].sum()
    # With nothing to share, only nothing for everybody will do: 0 <= x is in the formula, and the sum does the rest.
    analytic = bool((shares >= 0).all() and (shares <= game.net).all())
    assert in_core(game, shares) is analytic
    assert not in_core(game, shares + 1)


@FEW
@given(SEEDS, st.integers(2, 9))
def test_generated_and_listed_least_cores_of_fixed_agree(seed: int, n: int) -> None:
    game = fixed(n, np.random.default_rng(seed))
    found, wanted = core._least_core_generated(game, LIMITS), least_core(game)
    assert found.exact
    assert found.epsilon == pytest.approx(wanted.epsilon, abs=1e-5 * max(game.fixed, 1.0))


def test_fifty_different_members_with_a_fixed_cost_need_no_wandering() -> None:
    rng = np.random.default_rng(3)
    benefit = rng.lognormal(3, 1, 50)
    game = Fixed(benefit, 0.05 * benefit, 0.5 * benefit.sum())
    found = least_core(game)
    assert found.exact
    assert found.coalitions == 100  # each alone, and all but each: nothing had to be generated
    assert in_core(game, found.payoff) is True
    assert (found.payoff >= -1e-6).all()
    assert (found.payoff <= game.net + 1e-6).all()
    greedy = found.payoff.copy()
    greedy[[7, 8]] += (1 + game.net[7] - greedy[7]), -(1 + game.net[7] - greedy[7])
    assert in_core(game, greedy) is False
    assert 7 not in worst(game, greedy).members


@pytest.mark.parametrize("seed", range(3))
def test_generated_least_core_of_aligned_brackets_the_listed_one(seed: int) -> None:
    game = aligned(9, 2, np.random.default_rng(seed))
    found, wanted = core._least_core_generated(game, LIMITS), least_core(game)
    scale = 1e-5 * game.fixed
    assert found.lower - scale <= wanted.epsilon <= found.epsilon + scale
    assert found.worst.excess <= found.epsilon
    if found.exact:
        assert found.epsilon == pytest.approx(wanted.epsilon, abs=scale)
    first = core._least_core_generated(game, replace(LIMITS, rounds=1))
    assert first.lower - scale <= wanted.epsilon <= first.epsilon + scale


def test_sorting_finds_the_worst_of_fixed_for_wild_payoffs() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        game = fixed(int(rng.integers(2, 7)), rng)
        payoff = rng.integers(-9, 9, game.n).astype(float)
        assert worst_fixed(game, payoff).excess == pytest.approx(excesses(game, payoff).max())


def test_what_has_no_answer_is_refused() -> None:
    alone = Fixed(np.ones(1), np.zeros(1), 0.0)
    with pytest.raises(CaseError, match="at least two members"):
        least_core(alone)
    with pytest.raises(CaseError, match=r"payoff is \(3,\): expected \(2,\)"):
        worst(Fixed(np.ones(2), np.zeros(2), 0.0), np.ones(3))
    n = 18
    many = Types(Aligned(np.arange(1.0, n + 1), np.zeros(n), 1.0, np.zeros((n, 1)), 0.0), np.arange(n))
    with pytest.raises(CaseError, match="too many kinds"):
        least_core(many)
