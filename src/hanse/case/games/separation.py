"""The coalition that gains most by leaving, where there are too many to list: sorting for Fixed, a mixed integer program for
Aligned.

Aligned: with y = 1 / (benefit of S), u_i = y for members of S and 0 for others, the members' mean point is the sum of b_i u_i p_i
and the mean squared distance to it is the sum of b_i u_i |p_i| squared, less the mean point squared. All of that is linear in u
but the last square, which enters with the wrong sign for a relaxation: it is bounded from above by chords between grid points, and
the grid is refined where the program puts the mean. So every program gives a bound that holds, and the bound closes in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from hanse.case.games.game import Aligned, Bools, Fixed, Floats


@dataclass(frozen=True)
class Limits:
    """Where to stop. What was not reached by then is said in the answer."""

    rounds: int = 200
    """Linear programs of a least core."""
    programs: int = 12
    """Mixed integer programs for one coalition, each on a finer grid."""
    seconds: float = 5.0
    """Of one mixed integer program. A machine's speed decides what is reached in it; `nodes` alone does not depend on that."""
    nodes: int = 20_000
    """Of one mixed integer program."""
    gap: float = 1e-6
    """Differences below this share of v(N) (or of the fixed cost, if that is larger) do not count."""


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
    inside, excess = likely(game, payoff)
    idle = _best_sum(-payoff)
    if -payoff[idle].sum() > excess:
        inside, excess = idle, float(-payoff[idle].sum())
    if game.net.sum() <= game.fixed:
        return deviation(inside, excess)
    grid = [np.linspace(low, high, 5) for low, high in zip(*_box(game), strict=True)]
    bound = np.inf
    for _ in range(limits.programs):
        found = _Program(game, payoff, grid).solve(excess + tolerance, limits)
        if found is None:
            return deviation(inside, excess)
        bound = min(bound, found.bound)
        gain = float(game.values(found.inside[None])[0] - payoff[found.inside].sum()) if found.inside.any() else -np.inf
        if gain > excess:
            inside, excess = _climb(game, payoff, found.inside[None])
        if not found.finished or bound <= excess + tolerance:
            break
        grid = [np.union1d(points, [at]) for points, at in zip(grid, found.mean, strict=True)]
    return deviation(inside, excess, excess if bound <= excess + tolerance else bound)


def likely(game: Aligned, payoff: Floats) -> tuple[Bools, float]:
    """A coalition of large excess and that excess, without proof: the best found by adding or removing one member at a time,
    starting from who would gain around each member's wanted point.
    """
    points, say = game.points, game.say
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    starts = [np.ones((1, game.n), bool)]
    for weight in (say.sum(), max(game.fixed, 1e-300)):
        starts.append(game.net - payoff - game.fixed * game.delta * say * squares / max(weight, 1e-300) > 0)
    return _climb(game, payoff, np.concatenate(starts))


def _climb(game: Aligned, payoff: Floats, inside: Bools) -> tuple[Bools, float]:
    """The best of what several starts, [m, n], lead to by changing one member at a time."""
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
            top = int(best.argmax())
            return inside[top], float(best[top])
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


def _box(game: Aligned) -> tuple[Floats, Floats]:
    """Where mean points can be."""
    points = game.points[game.say > 0]
    return points.min(axis=0), points.max(axis=0)


@dataclass(frozen=True, eq=False)
class _Found:
    inside: Bools
    mean: Floats
    bound: float
    finished: bool


