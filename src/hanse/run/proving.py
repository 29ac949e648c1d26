"""Proofs from a follower: that an entry is in the log, and that the log extends what somebody saw of it before."""

from __future__ import annotations

import base64

from hanse.errors import ForkError, InputError, NoteError, ProofError
from hanse.ledger import note
from hanse.ledger import proof as proofs
from hanse.ledger.treehead import TreeHead, log_origin, merge_cosignatures
from hanse.run.follow import Follower


def best_head(follower: Follower, least: int) -> note.Note:
    """The tree head of size >= `least` with the most cosignatures, the largest of these. Raises ProofError when none."""
    sizes: dict[int, list[str]] = {}
    for heads in follower.heads.values():
        for size, text in heads.items():
            if size >= least:
                sizes.setdefault(size, []).append(text)
    if not sizes:
        raise ProofError(f"no member has signed a tree head of {least} entries or more yet; wait for the round to close")
    best = max(sizes, key=lambda size: (len(sizes[size]), size))
    return merge_cosignatures([note.parse(text) for text in sizes[best]])


def prove(follower: Follower, index: int) -> proofs.LogProof:
    """A detached proof of slot `index` (c2sp.org/tlog-proof)."""
    return proofs.prove(follower.fold.chain.tree, index, best_head(follower, index + 1))


def prove_extension(follower: Follower, old: int) -> str:
    """Proof that the log extends its first `old` slots, as a witness takes it.

    The body of an `add-checkpoint` request (c2sp.org/tlog-witness): "old <size>", the RFC 6962 consistency proof in
    base64, an empty line, and the cosigned tree head the proof leads to.
    """
    signed = best_head(follower, max(old, 1))
    path = follower.fold.chain.tree.consistency_proof(old, TreeHead.parse(signed.text).size)
    return "\n".join([f"old {old}", *(base64.b64encode(value).decode() for value in path), "", str(signed)])


def check_extends(follower: Follower, text: str, source: str) -> int:
    """Size of an earlier tree head (or of the head in a tlog-proof) that this log still extends.

    Raises ForkError when it does not: somebody was shown another log. InputError when `text` is no tree head of it.
    """
    try:
        parsed = proofs.LogProof.parse(text).note if text.startswith(proofs.HEADER) else note.parse(text)
        head = TreeHead.parse(parsed.text)
    except NoteError as error:
        raise InputError(f"{source}: {error}; expected a signed tree head or what `hanse log prove` printed") from error
    if head.origin != log_origin(follower.log):
        raise InputError(f"{source}: tree head of {head.origin}, this log is {log_origin(follower.log)}")
    tree = follower.fold.chain.tree
    if head.size > tree.size:
        raise ForkError(f"{source}: tree head of {head.size} entries, this log has {tree.size}: entries are gone or not read yet")
    if tree.root(head.size) != head.root:
        raise ForkError(f"{source}: the first {head.size} entries of this log are others than those under this tree head")
    return head.size
