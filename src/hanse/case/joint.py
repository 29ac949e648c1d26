"""The consortium's own model in one year: from what members pay to how far it is behind, and how far from each one's wish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.dues import Paid
from hanse.case.lag import lag, slope
from hanse.case.scene import Scene, Year, share_at


@dataclass(frozen=True)
class Joint:
    """[d] unless said."""

    budget: Floats
    """What the run gets, after overhead, sites and misalignment, USD."""
    lag: Floats
    """Of a release made with it, months."""
    distance: Floats
    """Squared, of each member's wish to the model, [n, d], or [1, 1] where nobody has a wish."""
    part: Floats
    """Of the budget that stands on each member's payment, [n, d]."""


def build(scene: Scene, year: Year, number: int, paid: Paid, present: Bools, ramp: bool = True) -> Joint:
    """The model of year `number`. `ramp`: whether the first year's budget is used less well."""
    terms, p = scene.terms, scene.p
    distance, mean = distances(scene, number, present)
    overhead = p["overhead"] if terms.overhead is None else terms.overhead
    use = (1 - overhead) / (1 + p["misalignment"] * mean)
    if terms.sites > 1:
        use = use * p["sites_use"]
    if ramp and number == 0:
        use = use * p["ramp"]
    given = paid.cash + paid.in_kind * p["in_kind_use"]
    total = given.sum(axis=0) + np.where(present.any(axis=0), terms.grants[number], 0.0)
    part = given / np.where(total > 0, total, 1)
    return Joint(total * use, lag(p, total * use, year.time), distance, part)


def distances(scene: Scene, number: int, present: Bools) -> tuple[Floats, Floats]:
    """Squared distance of each wish to the chosen spec [n, d], and the mean over members that are there [d].

    The chosen spec is the mean of wishes by the votes of year `number`. Where one was agreed before, it is that one: it may be far
    from a wish, but nothing is spent on meeting all of them, so the mean, which costs money, is 0.
    """
    terms = scene.terms
    if not terms.wishing.any():
        return np.zeros((1, 1), np.float32), np.zeros(present.shape[1], np.float32)
    if terms.agreed is not None:
        far = ((terms.wishes - terms.agreed) ** 2).sum(axis=1) * terms.wishing
        return far[:, None] * np.ones_like(present, np.float32), np.zeros(present.shape[1], np.float32)
    who = np.flatnonzero(terms.wishing)
    wishes, heard = terms.wishes[who], terms.votes[who, number]
    power = present[who] * (heard if heard.any() else np.ones_like(heard))[:, None]  # nobody who wishes votes: by heads
    total = power.sum(axis=0)
    power = power / np.where(total > 0, total, 1)
    # not a product of matrices, whose library would start threads of its own beside ours
    chosen = np.einsum("nd,nk->kd", power, wishes)
    squared = (wishes**2).sum(axis=1)[:, None] - 2 * np.einsum("kd,nk->nd", chosen, wishes) + (chosen**2).sum(axis=0)
    distance = np.zeros(present.shape, squared.dtype)
    distance[who] = np.maximum(squared, 0.0)
    heads = np.maximum(present.sum(axis=0, dtype=np.float32), 1)
    return distance, (distance[who] * present[who]).sum(axis=0) / heads


@dataclass(frozen=True)
class Choice:
    """What a member compares in a year, USD, [n, d] unless said."""

    use_inside: Floats
    """Saved on tokens as a member."""
    control_inside: Floats
    """Worth of not depending on one supplier, and of early access, as a member."""
    use_outside: Floats
    """Saved on tokens with the best there is without being a member."""
    control_outside: Floats
    cost: Floats
    """What staying costs it."""
    rival: Floats
    """Share of tokens the best other release takes, [d]."""
    free: Floats
    """Share of tokens this consortium's release takes for it as an outsider, after the license's meter."""

    @property
    def inside(self) -> Floats:
        return self.use_inside + self.control_inside

    @property
    def outside(self) -> Floats:
        return self.use_outside + self.control_outside


def compare(scene: Scene, year: Year, joint: Joint, paid: Paid, rival: Floats, free_ride: bool = True) -> Choice:
    """Inside against outside. `rival`: share of tokens the best other release takes, [d].

    `free_ride`: whether there is a consortium to profit from when this member is not in it.
    """
    terms, p = scene.terms, scene.p
    own = share_at(p, joint.lag)
    fit = np.exp(-p["fit"] * joint.distance) if terms.wishing.any() else np.ones((1, 1), np.float32)
    inside = np.maximum(own * fit, rival)
    control = year.control * np.maximum(own, p["outside_control"] * rival) + scene.early * own
    free = np.zeros_like(joint.part)
    if free_ride:
        free = own * np.exp(-terms.embargo_months / p["patience"]) * fit * _without(scene, joint)
    kept = free
    if terms.metered_above is not None:
        kept = np.where((terms.base > terms.metered_above)[:, None], free * (1 - p["meter"]), free)
    return Choice(
        use_inside=year.use(inside),
        control_inside=control,
        use_outside=year.use(np.maximum(rival, kept)),
        control_outside=year.control * p["outside_control"] * np.maximum(rival, free),
        cost=paid.cash + paid.in_kind * p["in_kind_cost"] + p["member_cost"],
        rival=rival,
        free=kept,
    )


def _without(scene: Scene, joint: Joint) -> Floats:
    """Factor on the share of tokens when a member's payment is missing from the budget.

    The model falls behind by -slope * ln(1 - part), so the share shrinks by (1 - part) ** (slope / patience).
    """
    power = slope(scene.p) / scene.p["patience"]
    found: Floats = np.exp(power * np.log(1 - np.minimum(joint.part, 1 - 1e-6)))
    return found