class _Program:
    """One program; columns: z [n], u [n], y, then for each coordinate the mean's part and the choice of each grid cell.

    In units of the game's full say: u and y are multiplied by it, so that they are around 1.
    """

    def __init__(self, game: Aligned, payoff: Floats, grid: list[Floats]) -> None:
        n, cells = game.n, [len(points) - 1 for points in grid]
        self.n, self.cells = n, cells
        self.width = 2 * n + 1 + 2 * sum(cells)
        self.say = game.say / game.say.sum()
        self.points = game.points
        self.ceiling = game.say.sum() / game.fixed if game.fixed > 0 else game.say.sum() / game.say[game.say > 0].min()
        cost = game.fixed * game.delta
        self.fixed = game.fixed
        self.gain = np.zeros(self.width)
        self.gain[:n] = game.net - payoff
        self.gain[n : 2 * n] = -cost * self.say * (self.points**2).sum(axis=1)
        self.low, self.high = np.zeros(self.width), np.ones(self.width)
        self.high[n : 2 * n + 1] = self.ceiling
        self.low[2 * n] = 1.0
        self.whole = np.zeros(self.width)
        self.whole[:n] = 1
        self.rows: list[Floats] = []
        self.least: list[float] = []
        self.most: list[float] = []
        self._members()
        self._means(grid, cost)

    def solve(self, cutoff: float, limits: Limits) -> _Found | None:
        """The best above a cutoff; None if there is nothing."""
        scale = max(self.fixed, float(np.abs(self.gain).max()), 1e-300)
        self._row(self.gain / scale, (cutoff + self.fixed) / scale, np.inf)
        found = milp(
            -self.gain / scale, integrality=self.whole, bounds=Bounds(self.low, self.high),
            constraints=LinearConstraint(np.array(self.rows), self.least, self.most),
            options={"time_limit": limits.seconds, "node_limit": limits.nodes, "mip_rel_gap": 1e-9},
        )  # fmt: skip
        if found.status == 2:
            return None
        bound = np.inf if found.mip_dual_bound is None else -found.mip_dual_bound * scale - self.fixed
        if found.x is None:
            return _Found(np.zeros(self.n, bool), np.zeros(len(self.cells)), bound, False)
        at, mean = 2 * self.n + 1, []
        for cells in self.cells:
            mean.append(found.x[at : at + cells].sum())
            at += 2 * cells
        return _Found(found.x[: self.n] > 0.5, np.array(mean), bound, found.status == 0)

    def _row(self, row: Floats, least: float, most: float) -> None:
        self.rows.append(row)
        self.least.append(least)
        self.most.append(most)

    def _members(self) -> None:
        """u_i = y * z_i, the u weigh 1 together, and the coalition is neither empty nor everybody."""
        n, y, top = self.n, 2 * self.n, self.ceiling
        for i in range(n):
            for u_, z_, y_, least, most in ((1.0, -top, 0.0, -np.inf, 0.0), (1.0, -1.0, 0.0, 0.0, np.inf),
                                            (1.0, -1.0, -1.0, -np.inf, -1.0), (1.0, -top, -1.0, -top, np.inf)):  # fmt: skip
                row = np.zeros(self.width)
                row[n + i], row[i], row[y] = u_, z_, y_
                self._row(row, least, most)
        row = np.zeros(self.width)
        row[n : 2 * n] = self.say
        self._row(row, 1.0, 1.0)
        row = np.zeros(self.width)
        row[:n] = 1.0
        self._row(row, 1.0, n - 1.0)

    def _means(self, grid: list[Floats], cost: float) -> None:
        """The mean point is in one cell of each coordinate; its square is below the chord over the cell."""
        at = 2 * self.n + 1
        for j, points in enumerate(grid):
            cells = len(points) - 1
            part, choice = slice(at, at + cells), slice(at + cells, at + 2 * cells)
            low, high = points[:-1], points[1:]
            self.gain[part], self.gain[choice] = cost * (low + high), -cost * low * high
            self.low[part], self.high[part] = np.minimum(low, 0), np.maximum(high, 0)
            self.whole[choice] = 1
            one, mean = np.zeros(self.width), np.zeros(self.width)
            one[choice] = 1
            mean[part], mean[self.n : 2 * self.n] = 1, -self.say * self.points[:, j]
            self._row(one, 1.0, 1.0)
            self._row(mean, 0.0, 0.0)
            for cell in range(cells):
                for edge, least, most in ((low[cell], 0.0, np.inf), (high[cell], -np.inf, 0.0)):
                    row = np.zeros(self.width)
                    row[at + cell], row[at + cells + cell] = 1.0, -edge
                    self._row(row, least, most)
            at += 2 * cells
