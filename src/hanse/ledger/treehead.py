"""Tree heads: the body of a C2SP checkpoint (c2sp.org/tlog-checkpoint), signed by members as cosigners.

    <origin>\\n<size>\\n<base64 root>\\n

A cosignature (c2sp.org/tlog-cosignature, Ed25519, type 0x04) is over "cosignature/v1\\ntime <unix>\\n" + that body;
its blob is the 8-byte big-endian time and the 64-byte signature. No log operator signs: a Hanse log has none.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hanse.errors import InputError, NoteError, ProofError
from hanse.keys import PublicKey, SigningKey
from hanse.ledger.merkle import HASH_BYTES
from hanse.ledger.note import Note, Signature, decode_base64

ALGORITHM_COSIGNATURE = b"\x04"
SIZE_MAX = 2**53 - 1
"""Leaves: entries carry sizes as JSON integers, which end here (PROTOCOL rule 4)."""
TIME_MAX = 2**63 - 1
"""Unix seconds: the spec's bound for a cosignature's time."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_ORIGIN = re.compile(r"[^\s+\x00-\x20]{1,200}")


def log_origin(genesis: str) -> str:
    """First line of a Hanse log's tree heads: of its genesis digest, because a URL is not a log's identity."""
    return f"hanse/log/{genesis}"


@dataclass(frozen=True)
class TreeHead:
    """Size and RFC 6962 root of one log. Raises NoteError for what has no checkpoint body."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin):
            raise NoteError(f"tree head: origin {self.origin[:60]!r}: expected 1-200 characters, no spaces, no plus")
        if not 0 <= self.size <= SIZE_MAX:
            raise NoteError(f"tree head: size {self.size} is outside 0 to 2^53-1")
        if len(self.root) != HASH_BYTES:
            raise NoteError(f"tree head: root of {len(self.root)} bytes, expected {HASH_BYTES}")

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> TreeHead:
        """Read what `str` prints, and nothing else: no extension lines. Raises NoteError."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise NoteError("tree head: expected three lines: origin, decimal size, base64 root")
        return cls(lines[0], int(lines[1]), decode_base64(lines[2], "tree head: root"))


@dataclass(frozen=True)
class Policy:
    """How many cosigners a tree head needs, and the keys that speak for each. Raises InputError if it cannot hold.

    A cosigner counts once, whichever of its keys signed. One key may not speak for two: the signed message does not
    carry the cosigner's name, so a signature under one name could be printed again under the other.
    """

    minimum: int
    cosigners: Mapping[str, tuple[PublicKey, ...]]

    def __post_init__(self) -> None:
        count = len(self.cosigners)
        if not 1 <= self.minimum <= count:
            raise InputError(f"cosigner minimum {self.minimum}: expected 1 to {count}, the number of cosigners")
        owner: dict[bytes, str] = {}
        for name, keys in self.cosigners.items():
            for key in keys:
                first = owner.setdefault(key.raw, name)
                if first != name:
                    raise InputError(f"cosigners {first} and {name} share key {key.id[:16]}: each needs its own")

    @classmethod
    def of(cls, minimum: int, keys: Sequence[PublicKey]) -> Policy:
        """`minimum` of `keys`, each its own cosigner."""
        return cls(minimum, {str(key): (key,) for key in keys})

    def signed(self, note: Note) -> dict[str, int]:
        """Unix second at which each cosigner signed `note`; those that did not are absent.

        A line that does not verify is passed over instead of spoiling the note: anybody may add lines, and must not
        unsay the others by it.
        """
        found = {name: [at for key in keys for at, _ in _valid(note, key)] for name, keys in self.cosigners.items()}
        return {name: min(times) for name, times in found.items() if times}

    def check(self, note: Note) -> None:
        """Raise ProofError unless enough cosigners signed `note`."""
        signed = sorted(self.signed(note))
        if len(signed) < self.minimum:
            raise ProofError(
                f"tree head has {len(signed)} of {self.minimum} cosignatures needed ({', '.join(signed) or 'none'}): "
                "wait for more members to sign, or check that these are the keys of the charter in force"
            )


def cosign(head: TreeHead, key: SigningKey, at: int) -> Signature:
    """`key`'s cosignature of `head` at Unix second `at`. Whether it may sign is `cosigner`'s business."""
    if not 0 <= at <= TIME_MAX:
        raise NoteError(f"cosignature time {at}: expected Unix seconds from 0 to 2^63-1")
    signature = key.sign(_message(str(head), at))
    return Signature(key.name, key.public.note_key_id(ALGORITHM_COSIGNATURE), at.to_bytes(8, "big") + signature)


def verify_cosignature(note: Note, key: PublicKey) -> int | None:
    """Unix second at which `key` first cosigned `note`, or None when it did not."""
    return min((at for at, _ in _valid(note, key)), default=None)


def cosigned(head: TreeHead, signatures: Sequence[Signature]) -> str:
    """The note of a tree head: its body and one line per cosigner. Raises NoteError without a signature."""
    return str(Note(str(head), tuple(signatures)))


def merge_cosignatures(notes: Sequence[Note], policy: Policy | None = None) -> Note:
    """One note with the signatures of several over the same head, sorted, without repeats, whatever their order.

    With `policy`, only lines that count are kept, the first in time of each key. Raises NoteError when heads differ or
    no line is left.
    """
    if not notes or any(note.text != notes[0].text for note in notes):
        raise NoteError(f"{len(notes)} notes to gather: expected one or more of the same tree head")
    lines = {str(signature): signature for note in notes for signature in note.signatures}
    if policy is not None:
        keys = [key for owned in policy.cosigners.values() for key in owned]
        best = [min(_all_valid(notes, key), default=None) for key in keys]
        lines = {line: lines[line] for line in (kept[1] for kept in best if kept is not None)}
    return Note(notes[0].text, tuple(lines[line] for line in sorted(lines)))


def _all_valid(notes: Sequence[Note], key: PublicKey) -> Iterator[tuple[int, str]]:
    return ((at, str(signature)) for note in notes for at, signature in _valid(note, key))


def _valid(note: Note, key: PublicKey) -> Iterator[tuple[int, Signature]]:
    wanted = key.note_key_id(ALGORITHM_COSIGNATURE)
    for signature in note.signatures:
        if (signature.name, signature.key_id) == (key.name, wanted) and len(signature.blob) == 72:
            at = int.from_bytes(signature.blob[:8], "big")
            if at <= TIME_MAX and key.verify(signature.blob[8:], _message(note.text, at)):
                yield at, signature


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
