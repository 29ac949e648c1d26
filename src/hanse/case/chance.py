"""Common random numbers: what happens in draw 17 is the same under every charter, so that two charters differ by their clauses.

Every stream has a name (a parameter, an event, a member's event), and its numbers depend on seed, name and chunk alone: adding
a member or a clause shifts nobody else's luck. Philox counters, keyed by SHA-256.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hanse.case.arrays import Floats
from hanse.case.parameters import Drawn, Range

CHUNK = 2048
"""Draws computed together: arrays of 50 members stay within a core's cache."""


class Luck(Protocol):
    """Where a simulation has its random numbers from, by the name of a stream."""

    def uniform(self, stream: str, years: int | None = None) -> Floats:
        """In [0, 1), shape [draws] or [years, draws]."""

    def normal(self, stream: str) -> Floats:
        """Standard normal, shape [draws]."""


@dataclass(frozen=True)
class Chance:
    """The luck of one chunk of draws. Pure: the same chunk gives the same numbers, whoever asks, in any order."""

    seed: int
    chunk: int
    draws: int = CHUNK

    def uniform(self, stream: str, years: int | None = None) -> Floats:
        """Uniform numbers in [0, 1), shape [draws] or [years, draws]."""
        key = hashlib.sha256(f"{self.seed}/{self.chunk}/{stream}".encode()).digest()
        generator = np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "big")))
        # whole chunks are drawn, so that asking for fewer draws gives the first of the same
        shape = CHUNK if years is None else (years, CHUNK)
        return generator.random(shape)[..., : self.draws]

    def normal(self, stream: str) -> Floats:
        """Standard normal numbers, shape [draws], by the inverse of the distribution."""
        from scipy.special import ndtri

        found: Floats = ndtri(np.clip(self.uniform(stream), 1e-12, 1 - 1e-12))
        return found

    def parameters(self, ranges: tuple[Range, ...]) -> Drawn:
        """One value a draw of every parameter."""
        return {item.name: item.at(self.uniform(f"parameter/{item.name}")) for item in ranges}


@dataclass(frozen=True)
class Gathered:
    """Luck that draws share: draw r has that of draw `rows[r]` of the pool, in every stream."""

    pool: Chance
    rows: npt.NDArray[np.intp]
    """Below the pool's draws, [draws]."""

    def uniform(self, stream: str, years: int | None = None) -> Floats:
        return self.pool.uniform(stream, years)[..., self.rows]

    def normal(self, stream: str) -> Floats:
        return self.pool.normal(stream)[self.rows]


def chunks(seed: int, draws: int) -> list[Chance]:
    """Chunks that hold so many draws together."""
    full, rest = divmod(draws, CHUNK)
    return [Chance(seed, at) for at in range(full)] + ([Chance(seed, full, rest)] if rest else [])
