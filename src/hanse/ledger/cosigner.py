"""A cosigner's one rule: sign only what extends what you signed last (PROTOCOL rule 3).

`propose` gives the state to store durably *before* the signature is made: a crash in between costs a signature, never
the promise.
"""

from __future__ import annotations

from dataclasses import dataclass

from hanse.errors import ForkError
from hanse.ledger.merkle import EMPTY_ROOT, Tree


@dataclass(frozen=True)
class CosignerState:
    """The last head signed; nothing yet: size 0 and the empty root."""

    size: int = 0
    root: bytes = EMPTY_ROOT


def propose(last: CosignerState, tree: Tree, size: int) -> CosignerState:
    """The state for signing `tree`'s head at `size`. Raises ForkError when that does not extend `last`."""
    if size < last.size:
        raise ForkError(f"asked to sign a tree head of size {size} after one of size {last.size}: heads only grow")
    if last.size > tree.size or tree.root(last.size) != last.root:
        raise ForkError(
            f"this log's first {last.size} entries are not those this cosigner signed: an entry in 0..{last.size - 1} "
            "was replaced; keep both copies, sign neither, and ask the other members"
        )
    return CosignerState(size, tree.root(size))
