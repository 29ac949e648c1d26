"""Games with transferable utility, as frozen values: n members, and what each coalition is worth, v(empty) = 0.

`values` takes coalitions as rows of a [m, n] array of 0 and 1 (bool or number); Fixed and Aligned also take how often a
member of that kind is in. `along` takes orders, [m, n] of member indices, and gives the worth of the first 1..n of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hanse.errors import CaseError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

TABLE_MEMBERS_MOST = 16
LISTED_MOST = 200_000
"""Coalitions that are listed one by one; five kinds of ten members are 161,051."""


@dataclass(frozen=True, eq=False)
class Table:
    """Every coalition's worth by bitmask, member i is bit i."""

    worth: Floats
    """[2 ** n]."""

    def __post_init__(self) -> None:
        size = len(self.worth)
        if self.worth.ndim != 1 or size not in (2**n for n in range(1, TABLE_MEMBERS_MOST + 1)):
            raise CaseError(f"a table of {self.worth.shape}: expected 2 ** n values, n from 1 to {TABLE_MEMBERS_MOST}")
        if self.worth[0] != 0 or not np.isfinite(self.worth).all():
            raise CaseError("a table needs finite values and 0 for nobody")

    @property
    def n(self) -> int:
        return len(self.worth).bit_length() - 1

    def values(self, members: NDArray[Any]) -> Floats:
        found: Floats = self.worth[np.asarray(members, bool) @ (1 << np.arange(self.n))]
        return found

    def along(self, orders: Ints) -> Floats:
        return self.worth[np.cumsum(1 << orders, axis=1)]


@dataclass(frozen=True, eq=False)
class _Additive:
    """Members' benefits and costs, and the cost that those who take part share."""

    benefit: Floats
    """b, [n]."""
    own_cost: Floats
    """h, [n]: what having this member in costs."""
    fixed: float

    def __post_init__(self) -> None:
        _check(self.benefit, self.own_cost, self.fixed)

    @property
    def n(self) -> int:
        return len(self.benefit)

    @property
    def net(self) -> Floats:
        """max(b - h, 0), [n]."""
        return np.maximum(self.benefit - self.own_cost, 0.0)


@dataclass(frozen=True, eq=False)
class Fixed(_Additive):
    """Benefits add up, one fixed cost is shared: v(S) = max over T in S of sum over T of (b - h) less the fixed cost, or 0.

    The best T is everybody with b > h, so v(S) = max(0, sum over S of max(b - h, 0) - fixed).
    """

    def values(self, members: NDArray[Any]) -> Floats:
        return np.maximum(np.asarray(members, float) @ self.net - self.fixed, 0.0)

    def along(self, orders: Ints) -> Floats:
        return np.maximum(np.cumsum(self.net[orders], axis=1) - self.fixed, 0.0)


@dataclass(frozen=True, eq=False)
class Aligned(_Additive):
    """Fixed, and members want different things: the fixed cost is multiplied by 1 + delta * m(S).

    m(S) is the mean squared distance of the members' wanted points to their mean, both weighted by benefit: then two members
    who want the same are one with both benefits, and no other point is nearer. Members with b <= h stand aside, at no
    cost and without a say; all others of S take part, so v(S) is what S gets as a whole, or 0. A part of S can be worth more:
    `cover` is the table of best parts.
    """

    wanted: Floats
    """[n, k]: where each wants the model's specification (size, language, modality ...), in units of its own choice."""
    delta: float
    """Growth of the fixed cost per unit of squared distance. Off: 0, the same as Fixed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.wanted.ndim != 2 or len(self.wanted) != self.n or not np.isfinite(self.wanted).all():
            raise CaseError(f"wanted is {self.wanted.shape}: expected ({self.n}, k) finite coordinates")
        if not 0 <= self.delta < np.inf:
            raise CaseError(f"delta is {self.delta}: expected a number from 0 on")

    @property
    def say(self) -> Floats:
        """Benefit of those who take part, [n]."""
        return np.where(self.net > 0, self.benefit, 0.0)

    @property
    def points(self) -> Floats:
        """Wanted points around their weighted mean, [n, k]: the same distances, and squares that do not cancel."""
        say = self.say
        around: Floats = self.wanted - say @ self.wanted / max(say.sum(), np.finfo(float).tiny)
        return around

    def _moments(self) -> tuple[Floats, Floats, Floats]:
        """Per member: say [n], say * point [n, k], say * |point| squared [n]."""
        say, points = self.say, self.points
        return say, say[:, None] * points, say * (points**2).sum(axis=1)

    def _worth(self, net: Floats, say: Floats, first: Floats, second: Floats) -> Floats:
        """From sums over the members; `first` has the coordinates last."""
        weight = np.where(say > 0, say, 1.0)
        spread = np.maximum(second / weight - ((first / weight[..., None]) ** 2).sum(axis=-1), 0.0)
        worth: Floats = np.maximum(net - self.fixed * (1.0 + self.delta * spread), 0.0)
        return worth

    def values(self, members: NDArray[Any]) -> Floats:
        inside = np.asarray(members, float)
        say, first, second = self._moments()
        return self._worth(inside @ self.net, inside @ say, inside @ first, inside @ second)

    def along(self, orders: Ints) -> Floats:
        say, first, second = self._moments()
        sums = (np.cumsum(each[orders], axis=1) for each in (self.net, say, first, second))
        return self._worth(*sums)


@dataclass(frozen=True, eq=False)
class Types:
    """Members of a few kinds, alike within a kind: one of each kind plays for all."""

    one: Fixed | Aligned
    """Its member t stands for every member of kind t."""
    kind: Ints
    """[n]: each member's kind, 0 .. one.n - 1; `np.repeat(np.arange(k), counts)` from counts."""

    def __post_init__(self) -> None:
        if set(self.kind.tolist()) != set(range(self.one.n)):
            raise CaseError(f"kinds are 0 to {self.one.n - 1}, each with a member; found {sorted(set(self.kind.tolist()))}")

    @property
    def n(self) -> int:
        return len(self.kind)

    @property
    def counts(self) -> Ints:
        """Members of each kind, [k]."""
        counts: Ints = np.bincount(self.kind)
        return counts

    def values(self, members: NDArray[Any]) -> Floats:
        return self.one.values(np.asarray(members, float) @ np.eye(self.one.n)[self.kind])


