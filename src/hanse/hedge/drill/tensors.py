"""Can the weights be read? safetensors (github.com/huggingface/safetensors):

    length u64 | header: JSON, {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {...}} | bytes

Every tensor's range is checked against its type and shape, the ranges must cover the bytes without a gap, and all are read.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hanse.errors import LockError

HEADER_BYTES_MAX = 100_000_000
"""The format's own bound."""
INDEX_BYTES_MAX = 100_000_000
PIECE = 1 << 20
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4,
    "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64,
    "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """Where a tensor lies."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    """First byte in the file."""
    end: int


def read_safetensors(path: Path) -> list[str]:
    """Names of the tensors, all of which were read. Raises LockError naming the file and the tensor."""
    found = list_safetensors(path)
    with open(path, "rb") as file:
        read_all(file)
    return [tensor.name for tensor in found]


def list_safetensors(path: Path) -> list[Stored]:
    """The tensors in the order of their bytes, which they cover without a gap. Raises as `read_safetensors`."""
    with open(path, "rb") as file:
        size = path.stat().st_size
        header, begin = _header(file, size, path.name)
    found = []
    for name, item in header.items():
        if name != "__metadata__":
            start, end = _range(item, f"{path.name}: tensor {name[:200]!r}")
            found.append(Stored(name, item["dtype"], tuple(item["shape"]), begin + start, begin + end))
    at = begin
    for tensor in sorted(found, key=lambda stored: (stored.begin, stored.end, stored.name)):
        if tensor.begin != at:
            what = f"tensor {tensor.name[:200]!r} begins at {tensor.begin - begin}, expected {at - begin}"
            raise LockError(f"{path.name}: {what}: a gap or an overlap")
        at = tensor.end
    if at != size:
        raise LockError(f"{path.name}: its tensors end at byte {at}, the file at {size}")
    return sorted(found, key=lambda stored: (stored.begin, stored.end, stored.name))


def read_index(path: Path, tensors: dict[str, set[str]]) -> None:
    """Check that every tensor of an index stands in the file it says; `tensors` has the names by file. Raises LockError."""
    data = path.read_bytes()
    if len(data) > INDEX_BYTES_MAX:
        raise LockError(f"{path.name}: {len(data)} bytes, at most {INDEX_BYTES_MAX}")
    try:
        weights = json.loads(data)["weight_map"]
        pairs = [(str(name), str(file)) for name, file in weights.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LockError(f"{path.name}: no index of weights: expected an object with 'weight_map'") from error
    for name, file in pairs:
        if name not in tensors.get(file, ()):
            raise LockError(
                f"{path.name}: says that tensor {name[:200]!r} stands in {file[:200]!r}, which has none of it"
            )


def read_all(file: BinaryIO) -> None:
    """Read to the end."""
    buffer = bytearray(PIECE)
    while file.readinto(buffer):  # type: ignore[attr-defined]
        pass


def _header(file: BinaryIO, size: int, name: str) -> tuple[dict[str, Any], int]:
    head = file.read(8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
    if not 2 <= length <= min(HEADER_BYTES_MAX, size - 8):
        raise LockError(f"{name}: no safetensors file: its header would have {length} bytes of {size}")
    try:
        header = json.loads(file.read(length), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise LockError(f"{name}: its header is no JSON with each tensor once") from error
    if not isinstance(header, dict):
        raise LockError(f"{name}: its header is no object")
    return header, 8 + int(length)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def _range(item: object, what: str) -> tuple[int, int]:
    if not isinstance(item, dict) or not {"dtype", "shape", "data_offsets"} <= item.keys():
        raise LockError(f"{what}: expected dtype, shape and data_offsets")
    shape, offsets, bits = item["shape"], item["data_offsets"], _BITS.get(str(item["dtype"]))
    if bits is None:
        raise LockError(f"{what}: dtype {str(item['dtype'])[:40]!r} is not known")
    if not all(isinstance(v, list) and all(_count(n) for n in v) for v in (shape, offsets)) or len(offsets) != 2:
        raise LockError(f"{what}: shape and data_offsets are lists of whole numbers")
    if (offsets[1] - offsets[0]) * 8 != math.prod(shape) * bits:
        raise LockError(f"{what}: {offsets[1] - offsets[0]} bytes for {item['dtype']} of shape {shape[:8]}")
    return offsets[0], offsets[1]


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def weight_files(folder: Path, ending: str) -> Iterator[Path]:
    """Files with an ending, at any depth, in order."""
    return (path for path in sorted(folder.rglob(f"*{ending}")) if path.is_file())
