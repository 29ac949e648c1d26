"""What each member pays under every rule of `Dues`, for many draws at once.

Arrays are members first, draws last: n members, d draws. Money is in one currency and a forecast, so float: what a charter
bills is computed elsewhere, exactly. An absent member pays nothing. A rule that shares a budget raises all of it, unless
nobody is there, nobody has what it goes by (no base, no tokens, no key) or the ceiling is in the way: then it raises less.

| rule | member i pays |
|---|---|
| equal | B / number present |
| class | `class_dues` i (growth is in them already) |
| sales_share | rate * base i, at least floor, at most cap (SEMATECH) |
| key | B * min(ceiling, l * base i), l so that the shares sum to 1 (CERN); ceiling for all with a base where no l does it |
| usage | B * tokens i / tokens of all present |
| serial | Moulin and Shenker 1992 (Econometrica 60): see `serial` |
| shapley | B * key i / keys of all present |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.errors import CaseError

Rule = Literal["equal", "class", "sales_share", "key", "usage", "serial", "shapley"]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, eq=False)
class Basis:
    """What members are measured by. Arrays are [n], or [n, d] where draws differ; a rule reads only what it names."""

    class_dues: Floats | None = None
    """Money a year by membership class."""
    base: Floats | None = None
    """Sales (sales_share) or income (key), money a year."""
    tokens: Floats | None = None
    """Tokens a year."""
    key: Floats | None = None
    """Shapley values, or whatever else the shares shall be in proportion to; none may be negative."""
    rate: float = 0.0
    """Share of base; sales_share."""
    floor: float = 0.0
    """Money; sales_share. Off: 0."""
    cap: float = np.inf
    """Money, at least the floor; sales_share. Off: infinity."""
    ceiling: float = 1.0
    """Share of the budget; key. Off: 1."""
    elasticity: float = 0.5
    """Of cost by tokens, 0 to 1; serial."""


def shares(rule: Rule, budget: Floats, members: Basis, present: Bools) -> Floats:
    """Money each member pays, [n, d], from the budget [d] and who is there [n, d].

    Raises CaseError for an unknown rule, a missing or negative array, shapes that do not fit, or a scalar out of its range.
    """
    if present.ndim != 2 or budget.shape != present.shape[1:]:
        raise CaseError(f"budget is {budget.shape}, present is {present.shape}: expected [d] and [n, d]")
    _check(members, budget)
    match rule:
        case "equal":
            return _pro_rata(np.ones((len(present), 1), budget.dtype), budget, present)
        case "class":
            return np.asarray(_rows(members, "class_dues", present) * present)
        case "sales_share":
            return np.asarray(np.clip(members.rate * _rows(members, "base", present), members.floor, members.cap) * present)
        case "key":
            return _under_ceiling(_rows(members, "base", present), members.ceiling, budget, present)
        case "usage":
            return _pro_rata(_rows(members, "tokens", present), budget, present)
        case "serial":
            return serial(_rows(members, "tokens", present), members.elasticity, budget, present)
        case "shapley":
            return _pro_rata(_rows(members, "key", present), budget, present)
        case _:
            raise CaseError(f"unknown dues rule {rule!r}; known are {', '.join(RULES)}")


def serial(tokens: Floats, elasticity: float, budget: Floats, present: Bools) -> Floats:
    """Serial cost sharing with tokens as demand. The budget B is what the tokens Q of all present cost, and
    C(q) = B * (q / Q) ** elasticity what q would have cost, C(0) = 0.

    With demands in rising order, q(k) = sum of those before k, plus (n - k + 1) times the k-th: what all would demand if
    nobody wanted more than k. Member i pays the sum over k <= i of (C(q(k)) - C(q(k-1))) / (n - k + 1): nobody pays for
    another's larger demand. Elasticity 1 is in proportion to tokens, 0 is by heads of those who use any.
    """
    demand = tokens * present
    order = np.argsort(demand, axis=0)
    rising = np.take_along_axis(demand, order, axis=0)
    left = np.arange(len(demand), 0, -1.0)[:, None]
    below = np.cumsum(rising, axis=0)
    total = below[-1].copy()
    level = below + (left - 1) * rising  # the same as q(k): the k-th itself is in the sum already
    relative = np.divide(level, total, out=np.zeros_like(level), where=total > 0)
    cost = np.where(relative > 0, np.minimum(relative, 1.0) ** elasticity, 0.0)
    steps = np.diff(cost, axis=0, prepend=0.0).clip(min=0.0) / left
    paid: Floats = np.empty_like(steps)
    np.put_along_axis(paid, order, np.cumsum(steps, axis=0), axis=0)
    paid *= budget
    return paid


def _pro_rata(weight: Floats, budget: Floats, present: Bools) -> Floats:
    """The budget in proportion to weights [n, 1] or [n, d] of those present."""
    weighed: Floats = weight * present
    total = weighed.sum(axis=0)
    weighed *= np.divide(budget, total, out=np.zeros_like(budget), where=total > 0)
    return weighed


def _under_ceiling(base: Floats, ceiling: float, budget: Floats, present: Bools) -> Floats:
    """Whoever is above the ceiling pays it, and the others what is left in proportion, until nobody is above.

    Every turn puts one more member at the ceiling, in some draw, or is the last; a draw has at most 1 / ceiling of them.
    """
    weighed: Floats = base * present
    capped = np.zeros(weighed.shape, bool)
    while True:
        rest = np.maximum(1.0 - ceiling * np.count_nonzero(capped, axis=0), 0.0)
        open_ = np.einsum("nd,nd->d", weighed, ~capped)
        factor = np.divide(rest, open_, out=np.zeros_like(rest), where=open_ > 0)
        above = weighed * factor > ceiling
        above &= ~capped
        if not above.any():
            break
        capped |= above
    weighed *= factor
    weighed[capped] = ceiling
    weighed *= budget
    return weighed


def _rows(members: Basis, name: str, present: Bools) -> Floats:
    """A member array as [n, 1] or [n, d]."""
    value: Floats | None = getattr(members, name)
    if value is None:
        raise CaseError(f"members.{name} is missing: this rule goes by it")
    rows = np.asarray(value)
    rows = rows if rows.dtype.kind == "f" else rows.astype(float)
    if rows.shape not in ((len(present),), present.shape):
        raise CaseError(f"members.{name} is {rows.shape}: expected {present.shape[:1]} or {present.shape}")
    if not (rows.min(initial=0.0) >= 0 and rows.max(initial=0.0) < np.inf):
        raise CaseError(f"members.{name} must be finite and not negative")
    return rows if rows.ndim == 2 else rows[:, None]


def _check(members: Basis, budget: Floats) -> None:
    """Scalars and budget within their ranges."""
    if not (budget.min(initial=0.0) >= 0 and budget.max(initial=0.0) < np.inf):
        raise CaseError("budget must be finite and not negative")
    for name, least, most in (("rate", 0.0, 1.0), ("ceiling", 0.0, 1.0), ("elasticity", 0.0, 1.0),
                              ("floor", 0.0, members.cap), ("cap", 0.0, np.inf)):  # fmt: skip
        value = getattr(members, name)
        if not least <= value <= most:
            raise CaseError(f"members.{name} is {value}: expected {least} to {most}")
