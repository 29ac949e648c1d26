"""What eight years cost and bring a member, by what it does: the consortium, going alone, an API, waiting, the hedge.

Discounted to the first year, USD. `bill` is money out: tokens at the prices paid, contributions, a run of one's own. `net` is what
is saved on tokens plus what control is worth, less contributions: against buying every token from a closed API, which is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.dues import pay
from hanse.case.joint import Choice
from hanse.case.lag import lag
from hanse.case.scene import Scene, Year, share_at

OPTIONS = ("consortium", "alone", "API", "wait", "hedge")
"""consortium: sign, and do as the simulation says. alone: pay by oneself what all members together had planned. API: buy from
closed labs. wait: use what others release, this consortium included. hedge: tuned small models on own tasks, the rest from a
closed API."""


@dataclass
class Accounts:
    """Sums over the years, [n, d]."""

    paid: Floats
    """Contributions to the consortium."""
    bill: dict[str, Floats]
    net: dict[str, Floats]
    yearly: list[Floats] = field(default_factory=list)
    """Contributions of each year, not discounted, [n, d]."""

    @classmethod
    def open(cls, shape: tuple[int, int]) -> Accounts:
        paid, *sums = np.zeros((1 + 2 * len(OPTIONS), *shape), np.float32)
        return cls(paid, dict(zip(OPTIONS, sums[::2], strict=True)), dict(zip(OPTIONS, sums[1::2], strict=True)))

    def book(self, scene: Scene, year: Year, number: int, choice: Choice, here: Bools) -> None:
        """One year. `choice.cost` is what each pays, members and those who still owe."""
        p = scene.p
        factor = (1 + p["discount"]) ** -float(number)
        use = np.where(here, choice.use_inside, choice.use_outside)
        control = np.where(here, choice.control_inside, choice.control_outside)
        run = planned(scene, number)
        share = share_at(p, lag(p, run, year.time))
        everything = factor * year.bill
        self.paid += factor * choice.cost
        self.yearly.append(np.asarray(choice.cost, np.float32))
        self.bill["API"] += everything
        for option, saved, worth in (
            ("consortium", use - choice.cost, control), ("alone", year.use(share) - run, year.control * share),
            ("wait", choice.use_outside, choice.control_outside), ("hedge", np.maximum(year.hedge, 0.0), 0.0),
        ):  # fmt: skip
            gain = factor * saved
            self.bill[option] += everything - gain
            self.net[option] += gain + factor * worth


def planned(scene: Scene, number: int) -> Floats:
    """What all members pay in a year if nobody leaves, things in kind at their use, USD, [d]."""
    paid = pay(scene, number, np.ones((scene.terms.members, 1), dtype=bool))
    found: Floats = paid.cash.sum(axis=0) + paid.in_kind.sum(axis=0) * scene.p["in_kind_use"]
    return found
