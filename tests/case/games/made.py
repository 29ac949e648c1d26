"""Random games, and the plain definitions they are checked against."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Literal

import numpy as np
from hypothesis import settings

from hanse.case.games.game import Aligned, Bools, Fixed, Floats, Game, Table

Kind = Literal["any", "superadditive", "convex", "ties"]
FEW, MANY = settings(max_examples=20, deadline=None), settings(max_examples=50, deadline=None)
"""Examples of properties that take linear programs, and of others."""
KINDS: tuple[Kind, ...] = ("any", "superadditive", "convex", "ties")


def masks(n: int) -> Bools:
    """All coalitions, row number = bitmask."""
    return np.arange(2**n)[:, None] >> np.arange(n) & 1 > 0


def table(kind: Kind, n: int, rng: np.random.Generator) -> Table:
    """A game of small whole numbers (ties: 0 to 2), so that programs are degenerate as often as can be."""
    worth = rng.integers(0, 3 if kind == "ties" else 12, 2**n).astype(float)
    worth[0] = 0
    if kind == "convex":  # sums of unanimity games with positive dividends
        for i in range(n):
            pairs = worth.reshape(-1, 2, 1 << i)
            pairs[:, 1] += pairs[:, 0]
    elif kind == "superadditive":
        for s in range(1, 2**n):
            t = (s - 1) & s
            while t:
                worth[s] = max(worth[s], worth[t] + worth[s ^ t])
                t = (t - 1) & s
    return Table(worth)


def fixed(n: int, rng: np.random.Generator) -> Fixed:
    benefit = rng.integers(0, 10, n).astype(float)
    return Fixed(benefit, rng.integers(0, 4, n).astype(float), float(rng.integers(0, max(1, int(benefit.sum())))))


def aligned(n: int, k: int, rng: np.random.Generator) -> Aligned:
    benefit = rng.lognormal(3, 1, n)
    share, delta = rng.uniform(0.2, 0.8), float(rng.choice([0.05, 0.3, 1.0]))
    return Aligned(benefit, benefit * rng.uniform(0, 0.3, n), share * benefit.sum(), rng.normal(size=(n, k)), delta)


def tabled(game: Game) -> Table:
    """Any game of few members, coalition by coalition."""
    worth = game.values(masks(game.n))
    return Table(worth)


def parts(members: list[int]) -> chain[tuple[int, ...]]:
    """All subsets."""
    return chain.from_iterable(combinations(members, size) for size in range(len(members) + 1))


def excesses(game: Game, payoff: Floats) -> Floats:
    """Of every coalition but nobody and everybody, by bitmask from 1."""
    every = masks(game.n)
    found: Floats = (game.values(every) - every @ payoff)[1:-1]
    return found
