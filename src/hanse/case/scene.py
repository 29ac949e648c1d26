"""One chunk of draws under one charter: everybody's demand and prices by year, and what a model is worth to a member.

Values are USD a year against the baseline of buying every token from a closed API. s is the share of tokens that an open model
can take, exp(-lag / patience); a tuned small model can take own tasks besides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.chance import Luck
from hanse.case.lag import ANCHOR_TIME
from hanse.case.parameters import Drawn
from hanse.case.terms import Terms

KNOWN_SPREAD = 0.15
"""Standard deviation, in ln, of demand that a member has stated itself: years differ from plans."""


@dataclass(frozen=True)
class Scene:
    """n members, d draws. Amounts of the middle of 2026; `in_year` moves them."""

    terms: Terms
    p: Drawn
    tokens: Floats
    """Millions a year, [n, d]."""
    growth: Floats
    """ln of the yearly factor, [n, d]."""
    control: Floats
    """USD a year, [n, d]."""
    early: Floats
    """USD a year for the charter's embargo, [n, d]."""
    shock: Floats
    """Factor on control in each year, [YEARS, d]."""


@dataclass(frozen=True)
class Year:
    """Prices and demand of one year; [n, d] unless said."""

    time: float
    bill: Floats
    """All tokens from a closed API, USD."""
    gap: Floats
    """Saved on all tokens by an open model that could take them all, USD."""
    hedge: Floats
    """Saved on own tasks by tuned small models, less the team that tunes them, USD; below 0 where that does not pay."""
    own_gap: Floats
    """Saved on own tasks by an open model that could take them all, USD."""
    control: Floats

    def use(self, share: Floats) -> Floats:
        """Saved by an open model that takes a share of the tokens, [n, d] or [d]; with small models on own tasks where they save
        more. The open model loses to the hedge the same share of own tasks that it could take.
        """
        # in place: most of a simulation's time is spent on arrays that pass through memory
        saved: Floats = share * self.own_gap
        np.subtract(self.hedge, saved, out=saved)
        np.maximum(saved, 0.0, out=saved)
        saved += self.gap * share
        return saved


def set_scene(terms: Terms, p: Drawn, chance: Luck, years: int) -> Scene:
    """The draw's truth about every member. A member's luck has its name, so that charters with the same members share it."""
    luck = np.stack([chance.normal(f"demand/{name}") for name in terms.names]).astype(p["demand_spread"].dtype)
    spread = np.where(terms.demand.known[:, None], KNOWN_SPREAD, p["demand_spread"])
    factor = np.exp(spread * luck - spread**2 / 2)
    stated = terms.demand.growth[:, None]
    growth = np.log(np.where(np.isnan(stated), p["demand_growth"], stated))
    cut_off = chance.uniform("shock", years) < p["shock"]
    return Scene(
        terms, p,
        tokens=terms.demand.tokens[:, None] * factor,
        growth=growth,
        control=terms.demand.control[:, None] * factor,
        early=terms.demand.early_month[:, None] * factor * terms.embargo_months,
        shock=np.where(cut_off, p["shock_value"], 1.0),
    )  # fmt: skip


def in_year(scene: Scene, year: int) -> Year:
    """Prices and demand in a year from 0."""
    p, time = scene.p, scene.terms.first_year + year
    since = time - ANCHOR_TIME
    fall = p["price_change"] ** since
    closed, opened, small = (p[key] * fall for key in ("closed_price", "open_price", "small_price"))
    tokens = scene.tokens * np.exp(scene.growth * since)
    own = scene.terms.demand.own_tasks[:, None] * tokens
    saved = np.maximum(closed - opened, 0.0)
    return Year(
        time=time,
        bill=tokens * closed,
        gap=tokens * saved,
        hedge=own * (np.maximum(closed - small, 0.0) * p["hedge_quality"]) - p["hedge_team"],
        own_gap=own * saved,
        control=scene.control * scene.shock[year],
    )


def share_at(p: Drawn, months: Floats) -> Floats:
    """Share of tokens that a model so many months behind can take: exp(-lag / patience)."""
    found: Floats = np.exp(-months / p["patience"])
    return found
