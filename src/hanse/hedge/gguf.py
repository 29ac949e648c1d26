"""The grammar at the head of a GGUF file (github.com/ggml-org/ggml, docs/gguf.md), for whoever reads it from a stream or a map.

    "GGUF" | version u32 | tensors u64 | keys u64 | key: u64 length + UTF-8, type u32, value | ...

Counts are u32 in version 1; a file of a big-endian machine has every number turned.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod

from hanse.errors import LockError

MAGIC = b"GGUF"
ITEMS_MAX = 1 << 24
DEPTH_MAX = 4
FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Types of one size, by their code in `struct`."""
TEXT, ARRAY = 8, 9


class Head(ABC):
    """Reads one thing after the other; a subclass has the bytes and its bounds."""

    def __init__(self, name: str) -> None:
        self._name, self.order, self.count = name, "<", "Q"

    @abstractmethod
    def take(self, count: int) -> bytes:
        """The next bytes. Raises LockError where the file ends before."""

    @abstractmethod
    def skip(self, count: int) -> None:
        """Go on without them. Raises as `take`."""

    def bad(self, reason: str) -> LockError:
        """What to raise, naming the file."""
        return LockError(f"{self._name}: no GGUF that can be read: {reason}")

    def value(self, code: str) -> int | float | bool:
        """One value of a fixed size."""
        code = self.order + code
        found: int | float | bool = struct.unpack(code, self.take(struct.calcsize(code)))[0]
        return found

    def number(self, code: str) -> int:
        """A whole number."""
        return int(self.value(code))

    def skip_value(self, type_: int, depth: int = 0) -> None:
        """Go past a value of any type."""
        if type_ in FIXED:
            self.skip(struct.calcsize("<" + FIXED[type_]))
        elif type_ == TEXT:
            self.skip(self.number(self.count))
        elif type_ == ARRAY:
            self._skip_array(depth)
        else:
            raise self.bad(f"a value of type {type_}, which is none")

    def _skip_array(self, depth: int) -> None:
        type_, count = self.number("I"), self.number(self.count)
        if count > ITEMS_MAX or depth >= DEPTH_MAX:
            most = f"at most {ITEMS_MAX} and {DEPTH_MAX}"
            raise self.bad(f"an array of {count} items, {depth} deep, which is none that is read: {most}")
        if type_ in FIXED:
            self.skip(count * struct.calcsize("<" + FIXED[type_]))
        elif type_ in (TEXT, ARRAY):
            for _ in range(count):
                self.skip_value(type_, depth + 1)
        else:
            raise self.bad(f"an array of type {type_}, which is none")
