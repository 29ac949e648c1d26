"""int8: blocks of 4096 elements, one fp16 scale each, codes -127..127. Scales round up, so nothing is clipped."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np

from hanse.errors import CodecError
from hanse.run.codec.spec import (
    FP16_INF,
    CodecSpec,
    Floats,
    Layout,
    check_scales,
    describe,
    not_finite,
    out_of_range,
    round_scales,
    scale_values,
)
from hanse.run.kernels import compiled
from hanse.run.shards import Shard


def encode(spec: CodecSpec, layout: Layout, v: Floats) -> tuple[Any, Any]:
    """(int8 codes [n], fp16 scale bits [blocks]); `v` becomes the coding error. Raises IntegrityError as codecs do."""
    largest = np.empty(layout.blocks[-1], np.float32)
    failed = _maxima(v, layout.starts, largest)
    if failed >= 0:
        raise not_finite(layout, failed)
    wanted = largest.astype(np.float64) / 127
    scale = round_scales(wanted, spec, layout)
    scale += (scale_values(scale, spec).astype(np.float64) * 127 < largest).astype(np.uint16)
    too_large = np.flatnonzero(scale >= FP16_INF)
    if too_large.size:
        raise out_of_range(layout, int(too_large[0]), spec)
    codes = np.empty(v.size, np.int8)
    _quantize(v, layout.starts, scale_values(scale, spec), codes, scale)
    return codes, scale


def check(layout: Layout, codes: Any, scale: Any, shard: Shard) -> None:
    """Raise CodecError for code -128, an illegal scale, or a block of zeros in any but its one spelling (scale 0)."""
    check_scales(scale, shard)
    failed = _check(codes, layout.starts, scale)
    if failed >= 0:
        raise CodecError(
            f"{describe(shard)}: int8 block {failed} of {layout.slice_of_block(failed).name!r} holds code -128, "
            "or is zero in part only (scale 0 and codes 0 go together)"
        )


@compiled
@no_type_check
def _maxima(v: Any, starts: Any, largest: Any) -> int:
    """Largest magnitude per block, found as integers: NaN and Inf have the greatest bits. First bad block, or -1."""
    for b in range(starts.size - 1):
        bits = v[starts[b] : starts[b + 1]].view(np.int32)
        top = np.int32(0)
        for j in range(bits.size):
            top = max(top, bits[j] & np.int32(0x7FFFFFFF))
        if top >= 0x7F800000:
            return b
        largest[b : b + 1].view(np.int32)[0] = top
    return -1


@compiled
@no_type_check
def _quantize(v: Any, starts: Any, values: Any, codes: Any, scale: Any) -> None:
    for b in range(starts.size - 1):
        block = v[starts[b] : starts[b + 1]]
        out = codes[starts[b] : starts[b + 1]]
        s = values[b]
        if s == 0:
            out[:] = 0
            continue
        seen = 0
        for j in range(block.size):
            q = np.int32(np.rint(block[j] / s))
            seen |= q
            out[j] = q
            block[j] = block[j] - np.float32(q) * s
        if seen == 0:
            scale[b] = 0


@compiled
@no_type_check
def _check(codes: Any, starts: Any, scale: Any) -> int:
    for b in range(starts.size - 1):
        block = codes[starts[b] : starts[b + 1]]
        least, seen = np.int8(0), np.int8(0)
        for j in range(block.size):
            least = min(least, block[j])
            seen |= block[j]
        if least == -128 or (seen == 0) != (scale[b] == 0):
            return b
    return -1
