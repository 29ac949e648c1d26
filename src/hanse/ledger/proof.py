"""Detached proofs (c2sp.org/tlog-proof@v1): a leaf, its audit path and a cosigned tree head; verified offline.

    c2sp.org/tlog-proof@v1
    extra <base64>                      only when there is any
    index <decimal>
    <base64 hash>                       audit path, leaf's sibling first
    <empty line>
    <cosigned tree head, verbatim>
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.errors import NoteError, ProofError
from hanse.ledger import note as notes
from hanse.ledger.merkle import HASH_BYTES, Tree, verify_inclusion
from hanse.ledger.note import Note, decode_base64
from hanse.ledger.treehead import SIZE_MAX, Policy, TreeHead

HEADER = "c2sp.org/tlog-proof@v1"
EXTRA_BYTES_MAX = 65_535
"""Bytes of extra data: one slot of the log, should a proof carry its own entry."""
PATH_MAX = 53
"""Hashes of an audit path: the depth of the largest tree a tree head can name."""
PROOF_BYTES_MAX = notes.NOTE_BYTES_MAX + 128 * 1024

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True)
class LogProof:
    """That a leaf stands at `index` of the log whose cosigned tree head is `note`. Raises NoteError if unprintable.

    `extra` is not authenticated by anything: never trust it without checking it yourself.
    """

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= SIZE_MAX:
            raise NoteError(f"log proof: index {self.index} is outside 0 to 2^53-1")
        if len(self.path) > PATH_MAX or any(len(value) != HASH_BYTES for value in self.path):
            raise NoteError(f"log proof: expected at most {PATH_MAX} hashes of {HASH_BYTES} bytes")
        if len(self.extra) > EXTRA_BYTES_MAX:
            raise NoteError(f"log proof: {len(self.extra)} bytes of extra data, at most {EXTRA_BYTES_MAX}")
        TreeHead.parse(self.note.text)

    @property
    def head(self) -> TreeHead:
        """The tree head the proof leads to; trust it only after `verify`."""
        return TreeHead.parse(self.note.text)

    def __str__(self) -> str:
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        path = [base64.b64encode(value).decode() for value in self.path]
        return "\n".join([HEADER, *extra, f"index {self.index}", *path, "", str(self.note)])

    @classmethod
    def parse(cls, text: str) -> LogProof:
        """Read what `str` prints, and nothing else. Raises NoteError."""
        if len(text) > PROOF_BYTES_MAX:
            raise NoteError(f"log proof: {len(text)} characters, at most {PROOF_BYTES_MAX}")
        top, _, note = text.partition("\n\n")
        header, *lines = top.split("\n", PATH_MAX + 3)
        if header != HEADER:
            raise NoteError(f"log proof: starts with {header[:60]!r}, expected {HEADER!r}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0)[len("extra ") :], "log proof: extra")
            if not extra:
                raise NoteError("log proof: empty extra line; without extra data there is none")
        match = _INDEX.fullmatch(lines[0]) if lines else None
        if match is None:
            raise NoteError("log proof: expected 'index <decimal>' after the header")
        path = tuple(decode_base64(line, "log proof: hash") for line in lines[1:])
        return cls(int(match[1]), path, notes.parse(note), extra)

    def verify(self, leaf: bytes, origin: str, policy: Policy) -> TreeHead:
        """The tree head that covers leaf hash `leaf`, if enough cosigners of `policy` signed it. Raises ProofError."""
        head = self.head
        if head.origin != origin:
            raise ProofError(f"proof of another log: {head.origin}, expected {origin}")
        policy.check(self.note)
        verify_inclusion(leaf, self.index, head.size, self.path, head.root)
        return head


def prove(tree: Tree, index: int, note: Note, extra: bytes = b"") -> LogProof:
    """Proof of leaf `index` under the cosigned tree head `note`. Raises ProofError when `tree` is not that head's."""
    head = TreeHead.parse(note.text)
    if tree.root(head.size) != head.root:
        raise ProofError(f"tree head of size {head.size} is not of this log: its root differs")
    path: Sequence[bytes] = tree.inclusion_proof(index, head.size)
    return LogProof(index, tuple(path), note, extra)
