"""The core: payoffs that no coalition would leave. Is a payoff in it, who would leave, and how far is the game from having one.

Exact where coalitions can be listed (16 members, or few kinds) and for Fixed at any size; for Aligned beyond that as far as
`Limits` lets it, and every answer says how far that was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.games.game import Aligned, Fixed, Floats, Game, Listed, listed
from hanse.case.games.level import Rows, over_all, solve
from hanse.case.games.separation import LIMITS, Deviation, Limits, deviation, likely, worst_aligned, worst_fixed
from hanse.errors import CaseError


@dataclass(frozen=True, eq=False)
class LeastCore:
    """A payoff whose largest excess is as small as was found, and as it can be."""

    payoff: Floats
    """[n]; sum v(N)."""
    worst: Deviation
    """Who gains most by leaving under the payoff; a bound up to 0 means that the payoff is in the core."""
    lower: float
    """Under every payoff some coalition gains at least this. Above 0: the core is empty."""
    exact: bool
    """Epsilon is known within the tolerance: the bound is `lower`. False: a limit was hit, it is between the two."""
    coalitions: int
    """How many the linear program had to see."""

    @property
    def epsilon(self) -> float:
        """The least that the worst coalition gains: from above, see `exact`."""
        return self.worst.bound


def worst(game: Game, payoff: Floats, limits: Limits = LIMITS) -> Deviation:
    """The coalition with the largest excess, neither empty nor everybody. Raises CaseError for a payoff of another shape or a
    single member, who has nobody to leave.
    """
    if payoff.shape != (game.n,) or game.n < 2:
        raise CaseError(f"payoff is {payoff.shape}: expected ({game.n},), and at least two members")
    if isinstance(game, Fixed):
        return worst_fixed(game, payoff)
    if (rows := listed(game)) is not None:
        return worst_listed(rows, payoff)
    if isinstance(game, Aligned):
        return worst_aligned(game, payoff, limits)
    raise CaseError("too many kinds to list every coalition of: give the members one by one")


def worst_listed(game: Listed, payoff: Floats) -> Deviation:
    """Exact: of the coalitions with so many of each kind, the one of those paid least has the largest excess."""
    paid = np.zeros(len(game.values))
    order = []
    for t in range(game.counts.shape[1]):
        mates = np.flatnonzero(game.kind == t)
        order.append(mates[np.argsort(payoff[mates], kind="stable")])
        paid += np.concatenate(([0.0], np.cumsum(payoff[order[t]])))[game.counts[:, t].astype(int)]
    excess = game.values - paid
    row = int(excess[1:-1].argmax()) + 1
    inside = np.zeros(len(game.kind), bool)
    for mates, count in zip(order, game.counts[row], strict=True):
        inside[mates[: int(count)]] = True
    return deviation(inside, float(excess[row]))


def in_core(game: Game, payoff: Floats, limits: Limits = LIMITS) -> bool | None:
    """Whether a payoff shares v(N) and nobody would leave; None if a limit was hit before that was known."""
    total = float(game.values(np.ones((1, game.n)))[0])
    tolerance = limits.gap * max(abs(total), float(np.abs(payoff).max()))
    if abs(payoff.sum() - total) > tolerance:
        return False
    found = worst(game, payoff, limits)
    if found.excess > tolerance:
        return False
    return True if found.bound <= tolerance else None


def least_core(game: Game, limits: Limits = LIMITS) -> LeastCore:
    """By constraint generation. Starts from each member alone and from everybody but one: x_i <= v(N) - v(N without i) + epsilon
    is what keeps the program from wandering. Raises CaseError for a single member.
    """
    if game.n < 2:
        raise CaseError("a least core needs at least two members")
    rows = listed(game)
    if rows is not None:
        return least_core_listed(rows)
    if isinstance(game, Fixed | Aligned):
        return _least_core_generated(game, limits)
    raise CaseError("too many kinds to list every coalition of: give the members one by one")


def least_core_listed(game: Listed) -> LeastCore:
    """Exact; equal members get equal payoffs, which costs nothing: the least core is convex and knows no names."""
    scale = float(np.abs(game.values).max()) or 1.0
    rows = Rows(game.counts[1:-1], game.values[1:-1] / scale)
    size = rows.members.sum(axis=1)
    start = np.flatnonzero((size == 1) | (size == len(game.kind) - 1))
    level, seen = over_all(rows, Rows(game.counts[-1:], game.values[-1:] / scale), None, start)
    payoff = level.payoff[game.kind] * scale
    return LeastCore(payoff, worst_listed(game, payoff), level.epsilon * scale, True, len(seen))


def _least_core_generated(game: Fixed | Aligned, limits: Limits) -> LeastCore:
    """Until the worst coalition is no worse than the program says, or a limit."""
    everybody = np.ones((1, game.n))
    total = game.values(everybody)
    scale = max(float(total[0]), game.fixed) or 1.0
    tied = Rows(everybody, total / scale)
    start = np.unique(np.concatenate([np.eye(game.n), 1 - np.eye(game.n)]), axis=0)
    rows = Rows(start, game.values(start) / scale)
    for left in range(limits.rounds - 1, -1, -1):
        level = solve(rows, tied, None)
        payoff, lower = level.payoff * scale, level.epsilon * scale
        new = np.zeros((0, game.n), bool)
        if isinstance(game, Aligned) and left:
            new, excess = likely(game, payoff)
            new = new[excess > lower + limits.gap * scale][:game.n]
        if not len(new):
            found = worst_fixed(game, payoff) if isinstance(game, Fixed) else worst_aligned(game, payoff, limits)
            if not left or found.excess <= lower + limits.gap * scale:
                break
            new = np.isin(np.arange(game.n), found.members)[None]
        rows = rows.and_(Rows(new.astype(float), game.values(new) / scale))
    return LeastCore(payoff, found, lower, found.bound <= lower + limits.gap * scale, len(rows.worth))
