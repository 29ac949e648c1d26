"""The state members agree on: weights, outer momentum, round, attempt; its digest never depends on a file (rule 17).

The digest is the RFC 6962 root over a header leaf and one leaf per shard, all canonical JSON:

    {"attempt":a,"plan":"<hex>","round":r}
    {"momentum":[T,..],"weights":[T,..]}
    T = {"dtype":"F32","name":..,"sha256":..,"shape":[..],"start":..,"stop":..}

with T sorted by name and sha256 over the little-endian bytes of elements start..stop of the flattened tensor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hanse import canonical
from hanse.errors import IntegrityError
from hanse.ledger import merkle
from hanse.run.codec.spec import Floats
from hanse.run.shards import Shard, Slice

_GROUPS = ("momentum", "weights")


@dataclass(frozen=True, eq=False)
class State:
    """Replicated state after `round` merges. The arrays are mutated by the merge; everything else is a value."""

    weights: dict[str, Floats]
    """float32 tensors by Hugging Face parameter name."""
    momentum: dict[str, Floats]
    """Outer momentum: same names and shapes."""
    round: int
    """Rounds merged so far; 0 is the start."""
    attempt: int
    """Raised by every rollback."""

    def __post_init__(self) -> None:
        for group in _GROUPS:
            for name, array in getattr(self, group).items():
                if array.dtype != np.float32 or not array.flags.c_contiguous:
                    raise IntegrityError(f"state: {group} of {name!r} is {array.dtype}, expected contiguous float32")
        if self.round < 0 or self.attempt < 0:
            raise IntegrityError(f"state: round {self.round} and attempt {self.attempt} must be at least 0")

    @classmethod
    def start(cls, weights: dict[str, Floats]) -> State:
        """Round 0 of attempt 0: zero momentum."""
        return cls(weights, {name: np.zeros_like(array) for name, array in weights.items()}, 0, 0)

    def header(self, plan_digest: str) -> bytes:
        """Bytes of the header leaf."""
        return canonical.encode({"plan": plan_digest, "round": self.round, "attempt": self.attempt})

    def leaf(self, shard: Shard) -> bytes:
        """Bytes of one shard's leaf. Raises IntegrityError when the shard does not fit the tensors."""
        return canonical.encode({group: [self._entry(group, piece) for piece in shard] for group in _GROUPS})

    def copy(self) -> State:
        """The same state in arrays of its own."""
        weights, momentum = ({n: np.array(a, copy=True) for n, a in group.items()} for group in (self.weights, self.momentum))
        return State(weights, momentum, self.round, self.attempt)

    def digest(self, plan_digest: str, shards: Sequence[Shard], threads: int = 1) -> str:
        """The agreed digest, 64 hex digits; the same for any number of threads.

        Raises IntegrityError unless the shards cover every tensor exactly once.
        """
        covered = sum(piece.length for shard in shards for piece in shard)
        for group in _GROUPS:
            if covered != sum(array.size for array in getattr(self, group).values()):
                raise IntegrityError(f"state: the shard map does not cover the {group} exactly; it is another model's")
        if threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                leaves = list(pool.map(self.leaf, shards))
        else:
            leaves = [self.leaf(shard) for shard in shards]
        tree = merkle.Tree([merkle.leaf_hash(leaf) for leaf in (self.header(plan_digest), *leaves)])
        return tree.root().hex()

    def _entry(self, group: str, piece: Slice) -> canonical.Json:
        name, start, stop = piece.name, piece.start, piece.stop
        array = getattr(self, group).get(name)
        if array is None or not 0 <= start < stop <= array.size:
            raise IntegrityError(f"state: tensor {name!r} has no elements {start}..{stop}: another model's shard map")
        data = array.reshape(-1)[start:stop].astype("<f4", copy=False)
        return {
            "name": name,
            "start": start,
            "stop": stop,
            "dtype": "F32",
            "shape": list(array.shape),
            "sha256": hashlib.sha256(data.data).hexdigest(),
        }


def first_difference(a: State, b: State) -> str:
    """The first thing in which two states differ, bit for bit, named for a person; empty when they are equal."""
    for field in ("round", "attempt"):
        if getattr(a, field) != getattr(b, field):
            return f"{field}: {getattr(a, field)} and {getattr(b, field)}"
    if a.weights.keys() != b.weights.keys():
        return f"tensor {min(a.weights.keys() ^ b.weights.keys())!r}: in one state only"
    for name in sorted(a.weights):
        if a.weights[name].shape != b.weights[name].shape:
            return f"tensor {name!r}: shape {a.weights[name].shape} and {b.weights[name].shape}"
        for group in ("weights", "momentum"):
            one, two = (getattr(state, group)[name].reshape(-1).view(np.uint32) for state in (a, b))
            differing = np.flatnonzero(one != two)
            if differing.size:
                return f"{group} of tensor {name!r}: {differing.size} of {one.size} elements, first at {differing[0]}"
    return ""
