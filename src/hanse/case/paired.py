"""Charters on the same draws: what each comes to in year 5, draw by draw, and how sure a difference is."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.chance import Chance, Luck, chunks
from hanse.case.dynamics import simulate
from hanse.case.lag import NEVER
from hanse.case.outcome import NEAR
from hanse.case.parameters import PARAMETERS, Drawn, Range
from hanse.case.simulation import Seen, world
from hanse.case.terms import Terms

FIFTH = 5
"""The year that a charter is judged by."""


@dataclass(frozen=True)
class Sample:
    """One charter in d draws."""

    names: tuple[str, ...]
    near: Bools
    """Alive in year 5, its newest release less than NEAR months behind, [d]."""
    lag: Floats
    """Of that release; NEVER where it is not alive, [d]."""
    founded: Bools
    signed: Bools
    """[n, d]"""
    there: Bools
    """A member in year 5, [n, d]."""


def sample(terms: Sequence[Terms], draws: int, seed: int, ranges: tuple[Range, ...] = PARAMETERS,
           seen: Seen | None = None) -> list[Sample]:  # fmt: skip
    """Each charter in the same draws. `seen` is called with the draws done, all charters together."""
    starts = {each.first_year for each in terms}
    parts = chunks(seed, draws)
    found: list[list[Sample]] = [[] for _ in terms]
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        worlds = list(pool.map(lambda chance: _world(chance, ranges, starts), parts))
        tasks = [(at, chunk) for chunk in range(len(parts)) for at in range(len(terms))]

        def one(task: tuple[int, int]) -> Sample:
            each, (p, best) = terms[task[0]], worlds[task[1]]
            return in_year_five(each, p, parts[task[1]], best[each.first_year])

        for (at, _), part in zip(tasks, pool.map(one, tasks), strict=True):
            found[at].append(part)
            done += len(part.near)
            if seen is not None:
                seen(done)
    return [_joined(row) for row in found]


def in_year_five(terms: Terms, p: Drawn, luck: Luck, best: Floats) -> Sample:
    """One chunk. `best`: months of the best release of anybody else, as `world` gives it."""
    trace = simulate(terms, p, luck, best, FIFTH)
    alive, lag = trace.alive[FIFTH - 1], trace.lag[FIFTH - 1]
    return Sample(
        terms.names, near=alive & (lag < NEAR), lag=np.where(alive, lag, NEVER), founded=trace.founded,
        signed=trace.left > 0, there=(trace.left >= FIFTH) & alive,
    )  # fmt: skip


def difference(before: Bools, after: Bools) -> tuple[float, float]:
    """How much likelier something is after than before, and the standard error, from paired draws.

    Half a draw is added to each of the four outcomes of a pair, since no number of draws proves that nothing changes (Agresti and
    Min 2005, Statistics in Medicine 24).
    """
    draws = len(before)
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    spread = won + lost + 1 - (won - lost) ** 2 / (draws + 2)
    return (won - lost) / draws, float(spread**0.5 / (draws + 2))


def _world(chance: Chance, ranges: tuple[Range, ...], starts: Collection[float]) -> tuple[Drawn, dict[float, Floats]]:
    """What a chunk draws whoever signs: parameters, and the best of the rivals by first year of a charter."""
    p = chance.parameters(ranges)
    return p, {start: world(p, chance, start)[1] for start in starts}


def _joined(parts: Sequence[Sample]) -> Sample:
    rows = {key: np.concatenate([getattr(part, key) for part in parts], axis=-1)
            for key in ("near", "lag", "founded", "signed", "there")}  # fmt: skip
    return Sample(parts[0].names, **rows)
