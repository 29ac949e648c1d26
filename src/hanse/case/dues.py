"""What each member pays in a year: pledges by their schedule, and dues by the charter's rule among those who are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.scene import Scene
from hanse.case.sharing import Basis, shares
from hanse.case.terms import DuesTerms, Terms


@dataclass(frozen=True)
class Paid:
    """USD of one year, [n, d]."""

    cash: Floats
    """Pledged cash and dues."""
    in_kind: Floats
    """At the price table."""

    @property
    def total(self) -> Floats:
        return self.cash + self.in_kind


def pay(scene: Scene, year: int, paying: Bools, part: Floats | float = 1.0) -> Paid:
    """What members that are `paying` [n, d] hand over; `part` [n, d] of what may be cut is not left out."""
    terms = scene.terms
    cash = terms.cash[:, year, None] * paying
    in_kind = terms.in_kind[:, year, None] * paying * part
    if not terms.arrears:  # nothing follows on paying late
        cash = cash * part
    if terms.dues is not None:
        cash = cash + _dues(terms, terms.dues, year, paying)
    return Paid(cash, in_kind)


def _dues(terms: Terms, dues: DuesTerms, year: int, paying: Bools) -> Floats:
    basis = Basis(
        class_dues=dues.class_dues * dues.growth[year], base=terms.base, tokens=terms.demand.tokens,
        key=terms.demand.tokens if dues.key is None else dues.key,
        rate=dues.rate, floor=dues.floor, cap=dues.cap, ceiling=dues.ceiling,
    )  # fmt: skip
    asked = shares(dues.rule, np.full(paying.shape[1], dues.budget[year]), basis, paying)
    return asked.astype(terms.cash.dtype, copy=False)
