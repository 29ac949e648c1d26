"""What items to come would bring: the power of a comparison, and how many more items a verdict needs. Both are simulated, with
a seed; nothing here decides anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hanse.hedge.compare.betting import THETA, Array, log_factors, reaches

Counts: TypeAlias = NDArray[np.int64]

POWER_DRAWS = 2000
POWER_LOOKS_MAX = 1000
FORECAST_DRAWS = 200
TRUTHS = 2000
"""Truths from which those of a forecast are drawn."""
LOOK_GROWTH = 1.15
"""Forecasts look at numbers of items that grow by this."""
HORIZON_FACTOR = 100
"""Forecasts look so many times as far as the items that are there."""
HORIZON_MIN = 1000
STEPS = 20
"""Forecasts round differences to 1/20."""
PRIOR = 0.5
"""Jeffreys: half an item of each of better, same and worse stands for what was not seen yet."""
CHUNK = 1 << 22
"""Numbers held at once."""


@dataclass(frozen=True)
class Hypotheses:
    """The two hypotheses of a comparison."""

    margin: float
    error: float


@dataclass(frozen=True)
class Power:
    """How probably a comparison says "swap"."""

    items: int
    """After at most so many."""
    power: float
    standard_error: float
    """Of the simulation."""


@dataclass(frozen=True)
class Forecast:
    """How many more items until a verdict, if they are like those seen. None: more than `horizon`."""

    horizon: int
    low: int | None
    """One comparison in ten is done after so many."""
    median: int | None
    high: int | None
    """Nine in ten are."""
    swap: float
    """Share of them that say "swap"."""


def power(hypotheses: Hypotheses, values: Array, chances: Array, items: int, seed: int) -> Power:
    """Power for differences that take `values` with `chances`, within `items` items, looked at after each (or a thousand times)."""
    random = np.random.default_rng([seed, 1])
    looks = np.unique(np.linspace(1, items, min(items, POWER_LOOKS_MAX)).astype(np.int64))
    everyone = np.broadcast_to(chances, (POWER_DRAWS, len(values)))
    swap, against = passages(hypotheses, values, everyone, np.zeros(len(values), np.int64), looks, random)
    share = float(((swap < against) & (swap < len(looks))).mean())
    return Power(items, share, math.sqrt(share * (1 - share) / POWER_DRAWS))


def forecast(hypotheses: Hypotheses, differences: Array, seed: int) -> Forecast:
    """From the differences so far, without a verdict yet. The truth is drawn from what they leave open (Dirichlet), then items
    from the truth. Beforehand a truth is the likelier the farther from the margin: at the margin no number of items would do,
    and truths near it would make of every forecast the time that they take."""
    random = np.random.default_rng([seed, 2])
    values, seen = rounded(differences)
    truths = random.dirichlet(seen + np.where(np.isin(values, (-1.0, 0.0, 1.0)), PRIOR, 1e-9), TRUTHS)
    distance = np.abs(truths @ values + hypotheses.margin)
    chances = truths[random.choice(TRUTHS, FORECAST_DRAWS, p=distance / distance.sum())]
    horizon = max(HORIZON_MIN, HORIZON_FACTOR * len(differences))
    length = math.ceil(math.log(horizon, LOOK_GROWTH))
    looks = np.unique(np.append(np.floor(LOOK_GROWTH ** np.arange(length)).astype(np.int64), horizon))
    swap, against = passages(hypotheses, values, chances, seen, looks, random)
    first = np.sort(np.minimum(swap, against))
    at = [int(first[int(len(first) * part)]) for part in (0.1, 0.5, 0.9)]
    low, median, high = (int(looks[place]) if place < len(looks) else None for place in at)
    return Forecast(horizon, low, median, high, float(((swap < against) & (swap < len(looks))).mean()))


def rounded(differences: Array) -> tuple[Array, Counts]:
    """The different values, to 1/20, with -1, 0 and 1 among them, and how often each was seen."""
    whole = np.concatenate([np.rint(differences * STEPS), [-STEPS, 0, STEPS]])
    values, counts = np.unique(whole, return_counts=True)
    return values / STEPS, counts - np.isin(values, (-STEPS, 0, STEPS))


def passages(
    hypotheses: Hypotheses, values: Array, chances: Array, seen: Counts, looks: Counts, random: np.random.Generator
) -> tuple[Counts, Counts]:
    """For each row of `chances`: at which of `looks` (numbers of items after those `seen`) the test first says "swap", and at
    which "keep"; the number of looks when never."""
    steps = np.diff(looks, prepend=0)
    tables = [log_factors(values, -hypotheses.margin), log_factors(-values, hypotheses.margin)]
    found: list[list[Counts]] = [[], []]
    rows = max(1, CHUNK // (len(looks) * len(THETA)))
    for start in range(0, len(chances), rows):
        drawn = random.multinomial(steps, chances[start : start + rows, None, :])
        counts = (np.cumsum(drawn, axis=1) + seen).astype(np.float64)
        for side, table in zip(found, tables, strict=True):
            hit = reaches(counts @ table, hypotheses.error)
            side.append(np.where(hit.any(axis=1), hit.argmax(axis=1), len(looks)))
    return np.concatenate(found[0]), np.concatenate(found[1])
