"""What members' pledges are worth in each year of the term, at the charter's own price table. Exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from hanse.charter.clauses.membership import PledgeKind, Term
from hanse.charter.clauses.money import Pledge, Price
from hanse.charter.schema import Charter
from hanse.errors import CharterError
from hanse.units import months_later

MONTHS = {"year": 12, "quarter": 3, "month": 1}
"""Months from one due day to the next."""


@dataclass(frozen=True)
class Worth:
    """Value due from one member in one year, in the charter's currency."""

    cash: Fraction = Fraction(0)
    in_kind: Fraction = Fraction(0)

    @property
    def total(self) -> Fraction:
        return self.cash + self.in_kind


def _term(charter: Charter) -> Term:
    if charter.term is None:
        raise CharterError(f"charter {charter.name!r}: term: missing; years are counted from its start")
    return charter.term


def years(charter: Charter) -> tuple[str, ...]:
    """First days of the years of the term; the last year may be a part of one. Raises CharterError without a term."""
    term = _term(charter)
    found = []
    for number in range(200):
        day = months_later(term.start, 12 * number)
        if day >= term.end:
            break
        found.append(day)
    return tuple(found)


def due(charter: Charter, pledge: Pledge) -> Iterator[str]:
    """Days on which a pledge is due, in order. Raises CharterError for a charter without a term."""
    term = _term(charter)
    start, end = pledge.start or term.start, pledge.end or term.end
    if pledge.every == "once":
        yield start
        return
    for number in range(12 * 200):
        day = months_later(start, number * MONTHS[pledge.every])
        if day >= end:
            return
        yield day


def price_of(charter: Charter, kind: PledgeKind, hardware: str) -> Price | None:
    """The row of the price table, if there is one."""
    return next((row for row in charter.price if (row.kind, row.hardware) == (kind, hardware)), None)


def value(charter: Charter, pledge: Pledge) -> Fraction:
    """What one delivery of a pledge is worth. Raises CharterError when the price table has no row for it."""
    if pledge.amount is not None:
        return pledge.amount.amount
    price = price_of(charter, pledge.kind, pledge.hardware)
    if price is None:
        what = f"{pledge.kind} {pledge.hardware}".strip()
        raise CharterError(f"pledge of {pledge.member}: {what} has no row in the price table; add a [[price]] of it")
    assert pledge.quantity is not None
    return price.price.amount * pledge.quantity / price.per


def worth(charter: Charter) -> dict[str, tuple[Worth, ...]]:
    """By member: what is due in each year of the term. Raises CharterError for a pledge without price or a charter without term."""
    starts = years(charter)
    found = {member.name: [Worth()] * len(starts) for member in charter.member}
    for pledge in charter.pledge:
        each = value(charter, pledge)
        for day in due(charter, pledge):
            year = sum(start <= day for start in starts) - 1
            had = found[pledge.member][year]
            cash, in_kind = (each, Fraction(0)) if pledge.kind == "cash" else (Fraction(0), each)
            found[pledge.member][year] = Worth(had.cash + cash, had.in_kind + in_kind)
    return {name: tuple(row) for name, row in found.items()}
