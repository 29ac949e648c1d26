"""Parameters that history says more about than anybody's guess: what was searched, where, and what was found.

Run once; parameters.py holds the values as "fit:...", and a test runs it again. Searches start from a belief (PRIORS: what a source
or we said before looking) and move it as far as the targets ask: the sum of squared misses, in units of half a target's width,
and of squared moves of the logarithm, in units of the belief's own standard deviation, is smallest on a grid of two digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.chance import Chance
from hanse.case.history import again
from hanse.case.history.record import HALVES, Stops, budget_of, contenders, lag_of, near_counts, rounds, stops
from hanse.case.lag import ANCHOR_TIME, budget_for, lag
from hanse.case.parameters import PARAMETERS, Range, central, replaced
from hanse.case.population import near
from hanse.outlook.catalogue.tables import Catalogue

LAG_WIDTH, LABS_WIDTH, KEPT_WIDTH = 2.0, 1.0, 2.0
"""Months, labs and members by which a target may be missed."""
KEPT = 11
"""Members that SEMATECH kept of its 14."""
SPONSOR_LAG = (11.0, 9.0, 16.0)
"""Months of single sponsors' largest open models in 2026: value, low, high (parameters.csv: open-lag-nonchinese)."""
LAG_YEARS = (2025, 2026)
"""Years whose lag the law is fitted to; 2024 is held out."""
COUNT_HALVES = HALVES[:3]
"""Half-years whose labs the startups are fitted to; 2026 is held out."""
NEAR = 9.0
DRAWS = 400

PRIORS = {item.name: item for item in (
    Range("anchor_budget", 1.5e9, 0.5e9, 2.5e9, "USD/yr", "near-frontier-open-lab-annual-cost-2026", "", "log"),
    Range("startup_budget", 1.0e9, 0.5e9, 1.8e9, "USD/yr", "assumption", "", "log"),
    Range("startup_past_growth", 2.0, 1.3, 3.0, "x/yr", "budget_of 2024 against 2026", "", "log"),
)}  # fmt: skip
SHIFT_PRIOR = {"sponsor_shift": 0.1, "startup_shift": 0.12}
SHIFT_WEIGHT = 2.0
"""Stops that the belief about a yearly chance is worth."""
REFINANCING_PRIOR = (8.5, 1.5)
"""Rounds that came and that did not, which the belief is worth."""
HAZARD_PRIOR = 0.05
"""SEMATECH's own exits over its years, from before the model told costs apart (parameters.csv: member-exit-hazard)."""
SPREAD = 1.3
"""Factor within which what was fitted to counts of labs is taken to be known: five counts of five tell no more."""
Fitted = dict[str, tuple[float, float, float]]
"""Value, low, high by parameter."""


def fit(catalogue: Catalogue) -> Fitted:
    """Everything that is fitted, in the order in which one fit stands on another."""
    found: Fitted = {}
    found |= _lag_law(catalogue, _with(found))
    found |= _sponsor(_with(found))
    found |= hazards(stops(catalogue, "bigtech"), stops(catalogue, "startup"), rounds(catalogue))
    found |= _startups(catalogue, _with(found))
    found |= _members(_with(found))
    return found


def _with(found: Fitted) -> tuple[Range, ...]:
    return replaced(PARAMETERS, found, "fit")


def two(value: float) -> float:
    """Rounded to two digits that count: more are not to be had from so little."""
    return float(f"{value:.1e}")


