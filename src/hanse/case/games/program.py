"""Which coalition of an Aligned game gains most, as mixed integer programs whose bound closes in.

With y = 1 / (say of S), u_i = y for members of S and 0 for others, the members' mean point is the sum of s_i u_i p_i (s their
say, p their points) and the mean squared distance to it is the sum of s_i u_i |p_i| squared, less the mean squared. All of that
is linear in u but the last square, which has the wrong sign for a relaxation: it is bounded from above by chords over cells of
each coordinate. Cells get small where it matters: the box of means that can gain enough is tightened by linear programs, and
cut where the last program put the mean. u and y are in units of 1 / everybody's say, so y is at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from hanse.case.games.game import Aligned, Bools, Floats

CELLS = 4
"""Of each coordinate, at least."""
PASSES = 3
"""Of tightening: each makes the chords shorter, and the next one's box with them."""
BELOW = 1e-4
"""By which a program's cutoff is below what is known, as a share of the fixed cost: a known coalition just short of the cutoff
is neither in nor out for HiGHS, which then prints a line on stdout."""
PAD = 1e-7
"""By which a tightened side is moved back, as a share of what it was: HiGHS rounds."""


@dataclass(frozen=True, eq=False)
class Box:
    """Where the mean point of a coalition can be that gains enough, coordinate by coordinate, cut into cells."""

    grid: tuple[Floats, ...]
    """Rising, at least two points each."""
    y_most: float

    @property
    def sides(self) -> tuple[Floats, Floats]:
        return np.array([points[0] for points in self.grid]), np.array([points[-1] for points in self.grid])

    def cut(self, mean: Floats) -> Box:
        return replace(self, grid=tuple(np.union1d(points, [at]) for points, at in zip(self.grid, mean, strict=True)))


@dataclass(frozen=True, eq=False)
class Found:
    """What a program found."""

    inside: Bools
    """[n]; nobody: nothing was found in time."""
    mean: Floats
    bound: float
    finished: bool


def box_around(game: Aligned) -> Box:
    """Of all coalitions."""
    points, say = game.points[game.say > 0], game.say[game.say > 0]
    return Box(tuple(np.array([axis.min(), axis.max()]) for axis in points.T), float(say.sum() / say.min()))


def tighten(box: Box, game: Aligned, payoff: Floats, enough: float) -> Box | None:
    """The means and the y of coalitions that gain more than enough, if members could be cut; None if there are none."""
    for _ in range(PASSES):
        tighter = _pass(box, game, payoff, enough)
        if tighter is None:
            return None
        box = tighter
    grid = (np.union1d(points, np.linspace(points[0], points[-1], CELLS + 1)) if len(points) <= CELLS else points
            for points in box.grid)  # fmt: skip
    return replace(box, grid=tuple(grid))


def _pass(box: Box, game: Aligned, payoff: Floats, enough: float) -> Box | None:
    """Columns: u [n], y, m. What S gains times y, the sum of (net - payoff) u, is at least y * (fixed + enough) + m, where m is
    what the spread costs: at least 0, and at least what chords over the whole box leave of it (y is at least 1).
    """
    n, say, points = game.n, game.say / game.say.sum(), game.points
    low, high = box.sides
    scale = game.fixed or 1.0
    cost = game.fixed * game.delta / scale
    rows = np.zeros((n + 2, n + 2))
    rows[:n, :n], rows[:n, n] = np.eye(n), -1.0
    rows[n] = [*((payoff - game.net) / scale), (game.fixed + enough) / scale, 1.0]
    rows[n + 1] = [*(cost * say * ((points**2).sum(axis=1) - points @ (low + high))), 0.0, -1.0]
    most = np.zeros(n + 2)
    most[n + 1] = -cost * (low @ high)
    means = np.column_stack([say[:, None] * points, np.zeros(n)]).T  # a row for each coordinate, and one for y
    means = np.column_stack([means, np.eye(len(means))[:, -1], np.zeros(len(means))])
    ends = []
    for aim in (*means[:-1], *-means):
        found = linprog(
            aim, rows, most, [[*say, 0.0, 0.0]], [1.0],
            [(0.0, None)] * n + [(1.0, box.y_most), (0.0, None)], method="highs",
        )  # fmt: skip
        if found.status == 2:
            return None
        if found.status != 0:
            return box
        ends.append(found.fun)
    k, pad = len(low), PAD * (high - low)
    lows, highs = np.maximum(low, np.array(ends[:k]) - pad), np.minimum(high, pad - np.array(ends[k:-1]))
    grid = (np.array([a, *points[(points > a) & (points < b)], b])
            for points, a, b in zip(box.grid, lows, np.maximum(lows, highs), strict=True))  # fmt: skip
    return Box(tuple(grid), min(box.y_most, -ends[-1] * (1 + PAD)))


