"""Key/values at the head of a GGUF file (github.com/ggml-org/ggml, docs/gguf.md), read from a stream with bounds.

    "GGUF" | version u32 | tensors u64 | keys u64 | key: u64 length + UTF-8, type u32, value | ...

Counts are u32 in version 1; a file of a big-endian machine shows its version with the bytes turned. Arrays are skipped:
they are the tokenizer's vocabulary, and what a lock wants to know stands in single values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from hanse.errors import LockError

MAGIC = b"GGUF"
HEAD_BYTES_MAX = 32 << 20
"""A vocabulary of a quarter of a million words takes about 10 MB."""
KEYS_MAX = 65_536
KEY_BYTES_MAX = 65_535
TEXT_BYTES_MAX = 1 << 20
"""A chat template is the longest text that is kept."""
ITEMS_MAX = 1 << 24
DEPTH_MAX = 4
_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9

Value = str | int | float | bool


def read_keys(chunks: Iterable[bytes], name: str) -> Iterator[tuple[str, Value | None]]:
    """Each key with its value (None for an array), in the file's order; stop when you have seen enough. `chunks` are the file's
    bytes from its beginning. Raises LockError, naming the file, where the bytes are no GGUF or exceed a bound."""
    head = _Head(chunks, name)
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
        if type_ == _ARRAY:
            yield key, None
            _skip_array(head, 0)
        elif type_ == _TEXT:
            yield key, head.text(TEXT_BYTES_MAX)
        elif type_ in _FIXED:
            yield key, head.value(_FIXED[type_])
        else:
            raise head.bad(f"key {key[:80]!r} has type {type_}, which is none")


def _skip_array(head: _Head, depth: int) -> None:
    type_, count = head.number("I"), head.number(head.count)
    if count > ITEMS_MAX or depth >= DEPTH_MAX:
        raise head.bad(f"an array of {count} items, {depth} deep; at most {ITEMS_MAX} and {DEPTH_MAX}")
    if type_ in _FIXED:
        head.skip(count * struct.calcsize("<" + _FIXED[type_]))
    elif type_ == _TEXT:
        for _ in range(count):
            head.skip(head.number(head.count))
    elif type_ == _ARRAY:
        for _ in range(count):
            _skip_array(head, depth + 1)
    else:
        raise head.bad(f"an array of type {type_}, which is none")


class _Head:
    """The stream, never more of it in memory than was asked for at once and one chunk."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        self._chunks, self._name = iter(chunks), name
        self._held, self._at, self._read = b"", 0, 0
        self.order, self.count = "<", "Q"

    def bad(self, reason: str) -> LockError:
        return LockError(f"{self._name}: no GGUF that can be read: {reason}")

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

    def number(self, code: str) -> int:
        return int(self.value(code))

    def value(self, code: str) -> int | float | bool:
        code = self.order + code
        found: int | float | bool = struct.unpack(code, self.take(struct.calcsize(code)))[0]
        return found

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
