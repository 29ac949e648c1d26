"""Consortia that were: charters and members' worths as files of this folder, run by the same engine as any other charter."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files

import numpy as np

from hanse.case.chance import chunks
from hanse.case.dynamics import Trace, simulate
from hanse.case.lag import NEVER
from hanse.case.parameters import Range, replaced
from hanse.case.private import load_private
from hanse.case.terms import YEARS, terms_of
from hanse.charter.schema import load_charter

EPISODES = ("sematech", "bigscience")


def again(name: str, draws: int, seed: int, ranges: tuple[Range, ...]) -> Iterator[Trace]:
    """One of EPISODES, simulated chunk by chunk. Nobody else offered its members the same: there are no rivals.

    What its file says of its field stands in for `ranges`.
    """
    with as_file(files(__name__)) as folder:
        charter = load_charter(folder / f"{name}.toml")
        private = load_private(folder / f"{name}-members.toml", charter)
    terms = terms_of(charter, private)
    mine = replaced(ranges, private.beliefs, f"history/{name}")
    for chance in chunks(seed, draws):
        yield simulate(terms, chance.parameters(mine), chance, np.full((YEARS, chance.draws), NEVER))
