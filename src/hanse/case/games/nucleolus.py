"""The nucleolus (Schmeidler 1969): the payoff that makes the unhappiest coalition as happy as can be, then the next, and so on.

By the sequence of linear programs of Maschler, Peleg and Shapley 1979, over all coalitions up to who of a kind is in them:
equal members get equal payoffs, because the nucleolus is unique. Which coalitions are tight in every optimum is read off the
dual (complementary slackness), never off the one optimum found: a degenerate program has others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.games.game import Bools, Floats, Listed
from hanse.case.games.level import Level, Rows, over_all
from hanse.errors import CaseError

WEIGHT_LEAST = 1e-4
"""A dual above this is no rounding: they sum to 1 over at most n + 1 rows."""
SPAN = 1e-8
"""A coalition whose squared distance to the span of the tied ones is below this (members squared) is settled by them."""


@dataclass(frozen=True, eq=False)
class Nucleolus:
    """The payoff and the levels it was found by."""

    payoff: Floats
    """[n]."""
    levels: tuple[float, ...]
    """Largest excess of the coalitions not settled yet, program by program; never rises."""
    rational: bool
    """Nobody gets less than alone. Where that is impossible (the members are worth more alone than together) the payoff is
    the prenucleolus, which does without."""


def nucleolus(game: Listed) -> Nucleolus:
    """Exact, up to rounding of about 1e-8 of the largest value. Raises CaseError for a single member."""
    if len(game.kind) < 2:
        raise CaseError("a nucleolus needs at least two members")
    scale = float(np.abs(game.values).max()) or 1.0
    rows = Rows(game.counts[1:-1], game.values[1:-1] / scale)
    tied = Rows(game.counts[-1:], game.values[-1:] / scale)
    alone = np.flatnonzero(rows.members.sum(axis=1) == 1)
    low = rows.members[alone].T @ rows.worth[alone]
    rational = bool(low @ game.everybody <= tied.worth[0] + SPAN)
    working = np.concatenate([alone, np.flatnonzero(rows.members.sum(axis=1) == len(game.kind) - 1)])
    levels: list[float] = []
    basis = _span(tied.members)
    while len(tied.worth) < rows.members.shape[1]:
        open_ = _outside(rows.members, basis)
        rows, working = rows.take(open_), (np.cumsum(open_) - 1)[working[open_[working]]]
        level, working = over_all(rows, tied, low - SPAN if rational else None, working)
        levels.append(level.epsilon * scale)
        tied = _tie(rows.take(working), level, tied)
        basis = _span(tied.members)
    payoff = np.asarray(np.linalg.solve(tied.members, tied.worth) * scale, np.float64)
    return Nucleolus(payoff[game.kind], tuple(levels), rational)


def _tie(rows: Rows, level: Level, tied: Rows) -> Rows:
    """The rows with weight at this level, as equations; only those that say something new."""
    for i in np.argsort(-level.weight):
        if level.weight[i] < WEIGHT_LEAST:
            break
        if _outside(rows.members[i : i + 1], _span(tied.members))[0]:
            tied = tied.and_(Rows(rows.members[i : i + 1], rows.worth[i : i + 1] - level.epsilon))
    return tied


def _span(members: Floats) -> Floats:
    """An orthonormal basis of what rows span, as columns."""
    return np.linalg.qr(members.T)[0]


def _outside(members: Floats, basis: Floats) -> Bools:
    """Rows that the span does not settle."""
    left = members - (members @ basis) @ basis.T
    outside: Bools = (left**2).sum(axis=1) > SPAN * (members**2).sum(axis=1)
    return outside