def solve(box: Box, game: Aligned, payoff: Floats, enough: float, seconds: float, nodes: int) -> Found | None:
    """The coalition that gains most; None if none gains enough, or nearly."""
    n, cells = game.n, [len(points) - 1 for points in box.grid]
    total = sum(cells)
    part, choice = 2 * n + 1 + np.arange(total), 2 * n + 1 + total + np.arange(total)
    below = np.concatenate([points[:-1] for points in box.grid])
    above = np.concatenate([points[1:] for points in box.grid])
    say, cost, scale = game.say / game.say.sum(), game.fixed * game.delta, game.fixed or 1.0
    gain = np.zeros(2 * n + 1 + 2 * total)
    gain[:n] = game.net - payoff
    gain[n : 2 * n] = -cost * say * (game.points**2).sum(axis=1)
    gain[part], gain[choice] = cost * (below + above), -cost * below * above
    gain /= scale
    low, high, whole = np.zeros_like(gain), np.ones_like(gain), np.zeros_like(gain)
    high[n : 2 * n], low[2 * n], high[2 * n] = box.y_most, 1.0, box.y_most
    low[part], high[part] = np.minimum(below, 0.0), np.maximum(above, 0.0)
    whole[:n] = whole[choice] = 1
    found = milp(
        -gain, integrality=whole, bounds=Bounds(low, high),
        constraints=[_members(say, box.y_most, len(gain)), _means(box, game.points * say[:, None], len(gain)),
                     LinearConstraint(gain, (enough + game.fixed) / scale - BELOW, np.inf)],
        options={"time_limit": seconds, "node_limit": nodes, "mip_rel_gap": 1e-9},
    )  # fmt: skip
    if found.status == 2:
        return None
    bound = np.inf if found.mip_dual_bound is None else -found.mip_dual_bound * scale - game.fixed
    if found.x is None:
        return Found(np.zeros(n, bool), np.zeros(len(cells)), bound, False)
    mean = np.add.reduceat(found.x[part], np.cumsum([0, *cells[:-1]]))
    return Found(found.x[:n] > 0.5, mean, bound, found.status == 0)


def _members(say: Floats, top: float, width: int) -> LinearConstraint:
    """u = y * z, the u weigh 1 together, and the coalition is neither empty nor everybody."""
    n = len(say)
    one, y, free = np.eye(n), np.ones((n, 1)), np.full(n, np.inf)
    rows = np.block([
        [-one, one / top, 0 * y], [-one, one, 0 * y], [-one, one, -y], [-one, one / top, -y / top],
        [np.zeros(n), say, np.zeros(1)], [np.ones(n), np.zeros(n), np.zeros(1)],
    ])  # fmt: skip
    least = np.concatenate([-free, np.zeros(n), -free, -np.ones(n), (1.0, 1.0)])
    most = np.concatenate([np.zeros(n), free, -np.ones(n), free, (1.0, n - 1.0)])
    return LinearConstraint(np.pad(rows, ((0, 0), (0, width - rows.shape[1]))), least, most)


def _means(box: Box, moments: Floats, width: int) -> LinearConstraint:
    """The mean point is in one cell of each coordinate."""
    n, k = moments.shape
    below = np.concatenate([points[:-1] for points in box.grid])
    above = np.concatenate([points[1:] for points in box.grid])
    of = np.repeat(np.eye(k), [len(points) - 1 for points in box.grid], axis=1)
    total = len(below)
    rows = np.zeros((2 * k + 2 * total, width))
    part, choice = slice(2 * n + 1, 2 * n + 1 + total), slice(2 * n + 1 + total, width)
    rows[:k, choice] = of
    rows[k : 2 * k, part], rows[k : 2 * k, n : 2 * n] = of, -moments.T
    rows[2 * k :, part] = np.tile(np.eye(total), (2, 1))
    rows[2 * k :, choice] = np.concatenate([-np.diag(below), -np.diag(above)])
    least = np.concatenate([np.ones(k), np.zeros(k), np.zeros(total), np.full(total, -np.inf)])
    most = np.concatenate([np.ones(k), np.zeros(k), np.full(total, np.inf), np.zeros(total)])
    return LinearConstraint(rows, least, most)
