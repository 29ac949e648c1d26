"""Can the weights be read? GGUF (github.com/ggml-org/ggml, docs/gguf.md): the whole head, keys and tensors, with bounds.

After the keys: tensor: name, dimensions u32, each u64, type u32, offset u64 | ... | bytes
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import LockError
from hanse.hedge.drill.tensors import read_all
from hanse.hedge.gguf import ARRAY, DEPTH_MAX, FIXED, ITEMS_MAX, MAGIC, TEXT, Head

TENSORS_MAX = 1 << 20
DIMENSIONS_MAX = 8
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Type -> (weights in a block, bytes of a block); of a type that is not here only the beginning is checked."""


Value = str | int | float | bool | list["Value"]


@dataclass(frozen=True)
class GgufTensor:
    """A tensor as the head describes it."""

    name: str
    shape: tuple[int, ...]
    """As the file has it: the length of a row first."""
    type: int
    begin: int
    """Where its bytes begin in the file."""
    size: int
    """Bytes; 0 of a type that is not known."""


@dataclass(frozen=True)
class GgufHead:
    """Everything before the weights."""

    version: int
    keys: dict[str, Value]
    tensors: tuple[GgufTensor, ...]


def read_gguf(path: Path) -> list[str]:
    """Names of the tensors; the whole file was read. Raises LockError naming the file and what is wrong."""
    names = [tensor.name for tensor in read_head(path).tensors]
    with open(path, "rb") as file:
        read_all(file)
    return names


def read_head(path: Path) -> GgufHead:
    """Keys and tensors, each of which lies in the file. Raises LockError naming the file and what is wrong."""
    with open(path, "rb") as file:
        size = path.stat().st_size
        if size < 24:
            raise LockError(f"{path.name}: no GGUF file: {size} bytes")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _check(_Map(data, path.name), size)


def _check(head: _Map, size: int) -> GgufHead:
    if head.take(4) != MAGIC:
        raise head.bad("does not begin with GGUF")
    version = head.number("I")
    if version not in (2, 3):
        raise head.bad(f"version {version}; 2 and 3 are read, on a little-endian machine")
    tensors, count = head.number("Q"), head.number("Q")
    if tensors > TENSORS_MAX or count > TENSORS_MAX:
        raise head.bad(f"{tensors} tensors and {count} keys, at most {TENSORS_MAX}")
    keys: dict[str, Value] = {}
    for _ in range(count):
        key = head.text()
        keys[key] = head.any_value(head.number("I"))
    alignment = keys.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise head.bad(f"alignment {alignment} is no power of two")
    found = [_tensor(head) for _ in range(tensors)]
    begin = -(-head.at // alignment) * alignment
    for tensor in found:
        if tensor.begin % alignment or begin + tensor.begin + tensor.size > size:
            where = f"of {tensor.size} bytes at {tensor.begin}"
            raise head.bad(f"tensor {tensor.name[:200]!r} {where} does not lie in the file")
    if len({tensor.name for tensor in found}) != len(found):
        raise head.bad("has a tensor twice")
    placed = (GgufTensor(item.name, item.shape, item.type, begin + item.begin, item.size) for item in found)
    return GgufHead(version, keys, tuple(placed))


def _tensor(head: _Map) -> GgufTensor:
    name, dimensions = head.text(), head.number("I")
    if dimensions > DIMENSIONS_MAX:
        raise head.bad(f"tensor {name[:200]!r} has {dimensions} dimensions")
    shape = tuple(head.number("Q") for _ in range(dimensions))
    weights, type_ = math.prod(shape), head.number("I")
    block, size = _BLOCKS.get(type_, (1, 0))
    if weights % block:
        raise head.bad(f"tensor {name[:200]!r} of shape {list(shape)} is not made of blocks of {block}")
    return GgufTensor(name, shape, type_, head.number("Q"), weights // block * size)


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

    def any_value(self, type_: int, depth: int = 0) -> Value:
        if type_ in FIXED:
            return self.value(FIXED[type_])
        if type_ == TEXT:
            return self.text()
        if type_ != ARRAY:
            raise self.bad(f"a value of type {type_}, which is none")
        item, count = self.number("I"), self.number("Q")
        if count > ITEMS_MAX or depth >= DEPTH_MAX:
            most = f"at most {ITEMS_MAX} and {DEPTH_MAX}"
            raise self.bad(f"an array of {count} items, {depth} deep, which is none that is read: {most}")
        if item not in FIXED and item not in (TEXT, ARRAY):
            raise self.bad(f"an array of type {item}, which is none")
        if item in FIXED:
            code = f"<{count}{FIXED[item]}"
            return list(struct.unpack(code, self.take(struct.calcsize(code))))
        return [self.any_value(item, depth + 1) for _ in range(count)]
