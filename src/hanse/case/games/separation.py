"""The coalition that gains most by leaving, where there are too many to list: by sorting for Fixed; for Aligned by local search,
and mixed integer programs that prove it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.games import program
from hanse.case.games.game import Aligned, Bools, Fixed, Floats


@dataclass(frozen=True)
class Limits:
    """Where to stop. What was not reached by then is said in the answer."""

    rounds: int = 200
    """Linear programs of a least core."""
    programs: int = 6
    """Mixed integer programs for one coalition, each on a finer grid."""
    seconds: float = 2.0
    """Of one mixed integer program. A machine's speed decides what is reached in it; `nodes` alone does not depend on that."""
    nodes: int = 20_000
    """Of one mixed integer program."""
    gap: float = 1e-6
    """Differences below this share of v(N) (or of the fixed cost, if that is larger) do not count."""


LIMITS = Limits()


@dataclass(frozen=True)
class Deviation:
    """A coalition, neither empty nor everybody, and what it would gain by leaving: its worth less what it is paid."""

    members: tuple[int, ...]
    excess: float
    bound: float
    """No coalition gains more than this; the excess itself where the search was exact."""


def deviation(inside: Bools, excess: float, bound: float | None = None) -> Deviation:
    """From a mask of members."""
    return Deviation(tuple(np.flatnonzero(inside).tolist()), excess, excess if bound is None else max(bound, excess))


def worst_fixed(game: Fixed, payoff: Floats) -> Deviation:
    """Exact: the better of the best coalition that bears the cost and the best that does nothing."""
    idle, active = _best_sum(-payoff), _best_sum(game.net - payoff)
    gains = [float(game.values(inside[None])[0] - payoff[inside].sum()) for inside in (idle, active)]
    return deviation(idle if gains[0] >= gains[1] else active, max(gains))


def worst_aligned(game: Aligned, payoff: Floats, limits: Limits) -> Deviation:
    """Local search, then programs that prove it or find better, until the bound is within `limits.gap` or a limit is hit."""
    tolerance = limits.gap * max(game.fixed, float(game.values(np.ones((1, game.n)))[0]))
    some, gains = likely(game, payoff)
    inside, excess = some[0], float(gains[0])
    idle = _best_sum(-payoff)
    if -payoff[idle].sum() > excess:
        inside, excess = idle, float(-payoff[idle].sum())
    if game.net.sum() <= game.fixed:
        return deviation(inside, excess)
    box = program.box_around(game)
    bound = float(np.maximum(game.net - payoff, 0.0).sum()) - game.fixed
    for _ in range(limits.programs):
        tighter = program.tighten(box, game, payoff, excess + tolerance)
        if tighter is None:
            return deviation(inside, excess)
        found = program.solve(tighter, game, payoff, excess + tolerance, limits.seconds, limits.nodes)
        if found is None:
            return deviation(inside, excess)
        bound = min(bound, found.bound)
        gain = float(game.values(found.inside[None])[0] - payoff[found.inside].sum()) if found.inside.any() else -np.inf
        if gain > excess:
            some, gains = _climb(game, payoff, found.inside[None])
            inside, excess = some[0], float(gains[0])
        if not found.finished or bound <= excess + tolerance:
            break
        box = tighter.cut(found.mean)
    return deviation(inside, excess, excess if bound <= excess + tolerance else bound)


def likely(game: Aligned, payoff: Floats) -> tuple[Bools, Floats]:
    """Coalitions of large excess and their excesses, largest first, without proof: what adding or removing one member at a time
    leads to from those who would gain around each member's wanted point.
    """
    points, say = game.points, game.say
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    starts = [np.ones((1, game.n), bool)]
    for weight in (say.sum(), max(game.fixed, 1e-300)):
        starts.append(game.net - payoff - game.fixed * game.delta * say * squares / max(weight, 1e-300) > 0)
    return _climb(game, payoff, np.concatenate(starts))


def _climb(game: Aligned, payoff: Floats, inside: Bools) -> tuple[Bools, Floats]:
    """What several starts, [m, n], lead to by changing one member at a time, the best first."""
    n = game.n
    flips = np.eye(n, dtype=bool)
    best = np.where(_proper(inside), game.values(inside) - inside @ payoff, -np.inf)
    while True:
        near = (inside[:, None] ^ flips).reshape(-1, n)
        excess = np.where(_proper(near), game.values(near) - near @ payoff, -np.inf).reshape(-1, n)
        step = excess.argmax(axis=1)
        gain = excess[np.arange(len(step)), step]
        better = gain > best + 1e-12 * np.abs(best, where=np.isfinite(best), out=np.zeros_like(best))
        if not better.any():
            order = np.argsort(-best)
            return inside[order], best[order]
        inside = np.unique(np.where(better[:, None], inside ^ flips[step], inside), axis=0)
        best = np.where(_proper(inside), game.values(inside) - inside @ payoff, -np.inf)


def _proper(inside: Bools) -> Bools:
    size = inside.sum(axis=1)
    proper: Bools = (size > 0) & (size < inside.shape[1])
    return proper


def _best_sum(gain: Floats) -> Bools:
    """The coalition with the largest sum that is neither empty nor everybody."""
    inside = gain > 0
    if not inside.any():
        inside[gain.argmax()] = True
    elif inside.all():
        inside[gain.argmin()] = False
    return inside
