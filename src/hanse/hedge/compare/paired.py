"""From the marks of both models on the same items: swap, keep, or how many more items it takes.

The substitute may be worse by less than `margin`, on average over items like these. Items are taken in an order drawn by seed,
as independent draws from the user's tasks. "swap" is said once a test of "the mean difference is at most -margin" rejects,
"keep" (the incumbent) once one of "it is at least -margin" does; both hold their error rate at whatever item one stops
(`betting`), so one may look after every item. Slices are tested against "not worse" in the same way, and Holm's step-down
(1979) keeps the chance of naming any slice wrongly at the error rate. Power and forecast are simulated by seed (`forecast`);
they decide nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np

from hanse.errors import InputError
from hanse.hedge.compare.betting import log_wealth, lower_bound, upper_bound
from hanse.hedge.compare.forecast import PRIOR, Forecast, Hypotheses, Power, forecast, power, rounded

Verdict: TypeAlias = Literal["swap", "keep", "more"]
DIGITS = 6
"""Significant, of a printed figure."""


@dataclass(frozen=True)
class Rule:
    """How a comparison is judged. Raises InputError for values out of range."""

    margin: Fraction
    """By less than this the substitute may be worse: a difference of mean marks, in (0, 1)."""
    items_max: int
    """How many items there are to measure."""
    error: Fraction = Fraction(1, 20)
    """The chance of "swap" when the substitute is worse by the margin or more, and of "keep" when it is not; in (0, 1/2)."""
    seed: int = 0
    """Of the order of items and of what is simulated."""

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise InputError(f"margin {self.margin}: expected a difference of mean marks above 0 and below 1, such as 1/50")
        if not 0 < self.error < Fraction(1, 2):
            raise InputError(f"error rate {self.error}: expected above 0 and below 1/2, such as 1/20")
        if self.items_max < 1 or self.seed < 0:
            raise InputError(f"items {self.items_max}, seed {self.seed}: expected at least 1 and at least 0")

    @property
    def hypotheses(self) -> Hypotheses:
        """As numbers to compute with."""
        return Hypotheses(float(self.margin), float(self.error))


@dataclass(frozen=True)
class Outcome:
    """The marks of one item. Raises InputError for marks outside [0, 1]."""

    item: str
    incumbent: float
    substitute: float
    slices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for who, mark in (("incumbent", self.incumbent), ("substitute", self.substitute)):
            if not 0 <= mark <= 1:
                raise InputError(f"item {self.item}: the {who}'s mark is {mark}, expected 0 to 1")

    @property
    def difference(self) -> float:
        """Of the substitute to the incumbent, in [-1, 1]."""
        return self.substitute - self.incumbent


@dataclass(frozen=True)
class Slice:
    """The items with one tag."""

    name: str
    items: int
    difference: float
    """Mean, 0 without items."""
    p: float
    """Of "the substitute is not worse here"; at any stopping time."""
    p_adjusted: float
    """Holm's, over all slices."""
    worse: bool
    """Whether the adjusted p is at most the error rate."""
    items_worse: tuple[str, ...]
    """On which items the substitute's mark is lower, in the order measured."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison found."""

    rule: Rule
    verdict: Verdict
    decided_at: int | None
    """After how many items; None for "more"."""
    items: int
    better: int
    worse: int
    incumbent: float
    """Mean mark."""
    substitute: float
    """Mean mark."""
    low: float
    """The mean difference is above this, but with probability `error`."""
    high: float
    """The mean difference is below this, but with probability `error`."""
    power: Power
    """Of a substitute that is exactly as good on average and differs as often as this one does."""
    forecast: Forecast | None
    """Of "more": how many."""
    slices: tuple[Slice, ...]

    def document(self) -> dict[str, Any]:
        """Plain JSON values; the keys are a public format."""
        rule = {**asdict(self.rule), "margin": str(self.rule.margin), "error": str(self.rule.error)}
        return printed({**asdict(self), "rule": rule, "difference": self.substitute - self.incumbent})  # type: ignore[no-any-return]

    def text(self) -> str:
        """The verdict in one line."""
        shown = f"difference {self.substitute - self.incumbent:+.3f}, between {self.low:+.3f} and {self.high:+.3f}"
        if self.forecast is None:
            return f"{self.verdict}: after {self.decided_at} items; {shown}"
        if self.forecast.median is None:
            return f"need more than {self.forecast.horizon} more items: too close to the margin; {shown}"
        high = "more" if self.forecast.high is None else self.forecast.high
        return f"need about {self.forecast.median} more items ({self.forecast.low} to {high}); {shown}"


