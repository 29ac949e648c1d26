"""What every clause of a charter shares: frozen, strict, no unknown keys; and the types its keys are written in."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from hanse.charter.threshold import Threshold
from hanse.errors import CharterError
from hanse.units import read_text

DecisionKind: TypeAlias = Literal[
    "routine", "ordinary", "plan", "release", "admit", "expel", "dues", "charter", "dissolve", "stop"
]
"""What is decided: a note or document; a budget line or an evaluation set; a run plan; a release; a new member; an expulsion or a
default; dues, prices and keys of sharing; the charter itself; the end; a bad round that is to stop."""
KINDS: tuple[DecisionKind, ...] = (
    "routine", "ordinary", "plan", "release", "admit", "expel", "dues", "charter", "dissolve", "stop",
)  # fmt: skip


class Refused(PydanticCustomError):
    """A value that no charter may have, with the lint rule that says so."""

    def __new__(cls, rule: str, why: str) -> Refused:
        return super().__new__(cls, rule, "{why}", {"why": why})


class Clause(BaseModel):
    """Base of every clause: frozen, strict, no unknown keys; lists become tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}


def check_order(start: str, end: str) -> None:
    """Raise Refused unless a stretch of days ends after it starts."""
    if end <= start:
        raise Refused("contradictory-dates", f"end {end} is not after start {start}")


def _threshold(text: str) -> Threshold:
    try:
        return Threshold.parse(text)
    except CharterError as error:
        lacks = Threshold.lacks(text)
        raise Refused(f"{lacks}-missing" if lacks else "threshold", str(error)) from error


def _short(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError("expected 1-40 characters of a-z 0-9 '-', starting with a letter or digit")
    return text


def _line(text: str) -> str:
    if not text.isprintable() or len(text) > 500 or text != text.strip():
        raise ValueError("expected one line of at most 500 characters, no control characters, no space around it")
    return text


def _prose(text: str) -> str:
    if len(text) > 20_000 or not all(letter.isprintable() or letter == "\n" for letter in text) or text != text.strip():
        raise ValueError("expected text of at most 20,000 characters, no control characters, no space around it")
    return text


Name = Annotated[str, AfterValidator(_short)]
"""Short name of a member, a membership class or a term, as entries and files carry it."""
Line = Annotated[str, AfterValidator(_line)]
Words = Annotated[str, AfterValidator(_line), Field(min_length=1)]
Prose = Annotated[str, AfterValidator(_prose), Field(min_length=1)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Positive = Annotated[int, Field(ge=1, le=10**15)]
ThresholdText = Annotated[Threshold, read_text(_threshold, Threshold), PlainSerializer(str, return_type=str)]
