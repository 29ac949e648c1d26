"""What the pledges of each member are worth in each year of the term, as a table."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby

from hanse.charter.render.article import Part, Table
from hanse.charter.render.words import amount, day, listed, units
from hanse.charter.schema import Charter
from hanse.charter.worth import Worth, price_of, worth, years
from hanse.errors import InputError


def schedule(charter: Charter) -> list[Part]:
    """Years that are alike stand in one column. Without a term or a price, what is missing instead."""
    unpriced = sorted({units(item.kind, item.hardware) for item in charter.pledge
                       if item.amount is None and price_of(charter, item.kind, item.hardware) is None})  # fmt: skip
    if charter.term is None:
        return ["What these pledges are worth in a year is not stated: the charter has no term from which years are counted."]
    if unpriced:
        return [f"What these pledges are worth in a year is not stated: the price table has no row for {listed(unpriced)}."]
    try:
        found, starts = worth(charter), years(charter)
    except InputError as error:  # a term up to the last day there is
        return [f"What these pledges are worth in a year is not stated: {error}."]
    columns = {start: tuple(row[at] for row in found.values()) for at, start in enumerate(starts)}
    heads, cells = [], []
    for column, alike in groupby(starts, columns.__getitem__):
        heads.append(_head(list(alike)))
        cells.append((*map(_cell, column), _cell(_sum(column))))
    names = (*found, "together")
    text = f"In {charter.currency}, at the price table, these pledges are worth in the years of the term:"
    return [text, Table(("Member", *heads), tuple(zip(names, *cells, strict=True)))]


def _head(starts: list[str]) -> str:
    first = f"year from {day(starts[0])}"
    return first if len(starts) == 1 else f"each of the {len(starts)} years from {day(starts[0])}"


def _sum(column: tuple[Worth, ...]) -> Worth:
    return Worth(sum((item.cash for item in column), Fraction(0)), sum((item.in_kind for item in column), Fraction(0)))


def _cell(item: Worth) -> str:
    if not item.total:
        return "–"
    if not item.in_kind:
        return f"{amount(item.cash, None)} in cash"
    if not item.cash:
        return f"{amount(item.in_kind, None)} in kind"
    return f"{amount(item.total, None)}: {amount(item.cash, None)} in cash, {amount(item.in_kind, None)} in kind"
