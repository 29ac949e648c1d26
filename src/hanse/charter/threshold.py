"""Thresholds that state their comparison and their denominator: '> 1/2 of roll', '>= 2/3 of members'.

The denominator is one of
    roll     all votes of those entitled to vote
    members  the members entitled to vote, counted by head
    present  the votes of those who take part, abstaining or not
    cast     yes and no together

Debian's ">" in place of ">=" cost a dissenter four votes for twelve years; Psyche's floored float lets 2 of 4 pass as
two thirds. So: a fraction, a comparison, a noun, and integer arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from hanse.errors import CharterError

_TEXT = re.compile(r"(>=|>) ([1-9][0-9]{0,3})/([1-9][0-9]{0,3}) of (roll|members|present|cast)")
_SHARE = re.compile(r"[1-9][0-9]{0,3}/[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Threshold:
    """`count` passes when it is > or >= `fraction` of the total of `denominator`."""

    comparison: str
    numerator: int
    divisor: int
    denominator: str

    def passes(self, count: int, total: int) -> bool:
        """Whether `count` of `total` is enough. Integers only."""
        left, right = count * self.divisor, self.numerator * total
        return left > right if self.comparison == ">" else left >= right

    def least(self, total: int) -> int:
        """The smallest count that passes."""
        return next(count for count in range(total + 2) if self.passes(count, total))

    @property
    def more_than_half(self) -> bool:
        share = Fraction(self.numerator, self.divisor)
        return share > Fraction(1, 2) or (share == Fraction(1, 2) and self.comparison == ">")

    def __str__(self) -> str:
        return f"{self.comparison} {self.numerator}/{self.divisor} of {self.denominator}"

    @staticmethod
    def lacks(text: str) -> str:
        """What a text that `parse` refuses leaves out: "comparison", "denominator", or empty for another mistake."""
        words = text.split()
        if words and _SHARE.fullmatch(words[0]):
            return "comparison"
        return "denominator" if len(words) == 2 and words[0] in (">", ">=") and _SHARE.fullmatch(words[1]) else ""

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read what `str` prints, and nothing else. Raises CharterError."""
        match = _TEXT.fullmatch(text)
        if match is None or int(match[2]) > int(match[3]):
            raise CharterError(f"threshold {text!r}: expected e.g. '> 1/2 of roll' or '>= 2/3 of members', at most 1/1")
        if match[1] == ">" and match[2] == match[3]:
            raise CharterError(f"threshold {text!r}: nothing is more than all; use '>= 1/1 of {match[4]}' for everyone")
        return cls(match[1], int(match[2]), int(match[3]), match[4])
