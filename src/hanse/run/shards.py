"""The plan's shard map: which element ranges of which tensors travel together in one update part (PROTOCOL rule 20).

A shard is the unit of transport, of merging and of the state digest. It depends on tensor shapes alone, never on a
site's ranks, so any two sites cut a model in the same places.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hanse.errors import ConfigError

BLOCK = 4096
"""Elements per codec block. Cuts fall only on multiples of it (counted from the tensor's first element), so that no
block ever spans two shards."""


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """Elements `start` (inclusive) to `stop` (exclusive) of the flattened tensor `name`, in row-major order."""

    name: str
    start: int
    stop: int
    dense: bool = False
    """True for tensors of at most one dimension: norms and biases are few and sensitive, so they travel as int8 blocks
    whatever the codec (except under fixed32, which is finer)."""

    @property
    def length(self) -> int:
        """Number of elements."""
        return self.stop - self.start


Shard: TypeAlias = tuple[Slice, ...]
"""Slices sorted by name; at most one per tensor."""


def shard_map(shapes: Mapping[str, tuple[int, ...]], shard_elements: int) -> tuple[Shard, ...]:
    """Cut tensors, sorted by name, greedily into shards of at most `shard_elements` elements.

    Pure and deterministic: every element is in exactly one shard. `shard_elements` counts in whole blocks of 4096 (a
    remainder is dropped). Raises ConfigError when it is less than one block, or a tensor has no elements.
    """
    if shard_elements < BLOCK:
        raise ConfigError(f"shard_elements is {shard_elements}: must be at least {BLOCK}")
    shard_elements -= shard_elements % BLOCK
    shards: list[Shard] = []
    current: list[Slice] = []
    room = shard_elements
    for name in sorted(shapes):
        shape = shapes[name]
        count = math.prod(shape)
        if count < 1:
            raise ConfigError(f"tensor {name!r} of shape {list(shape)} has no elements: leave it out of the run")
        start = 0
        while start < count:
            fits = count - start if count - start <= room else room // BLOCK * BLOCK
            if fits == 0:
                shards.append(tuple(current))
                current, room = [], shard_elements
                continue
            current.append(Slice(name, start, start + fits, dense=len(shape) <= 1))
            start, room = start + fits, room - fits
    if current:
        shards.append(tuple(current))
    return tuple(shards)
