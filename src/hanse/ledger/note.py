"""Signed notes (c2sp.org/signed-note): a text that ends in a newline, an empty line, signature lines.

    <text>
    <empty line>
    — <name> <base64(4-byte key id || signature)>

`parse` accepts exactly what `Note.__str__` prints; a Note that would not read back cannot be made.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.errors import NoteError
from hanse.keys import PublicKey, SigningKey

NOTE_BYTES_MAX = 1 << 20
"""UTF-8 bytes of a whole note: a thousand members' cosignatures take a quarter of it."""
SIGNATURES_MAX = 1000
"""Signature lines: one per member of the largest consortium the rules are made for; the spec asks for at least 16."""
BLOB_BYTES_MAX = 5000
"""Bytes of one signature: room for the post-quantum ones other cosigners may add."""

_NAME = re.compile(r"[^\s+\x00-\x20]{1,100}")
_LINE = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class Signature:
    """One signature line: holder's name, 4-byte key id, algorithm-specific bytes. Raises NoteError if unprintable."""

    name: str
    key_id: bytes
    blob: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise NoteError(f"note: key name {self.name[:60]!r}: expected 1-100 characters, no spaces, no plus")
        if len(self.key_id) != 4 or not 1 <= len(self.blob) <= BLOB_BYTES_MAX:
            raise NoteError(f"note: signature of {self.name}: expected a 4-byte key id and 1-{BLOB_BYTES_MAX} bytes")

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.blob).decode()}"


@dataclass(frozen=True)
class Note:
    """A text and its signatures, in the order they stand. Raises NoteError if they make no note."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if len(self.text) < 2 or not self.text.endswith("\n"):
            raise NoteError("note: expected a text that ends in a newline")
        if _CONTROL.search(self.text):
            raise NoteError("note: holds a control character other than a newline")
        if not 1 <= len(self.signatures) <= SIGNATURES_MAX:
            raise NoteError(f"note: {len(self.signatures)} signatures, expected 1 to {SIGNATURES_MAX}")
        _check_size(str(self))

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)


def parse(data: str) -> Note:
    """Read a note; signatures are read, not verified. Raises NoteError saying what does not belong."""
    _check_size(data)
    text, blank, tail = data.rpartition("\n\n")
    if not blank or not text or not tail.endswith("\n"):
        raise NoteError("note: expected a text, an empty line, and signature lines that end in newlines")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"note: {len(lines)} signatures, at most {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def sign(text: str, key: SigningKey) -> Signature:
    """`key`'s plain Ed25519 signature (type 0x01) of `text`, which includes its last newline."""
    return Signature(key.name, key.public.note_key_id(), key.sign(text.encode("utf-8")))


def verify(note: Note, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """Those of `keys` that signed `note`, in their order; lines of other keys and types are ignored, as the spec asks.

    Raises NoteError when a line of one of `keys` does not verify, and when none of them signed.
    """
    message = note.text.encode("utf-8")
    signers: list[PublicKey] = []
    for key in keys:
        blobs = [s.blob for s in note.signatures if (s.name, s.key_id) == (key.name, key.note_key_id())]
        if not all(key.verify(blob, message) for blob in blobs):
            raise NoteError(f"note: the signature of {key.name} does not verify: text or signature was changed")
        if blobs:
            signers.append(key)
    if not signers:
        raise NoteError(f"note: signed by none of the {len(keys)} known keys")
    return tuple(signers)


def decode_base64(text: str, what: str) -> bytes:
    """Bytes of standard base64 with padding (RFC 4648 section 4), one spelling only. Raises NoteError naming `what`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what}: {text[:60]!r} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError(f"{what}: {text[:60]!r} is not the canonical base64 of its bytes")
    return data


def _signature(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    if match is None:
        raise NoteError(f"note: {line[:60]!r} is not a signature line '— <name> <base64>'")
    blob = decode_base64(match[2], "note: signature")
    return Signature(match[1], blob[:4], blob[4:])


def _check_size(data: str) -> None:
    try:
        size = len(data.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NoteError("note: holds a lone surrogate, which UTF-8 cannot carry") from error
    if size > NOTE_BYTES_MAX:
        raise NoteError(f"note: {size} bytes, at most {NOTE_BYTES_MAX}")