@dataclass(frozen=True)
class _Belief:
    """The logarithm of a prior: its value and the standard deviation of its triangle."""

    range: Range

    @property
    def deviation(self) -> float:
        low, mode, high = np.log([self.range.low, self.range.value, self.range.high])
        return float(np.sqrt((low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18))

    def grid(self, steps: int) -> list[float]:
        return sorted({two(value) for value in np.geomspace(self.range.low, self.range.high, steps)})

    def moved(self, value: float) -> float:
        return float(np.log(value / self.range.value) / self.deviation)


def _search(names: tuple[str, ...], steps: int, misses: Callable[[dict[str, float]], list[float]]) -> dict[str, float]:
    """The point of the grid over priors with the smallest sum of squares."""
    beliefs = [_Belief(PRIORS[name]) for name in names]
    best, chosen = np.inf, {name: PRIORS[name].value for name in names}
    for values in product(*(belief.grid(steps) for belief in beliefs)):
        point = dict(zip(names, values, strict=True))
        off = [*misses(point), *(belief.moved(value) for belief, value in zip(beliefs, values, strict=True))]
        if (total := float(np.sum(np.square(off)))) < best:
            best, chosen = total, point
    return chosen


def _lag_law(catalogue: Catalogue, base: tuple[Range, ...]) -> Fitted:
    """The anchor, from the lags of LAG_YEARS with the budgets of their best open labs. Anchor budget and anchor lag are one
    degree of freedom, so the lag stays."""
    facts = [(year, np.array([budget_of(catalogue, year)[0]]), lag_of(catalogue, year)) for year in LAG_YEARS]

    def misses(point: dict[str, float]) -> list[float]:
        p = dict(central(base)) | {name: np.array([value]) for name, value in point.items()}
        return [float(lag(p, budget, year + 0.5)[0] - months) / (LAG_WIDTH / 2) for year, budget, months in facts]

    return {name: (value, PRIORS[name].low, PRIORS[name].high)
            for name, value in _search(("anchor_budget",), 400, misses).items()}  # fmt: skip


def _sponsor(base: tuple[Range, ...]) -> Fitted:
    """The part of a single sponsor's program that goes into its largest model: what the law asks for its lag."""
    p = central(base)
    value, most, least = (two(float((budget_for(p, np.array([months]), ANCHOR_TIME) / p["sponsor_budget"])[0]))
                          for months in SPONSOR_LAG)  # fmt: skip
    return {"sponsor_focus": (value, least, most)}


def hazards(companies: Stops, startups: Stops, came: int) -> Fitted:
    """Chances from counts: Gamma and Beta distributions that start from a belief, their means and 5 and 95 percent."""
    from scipy.special import betaincinv, gammaincinv

    found: Fitted = {}
    for name, seen in (("sponsor_shift", companies), ("startup_shift", startups)):
        events = SHIFT_WEIGHT + seen.stopped
        years = SHIFT_WEIGHT / SHIFT_PRIOR[name] + seen.lab_years
        low, high = gammaincinv(events, np.array([0.05, 0.95])) / years
        found[name] = (two(events / years), two(low), two(high))
    a, b = REFINANCING_PRIOR[0] + came, REFINANCING_PRIOR[1]
    low, high = betaincinv(a, b, np.array([0.05, 0.95]))
    found["refinancing"] = (two(a / (a + b)), two(low), two(high))
    return found


def _startups(catalogue: Catalogue, base: tuple[Range, ...]) -> Fitted:
    """Burn of a typical contender and its growth, from the labs near the frontier in COUNT_HALVES: the mean over draws of
    everything else that is uncertain."""
    counts, labs = near_counts(catalogue), contenders(catalogue)
    times = half_times()
    chance = Chance(1, 0, DRAWS)

    def misses(point: dict[str, float]) -> list[float]:
        mean = near(chance.parameters(replaced(base, spread(point), "fit")), chance, times, labs, NEAR).mean(axis=1)
        return [float(mean[HALVES.index(half)] - counts[half]) / (LABS_WIDTH / 2) for half in COUNT_HALVES]

    def spread(point: dict[str, float]) -> Fitted:
        return {name: (value, two(value / SPREAD), two(value * SPREAD)) for name, value in point.items()}

    return spread(_search(("startup_budget", "startup_past_growth"), 15, misses))


def half_times() -> list[float]:
    """Middles of HALVES, in years."""
    return [int(half[:4]) + (0.25 if half.endswith("1") else 0.75) for half in HALVES]


def _members(base: tuple[Range, ...]) -> Fitted:
    """The hazard of exits that have nothing to do with cost, from SEMATECH: among values for which the median of members kept is
    nearest to KEPT, the one nearest to the belief."""
    low, high = next((item.low, item.high) for item in PARAMETERS if item.name == "exit_hazard")

    def off(hazard: float) -> tuple[float, float]:
        ranges = replaced(base, {"exit_hazard": (hazard, hazard, hazard)}, "fit")
        return abs(float(np.median(kept(DRAWS, 1, ranges))) - KEPT), abs(hazard - HAZARD_PRIOR)

    return {"exit_hazard": (min((two(value) for value in np.arange(low, high, 0.01)), key=off), low, high)}


def kept(draws: int, seed: int, ranges: tuple[Range, ...]) -> Floats:
    """Members of SEMATECH in the engine's last year, of draws in which it is founded. The engine has eight years, not nine;
    SEMATECH lost its three by the sixth, so that it had as many after eight."""
    traces = list(again("sematech", draws, seed, ranges))
    found = [trace.members[-1][trace.founded] for trace in traces]
    return np.concatenate(found)