Game = Table | Fixed | Aligned | Types


@dataclass(frozen=True, eq=False)
class Listed:
    """Every coalition, up to who of a kind is in it: nobody first, everybody last."""

    counts: Floats
    """[m, k]: how many of each kind."""
    values: Floats
    """[m]."""
    kind: Ints
    """[n]."""

    @property
    def everybody(self) -> Floats:
        """Members of each kind, [k]."""
        last: Floats = self.counts[-1]
        return last


def types(game: Fixed | Aligned) -> Types:
    """The same game with equal members recognized as of one kind."""
    rows = [game.benefit, game.own_cost, *(game.wanted.T if isinstance(game, Aligned) else ())]
    _, first, kind = np.unique(np.stack(rows, axis=1), axis=0, return_index=True, return_inverse=True)
    benefit, own_cost = game.benefit[first], game.own_cost[first]
    if isinstance(game, Fixed):
        return Types(Fixed(benefit, own_cost, game.fixed), kind.reshape(-1))
    return Types(Aligned(benefit, own_cost, game.fixed, game.wanted[first], game.delta), kind.reshape(-1))


def listed(game: Game) -> Listed | None:
    """All coalitions of a game, or None where they are more than `LISTED_MOST`."""
    if isinstance(game, Table):
        return Listed(_grid(np.ones(game.n, int)), game.worth, np.arange(game.n))
    typed = game if isinstance(game, Types) else types(game)
    if prod(int(count) + 1 for count in typed.counts) > LISTED_MOST:
        return None
    counts = _grid(typed.counts)
    return Listed(counts, typed.one.values(counts), typed.kind)


def cover(game: Fixed | Aligned) -> Table:
    """The table where every coalition is worth its best part: max over T in S of v(T). Up to 16 members."""
    if game.n > TABLE_MEMBERS_MOST:
        raise CaseError(f"{game.n} members: a table takes {TABLE_MEMBERS_MOST}")
    worth = game.values(_grid(np.ones(game.n, int)))
    for i in range(game.n):
        pairs = worth.reshape(-1, 2, 1 << i)  # without and with member i
        np.maximum(pairs[:, 0], pairs[:, 1], out=pairs[:, 1])
    return Table(worth)


def _grid(counts: Ints) -> Floats:
    """All vectors from 0 to counts, the first coordinate fastest: for ones, row number = bitmask."""
    axes = np.meshgrid(*(np.arange(count + 1.0) for count in counts[::-1]), indexing="ij")
    grid: Floats = np.stack([axis.reshape(-1) for axis in axes[::-1]], axis=1)
    return grid


def _check(benefit: Floats, own_cost: Floats, fixed: float) -> None:
    if benefit.ndim != 1 or not benefit.size or own_cost.shape != benefit.shape:
        raise CaseError(f"benefit is {benefit.shape}, own_cost {own_cost.shape}: expected [n] both, n at least 1")
    for name, value in (("benefit", benefit), ("own_cost", own_cost), ("fixed", np.asarray(fixed))):
        if not (value.min() >= 0 and value.max() < np.inf):
            raise CaseError(f"{name} must be finite and not negative")
