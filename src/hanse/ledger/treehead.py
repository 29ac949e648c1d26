"""Tree heads: the body of a C2SP checkpoint (c2sp.org/tlog-checkpoint), signed by members as cosigners.

    <origin>\\n<size>\\n<base64 root>\\n

A cosignature (c2sp.org/tlog-cosignature, Ed25519, type 0x04) is over "cosignature/v1\\ntime <unix>\\n" + that body;
its blob is the 8-byte big-endian time and the 64-byte signature. No log operator signs: a Hanse log has none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.errors import NoteError
from hanse.keys import PublicKey, SigningKey
from hanse.ledger.note import Note, Signature

ALGORITHM_COSIGNATURE = b"\x04"
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class TreeHead:
    """Size and RFC 6962 root of one log."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> TreeHead:
        """Read what `str` prints, and nothing else. Raises NoteError."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
            raise NoteError("tree head: expected three lines: origin, decimal size, base64 root")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteError("tree head: root is not base64") from error
        if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
            raise NoteError("tree head: root is not 32 bytes in canonical base64")
        return cls(lines[0], int(lines[1]), root)


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosign(head: TreeHead, key: SigningKey, at: int) -> Signature:
    """`key`'s cosignature of `head` at Unix second `at`. Whether it may sign is `cosigner`'s business."""
    signature = key.sign(_message(str(head), at))
    return Signature(key.name, key.public.note_key_id(ALGORITHM_COSIGNATURE), at.to_bytes(8, "big") + signature)


def verify_cosignature(note: Note, key: PublicKey) -> int | None:
    """Unix second at which `key` cosigned `note`, or None when it did not."""
    wanted = key.note_key_id(ALGORITHM_COSIGNATURE)
    for signature in note.signatures:
        if signature.name == key.name and signature.key_id == wanted and len(signature.blob) == 72:
            at = int.from_bytes(signature.blob[:8], "big")
            if key.verify(signature.blob[8:], _message(note.text, at)):
                return at
    return None


def cosigned(head: TreeHead, signatures: Sequence[Signature]) -> str:
    """The note of a tree head: its body and one line per cosigner."""
    return str(Note(str(head), tuple(signatures)))


def merge_cosignatures(notes: Sequence[Note]) -> Note:
    """One note with every signature of several over the same head, sorted by name. Raises NoteError when heads differ."""
    if len({note.text for note in notes}) != 1:
        raise NoteError("tree heads differ: only cosignatures of one head can be gathered")
    lines = {str(signature): signature for note in notes for signature in note.signatures}
    return Note(notes[0].text, tuple(lines[line] for line in sorted(lines)))
