"""Numbers that bind people, as text that is read exactly: money, shares and days.

Each type is a frozen value with `parse` and `str`, and `parse` accepts what `str` prints and nothing else: two spellings of
one value would give one agreement two digests. Floats appear nowhere.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from hanse.errors import InputError

_MONEY = re.compile(r"(0|[1-9][0-9]{0,2}(?:_[0-9]{3}){0,5})(\.[0-9]{0,5}[1-9])? ([A-Z]{3})")
_RATIO = re.compile(r"(0|[1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Money:
    """An amount that is not negative, in one currency: '1_500_000 USD', '2.5 EUR'. At most six decimals, 18 digits."""

    amount: Fraction
    """In whole units of the currency (dollars, not cents)."""
    currency: str
    """ISO 4217 code."""

    def __str__(self) -> str:
        millionths = self.amount * 10**6
        if millionths.denominator != 1:
            raise ValueError(f"{self.amount} {self.currency}: money is written with at most six decimals")
        whole, rest = divmod(int(millionths), 10**6)
        decimals = f".{rest:06d}".rstrip("0") if rest else ""
        return f"{whole:_}{decimals} {self.currency}"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read what `str` prints. Raises ValueError saying how it is written."""
        match = _MONEY.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r}: money is written like '1_500_000 USD' or '2.5 USD': thousands in groups, no spare "
                             "zeros, not negative, then the currency")  # fmt: skip
        whole, decimals, currency = match.groups()
        return cls(Fraction(whole.replace("_", "") + (decimals or "")), currency)


@dataclass(frozen=True)
class Ratio:
    """A fraction in lowest terms that is not negative: '1/4', '6/5'."""

    value: Fraction

    def __str__(self) -> str:
        return f"{self.value.numerator}/{self.value.denominator}"

    @classmethod
    def parse(cls, text: str) -> Ratio:
        """Read what `str` prints. Raises ValueError saying how it is written."""
        match = _RATIO.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r}: a share or factor is written as a fraction of whole numbers, like '1/4'")
        found = cls(Fraction(int(match[1]), int(match[2])))
        if str(found) != text:
            raise ValueError(f"{text!r}: write it in lowest terms: '{found}'")
        return found


def parse_day(text: str) -> str:
    """A day that exists, as ISO 8601 text, which sorts as days do. Raises ValueError."""
    try:
        if _DAY.fullmatch(text) and date.fromisoformat(text):
            return text
    except ValueError:
        pass
    raise ValueError(f"{text!r}: a day is written like '2027-01-31'")


def months_later(day: str, months: int) -> str:
    """The same day of the month so many months later, or the last one that month has. Raises InputError after year 9999."""
    at = date.fromisoformat(day)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if year > date.max.year:
        raise InputError(f"{day} and {months} months: days end with {date.max}; use earlier days")
    return date(year, month + 1, min(at.day, calendar.monthrange(year, month + 1)[1])).isoformat()


def read_text(parse: Callable[[str], Any], kind: type) -> PlainValidator:
    """How pydantic reads a value that is written as text: `parse` raises ValueError for what it does not take."""

    def validate(value: Any) -> Any:
        if isinstance(value, kind) and kind is not str:
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("text-expected", "{shown}: expected text in quotes", {"shown": repr(value)[:60]})
        return parse(value)

    return PlainValidator(validate, json_schema_input_type=str)


def _share(text: str) -> Ratio:
    found = Ratio.parse(text)
    if found.value > 1:
        raise ValueError(f"{text!r}: a share is at most 1/1")
    return found


MoneyText = Annotated[Money, read_text(Money.parse, Money), PlainSerializer(str, return_type=str)]
RatioText = Annotated[Ratio, read_text(Ratio.parse, Ratio), PlainSerializer(str, return_type=str)]
ShareText = Annotated[Ratio, read_text(_share, Ratio), PlainSerializer(str, return_type=str)]
Day = Annotated[str, read_text(parse_day, str)]
