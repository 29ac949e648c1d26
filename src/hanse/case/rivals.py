"""Who else may release near the frontier: a single sponsor, venture-funded startups, a non-profit; by the same lag law.

Each is open until something ends that: a sponsor's or a startup's change of strategy, a round that does not come, a grant that
is not renewed. A model that was released ages by twelve months a year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.chance import Luck
from hanse.case.lag import NEVER, lag
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
    starts = [_startup(p, chance, first_year, years, f"startup-{at}") for at in range(STARTUPS)]
    best = Rival(np.min([s.lag for s in starts], axis=0), np.any([s.open for s in starts], axis=0))
    return {
        "single sponsor": _sponsor(p, chance, first_year, years),
        "startup": best,
        "non-profit": _nonprofit(p, chance, first_year, years),
    }


def _aged(lags: Callable[[int], Floats], is_open: Bools) -> Rival:
    found = np.empty(is_open.shape)
    before = np.full(is_open.shape[1], NEVER)
    for year in range(len(is_open)):
        before = np.minimum(np.where(is_open[year], lags(year), NEVER), np.minimum(before + 12, NEVER))
        found[year] = before
    return Rival(found, is_open)


def _sponsor(p: Drawn, chance: Luck, first_year: float, years: int) -> Rival:
    """A flat program of which a part goes into the largest model; it may change its strategy in any year."""
    shifted = np.cumsum(chance.uniform("rival/sponsor", years) < p["sponsor_shift"], axis=0) > 0
    budget = p["sponsor_budget"] * p["sponsor_focus"]
    return _aged(lambda year: lag(p, budget, first_year + year), ~shifted)


def _startup(p: Drawn, chance: Luck, first_year: float, years: int, name: str) -> Rival:
    """Burn grows; when cash is gone a round must come, likelier the less it lags. Or it closes its best model."""
    rounds, shifts = chance.uniform(f"rival/{name}/round", years), chance.uniform(f"rival/{name}/shift", years)
    size = np.exp(0.5 * chance.normal(f"rival/{name}/size"))
    cash = p["startup_runway"] * chance.uniform(
        f"rival/{name}/cash"
    )  # somewhere between two rounds today, in years of burn
    is_open = np.empty((years, len(cash)), dtype=bool)
    alive = np.ones(len(cash), dtype=bool)

    def behind(year: int) -> Floats:
        burn = p["startup_budget"] * size * p["startup_growth"] ** (first_year + year - 2026.5)
        return lag(p, burn, first_year + year)

    for year in range(years):
        needs = cash < 1
        chance_of = p["refinancing"] * np.exp(-np.maximum(behind(year) - 6, 0) / 24)
        alive = alive & ~(needs & (rounds[year] > chance_of)) & (shifts[year] >= p["startup_shift"])
        cash = np.where(needs, cash + p["startup_runway"], cash) - 1
        is_open[year] = alive
    return _aged(behind, is_open)


def _nonprofit(p: Drawn, chance: Luck, first_year: float, years: int) -> Rival:
    """A grant of GRANT_YEARS that may be renewed; today somewhere within it."""
    age = np.floor(chance.uniform("rival/grant/age") * GRANT_YEARS)
    renewed = chance.uniform("rival/grant", years) < p["grant_renewal"]
    alive = np.ones(len(age), dtype=bool)
    is_open = np.empty((years, len(age)), dtype=bool)
    for year in range(years):
        due = (age + year) % GRANT_YEARS == GRANT_YEARS - 1
        is_open[year] = alive
        alive = alive & (~due | renewed[year])
    return _aged(lambda year: lag(p, p["grant_budget"], first_year + year), is_open)
