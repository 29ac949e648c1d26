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

from hanse.case.calibrate import Calibration
from hanse.case.levers import Effect
from hanse.case.outcome import CLOSE, NEAR, PERCENTS, Band, Chances, MemberOutcome, Outcome, standard_error
from hanse.case.parameters import Range
from hanse.case.sensitivity import Influence
from hanse.case.stability import AS_WRITTEN, FirstYear
from hanse.case.terms import Terms

FORMAT = "hanse-case/1"
Z90 = 1.6449
"""Standard errors on each side of a 90% interval."""
SIGNIFICANT = 6
SOURCES = {
    "draws": "share or percentile of the simulated draws, all of which have parameters from their ranges and luck of their own",
    "founded draws": "the same, of the draws in which the consortium is founded",
    "paired draws": "difference of two charters' shares in the same draws, with the error of the difference",
    "first-year game": "the first year as a cooperative game at the central values of all parameters; no range of its own",
    "Sobol": "indices of the lag in year 5, at most 36 months, over all ranges and chance; errors by resampling",
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
    first_year: FirstYear | None = None
    """Off: None (not asked for, like the next two)."""
    effects: tuple[Effect, ...] | None = None
    effect_draws: int = 0
    sensitivity: tuple[Influence, ...] | None = None

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
            "first_year": None if self.first_year is None else _first_year(self.first_year),
            "effects": None if self.effects is None else [_effect(item, self.effect_draws) for item in self.effects],
            "sensitivity": None if self.sensitivity is None else [influence(item) for item in self.sensitivity],
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
    calibration: Calibration | None = None
    """What the same ranges say of history. Off: None (not asked)."""

    def document(self) -> Document:
        """Plain values for JSON; the same result is always the same document."""
        return {
            "format": FORMAT, "draws": self.draws, "seed": self.seed, "preset": self.preset,
            "near_months": NEAR, "close_months": CLOSE, "interval": "90%", "sources": SOURCES,
            "charters": [case.document() for case in self.cases],
            "parameters": [asdict(item) for item in self.ranges],
            "calibration": None if self.calibration is None else _listed(self.calibration.document()),
        }  # fmt: skip


def _listed(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


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
        "yearly": [amounts(band, "USD/yr", "founded draws") for band in member.yearly],
        "bill": {option: money(band) for option, band in member.bill.items()},
        "net": {option: money(band) for option, band in member.net.items()},
        "best": {option: chance(share, founded, "founded draws") for option, share in member.best.items()},
    }  # fmt: skip


def _first_year(game: FirstYear) -> Document:
    def each(values: dict[str, float], errors: dict[str, float] | None = None) -> Document:
        found = {}
        for name, value in values.items():
            error = Z90 * errors[name] if errors else 0.0
            found[name] = quantity(value, value - error, value + error, "USD/yr", "first-year game")
        return found

    def money(value: float) -> Document:
        return quantity(value, value, value, "USD/yr", "first-year game")

    return {
        "own_rule": AS_WRITTEN, "source": "first-year game", "exact": game.exact, "note": game.note,
        "benefits": each(game.benefits), "costs": each(game.costs), "run": money(game.run), "surplus": money(game.value),
        "shapley": each(game.shapley, game.shapley_error),
        "nucleolus": None if game.nucleolus is None else each(game.nucleolus),
        "least_core": each(game.least_core), "least_gain": money(game.least_gain),
        "rules": {rule: {"pays": each(paid), "in_core": game.in_core[rule], "deviating": list(game.deviating[rule])}
                  for rule, paid in game.sharing.items()},
    }  # fmt: skip


def _effect(effect: Effect, draws: int) -> Document:
    change, error = effect.near - effect.near_before, Z90 * effect.error
    return {
        "clause": effect.clause, "says": effect.change,
        "change": quantity(change, change - error, change + error, "chance", "paired draws"),
        "near": chance(effect.near, draws), "near_before": chance(effect.near_before, draws),
        "founded": chance(effect.founded, draws),
        "stays": chance(effect.stays, round(draws * effect.founded), "draws in which it signs"),
        "less_there": {name: {"value": shown(value), "unit": "chance", "source": "paired draws"}
                       for name, value in effect.for_whom.items()},
    }  # fmt: skip


def influence(found: Influence) -> Document:
    """One factor's Sobol indices."""

    def index(value: float, error: float) -> Document:
        return quantity(value, value - Z90 * error, value + Z90 * error, "share of variance", "Sobol")

    return {
        "parameter": found.parameter, "first": index(found.first, found.first_error),
        "total": index(found.total, found.total_error), "near_first": index(found.near_first, found.near_first_error),
        "near_total": index(found.near_total, found.near_total_error),
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
