"""The tensors behind a state digest, one leaf per shard, so that a difference can be named and not only noticed."""

from __future__ import annotations

from collections.abc import Sequence

from hanse import canonical
from hanse.errors import CanonicalError
from hanse.run.shards import Shard
from hanse.run.state import State


def encode_leaves(state: State, run: str, shards: Sequence[Shard]) -> bytes:
    """Header leaf and shard leaves as JSON lines: the RFC 6962 leaves under `State.digest`."""
    return b"".join(leaf + b"\n" for leaf in (state.header(run), *(state.leaf(shard) for shard in shards)))


def first_different(own: bytes, theirs: bytes) -> str:
    """The first tensor whose digest differs between two encodings, in words; empty when none does.

    `theirs` is another member's blob and may be anything; `own` is what `encode_leaves` printed.
    """
    for mine, other in zip(own.splitlines(), theirs.splitlines(), strict=False):
        if mine == other:
            continue
        try:
            left, right = canonical.decode(mine), canonical.decode(other)
        except CanonicalError:
            return "the leaves' encoding"
        for group in ("weights", "momentum"):
            if group in left and not (isinstance(right, dict) and isinstance(right.get(group), list)):
                return "the leaves' encoding"
            for one, two in zip(left.get(group, []), right[group] if group in left else [], strict=False):
                if one != two:
                    what = "outer momentum of " if group == "momentum" else ""
                    return f"{what}tensor {one['name']} (elements {one['start']} to {one['stop']})"
        return "the header (plan, round, attempt)"
    return "" if own == theirs else "the number of shards"
