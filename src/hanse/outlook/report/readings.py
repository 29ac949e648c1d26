"""What the pages read out of an outlook's result: typed, bounded, and nothing where the result has nothing.

A result may come from a file that somebody else wrote, so whatever is missing, of the wrong kind or absurd is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hanse.outlook.catalogue.schema import SMALL_PARAMS_B
from hanse.outlook.rating import NEAR_MONTHS, TIERS
from hanse.outlook.supply import half_end, half_year, next_half
from hanse.page.values import Span, day, dig, mapping, number, rows, span, whole, words

Result = Mapping[str, Any]
COLUMNS_MAX = 12
"""Half-years a picture has room for; the tables show all."""
VERDICTS = ("holds", "does not hold", "cannot tell")
LICENSES = ("open", "metered", "research-only", "unknown")
STATES = ("forecast", "cannot rate", "left", "not near")
_HALF = re.compile(r"(19|20)\d\dH[12]")


def say_half(half: str) -> str:
    """The first half of 2026."""
    return f"the {'first' if half.endswith('1') else 'second'} half of {half[:4]}"


def is_half(value: object) -> bool:
    """Whether this is written like 2026H1."""
    return isinstance(value, str) and _HALF.fullmatch(value) is not None


@dataclass(frozen=True)
class Tiers:
    """Labs and releases per half-year."""

    halves: tuple[str, ...]
    """Columns, oldest first."""
    labs: dict[float, dict[str, Span]]
    """By months behind: labs with an open release at most so far behind."""
    releases: dict[str, dict[str, int]]
    """By tier, always all of `TIERS`; empty when releases were not counted."""
    rule: float
    small_b: float
    until: date | None

    @property
    def cut(self) -> str | None:
        """The half-year in which the scores end, unless they end on its last day."""
        if self.until is None or half_end(half_year(self.until)) == self.until:
            return None
        return half_year(self.until)

    def partly(self, half: str) -> bool:
        """Whether a half-year, or the rest of it, lies after the newest score."""
        return self.until is not None and half_end(half) > self.until

    @property
    def near(self) -> dict[str, Span]:
        """Labs by the rule."""
        return self.labs.get(self.rule, {})

    def compared(self) -> tuple[str, str | None] | None:
        """The last half-year that was rated to its end, and the one a year before, or else the first; None without any."""
        known = [half for half in self.halves if half in self.near and not self.partly(half)]
        if not known:
            return None
        before = next_half(known[-1], -2)
        return known[-1], before if before in known else known[0] if len(known) > 1 else None


def read_tiers(result: Result) -> Tiers | None:
    """None when neither labs nor releases were counted."""
    supply = mapping(result.get("supply"))
    rule = number(supply.get("near_months")) or float(NEAR_MONTHS)
    small = number(supply.get("small_params_b")) or SMALL_PARAMS_B
    labs = {}
    for key, by_half in mapping(supply.get("labs_within")).items():
        spans = {half: found for half, value in mapping(by_half).items() if is_half(half) and (found := span(value))}
        months = _months(key)
        if months is not None and spans:
            labs[months] = spans
    by_half = read_counts(result, "tier")
    releases = (
        {str(tier): {half: row.get(tier, 0) for half, row in by_half.items()} for tier in TIERS} if by_half else {}
    )
    columns = sorted(labs.get(rule) or by_half)
    if columns:  # releases that came after the last rated half-year are shown too, as what nobody can rate
        columns += sorted(half for half in by_half if half > columns[-1])
    if not columns:
        return None
    until = day(supply.get("rated_until")) or day(dig(result, "catalogue", "rated_until"))
    return Tiers(tuple(columns[-COLUMNS_MAX:]), labs, releases, rule, small, until)


def _months(key: object) -> float | None:
    try:
        return number(float(str(key)))
    except ValueError:
        return None


def read_counts(result: Result, kind: str) -> dict[str, dict[str, int]]:
    """Releases per half-year and tier, license, region or funding."""
    found = mapping(dig(result, "supply", "releases", kind))
    table = {
        half: {str(key): whole(value) for key, value in mapping(row).items()}
        for half, row in found.items()
        if is_half(half)
    }
    return {half: table[half] for half in sorted(table)}


@dataclass(frozen=True)
class Licenses:
    """Releases per half-year and license class."""

    table: dict[str, dict[str, int]]
    large: bool
    """Whether small releases are left out."""


def read_licenses(result: Result) -> Licenses:
    """Of large releases where the supply counts them, else of all."""
    large = read_counts(result, "license_large")
    return Licenses(large or read_counts(result, "license"), bool(large))


@dataclass(frozen=True)
class Dated:
    """A value on a day; `label` may be empty."""

    day: date
    value: float
    label: str = ""


def read_lag(result: Result) -> list[Dated]:
    """How far open weights were behind closed ones, in months, week by week."""
    return _dated(dig(result, "supply", "lag"), "months", "")


def read_small(result: Result) -> list[Dated]:
    """How far each best small open model was behind when it came out."""
    return _dated(dig(result, "supply", "best_small"), "months_behind", "release")


def _dated(value: Any, key: str, label: str) -> list[Dated]:
    found = []
    for row in rows(value):
        when, figure = day(row.get("day")), number(row.get(key))
        if when is not None and figure is not None:
            found.append(Dated(when, max(0.0, figure), words(row.get(label))))
    return sorted(found, key=lambda point: point.day)


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier curve: (months, share that has not ended)."""

    steps: tuple[tuple[float, Span], ...]
    spells: int
    ended: int
    median: float | None


def read_survival(result: Result) -> Survival | None:
    """None without a curve of two steps."""
    part = mapping(result.get("survival"))
    months, shares = part.get("months"), part.get("surviving")
    if not isinstance(months, list | tuple) or not isinstance(shares, list | tuple):
        return None
    pairs = [(number(m), span(s)) for m, s in zip(months, shares, strict=False)]
    steps = [(m, _unit(s)) for m, s in pairs if m is not None and s is not None and m >= 0]
    if len(steps) < 2:
        return None
    return Survival(
        tuple(sorted(steps, key=lambda step: step[0])),
        whole(part.get("spells")),
        whole(part.get("ended")),
        number(part.get("median")),
    )


def _unit(share: Span) -> Span:
    return Span(*(min(1.0, max(0.0, value)) for value in (share.value, share.low, share.high)))


def read_probability(row: Mapping[str, Any]) -> Span | None:
    """A forecast's probability within 0..1."""
    found = span(row.get("probability"))
    return None if found is None else _unit(found)


def claims_by_verdict(result: Result) -> dict[str, list[Mapping[str, Any]]]:
    """Claims under each of the three verdicts; one with another verdict, or none, is under none."""
    found: dict[str, list[Mapping[str, Any]]] = {verdict: [] for verdict in VERDICTS}
    for row in rows(result.get("claims")):
        if (verdict := words(row.get("verdict"))) in found:
            found[verdict].append(row)
    return found
