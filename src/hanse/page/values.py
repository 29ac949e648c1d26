"""Reading results that may be anything: what is missing or of the wrong kind is None or empty, and nothing raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_WORDS += [
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]
_LARGEST = 1e12
"""A figure beyond this is a mistake, and would draw as one."""


@dataclass(frozen=True)
class Span:
    """A value, and its interval where one is known."""

    value: float
    low: float
    high: float

    def say(self, digits: int = 1) -> str:
        """As people read it: 4.2 [3.9, 5.1]; the value alone without an interval."""
        if self.low == self.high:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def dig(value: Any, *path: str) -> Any:
    """What lies at the end of a path of keys; None where the path breaks off."""
    for key in path:
        if not isinstance(value, Mapping) or value.get(key) is None:
            return None
        value = value[key]
    return value


def finite(value: Any) -> bool:
    """Whether this is a figure: a diverged run's NaN is none."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: Any) -> float | None:
    """A figure of a size that can be drawn, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _LARGEST else None  # also false for NaN


def whole(value: Any) -> int:
    """A count; 0 for what is none."""
    found = number(value)
    return max(0, int(found)) if found is not None else 0


def span(value: Any) -> Span | None:
    """A mapping of value, low and high; an end that is missing or infinite is the value itself."""
    middle = number(dig(value, "value"))
    if middle is None:
        return None
    low, high = number(dig(value, "low")), number(dig(value, "high"))
    return Span(middle, middle if low is None else min(low, middle), middle if high is None else max(high, middle))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """The items of a list; empty for anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    return [row for row in listed(value) if isinstance(row, Mapping)]


def words(value: Any) -> str:
    """Text, or a figure as text; empty for None and for anything nested."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def day(value: Any) -> date | None:
    """A date written YYYY-MM-DD, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def say_day(when: date) -> str:
    """13 August 2026, whatever the machine's language."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def count(value: int) -> str:
    """A small count in words, a larger one in digits."""
    return _WORDS[value] if 0 <= value < len(_WORDS) else f"{value:,}"


def counted(value: int, one: str, many: str) -> str:
    """Three labs, one lab, no labs."""
    return f"{count(value)} {one if value == 1 else many}"


def capital(sentence: str) -> str:
    """The sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]
