"""A claim, what was found for it, and how the two readings of the rows make one verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hanse.outlook.catalogue.schema import Label
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import Interval

Verdict = Literal["holds", "does not hold", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """One reading of the rows."""

    verdict: Verdict
    figure: str
    """The deciding figure with its interval, as a sentence."""
    estimate: Interval | None
    data: str
    """Tables and number of rows it rests on."""
    as_of: date
    rule: str
    """When it holds, and when it does not; else it cannot be told."""
    notes: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    """Ids of rows one would look at first."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        numbers = self.estimate.as_json() if self.estimate else {"value": None, "low": None, "high": None}
        return {
            "verdict": self.verdict,
            "figure": self.figure,
            "data": self.data,
            "as_of": self.as_of.isoformat(),
            "rule": self.rule,
            "notes": list(self.notes),
            "rows": list(self.rows),
        } | {key: None if value is None or abs(value) == float("inf") else value for key, value in numbers.items()}


@dataclass(frozen=True)
class Question:
    """A claim as argued, in our words, and the test it is put to."""

    number: int
    claim: str
    label: Label
    test: Callable[[Catalogue], Finding]


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict on all rows and on verified rows only."""

    number: int
    claim: str
    label: Label
    all: Finding
    verified: Finding

    @property
    def verdict(self) -> Verdict:
        """What both readings say; where they differ it cannot be told."""
        return self.all.verdict if self.all.verdict == self.verified.verdict else "cannot tell"

    @property
    def why(self) -> str:
        """The deciding figure, or that the readings differ."""
        if self.all.verdict == self.verified.verdict:
            return self.all.figure
        return f"all rows: {self.all.verdict}, verified rows: {self.verified.verdict}. {self.all.figure}"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "number": self.number,
            "claim": self.claim,
            "label": self.label,
            "verdict": self.verdict,
            "why": self.why,
            "all": self.all.as_json(),
            "verified": self.verified.as_json(),
        }


def sign_verdict(estimate: Interval, wanted: int) -> Verdict:
    """Holds when the interval lies on the wanted side of zero (+1 or -1), does not when on the other."""
    if estimate.above_zero:
        return "holds" if wanted > 0 else "does not hold"
    if estimate.below_zero:
        return "holds" if wanted < 0 else "does not hold"
    return "cannot tell"
