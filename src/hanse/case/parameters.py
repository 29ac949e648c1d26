"""Every number of the case that is not the charter's or a member's own: value, range, unit, source.

A range is a triangular distribution with the value as its mode, on the number itself or, for growth rates and money, on its
logarithm. `source` is the id of a row of the outlook's parameters table, "fit:..." for what fit.py found in history, or says that
it is an assumption of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hanse.case.arrays import Floats
from hanse.errors import CaseError

Drawn = Mapping[str, Floats]
"""By parameter name: one value a draw, shape [draws]."""


@dataclass(frozen=True)
class Range:
    """One uncertain number."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    means: str
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise CaseError(f"parameter {self.name}: value {self.value:g} is not within {self.low:g} to {self.high:g}")
        if self.scale == "log" and self.low <= 0:
            raise CaseError(f"parameter {self.name}: low {self.low:g} must be above 0: it is a factor or an amount")

    def at(self, uniform: Floats) -> Floats:
        """Values at quantiles in [0, 1]: the inverse of the triangular distribution."""
        low, mode, high = (np.log([self.low, self.value, self.high]) if self.scale == "log"
                           else np.array([self.low, self.value, self.high]))  # fmt: skip
        width = high - low
        if width == 0:
            return np.full_like(uniform, self.value)
        peak = (mode - low) / width
        rising = low + np.sqrt(uniform * width * (mode - low))
        falling = high - np.sqrt((1 - uniform) * width * (high - mode))
        found: Floats = np.where(uniform < peak, rising, falling)
        return np.exp(found) if self.scale == "log" else found


