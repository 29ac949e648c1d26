"""Proofs from a follower: the entry, and the tree head that most members signed at one size."""

from __future__ import annotations

from hanse.errors import ProofError
from hanse.ledger import note
from hanse.ledger import proof as proofs
from hanse.ledger.treehead import merge_cosignatures
from hanse.run.follow import Follower


def best_head(follower: Follower, above: int) -> note.Note:
    """The tree head of size > `above` with the most cosignatures, the largest of these. Raises ProofError when none."""
    sizes: dict[int, list[str]] = {}
    for heads in follower.heads.values():
        for size, text in heads.items():
            if size > above:
                sizes.setdefault(size, []).append(text)
    if not sizes:
        raise ProofError(f"entry {above}: no member has signed a tree head over it yet; wait for the round to close")
    best = max(sizes, key=lambda size: (len(sizes[size]), size))
    return merge_cosignatures([note.parse(text) for text in sizes[best]])


def prove(follower: Follower, index: int) -> proofs.LogProof:
    """A detached proof of entry `index`."""
    return proofs.prove(follower.fold.chain.tree, index, best_head(follower, index))
