"""Many chunks of draws, on all cores, with the same luck under every charter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.chance import Chance, Luck, chunks
from hanse.case.dynamics import Trace, simulate
from hanse.case.parameters import PARAMETERS, Drawn, Range
from hanse.case.rivals import Rival, rivals
from hanse.case.terms import YEARS, Terms

Seen = Callable[[int], None]
"""Called with the draws done so far."""


@dataclass(frozen=True)
class Chunk:
    """What one chunk drew and what came of it."""

    p: Drawn
    rivals: dict[str, Rival]
    trace: Trace


def run(terms: Terms, draws: int, seed: int, ranges: tuple[Range, ...] = PARAMETERS, seen: Seen | None = None,
        threads: int | None = None) -> Iterator[Chunk]:  # fmt: skip
    """Chunks in order, however many threads there are. numpy lets go of the interpreter while it computes."""
    done = 0
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for chunk in pool.map(lambda chance: one(terms, chance, ranges), chunks(seed, draws)):
            done += len(chunk.trace.founded)
            if seen is not None:
                seen(done)
            yield chunk


def one(terms: Terms, chance: Chance, ranges: tuple[Range, ...]) -> Chunk:
    """One chunk, from its luck."""
    p = chance.parameters(ranges)
    others, best = world(p, chance, terms.first_year)
    return Chunk(p, others, simulate(terms, p, chance, best))


def world(p: Drawn, luck: Luck, first_year: float) -> tuple[dict[str, Rival], Floats]:
    """What happens whoever signs: rivals, and months of the best release of any of them, [YEARS, d]."""
    others = rivals(p, luck, first_year, YEARS)
    best: Floats = np.min([rival.lag for rival in others.values()], axis=0)
    return others, best