def sequence(items: Iterable[str], seed: int) -> list[str]:
    """Items in the order to measure them: that of SHA-256 over the seed and the item's name, whatever order they come in.
    An item that is added moves no other."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\n{item}".encode()).digest())


def decide(differences: Sequence[float], rule: Rule) -> tuple[Verdict, int | None]:
    """The verdict on differences in the order measured, and after which of them it stood."""
    goal = -math.log(rule.error)
    margin = float(rule.margin)
    first: dict[Verdict, int] = {}
    for verdict, sign in (("swap", 1.0), ("keep", -1.0)):
        hit = log_wealth(sign * np.asarray(differences, dtype=np.float64), -sign * margin) >= goal
        if hit.any():
            first[verdict] = int(hit.argmax()) + 1  # type: ignore[index]
    if not first:
        return "more", None
    verdict_first = min(first, key=lambda name: first[name])
    return verdict_first, first[verdict_first]


def compare(outcomes: Sequence[Outcome], rule: Rule, slices: Iterable[str] = ()) -> Comparison:
    """Judge what was measured so far, given in any order: a prefix of `sequence`. `slices` names all there are, also those no
    item was measured of yet. Raises InputError for no outcomes or an item that stands twice."""
    by_name = {outcome.item: outcome for outcome in outcomes}
    if not outcomes or len(by_name) < len(outcomes):
        raise InputError(f"{len(outcomes)} outcomes of {len(by_name)} items: expected at least one, and one of each item")
    ordered = [by_name[item] for item in sequence(by_name, rule.seed)]
    differences = np.array([outcome.difference for outcome in ordered])
    verdict, at = decide(differences.tolist(), rule)
    low, high = _interval(differences, at, float(rule.error))
    return Comparison(
        rule=rule,
        verdict=verdict,
        decided_at=at,
        items=len(ordered),
        better=int((differences > 0).sum()),
        worse=int((differences < 0).sum()),
        incumbent=math.fsum(outcome.incumbent for outcome in ordered) / len(ordered),
        substitute=math.fsum(outcome.substitute for outcome in ordered) / len(ordered),
        low=low,
        high=high,
        power=_power_if_equal(differences, rule),
        forecast=forecast(rule.hypotheses, differences, rule.seed) if verdict == "more" else None,
        slices=_slices(ordered, slices, rule),
    )


def plan(rule: Rule, discordance: float, difference: float = 0.0) -> Power:
    """Power before anything is measured: `discordance` is the share of items on which right and wrong will differ, `difference`
    the true mean. Raises InputError where they contradict each other."""
    if not abs(difference) <= discordance <= 1:
        raise InputError(f"discordance {discordance}, difference {difference}: expected |difference| <= discordance <= 1")
    chances = np.array([(discordance - difference) / 2, 1 - discordance, (discordance + difference) / 2])
    return power(rule.hypotheses, np.array([-1.0, 0.0, 1.0]), chances, rule.items_max, rule.seed)


def _interval(differences: np.typing.NDArray[np.float64], at: int | None, error: float) -> tuple[float, float]:
    """Of all items, within that of the items which decided, so that it never contradicts the verdict."""
    low, high = lower_bound(differences, error), upper_bound(differences, error)
    if at is None:
        return low, high
    then = lower_bound(differences[:at], error), upper_bound(differences[:at], error)
    both = max(low, then[0]), min(high, then[1])
    return both if both[0] <= both[1] else then


def _power_if_equal(differences: np.typing.NDArray[np.float64], rule: Rule) -> Power:
    values, counts = rounded(differences)
    mirrored, back = rounded(-differences)
    everything = np.unique(np.concatenate([values, mirrored]))
    weights = np.zeros(len(everything))
    for some, seen in ((values, counts), (mirrored, back)):
        weights[np.searchsorted(everything, some)] += seen + PRIOR * np.isin(some, (-1.0, 0.0, 1.0))
    return power(rule.hypotheses, everything, weights / weights.sum(), rule.items_max, rule.seed)


def _slices(ordered: Sequence[Outcome], names: Iterable[str], rule: Rule) -> tuple[Slice, ...]:
    """Sorted, the worst first."""
    members: dict[str, list[Outcome]] = {name: [] for name in names}
    for outcome in ordered:
        for name in outcome.slices:
            members.setdefault(name, []).append(outcome)
    p = {name: _p_not_worse(inside) for name, inside in members.items()}
    adjusted = holm(p)
    return tuple(
        Slice(
            name=name,
            items=len(members[name]),
            difference=math.fsum(outcome.difference for outcome in members[name]) / max(1, len(members[name])),
            p=p[name],
            p_adjusted=adjusted[name],
            worse=adjusted[name] <= rule.error,
            items_worse=tuple(outcome.item for outcome in members[name] if outcome.difference < 0),
        )
        for name in sorted(members, key=lambda name: (p[name], name))
    )


def _p_not_worse(outcomes: Sequence[Outcome]) -> float:
    if not outcomes:
        return 1.0
    return math.exp(-max(0.0, float(log_wealth([-outcome.difference for outcome in outcomes], 0.0).max())))


def holm(p: dict[str, float]) -> dict[str, float]:
    """Adjusted so that rejecting what is at most `a` names any true hypothesis with probability at most `a`."""
    adjusted, top = {}, 0.0
    for place, name in enumerate(sorted(p, key=lambda name: (p[name], name))):
        top = max(top, min(1.0, p[name] * (len(p) - place)))
        adjusted[name] = top
    return adjusted


def printed(value: Any) -> Any:
    """Plain JSON values with every float to `DIGITS`."""
    if isinstance(value, dict):
        return {key: printed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printed(inner) for inner in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
