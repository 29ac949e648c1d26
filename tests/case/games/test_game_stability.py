"""All answers about a game together, listed and beyond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.case.games.made import aligned, masks

from hanse.case.games.core import in_core
from hanse.case.games.game import Aligned, Fixed, Table, Types
from hanse.case.games.separation import LIMITS
from hanse.case.games.stability import stability
from hanse.errors import CaseError


def test_a_convex_game_has_a_core_with_its_shapley_value_inside() -> None:
    game = Table(masks(5).sum(axis=1) ** 2.0)
    found = stability(game, np.array([25.0, 0, 0, 0, 0]), 2, np.random.default_rng(0))
    assert (found.worth, found.core) == (25.0, "not empty")
    np.testing.assert_allclose(found.shapley.value, 5.0)
    assert found.shapley_deviation.excess < 0
    assert found.nucleolus is not None
    np.testing.assert_allclose(found.nucleolus.payoff, 5.0)
    assert found.deviation is not None
    assert (found.deviation.members, found.deviation.excess) == ((1, 2, 3, 4), 16.0)


def test_three_who_need_only_two_have_no_core() -> None:
    found = stability(Table(np.array([0, 0, 0, 1, 0, 1, 1, 1.0])), None, 2, np.random.default_rng(0))
    assert found.core == "empty"
    assert found.least_core.epsilon == pytest.approx(1 / 3)
    assert found.deviation is None


def test_wants_far_apart_empty_the_core_and_the_pair_that_leaves_is_named() -> None:
    # Two want small, one wants large: at this distance the third costs more than it brings.
    wanted = np.array([[0.0], [0.0], [1.0]])
    apart = Aligned(np.full(3, 10.0), np.zeros(3), 12.0, wanted, 4.0)
    found = stability(apart, np.full(3, found_share(apart)), 2, np.random.default_rng(0))
    assert found.core == "empty"
    assert found.deviation is not None
    assert found.deviation.members == (0, 1)
    together = stability(replace(apart, delta=0.1), None, 2, np.random.default_rng(0))
    assert together.core == "not empty"


def found_share(game: Aligned) -> float:
    return float(game.values(np.ones((1, game.n)))[0]) / game.n


def test_kinds_and_members_one_by_one_agree() -> None:
    rng = np.random.default_rng(7)
    one, kind = aligned(3, 2, rng), np.repeat(np.arange(3), 3)
    full = Aligned(one.benefit[kind], one.own_cost[kind], one.fixed, one.wanted[kind], one.delta)
    a, b = (stability(game, None, 2, rng) for game in (Types(one, kind), full))
    assert a.core == b.core
    assert a.nucleolus is not None and b.nucleolus is not None  # noqa: PT018
    np.testing.assert_allclose(a.nucleolus.payoff, b.nucleolus.payoff, atol=1e-6 * one.fixed)
    np.testing.assert_allclose(a.shapley.value, b.shapley.value, atol=1e-9 * one.fixed)


def test_fifty_different_members_are_sampled_and_say_so() -> None:
    rng = np.random.default_rng(3)
    benefit = rng.lognormal(3, 1, 50)
    game = Fixed(benefit, 0.05 * benefit, 0.5 * benefit.sum())
    found = stability(game, game.net, 500, rng)
    assert found.core == "not empty"
    assert found.nucleolus is None
    assert found.shapley.orders == 1000
    assert (found.shapley.standard_error > 0).all()
    assert found.least_core.exact
    assert in_core(game, found.least_core.payoff) is True


def test_a_core_that_the_limits_leave_open_is_called_not_known() -> None:
    rng = np.random.default_rng(6)
    few = replace(LIMITS, rounds=2, programs=0)
    states = set()
    for _ in range(6):
        game = aligned(18, 2, rng)
        found = stability(game, None, 50, rng, few)
        least = found.least_core
        if found.core == "not known":
            assert least.lower <= 1e-6 * max(found.worth, 1) < least.epsilon
        states.add(found.core)
    assert "not known" in states


def test_too_many_kinds_are_refused() -> None:
    n = 18
    many = Types(Fixed(np.arange(1.0, n + 1), np.zeros(n), 1.0), np.arange(n))
    with pytest.raises(CaseError, match="too many kinds"):
        stability(many, None, 2, np.random.default_rng(0))
