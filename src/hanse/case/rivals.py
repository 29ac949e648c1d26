"""Who else may release near the frontier: a single sponsor, venture-funded startups, a non-profit; by the same lag law.

Each is open until something ends that: a sponsor's or a startup's change of strategy, a round that does not come, a grant that
is not renewed. A model that was released ages by twelve months a year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.chance import Luck
from hanse.case.lag import ANCHOR_TIME, NEVER, lag
from hanse.case.parameters import Drawn

STARTUPS = 3
"""Open labs within 9 months in the first half of 2026, of those a venture fund pays (economics.md section 1)."""
GRANT_YEARS = 5


@dataclass(frozen=True)
class Rival:
    """Lag in months [years, d] of the newest open release, and whether it still releases [years, d]."""

    lag: Floats
    open: Bools


def rivals(p: Drawn, chance: Luck, first_year: float, years: int) -> dict[str, Rival]:
    """By structure; `startup` is the best of STARTUPS."""
    times = [first_year + year for year in range(years)]
    starts = [startup(p, chance, times, f"startup-{at}") for at in range(STARTUPS)]
    best = Rival(np.min([s.lag for s in starts], axis=0), np.any([s.open for s in starts], axis=0))
    budget = p["sponsor_budget"] * p["sponsor_focus"]
    return {
        "single sponsor": sponsor(p, chance, times, "sponsor", lambda time: budget),
        "startup": best,
        "non-profit": _nonprofit(p, chance, times),
    }


def burn(p: Drawn, chance: Luck, name: str) -> Callable[[float], Floats]:
    """USD a year of one venture-funded lab at a time in years: labs differ, and all grow, from 2026 on at another rate."""
    today = p["startup_budget"] * np.exp(p["startup_spread"] * chance.normal(f"rival/{name}/size"))
    return lambda time: today * p["startup_growth" if time > ANCHOR_TIME else "startup_past_growth"] ** (time - ANCHOR_TIME)


def _aged(behind: Callable[[float], Floats], times: Sequence[float], is_open: Bools) -> Rival:
    found = np.empty(is_open.shape)
    before = np.full(is_open.shape[1], NEVER)
    for at, time in enumerate(times):
        before = np.minimum(np.where(is_open[at], behind(time), NEVER), np.minimum(before + 12 * _step(times), NEVER))
        found[at] = before
    return Rival(found, is_open)


def _step(times: Sequence[float]) -> float:
    """Years from one time to the next."""
    return times[1] - times[0] if len(times) > 1 else 1.0


def _within(yearly: Floats, step: float) -> Floats:
    """The chance of something within a step, from its chance within a year."""
    found: Floats = 1 - (1 - yearly) ** step
    return found


def sponsor(p: Drawn, chance: Luck, times: Sequence[float], name: str, budget: Callable[[float], Floats]) -> Rival:
    """A program of a large company, at even steps of time; it may change its strategy at any of them, once and for all."""
    luck = chance.uniform(f"rival/{name}", len(times))
    shifted = np.cumsum(luck < _within(p["sponsor_shift"], _step(times)), axis=0) > 0
    return _aged(lambda time: lag(p, budget(time), time), times, ~shifted)


def startup(p: Drawn, chance: Luck, times: Sequence[float], name: str) -> Rival:
    """Burn grows; when cash is gone a round must come, likelier the less it lags. Or it closes its best model."""
    step = _step(times)
    rounds, shifts = (chance.uniform(f"rival/{name}/{what}", len(times)) for what in ("round", "shift"))
    # somewhere between two rounds at first, in years of burn
    cash = p["startup_runway"] * chance.uniform(f"rival/{name}/cash")
    is_open = np.empty((len(times), len(cash)), dtype=bool)
    alive = np.ones(len(cash), dtype=bool)
    money = burn(p, chance, name)

    def behind(time: float) -> Floats:
        return lag(p, money(time), time)

    for at, time in enumerate(times):
        needs = cash < step
        chance_of = p["refinancing"] * np.exp(-np.maximum(behind(time) - 6, 0) / 24)
        alive = alive & ~(needs & (rounds[at] > chance_of)) & (shifts[at] >= _within(p["startup_shift"], step))
        cash = np.where(needs, cash + p["startup_runway"], cash) - step
        is_open[at] = alive
    return _aged(behind, times, is_open)


def _nonprofit(p: Drawn, chance: Luck, times: Sequence[float]) -> Rival:
    """A grant of GRANT_YEARS that may be renewed; today somewhere within it."""
    age = np.floor(chance.uniform("rival/grant/age") * GRANT_YEARS)
    renewed = chance.uniform("rival/grant", len(times)) < p["grant_renewal"]
    alive = np.ones(len(age), dtype=bool)
    is_open = np.empty((len(times), len(age)), dtype=bool)
    for year in range(len(times)):
        due = (age + year) % GRANT_YEARS == GRANT_YEARS - 1
        is_open[year] = alive
        alive = alive & (~due | renewed[year])
    return _aged(lambda time: lag(p, p["grant_budget"], time), times, is_open)
