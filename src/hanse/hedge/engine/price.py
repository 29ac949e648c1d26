"""What answers cost, exactly: by the token at an endpoint, by the hour on one's own machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from hanse.errors import InputError
from hanse.hedge.engine.base import Answer

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
_TOKENS = re.compile(rf"({_NUMBER}):({_NUMBER})")
_HOUR = re.compile(rf"({_NUMBER})/h")
MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """In whatever currency it is given."""

    per_million_in: Fraction = Fraction(0)
    per_million_out: Fraction = Fraction(0)
    per_hour: Fraction = Fraction(0)
    """Of the machine, while it answers."""

    def of_tokens(self, tokens_in: int, tokens_out: int) -> Fraction:
        """Of so many tokens at an endpoint."""
        return (tokens_in * self.per_million_in + tokens_out * self.per_million_out) / MILLION

    def of(self, answer: Answer) -> Fraction:
        """Of one answer."""
        return self.of_tokens(answer.tokens_in, answer.tokens_out) + Fraction(answer.seconds) / 3600 * self.per_hour


def parse_price(text: str) -> Price:
    """3:15 (a million tokens read, written) or 0.40/h (an hour of the machine). Raises InputError."""
    if found := _TOKENS.fullmatch(text):
        return Price(Fraction(found[1]), Fraction(found[2]))
    if found := _HOUR.fullmatch(text):
        return Price(per_hour=Fraction(found[1]))
    raise InputError(f"price {text!r}: expected 3:15 (for a million tokens read and written) or 0.40/h (for the machine)")
