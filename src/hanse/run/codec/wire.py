"""Safetensors, strictly: the header is a function of what the reader expects, so parsing is comparing bytes.

Bytes: u64 little-endian header length, JSON header `{"name":{"dtype":..,"shape":[..],"data_offsets":[a,b]},..}` without
white space, in data order, padded with spaces to a multiple of 8, then the tensors end to end. No `__metadata__`.
Format: https://huggingface.co/docs/safetensors. Two spellings of one update would be two digests; here there is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hanse.errors import CodecError
from hanse.run.codec.spec import Array

_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "I32": np.dtype("<i4"),
    "F16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
"""F16 is handled as its bits: nothing here may cast a scale."""
_HEADER_MAX = 4096


@dataclass(frozen=True, slots=True)
class Field:
    """One tensor of a file: name, safetensors dtype, shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * _DTYPES[self.dtype].itemsize


def header(fields: Sequence[Field]) -> bytes:
    """The length prefix and header for `fields`, whose data follow in this order."""
    entries: dict[str, object] = {}
    offset = 0
    for field in fields:
        end = offset + field.size
        entries[field.name] = {"dtype": field.dtype, "shape": list(field.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def pack(tensors: Sequence[tuple[str, str, Array]]) -> bytes:
    """The file of 1-D `tensors` (name, dtype, values); empty ones are left out."""
    kept = [(name, dtype, array) for name, dtype, array in tensors if array.size]
    fields = [Field(name, dtype, (array.size,)) for name, dtype, array in kept]
    bodies = [np.ascontiguousarray(array).astype(_DTYPES[dtype], copy=False).data for _, dtype, array in kept]
    return b"".join([header(fields), *bodies])


def unpack(data: bytes, fields: Sequence[Field], what: str) -> list[Array]:
    """The 1-D tensors of `data`, one per field (views, read-only), iff `data` is exactly what `pack` prints for them.

    One field may have shape (-1,): it takes the bytes the others leave. Raises CodecError otherwise.
    """
    resolved = [field if field.shape[0] >= 0 else _open_field(data, fields, field, what) for field in fields]
    present = [field for field in resolved if field.size]
    expected = header(present)
    total = len(expected) + sum(field.size for field in present)
    if data[: len(expected)] != expected:
        raise CodecError(f"{what}: header is not the one the plan's codec prints, {expected[8:].decode().strip()}")
    if len(data) != total:
        raise CodecError(f"{what}: {len(data)} bytes, expected exactly {total}")
    arrays: list[Array] = []
    offset = len(expected)
    for field in resolved:
        dtype = _DTYPES[field.dtype]
        array = np.frombuffer(data, dtype, field.shape[0], offset) if field.size else np.empty(0, dtype)
        arrays.append(array if array.flags.aligned else array.copy())
        offset += field.size
    return arrays


def _open_field(data: bytes, fields: Sequence[Field], field: Field, what: str) -> Field:
    length = int.from_bytes(data[:8], "little")
    others = sum(other.size for other in fields if other is not field)
    size = len(data) - 8 - length - others
    if len(data) < 8 or length > _HEADER_MAX or size <= 0 or size % _DTYPES[field.dtype].itemsize:
        raise CodecError(f"{what}: truncated, or its header is longer than {_HEADER_MAX} bytes")
    return Field(field.name, field.dtype, (size // _DTYPES[field.dtype].itemsize,))
