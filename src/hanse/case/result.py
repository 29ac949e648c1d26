"""Everything that `hanse case` found, as one document: the page, the terminal and JSON read nothing else.

A chance is {value, low, high, unit, source}: low and high are its 90% interval from the number of draws. An amount is {p5, p25,
p50, p75, p95, unit, source}: percentiles over the draws, which have the ranges of `parameters` in them. `source` is a key of
`sources`. docs/case.md names every key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, log10
from typing import Any

import numpy as np

from hanse.case.outcome import CLOSE, NEAR, PERCENTS, Band, Chances, MemberOutcome, Outcome, standard_error
from hanse.case.parameters import Range
from hanse.case.terms import Terms

FORMAT = "hanse-case/1"
Z90 = 1.6449
"""Standard errors on each side of a 90% interval."""
SIGNIFICANT = 6
SOURCES = {
    "draws": "share or percentile of the simulated draws, all of which have parameters from their ranges and luck of their own",
    "founded draws": "the same, of the draws in which the consortium is founded",
    "draws in which it signs": "the same, of the draws in which this member is a founder",
    "draws in which it is not there at the end": "the same, of the draws in which this member never signs, leaves, or is left over",
}
Document = dict[str, Any]


@dataclass(frozen=True)
class CharterCase:
    """One charter: where it is from, what the engine read of it, and what came of it."""

    file: str
    digest: str
    """Of the charter; "" when it did not come from one."""
    terms: Terms
    outcome: Outcome

    def document(self) -> Document:
        outcome = self.outcome
        draws, founded = outcome.draws, round(outcome.draws * outcome.founded)
        return {
            "name": outcome.name, "file": self.file, "digest": self.digest, "years": list(outcome.years),
            "founded": chance(outcome.founded, draws),
            "close": _chances(outcome.close),
            "structures": {
                name: {"near": _chances(found.near), "going": _chances(found.going),
                       "lag": [None if band is None else amounts(band, "months", "draws") for band in found.lag]}
                for name, found in outcome.structures.items()
            },
            "budget": [amounts(band, "USD/yr", "founded draws") for band in outcome.budget],
            "members_there": [amounts(band, "members", "founded draws") for band in outcome.members],
            "largest_share": amounts(outcome.largest_share, "share of the first year's budget", "founded draws"),
            "kinds": kinds(self.terms),
            "members": [_member(member, draws, founded) for member in outcome.member],
        }  # fmt: skip


@dataclass(frozen=True)
class CaseResult:
    """One case, or several charters under the same luck."""

    draws: int
    seed: int
    preset: str
    """Stands in for what no private file says."""
    cases: tuple[CharterCase, ...]
    ranges: tuple[Range, ...]

    def document(self) -> Document:
        """Plain values for JSON; the same result is always the same document."""
        return {
            "format": FORMAT, "draws": self.draws, "seed": self.seed, "preset": self.preset,
            "near_months": NEAR, "close_months": CLOSE, "interval": "90%", "sources": SOURCES,
            "charters": [case.document() for case in self.cases],
            "parameters": [asdict(item) for item in self.ranges],
        }  # fmt: skip


def chance(share: float, draws: int, source: str = "draws") -> Document:
    """A share of so many draws with its 90% interval."""
    error = Z90 * standard_error(share, draws)
    return quantity(share, max(0.0, share - error), min(1.0, share + error), "chance", source)


def quantity(value: float, low: float, high: float, unit: str, source: str) -> Document:
    """A value with its range."""
    return {"value": shown(value), "low": shown(low), "high": shown(high), "unit": unit, "source": source}


def amounts(band: Band, unit: str, source: str) -> Document:
    """Percentiles over the draws."""
    named: Document = {f"p{percent}": shown(value) for percent, value in zip(PERCENTS, band, strict=True)}
    return named | {"unit": unit, "source": source}


def shown(value: float) -> float:
    """To so many digits as can be read; forecasts have fewer that mean anything."""
    if value == 0 or not isfinite(value):
        return float(value)
    return round(float(value), SIGNIFICANT - 1 - int(log10(abs(value)) // 1))


def _chances(found: Chances) -> list[Document]:
    return [
        quantity(share, max(0.0, share - Z90 * error), min(1.0, share + Z90 * error), "chance", "draws")
        for share, error in zip(found.by_year, found.error, strict=True)
    ]


def _member(member: MemberOutcome, draws: int, founded: int) -> Document:
    signing = round(member.signs * draws)
    away = draws - round(member.signs * member.stays[-1] * draws)  # and those that it never signed

    def money(band: Band) -> Document:
        return amounts(band, "USD", "founded draws")

    return {
        "name": member.name,
        "signs": chance(member.signs, draws),
        "stays": [chance(share, signing, "draws in which it signs") for share in member.stays],
        "leaves_first": chance(member.leaves_first, founded, "founded draws"),
        "reasons": {why: chance(share, away, "draws in which it is not there at the end")
                    for why, share in member.reasons.items()},
        "paid": money(member.paid),
        "bill": {option: money(band) for option, band in member.bill.items()},
        "net": {option: money(band) for option, band in member.net.items()},
        "best": {option: chance(share, founded, "founded draws") for option, share in member.best.items()},
    }  # fmt: skip


def kinds(terms: Terms) -> list[list[str]]:
    """Members that the engine cannot tell apart but by their luck, in the charter's order: fifty companies are few kinds."""
    found: dict[bytes, list[str]] = {}
    for at, name in enumerate(terms.names):
        found.setdefault(_row(terms, at), []).append(name)
    return list(found.values())


def _row(terms: Terms, at: int) -> bytes:
    """Whatever the engine reads of one member."""
    demand = terms.demand
    parts: Sequence[Any] = (
        terms.cash[at], terms.in_kind[at], terms.base[at], terms.wishes[at], terms.wishing[at], demand.tokens[at],
        demand.growth[at], demand.control[at], demand.early_month[at], demand.own_tasks[at], demand.known[at],
        terms.dues.class_dues[at] if terms.dues else 0.0,
    )  # fmt: skip
    return b"".join(np.asarray(part, dtype=float).tobytes() for part in parts)
