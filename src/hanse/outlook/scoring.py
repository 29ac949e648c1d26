"""How good probabilities were: Brier score (Brier 1950), its skill, and calibration (Murphy 1973)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hanse.outlook.estimate import DRAWS, SEED, Interval, bootstrap_mean


@dataclass(frozen=True)
class Forecast:
    """A probability given on a day for one lab, and what happened."""

    at: str
    lab: str
    probability: float
    happened: bool


@dataclass(frozen=True)
class Bin:
    """Forecasts of like probability: what was said on average, and how often it happened."""

    low: float
    high: float
    count: int
    said: float
    happened: float


def brier(forecasts: Sequence[Forecast]) -> float:
    """Mean squared distance of probability and outcome: 0 is perfect, 0.25 is always saying one half.

    Raises ValueError without forecasts or for a probability outside [0, 1].
    """
    if not forecasts:
        raise ValueError("no forecasts to score")
    if any(not 0 <= f.probability <= 1 for f in forecasts):
        raise ValueError("a probability lies outside 0..1")
    return float(np.mean([(f.probability - f.happened) ** 2 for f in forecasts]))


def against(
    forecasts: Sequence[Forecast], baseline: Sequence[Forecast], draws: int = DRAWS, seed: int = SEED
) -> Interval:
    """Brier score of the baseline less that of the forecasts, paired; above zero the forecasts are better.

    Raises ValueError when the two speak of different things.
    """
    if [(f.at, f.lab, f.happened) for f in forecasts] != [(b.at, b.lab, b.happened) for b in baseline]:
        raise ValueError("forecasts and baseline speak of different things")
    gains = [
        (b.probability - b.happened) ** 2 - (f.probability - f.happened) ** 2
        for f, b in zip(forecasts, baseline, strict=True)
    ]
    return bootstrap_mean(gains, draws, seed)


def calibration(forecasts: Sequence[Forecast], bins: int = 5) -> list[Bin]:
    """Forecasts in bins of equal width; empty bins are left out."""
    found = []
    for at in range(bins):
        low, high = at / bins, (at + 1) / bins
        inside = [f for f in forecasts if low <= f.probability < high or (at == bins - 1 and f.probability == 1)]
        if inside:
            said = float(np.mean([f.probability for f in inside]))
            found.append(Bin(low, high, len(inside), said, float(np.mean([f.happened for f in inside]))))
    return found


def calibration_error(forecasts: Sequence[Forecast], bins: int = 5) -> float:
    """Mean distance of said and happened over the bins, weighted by their counts."""
    return sum(b.count * abs(b.said - b.happened) for b in calibration(forecasts, bins)) / len(forecasts)
