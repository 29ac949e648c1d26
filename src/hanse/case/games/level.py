"""The linear program behind least core and nucleolus: the payoff whose largest excess is least.

Coalitions come as rows: [m, k], how many of each kind; a payoff is [k], the same for all of a kind. The excess of a row is what
it is worth less what it is paid. Values should be around 1 in size: tolerances are absolute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from hanse.case.games.game import Bools, Floats, Ints

TOLERANCE = 1e-9
"""What HiGHS keeps a row within."""
_OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


@dataclass(frozen=True, eq=False)
class Rows:
    """Coalitions and their worth."""

    members: Floats
    """[m, k]."""
    worth: Floats
    """[m]."""

    def excess(self, payoff: Floats) -> Floats:
        found: Floats = self.worth - self.members @ payoff
        return found

    def take(self, which: Ints | Bools) -> Rows:
        return Rows(self.members[which], self.worth[which])

    def and_(self, more: Rows) -> Rows:
        return Rows(np.concatenate([self.members, more.members]), np.concatenate([self.worth, more.worth]))


@dataclass(frozen=True, eq=False)
class Level:
    """An optimum: no payoff has a smaller largest excess over these rows."""

    payoff: Floats
    epsilon: float
    weight: Floats
    """Dual of each row, from 0, sum 1: a row with weight has excess epsilon in every optimum."""


def solve(rows: Rows, tied: Rows, low: Floats | None) -> Level:
    """Least epsilon with excess <= epsilon on `rows`, and on the rows tied excess = 0; payoffs at least `low` (None: free)."""
    k = rows.members.shape[1]
    bounds = [(None if low is None else low[i], None) for i in range(k)] + [(None, None)]
    found = linprog(
        np.eye(k + 1)[k],
        A_ub=-np.column_stack([rows.members, np.ones(len(rows.worth))]), b_ub=-rows.worth,
        A_eq=np.column_stack([tied.members, np.zeros(len(tied.worth))]), b_eq=tied.worth,
        bounds=bounds, method="highs", options=_OPTIONS,
    )  # fmt: skip
    if found.x is None:
        raise ArithmeticError(f"a level of {len(rows.worth)} coalitions was not solved: {found.message}")
    return Level(found.x[:k], float(found.x[k]), -found.ineqlin.marginals)


def over_all(rows: Rows, tied: Rows, low: Floats | None, start: Ints) -> tuple[Level, Ints]:
    """`solve` over many rows through the few that matter: start with some, add the worst offenders until there are none.

    Returns the level and the rows it was solved on, in the order of its weights.
    """
    chosen, more = start, 3 * rows.members.shape[1]
    while True:
        level = solve(rows.take(chosen), tied, low)
        excess = rows.excess(level.payoff)
        excess[chosen] = -np.inf
        worst = np.argpartition(-excess, min(more, len(excess) - 1))[:more]
        new = worst[excess[worst] > level.epsilon + TOLERANCE]
        if not new.size:
            return level, chosen
        chosen = np.concatenate([chosen, new])
