"""Estimates with intervals: the few statistics everything here uses. All intervals are 90% unless said otherwise.

Randomness is an argument (a seed), so a figure that is printed twice is the same figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEVEL = 0.90
Z = 1.6448536269514722
DRAWS = 2000
SEED = 20260819
"""The vintage of the shipped scores; any other gives other draws of the same distribution."""


@dataclass(frozen=True)
class Interval:
    """A value between `low` and `high`."""

    value: float
    low: float
    high: float

    @property
    def above_zero(self) -> bool:
        return self.low > 0

    @property
    def below_zero(self) -> bool:
        return self.high < 0

    def as_json(self) -> dict[str, float]:
        """Rounded to six digits: equal on every machine that agrees to that."""
        return {"value": _round(self.value), "low": _round(self.low), "high": _round(self.high)}

    def say(self, digits: int = 1, unit: str = "") -> str:
        """As people read it: 4.2 [3.9, 5.1] months."""
        tail = f" {unit}" if unit else ""
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]{tail}"


def _round(value: float) -> float:
    return float(f"{value:.6g}") if math.isfinite(value) else value


def percentiles(value: float, draws: Array, level: float = LEVEL) -> Interval:
    """The percentile interval of draws around the value computed without drawing."""
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(draws, [tail, 100 - tail])
    return Interval(float(value), float(low), float(high))


def resample(count: int, draws: int, seed: int) -> Array:
    """Bootstrap weights: shape (draws, count), each row how often every unit was drawn with replacement."""
    random = np.random.default_rng(seed)
    return random.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)


def bootstrap_mean(values: Sequence[float], draws: int = DRAWS, seed: int = SEED) -> Interval:
    """Mean with the percentile bootstrap over its values."""
    array = np.asarray(values, dtype=np.float64)
    weights = resample(len(array), draws, seed)
    return percentiles(float(array.mean()), weights @ array / len(array))


def bootstrap_slope(
    x: Sequence[float], y: Sequence[float], units: Sequence[int] | None = None, draws: int = DRAWS, seed: int = SEED
) -> Interval:
    """Least-squares slope of y over x, resampling points, or whole units (labs) when `units` numbers them.

    Raises ValueError with fewer than three points or one x.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(xs) < 3 or np.ptp(xs) == 0:
        raise ValueError(f"a slope needs three points with different x, got {len(xs)}")
    groups = np.arange(len(xs)) if units is None else np.asarray(units)
    weights = resample(int(groups.max()) + 1, draws, seed)[:, groups]
    slopes = _slopes(xs, ys, weights)
    return percentiles(float(_slopes(xs, ys, np.ones((1, len(xs))))[0]), slopes[np.isfinite(slopes)])


def _slopes(x: Array, y: Array, weights: Array) -> Array:
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        across = x - weights @ x[:, None] / total
        up = y - weights @ y[:, None] / total
        slopes: Array = (weights * across * up).sum(axis=1) / (weights * across**2).sum(axis=1)
    return slopes.round(12)  # a level line has the slope 0, not the rounding error on one side of it


def wilson(hits: int, trials: int, z: float = Z) -> Interval:
    """A share with Wilson's score interval (Wilson 1927). Raises ValueError without trials."""
    if trials <= 0 or not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no share")
    share = hits / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Interval(share, max(0.0, low) if hits else 0.0, min(1.0, high) if hits < trials else 1.0)


def difference(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """Second share less the first, each (hits, trials), by Newcombe's method 10 (Newcombe 1998)."""
    a, b = wilson(*first), wilson(*second)
    value = b.value - a.value
    low = value - math.hypot(b.value - b.low, a.high - a.value)
    high = value + math.hypot(b.high - b.value, a.value - a.low)
    return Interval(value, max(-1.0, low), min(1.0, high))
