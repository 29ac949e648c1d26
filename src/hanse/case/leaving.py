"""The end of a member's year: stay, cut or leave, and why.

A member leaves when what it loses by staying is more than a member waits out (inertia, the value of keeping the option; Dixit and
Pindyck), for reasons of its own with a hazard that cost, distance and lag raise, or because who pays most changes its strategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

import numpy as np

from hanse.case.arrays import Bools, Floats, Small
from hanse.case.joint import Choice, Joint
from hanse.case.scene import Scene, Year, share_at

STAYS = 127
REASONS = (
    "it costs more than it brings", "another's release does as well", "the public release does as well",
    "not the model it wished for", "a reason of its own", "who pays most changed strategy", "never signed",
    "the consortium ended",
)  # fmt: skip
COST, RIVAL, FREE, MISFIT, OWN, SPONSOR, UNSIGNED, ENDED = range(len(REASONS))
SPONSOR_PART = 0.4
"""From this part of the budget on, who pays most is a sponsor on whose strategy the consortium depends."""
TOLERATED = 9.0
"""Months of lag above which exits grow likelier: near the frontier, by the outlook's rule."""


@dataclass(frozen=True)
class Decision:
    """[n, d]; of the members that are there and have given no notice."""

    leaves: Bools
    cuts: Bools
    """Stays, bound or patient, though it costs more than it brings."""
    reason: Small
    """Index into REASONS where one leaves."""


def exit_year(scene: Scene, number: int) -> tuple[int, float] | None:
    """Year index from which a member that gives notice in year `number` is gone, and the part of that year's payment it owes.

    None while the lock lasts. At the end of the term everybody is free.
    """
    terms = scene.terms
    whole = floor(terms.notice_years)
    if number + 1 <= terms.term_years <= number + 1 + whole:
        return terms.term_years, 0.0
    if number + 1 + whole < terms.locked_years:
        return None
    owed = {"nothing": 0.0, "due_within_notice": terms.notice_years - whole, "whole_term": 1.0}[terms.owed]
    return number + 1 + whole, owed


def decide(scene: Scene, year: Year, joint: Joint, choice: Choice, here: Bools, sunk: bool,
           luck: Mapping[str, Floats]) -> Decision:  # fmt: skip
    """What members that are `here` do; `sunk`: whether leaving would save nothing of the cost.

    `luck` has uniform numbers of this year: "exit" [n, d] and "sponsor" [d].
    """
    p = scene.p
    inside = choice.inside
    gain = inside - choice.outside
    surplus = gain if sunk else gain - choice.cost
    tolerated = -p["inertia"] * choice.cost
    unhappy = here & (surplus < tolerated)
    dear = np.clip(choice.cost / np.maximum(inside, 1e-3) - 1, 0, 2)
    late = np.maximum(joint.lag - TOLERATED, 0) / 6
    hazard = p["exit_hazard"] * (1 + p["hazard_slope"] * (dear + joint.distance + late))
    own = here & (luck["exit"] < hazard)
    most = here & (joint.part == joint.part.max(axis=0)) & (joint.part >= SPONSOR_PART)
    shifts = most & (luck["sponsor"] < p["sponsor_shift"])
    reason = np.where(shifts, SPONSOR, OWN).astype(np.int8)
    why = _why(scene, year, joint, choice, surplus - tolerated)
    reason = np.where(unhappy & ~shifts, why, reason).astype(np.int8)
    leaves = unhappy | own | shifts
    return Decision(leaves, here & ~leaves & (gain < choice.cost), reason)


def _why(scene: Scene, year: Year, joint: Joint, choice: Choice, lacking: Floats) -> Small:
    """What drives the unhappy away: first whether the wished model would have kept them, then what they go to."""
    nothing = np.maximum(year.hedge, 0.0)
    cost = choice.inside - nothing < choice.cost
    found = np.where(cost, COST, np.where(choice.rival >= choice.free, RIVAL, FREE))
    if scene.terms.wishing.any():
        wished = year.use(np.maximum(share_at(scene.p, joint.lag), choice.rival))
        found = np.where(lacking + wished - choice.use_inside >= 0, MISFIT, found)
    return found.astype(np.int8)