ASSUMED = "assumption"
PARAMETERS: tuple[Range, ...] = (
    Range("cost_growth", 2.4, 2.0, 2.9, "x/yr", "frontier-cost-growth", "growth of the cost of the frontier's final runs", "log"),
    Range("catch_up", 10, 3, 60, "x/yr", "catchup-efficiency-growth",
          "fall of the cost of a capability that somebody has already shown", "log"),
    Range("anchor_budget", 1.2e9, 0.5e9, 2.5e9, "USD/yr", "fit:open-lag",
          "all-in cost of an open lab that is `anchor_lag` behind in mid-2026", "log"),
    Range("anchor_lag", 6.2, 3, 9, "months", "open-lag-strict", "lag of the best open models in mid-2026"),
    Range("closed_price", 11.25, 6, 12.5, "USD/Mtok", "price-closed-flagship-in",
          "closed flagship, three tokens in for one out, in 2026", "log"),
    Range("open_price", 1.2, 0.8, 1.9, "USD/Mtok", "price-open-hosted-in", "hosted open model, same blend, in 2026", "log"),
    Range("small_price", 0.15, 0.05, 0.4, "USD/Mtok", ASSUMED, "a tuned model of at most 40B parameters, same blend", "log"),
    Range("price_change", 0.9, 0.7, 1.0, "x/yr", ASSUMED, "change of what tokens of the day's best models cost", "log"),
    Range("demand_growth", 1.4, 1.0, 2.5, "x/yr", ASSUMED, "growth of a member's tokens where it states none", "log"),
    Range("demand_spread", 0.5, 0.2, 0.9, "ln", ASSUMED, "standard deviation of a member's true demand around its preset"),
    Range("patience", 12, 6, 24, "months", ASSUMED, "lag at which 1/e of the tokens can still be moved to the open model", "log"),
    Range("fit", 0.5, 0.1, 1.5, "per distance", ASSUMED, "loss of use by a model that is not the wished one"),
    Range("misalignment", 0.3, 0.05, 1.0, "of cost", ASSUMED, "extra cost per unit of mean squared distance of wishes", "log"),
    Range("outside_control", 0.5, 0.2, 0.8, "share", ASSUMED, "control that a release gives to those who have no say in it"),
    Range("meter", 0.3, 0.1, 0.6, "share", ASSUMED, "part of a metered user's savings that the license takes"),
    Range("hedge_team", 3e6, 1e6, 8e6, "USD/yr", ASSUMED, "people and machines that tune and serve small models", "log"),
    Range("hedge_quality", 0.85, 0.6, 0.95, "share", ASSUMED, "own tasks that a tuned small model does as well"),
    Range("shock", 0.1, 0.03, 0.25, "per yr", ASSUMED, "chance that an API is cut off for members (it happened on 2026-06-12)"),
    Range("shock_value", 3, 1, 6, "x", ASSUMED, "worth of control in such a year against others"),
    Range("in_kind_use", 0.8, 0.6, 1.0, "share", ASSUMED, "value of things in kind to the run, against their price"),
    Range("in_kind_cost", 0.7, 0.4, 1.0, "share", ASSUMED, "cost of things in kind to the giver, against their price"),
    Range("overhead", 0.06, 0.03, 0.12, "share", ASSUMED, "administration, where the charter sets no limit"),
    Range("member_cost", 5e5, 2e5, 2e6, "USD/yr", ASSUMED, "what a member spends on taking part", "log"),
    Range("sites_use", 0.9, 0.75, 1.0, "share", ASSUMED, "efficiency of training at many sites against one"),
    Range("ramp", 0.6, 0.3, 0.9, "share", ASSUMED, "use of the first year's budget: people and tools come first"),
    Range("run_fails", 0.08, 0.03, 0.2, "per yr", ASSUMED, "chance that a year's run gives no release"),
    Range("exit_hazard", 0.03, 0.02, 0.12, "per yr", "fit:sematech", "exits for reasons outside of this model", "log"),
    Range("hazard_slope", 1, 0, 2, "x", ASSUMED, "how much cost, distance and lag add to that hazard"),
    Range("inertia", 0.15, 0.0, 0.4, "of dues", ASSUMED, "loss a member bears before it leaves (option value, Dixit-Pindyck)"),
    Range("cut", 0.3, 0.1, 0.6, "share", ASSUMED, "part of a delivery that a dissatisfied member leaves out"),
    Range("sponsor_shift", 0.2, 0.08, 0.37, "per yr", "fit:stops", "chance that who pays most changes strategy"),
    Range("sponsor_budget", 5.2e9, 3e9, 6e9, "USD/yr", "single-sponsor-budget", "a single sponsor's whole open program", "log"),
    Range("sponsor_focus", 0.065, 0.017, 0.11, "share", "fit:open-lag-nonchinese",
          "of that program into its largest model; for a lag of 9 to 16 months", "log"),
    Range("startup_budget", 0.6e9, 0.46e9, 0.78e9, "USD/yr", "fit:open-labs", "burn of a typical startup in 2026", "log"),
    Range("startup_spread", 0.5, 0.3, 0.8, "ln", ASSUMED, "standard deviation of burn among startups"),
    Range("startup_past_growth", 2.7, 2.1, 3.5, "x/yr", "fit:open-labs", "growth of that burn until 2026", "log"),
    Range("startup_growth", 1.5, 1.0, 2.4, "x/yr", ASSUMED, "growth of that burn from 2026 on", "log"),
    Range("startup_runway", 1.5, 0.7, 3.0, "yr", ASSUMED, "cash over burn after a round", "log"),
    Range("refinancing", 0.9, 0.75, 0.99, "share", "fit:rounds", "chance of the next round for a startup at most 6 months behind"),
    Range("startup_shift", 0.13, 0.036, 0.28, "per yr", "fit:stops", "chance that a startup stops releasing its best model", "log"),
    Range("grant_budget", 3e7, 2e7, 1e8, "USD/yr", "nonprofit-budget", "a non-profit's grant", "log"),
    Range("grant_renewal", 0.7, 0.4, 0.9, "share", ASSUMED, "chance that a grant of five years is followed by another"),
    Range("discount", 0.1, 0.05, 0.15, "per yr", ASSUMED, "of later years"),
)  # fmt: skip
BY_NAME = {item.name: item for item in PARAMETERS}


def replaced(
    ranges: tuple[Range, ...], given: Mapping[str, tuple[float, float, float]], source: str
) -> tuple[Range, ...]:
    """The same ranges with some value, low and high of the user's own. Raises CaseError, with `source`, for a name there
    is not, and for a value outside of its low and high."""
    known = {item.name for item in ranges}
    for name in given:
        if name not in known:
            raise CaseError(f"{source}: parameter {name!r} is unknown; there are: {', '.join(sorted(known))}")
    found = []
    for item in ranges:
        value, low, high = given.get(item.name, (item.value, item.low, item.high))
        by = source if item.name in given else item.source
        try:
            found.append(Range(item.name, value, low, high, item.unit, by, item.means, item.scale))
        except CaseError as error:
            raise CaseError(f"{source}: {error}") from error
    return tuple(found)


def central(ranges: tuple[Range, ...]) -> dict[str, Floats]:
    """One draw with every parameter at its value."""
    return {item.name: np.array([item.value]) for item in ranges}
