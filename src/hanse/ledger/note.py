"""Signed notes (c2sp.org/signed-note): a text that ends in a newline, an empty line, signature lines.

    — <name> <base64(4-byte key id || signature)>

`parse` accepts exactly what `Note.__str__` prints.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from hanse.errors import NoteError

SIGNATURES_MAX = 1000
_LINE = re.compile(r"— ([^\s+]{1,100}) ([A-Za-z0-9+/=]{8,8000})")


@dataclass(frozen=True)
class Signature:
    """One signature line: holder's name, 4-byte key id, algorithm-specific bytes."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.blob).decode()}"


@dataclass(frozen=True)
class Note:
    """A text and its signatures, in the order they stand."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)


def parse(data: str) -> Note:
    """Read a note. Raises NoteError saying what does not belong."""
    if any(ord(character) < 0x20 and character != "\n" for character in data):
        raise NoteError("note: holds a control character other than a newline")
    text, blank, tail = data.rpartition("\n\n")
    if not blank or not text or not tail.endswith("\n"):
        raise NoteError("note: expected a text, an empty line, and signature lines that end in newlines")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"note: {len(lines)} signatures, at most {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    if match is None:
        raise NoteError(f"note: {line[:60]!r} is not a signature line '— <name> <base64>'")
    try:
        blob = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("note: a signature is not base64") from error
    if len(blob) < 5 or base64.b64encode(blob).decode() != match[2]:
        raise NoteError("note: a signature is too short or not canonical base64")
    return Signature(match[1], blob[:4], blob[4:])
