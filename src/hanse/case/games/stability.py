"""Everything about a game in one value: what each adds, whether a core exists, how far off it is, and who would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hanse.case.games import shapley
from hanse.case.games.core import LeastCore, least_core, least_core_listed, worst, worst_listed
from hanse.case.games.game import Floats, Game, Listed, Types, listed
from hanse.case.games.nucleolus import Nucleolus, nucleolus
from hanse.case.games.separation import LIMITS, Deviation, Limits
from hanse.case.games.shapley import Shapley
from hanse.errors import CaseError


@dataclass(frozen=True, eq=False)
class Stability:
    """A game's answers. Values are in the game's money."""

    worth: float
    """v(N)."""
    core: Literal["empty", "not empty", "not known"]
    """Not known: a limit was hit with the least core's epsilon between below and above 0."""
    least_core: LeastCore
    nucleolus: Nucleolus | None
    """None where coalitions are too many to list: `least_core.payoff` stands in, with its stated error."""
    shapley: Shapley
    shapley_deviation: Deviation
    """Who would leave if everybody got the Shapley value."""
    deviation: Deviation | None
    """Who would leave under the payoff that was asked about. None: none was."""


def stability(
    game: Game, payoff: Floats | None, pairs: int, rng: np.random.Generator, limits: Limits = LIMITS
) -> Stability:
    """Exact for up to 16 members or few kinds; beyond that Shapley from `pairs` orders and their reverses, the core as far
    as `limits` lets it.

    Raises CaseError for a single member, and for Types of too many kinds.
    """
    rows = listed(game)
    if rows is not None:
        return _stability_listed(rows, payoff)
    if isinstance(game, Types):
        raise CaseError("too many kinds to list every coalition of: give the members one by one")
    found, least = shapley.sampled(game, pairs, rng), least_core(game, limits)
    total = float(game.values(np.ones((1, game.n)))[0])
    asked = None if payoff is None else worst(game, payoff, limits)
    return Stability(total, _core(least, limits.gap * max(total, 1.0)), least, None, found, worst(game, found.value, limits), asked)


def _stability_listed(rows: Listed, payoff: Floats | None) -> Stability:
    total = float(rows.values[-1])
    found, least = shapley.exact(rows), least_core_listed(rows)
    asked = None if payoff is None else worst_listed(rows, payoff)
    core = _core(least, LIMITS.gap * float(np.abs(rows.values).max()))
    return Stability(total, core, least, nucleolus(rows), found, worst_listed(rows, found.value), asked)


def _core(least: LeastCore, tolerance: float) -> Literal["empty", "not empty", "not known"]:
    if least.epsilon <= tolerance:
        return "not empty"
    return "empty" if least.lower > tolerance else "not known"
