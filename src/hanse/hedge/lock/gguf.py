"""Key/values at the head of a GGUF file, read from a stream with bounds.

A file of a big-endian machine shows its version with the bytes turned. Arrays are skipped: they are the tokenizer's
vocabulary, and what a lock wants to know stands in single values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from hanse.hedge.gguf import ARRAY, FIXED, MAGIC, TEXT, Head

HEAD_BYTES_MAX = 32 << 20
"""A vocabulary of a quarter of a million words takes about 10 MB."""
KEYS_MAX = 65_536
KEY_BYTES_MAX = 65_535
TEXT_BYTES_MAX = 1 << 20
"""A chat template is the longest text that is kept."""

Value = str | int | float | bool


def read_keys(chunks: Iterable[bytes], name: str) -> Iterator[tuple[str, Value | None]]:
    """Each key with its value (None for an array), in the file's order; stop when you have seen enough. `chunks` are the file's
    bytes from its beginning. Raises LockError, naming the file, where the bytes are no GGUF or exceed a bound."""
    head = _Stream(chunks, name)
    if head.take(4) != MAGIC:
        raise head.bad("does not begin with GGUF")
    version = head.number("I")
    if version & 0xFFFF == 0:
        head.order = ">"
        version = struct.unpack(">I", struct.pack("<I", version))[0]
    if version not in (1, 2, 3):
        raise head.bad(f"version {version}; 1 to 3 are known")
    head.count = "I" if version == 1 else "Q"
    head.number(head.count)
    keys = head.number(head.count)
    if keys > KEYS_MAX:
        raise head.bad(f"{keys} keys, at most {KEYS_MAX}")
    for _ in range(keys):
        key = head.text(KEY_BYTES_MAX)
        type_ = head.number("I")
        if type_ == ARRAY:
            yield key, None
            head.skip_value(type_)
        elif type_ == TEXT:
            yield key, head.text(TEXT_BYTES_MAX)
        elif type_ in FIXED:
            yield key, head.value(FIXED[type_])
        else:
            raise head.bad(f"key {key[:80]!r} has type {type_}, which is none")


class _Stream(Head):
    """The stream, never more of it in memory than was asked for at once and one chunk."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        super().__init__(name)
        self._chunks = iter(chunks)
        self._held, self._at, self._read = b"", 0, 0

    def take(self, count: int) -> bytes:
        self._spend(count)
        while len(self._held) - self._at < count:
            self._held = self._held[self._at :] + self._more()
            self._at = 0
        self._at += count
        return self._held[self._at - count : self._at]

    def skip(self, count: int) -> None:
        self._spend(count)
        while len(self._held) - self._at < count:
            count -= len(self._held) - self._at
            self._held, self._at = self._more(), 0
        self._at += count

    def text(self, bytes_max: int) -> str:
        length = self.number(self.count)
        if length > bytes_max:
            raise self.bad(f"a text of {length} bytes, at most {bytes_max}")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.bad("a text is not UTF-8") from error

    def _more(self) -> bytes:
        for chunk in self._chunks:
            if chunk:
                return chunk
        raise self.bad("it ends in the middle of its head")

    def _spend(self, count: int) -> None:
        self._read += count
        if self._read > HEAD_BYTES_MAX:
            raise self.bad(f"its head is longer than {HEAD_BYTES_MAX} bytes")
