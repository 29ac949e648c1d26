"""The lag law: how far behind the closed frontier a yearly budget keeps an open model.

The frontier's run costs K exp(g t) at time t. Whoever is L years behind repeats what the frontier did at t - L, and since it has
been shown, does so at exp(-a L) of the cost: B(t, L) = K exp(g (t - L) - a L). K follows from one anchor, a lab with budget B0
that is L0 behind at t0 (mid-2026). Solved for L:

    L = L0 + (ln(B0 / B) + g (t - t0)) / (g + a)

g = ln cost_growth and a = ln catch_up per year; a flat budget loses g / (g + a) of a year every year (economics.md section 4).
"""

from __future__ import annotations

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.parameters import Drawn

ANCHOR_TIME = 2026.5
NEVER = 120.0
"""Months of lag that stand for no model at all."""


def slope(p: Drawn) -> Floats:
    """Months of lag for one e-fold of budget, shape [draws]."""
    return 12.0 / (np.log(p["cost_growth"]) + np.log(p["catch_up"]))


def lag(p: Drawn, budget: Floats, time: float) -> Floats:
    """Months behind the closed frontier at a time in years, for an effective budget in USD a year; both [..., draws].

    Between 0 (nobody open leads) and NEVER (no budget).
    """
    growth = np.log(p["cost_growth"]) * (time - ANCHOR_TIME)
    with np.errstate(divide="ignore"):
        behind = p["anchor_lag"] + slope(p) * (growth + np.log(p["anchor_budget"]) - np.log(np.maximum(budget, 0.0)))
    return np.clip(behind, 0.0, NEVER)


def budget_for(p: Drawn, months: Floats, time: float) -> Floats:
    """USD a year that keep somebody so many months behind: the inverse of `lag`."""
    growth = np.log(p["cost_growth"]) * (time - ANCHOR_TIME)
    found: Floats = p["anchor_budget"] * np.exp(growth - (months - p["anchor_lag"]) / slope(p))
    return found
