"""The nucleolus against a plain sequence of programs over all coalitions, with a program for each candidate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from tests.case.games.made import FEW, KINDS, Kind, aligned, excesses, fixed, masks, table, tabled

from hanse.case.games.core import least_core
from hanse.case.games.game import Fixed, Floats, Game, Table, Types, listed
from hanse.case.games.nucleolus import Nucleolus, nucleolus
from hanse.errors import CaseError

SEEDS = st.integers(0, 2**32 - 1)
KIND = st.sampled_from(KINDS)


def found(game: Game) -> Nucleolus:
    rows = listed(game)
    assert rows is not None
    return nucleolus(rows)


def brute(game: Table, rational: bool) -> Floats:
    """Maschler, Peleg and Shapley by the book: a coalition is settled when no optimum of its level gives it more."""
    n, every = game.n, masks(game.n)[1:-1].astype(float)
    low = game.worth[1 << np.arange(n)]
    bounds = [(x - 1e-9 if rational else None, None) for x in low]
    tied, tied_to, open_ = [np.ones(n)], [game.worth[-1]], list(range(len(every)))
    worth = game.worth[1:-1]
    while np.linalg.matrix_rank(np.array(tied)) < n:
        rows = -np.column_stack([every[open_], np.ones(len(open_))])
        level = linprog([0.0] * n + [1.0], rows, -worth[open_], np.column_stack([tied, np.zeros(len(tied))]), tied_to,
                        [*bounds, (None, None)])  # fmt: skip
        settled = []
        for i in open_:
            most = linprog(-every[i], -every[open_], level.fun + 1e-9 - worth[open_], tied, tied_to, bounds)
            if -most.fun - worth[i] + level.fun < 1e-6:
                settled.append(i)
        assert settled
        for i in settled:
            if np.linalg.matrix_rank(np.array([*tied, every[i]])) > len(tied):
                tied, tied_to = [*tied, every[i]], [*tied_to, worth[i] - level.fun]
        open_ = [i for i in open_ if i not in settled]
    return np.linalg.solve(np.array(tied), tied_to)


@FEW
@given(KIND, SEEDS, st.integers(2, 4))
def test_equal_to_the_book(kind: Kind, seed: int, n: int) -> None:
    game = table(kind, n, np.random.default_rng(seed))
    answer = found(game)
    assert answer.rational == (game.worth[1 << np.arange(n)].sum() <= game.worth[-1])
    np.testing.assert_allclose(answer.payoff, brute(game, answer.rational), atol=1e-5)


@FEW
@given(KIND, SEEDS, st.integers(2, 7))
def test_shares_everything_falls_level_by_level_and_is_in_the_core_if_there_is_one(kind: Kind, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    for game in (table(kind, n, rng), fixed(n, rng), aligned(n, 2, rng)):
        answer, worth = found(game), tabled(game).worth
        scale = 1e-6 * max(1.0, float(np.abs(worth).max()))
        assert answer.payoff.sum() == pytest.approx(worth[-1], abs=scale)
        assert (np.diff(answer.levels) <= scale).all()
        if answer.rational:
            assert (answer.payoff >= worth[1 << np.arange(n)] - scale).all()
        least = least_core(game).epsilon
        if least <= 0 or not answer.rational:
            assert excesses(game, answer.payoff).max() == pytest.approx(least, abs=scale)


@FEW
@given(SEEDS, st.lists(st.integers(1, 3), min_size=2, max_size=3))
def test_by_kinds_is_the_same(seed: int, counts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    game = Types(aligned(len(counts), 2, rng), rng.permutation(np.repeat(np.arange(len(counts)), counts)))
    np.testing.assert_allclose(found(game).payoff, found(tabled(game)).payoff, atol=1e-6 * game.one.fixed)


def test_bankruptcy_of_the_talmud() -> None:
    # Aumann and Maschler 1985: debts of 100, 200 and 300, estates of 100, 200 and 300.
    debts = np.array([100.0, 200.0, 300.0])
    wanted = {100: (100 / 3,) * 3, 200: (50, 75, 75), 300: (50, 100, 150)}
    for estate, shares in wanted.items():
        game = Table(np.maximum(estate - (~masks(3)) @ debts, 0.0))
        np.testing.assert_allclose(found(game).payoff, shares, atol=1e-6)


def test_twelve_members_and_five_kinds_of_ten() -> None:
    rng = np.random.default_rng(1)
    game = aligned(12, 3, rng)
    least = least_core(game)
    answer = found(game)
    assert excesses(game, answer.payoff).max() == pytest.approx(least.epsilon, abs=1e-6 * game.fixed)
    one = Fixed(rng.lognormal(3, 1, 5), np.ones(5), 300.0)
    kind = np.repeat(np.arange(5), 10)
    payoff = found(Types(one, kind)).payoff
    assert (payoff <= one.net[kind] + 1e-6).all()
    assert (payoff >= 0).all()
    assert len(set(payoff.tolist())) == 5


def test_a_single_member_has_none() -> None:
    with pytest.raises(CaseError, match="at least two members"):
        found(Fixed(np.ones(1), np.zeros(1), 0.0))
