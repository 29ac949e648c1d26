"""What a rule looks at, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hanse.charter.power.table import Row, power_table
from hanse.charter.schema import Charter
from hanse.charter.worth import Worth, worth
from hanse.errors import InputError


class Found(NamedTuple):
    """One place where a rule is broken."""

    where: str
    """Path of keys, dotted, as errors of the parser have it."""
    what: str
    """What is wrong, with the numbers."""
    remedy: str
    """What to do."""


@dataclass(frozen=True)
class Subject:
    """A charter and what is calculated from it once."""

    charter: Charter
    rows: tuple[Row, ...]
    """The power table; empty where votes follow pledges that cannot be valued, which other rules say."""
    values: dict[str, tuple[Worth, ...]]
    """By member, what it pledges in each year; empty where that cannot be valued."""


def subject_of(charter: Charter) -> Subject:
    """A charter that has no term, or a pledge without a price, gives less to look at."""
    try:
        rows = power_table(charter)
    except InputError:
        rows = ()
    try:
        values = worth(charter)
    except InputError:
        values = {}
    return Subject(charter, rows, values)
