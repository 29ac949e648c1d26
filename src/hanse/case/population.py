"""The labs that ran for the open frontier since 2024, by the law and the hazards that the case uses for rivals to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.chance import Chance
from hanse.case.parameters import Drawn
from hanse.case.rivals import burn, sponsor, startup


def near(p: Drawn, chance: Chance, times: Sequence[float], labs: tuple[int, int], months: float) -> Floats:
    """How many labs release at most `months` behind at each of the times, in years and at even steps, [times, draws].

    `labs`: startups, and arms of large companies, all of them open at the first time. Burn is drawn alike for both; startups need
    rounds, companies change their strategy.
    """
    startups, sponsors = labs
    found = [startup(p, chance, times, f"contender-{at}") for at in range(startups)]
    for at in range(sponsors):
        name = f"company-{at}"
        found.append(sponsor(p, chance, times, name, burn(p, chance, name)))
    count: Floats = np.sum([lab.open & (lab.lag <= months) for lab in found], axis=0, dtype=float)
    return count
