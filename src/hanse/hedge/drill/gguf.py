"""Can the weights be read? GGUF (github.com/ggml-org/ggml, docs/gguf.md): the whole head, keys and tensors, with bounds.

After the keys: tensor: name, dimensions u32, each u64, type u32, offset u64 | ... | bytes
"""

from __future__ import annotations

import math
import mmap
from pathlib import Path

from hanse.errors import LockError
from hanse.hedge.drill.tensors import read_all
from hanse.hedge.gguf import MAGIC, Head

TENSORS_MAX = 1 << 20
DIMENSIONS_MAX = 8
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Type -> (weights in a block, bytes of a block); of a type that is not here only the beginning is checked."""


def read_gguf(path: Path) -> list[str]:
    """Names of the tensors; the whole file was read. Raises LockError naming the file and what is wrong."""
    with open(path, "rb") as file:
        size = path.stat().st_size
        if size < 24:
            raise LockError(f"{path.name}: no GGUF file: {size} bytes")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = _check(_Map(data, path.name), size)
        file.seek(0)
        read_all(file)
    return names


def _check(head: _Map, size: int) -> list[str]:
    if head.take(4) != MAGIC:
        raise head.bad("does not begin with GGUF")
    version = head.number("I")
    if version not in (2, 3):
        raise head.bad(f"version {version}; 2 and 3 are read, on a little-endian machine")
    tensors, keys = head.number("Q"), head.number("Q")
    if tensors > TENSORS_MAX or keys > TENSORS_MAX:
        raise head.bad(f"{tensors} tensors and {keys} keys, at most {TENSORS_MAX}")
    alignment = 32
    for _ in range(keys):
        key, type_ = head.text(), head.number("I")
        if key == "general.alignment" and type_ == 4:
            alignment = head.number("I")
        else:
            head.skip_value(type_)
    if alignment < 1 or alignment & (alignment - 1):
        raise head.bad(f"alignment {alignment} is no power of two")
    found = [_tensor(head) for _ in range(tensors)]
    begin = -(-head.at // alignment) * alignment
    for name, offset, length in found:
        if offset % alignment or begin + offset + length > size:
            raise head.bad(f"tensor {name[:200]!r} of {length} bytes at {offset} does not lie in the file")
    names = [name for name, _, _ in found]
    if len(set(names)) != len(names):
        raise head.bad("has a tensor twice")
    return names


def _tensor(head: _Map) -> tuple[str, int, int]:
    name, dimensions = head.text(), head.number("I")
    if dimensions > DIMENSIONS_MAX:
        raise head.bad(f"tensor {name[:200]!r} has {dimensions} dimensions")
    shape = [head.number("Q") for _ in range(dimensions)]
    weights, type_ = math.prod(shape), head.number("I")
    block, size = _BLOCKS.get(type_, (1, 0))
    if weights % block:
        raise head.bad(f"tensor {name[:200]!r} of shape {shape} is not made of blocks of {block}")
    return name, head.number("Q"), weights // block * size


class _Map(Head):
    """A place in the file that moves on."""

    def __init__(self, data: mmap.mmap, name: str) -> None:
        super().__init__(name)
        self._data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.skip(count)
        return self._data[self.at - count : self.at]

    def skip(self, count: int) -> None:
        if self.at + count > len(self._data):
            raise self.bad("it ends in the middle of its head")
        self.at += count

    def text(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", "replace")
