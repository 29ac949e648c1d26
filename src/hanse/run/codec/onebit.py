"""1bit: a sign per element and one fp16 scale, the mean magnitude, per block of 1024 (least-squares for signs).

Each block starts on a byte; bit t of byte i is element 8i + t, set for minus. Padding bits and the bits of a block
with scale 0 are zero, so every part has one spelling.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, no_type_check

import numpy as np

from hanse.errors import CodecError
from hanse.run.codec.spec import (
    CodecSpec,
    Floats,
    Layout,
    check_scales,
    describe,
    not_finite,
    round_scales,
    scale_values,
)
from hanse.run.kernels import compiled
from hanse.run.shards import Shard, Slice


@lru_cache(maxsize=64)
def _byte_offsets(slices: tuple[Slice, ...]) -> tuple[int, ...]:
    offsets = [0]
    for piece in slices:
        offsets.append(offsets[-1] + -(-piece.length // 8))
    return tuple(offsets)


def slice_bytes(layout: Layout) -> tuple[int, ...]:
    """First byte of each slice, then the total. A block of 1024 is 128 bytes, so only a slice's last block pads."""
    return _byte_offsets(layout.slices)


def byte_starts(layout: Layout) -> Any:
    """First byte of each block, then the total: int64 [blocks + 1]."""
    sizes = (np.diff(layout.starts) + 7) // 8
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def encode(spec: CodecSpec, layout: Layout, v: Floats) -> tuple[Any, Any]:
    """(packed signs uint8 [bytes], fp16 scale bits [blocks]); `v` becomes the coding error."""
    means = np.empty(layout.blocks[-1], np.float64)
    failed = _means(v, layout.starts, means)
    if failed >= 0:
        raise not_finite(layout, failed)
    scale = round_scales(means, spec, layout)
    codes = np.zeros(slice_bytes(layout)[-1], np.uint8)
    _signs(v, layout.starts, byte_starts(layout), scale_values(scale, spec), codes)
    return codes, scale


def check(layout: Layout, codes: Any, scale: Any, shard: Shard) -> None:
    """Raise CodecError for an illegal scale, a set padding bit, or a set bit in a block of scale 0."""
    check_scales(scale, shard)
    failed = _check(codes, layout.starts, byte_starts(layout), scale)
    if failed >= 0:
        raise CodecError(
            f"{describe(shard)}: 1bit block {failed} of {layout.slice_of_block(failed).name!r} has a padding bit set, "
            "or a minus sign under scale 0"
        )


def unpack_signs(layout: Layout, codes: Any) -> Any:
    """+1 and -1 per element, int8 [n] (numpy only: the reference for the compiled kernels)."""
    offsets = slice_bytes(layout)
    pieces = [np.empty(0, np.uint8)]
    for i, piece in enumerate(layout.slices):
        pieces.append(np.unpackbits(codes[offsets[i] : offsets[i + 1]], count=piece.length, bitorder="little"))
    return (1 - 2 * np.concatenate(pieces).astype(np.int8)).astype(np.int8)


@compiled
@no_type_check
def _means(v: Any, starts: Any, means: Any) -> int:
    for b in range(starts.size - 1):
        block = v[starts[b] : starts[b + 1]]
        lanes = np.zeros(8, np.float64)
        whole = block.size - block.size % 8
        for j in range(0, whole, 8):
            for t in range(8):
                lanes[t] += abs(block[j + t])
        for j in range(whole, block.size):
            lanes[j - whole] += abs(block[j])
        total = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
        if not np.isfinite(total):  # float64 cannot overflow on 1024 finite float32
            return b
        means[b] = total / block.size
    return -1


@compiled
@no_type_check
def _signs(v: Any, starts: Any, byte_starts: Any, values: Any, codes: Any) -> None:
    for b in range(starts.size - 1):
        s = values[b]
        if s == 0:
            continue
        block = v[starts[b] : starts[b + 1]]
        out = codes[byte_starts[b] : byte_starts[b + 1]]
        for j in range(block.size):
            if block[j] < 0:
                out[j >> 3] |= np.uint8(1 << (j & 7))
                block[j] = block[j] + s
            else:
                block[j] = block[j] - s


@compiled
@no_type_check
def _check(codes: Any, starts: Any, byte_starts: Any, scale: Any) -> int:
    for b in range(starts.size - 1):
        block = codes[byte_starts[b] : byte_starts[b + 1]]
        used = (starts[b + 1] - starts[b]) % 8
        if used and block[-1] >> used:
            return b
        if scale[b] == 0:
            for byte in block:
                if byte:
                    return b
    return -1
