"""How values are said: exact, and different for different values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from hanse.charter.clause import DecisionKind
from hanse.charter.clauses.membership import PledgeKind
from hanse.charter.clauses.money import UNITS
from hanse.charter.schema import Charter
from hanse.charter.threshold import Threshold
from hanse.page.values import say_day
from hanse.units import Money, Ratio

_FRACTIONS = {
    "1/2": "half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
    "3/5": "three fifths", "4/5": "four fifths",
}  # fmt: skip
_WHOLES = {
    "roll": "all votes of the roll, whether cast or not",
    "members": "the members entitled to vote, counted by head",
    "present": "the votes of those who take part, abstentions included",
    "cast": "the votes cast for and against, abstentions left out",
}
KINDS: dict[DecisionKind, str] = {
    "routine": "a routine matter", "ordinary": "an ordinary matter", "plan": "a run plan", "release": "a release",
    "admit": "the admission of a member", "expel": "an expulsion or a default", "dues": "dues and prices",
    "charter": "the charter", "dissolve": "dissolution", "stop": "the stop of a bad round",
}  # fmt: skip
"""What a decision is on."""
PLEDGES: dict[PledgeKind, str] = {
    "cash": "cash", "gpu_hours": "GPU-hours", "tokens": "tokens of text", "evaluations": "evaluation sets", "staff": "staff",
}  # fmt: skip


def listed(items: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    found = list(items)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else "none"


def many(count: int, one: str, several: str = "") -> str:
    """1 day, 45 days, 1,000 seats."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def every(count: int, one: str) -> str:
    """every year, every 3 years."""
    return f"every {one if count == 1 else many(count, one)}"


def day(text: str) -> str:
    """1 January 2027."""
    return say_day(date.fromisoformat(text))


def money(value: Money) -> str:
    """1,500,000 USD."""
    return str(value).replace("_", ",")


def amount(value: Fraction, currency: str | None) -> str:
    """A sum that may have been divided by a price table's unit: to the cent, and said so when that is not exact."""
    cents = round(value * 100)
    said = f"{cents // 100:,}" + (f".{cents % 100:02d}" if cents % 100 else "")
    return f"{'' if Fraction(cents, 100) == value else 'about '}{said}{f' {currency}' if currency else ''}"


def share(value: Ratio) -> str:
    """half, 35%, 4/7."""
    percent = value.value * 100
    return _FRACTIONS.get(str(value)) or (f"{percent}%" if percent.denominator == 1 else str(value))


def threshold(value: Threshold, wholes: dict[str, str] | None = None) -> str:
    """more than half of the votes cast for and against; as it is written, so that 2/4 is not read as 1/2."""
    written = f"{value.numerator}/{value.divisor}"
    if written == "1/1":
        return f"all of {(wholes or _WHOLES)[value.denominator].removeprefix('all ')}"
    compared = "more than" if value.comparison == ">" else "at least"
    return f"{compared} {_FRACTIONS.get(written, written)} of {(wholes or _WHOLES)[value.denominator]}"


def decided(charter: Charter, kind: DecisionKind) -> str:
    """a decision on a run plan ({decision})."""
    there = "{decision}" if kind in charter.decision else "for which this charter has no rule, so that it cannot be taken"
    return f"a decision on {KINDS[kind]} ({there})"


def units(kind: PledgeKind, hardware: str, quantity: int = 2) -> str:
    """GPU-hours on H100."""
    plural = UNITS[kind]
    singular = {"GPU-hours": "GPU-hour", "tokens of text": "token of text", "evaluation sets": "evaluation set",
                "person-months": "person-month"}  # fmt: skip
    return (singular.get(plural, plural) if quantity == 1 else plural) + (f" on {hardware}" if hardware else "")


def sentence(text: str) -> str:
    """With a large first letter and an end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
