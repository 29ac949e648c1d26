"""What a rule looks at, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from hanse.charter.power.formula import votes
from hanse.charter.power.table import Row, days, power_table
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
    votes: dict[str, dict[str, Fraction]]
    """By each day on which they may change, the votes of each member; empty where they cannot be counted."""
    values: dict[str, tuple[Worth, ...]]
    """By member, what it pledges in each year; empty where that cannot be valued."""


def subject_of(charter: Charter) -> Subject:
    """A charter that has no term, or a pledge without a price, gives less to look at."""
    try:
        rows, held = power_table(charter), {day: votes(charter, day) for day in days(charter)}
    except InputError:
        rows, held = (), {}
    try:
        values = worth(charter)
    except InputError:
        values = {}
    return Subject(charter, rows, held, values)
