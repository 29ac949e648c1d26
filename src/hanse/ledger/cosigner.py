"""A cosigner's one rule: sign only what extends what you signed last (PROTOCOL rule 3).

`propose` gives the state to store durably *before* `sign` makes the signature: a crash in between costs a signature,
never the promise. Both are pure; storing is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

from hanse.errors import ForkError
from hanse.keys import SigningKey
from hanse.ledger.merkle import EMPTY_ROOT, Tree
from hanse.ledger.note import Note
from hanse.ledger.treehead import TreeHead, cosign


@dataclass(frozen=True)
class CosignerState:
    """The last head signed; nothing yet: size 0 and the empty root."""

    size: int = 0
    root: bytes = EMPTY_ROOT


def propose(last: CosignerState, tree: Tree, size: int) -> CosignerState:
    """The state for signing `tree`'s head at `size`; the same size again gives `last`, to sign once more after a crash.

    Raises ForkError when that does not extend `last`, ProofError when the tree has no `size` leaves yet.
    """
    if size < last.size:
        raise ForkError(f"asked to sign a tree head of size {size} after one of size {last.size}: heads only grow")
    if tree.size < last.size:
        raise ForkError(
            f"this log has {tree.size} entries, and this cosigner signed {last.size}: entries {tree.size} to "
            f"{last.size - 1} are gone; sign nothing, and go on from a copy that has them"
        )
    if tree.root(last.size) != last.root:
        raise ForkError(
            f"this log's first {last.size} entries are not those this cosigner signed: an entry in 0 to "
            f"{last.size - 1} was replaced; keep both copies, sign neither, and ask the other members"
        )
    return CosignerState(size, tree.root(size))


def sign(stored: CosignerState, origin: str, key: SigningKey, at: int) -> Note:
    """The tree head of `stored`, cosigned at Unix second `at`. Call it only once `stored` is durable."""
    head = TreeHead(origin, stored.size, stored.root)
    return Note(str(head), (cosign(head, key, at),))
