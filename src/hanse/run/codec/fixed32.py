"""fixed32: "fp32 as fixed point". Codes are int32 multiples of 2^-30, so an exact integer sum replaces a float one."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np

from hanse.errors import CodecError
from hanse.run.codec.spec import FIXED_MAX, CodecSpec, Floats, Layout, describe, not_finite, out_of_range
from hanse.run.kernels import compiled
from hanse.run.shards import Shard

_STEP = 2.0**-30


def encode(spec: CodecSpec, layout: Layout, v: Floats) -> Any:
    """int32 codes of `v` [n]; `v` becomes the coding error. Raises IntegrityError for NaN, Inf and |v| >= 2."""
    codes = np.empty(v.size, np.int32)
    failed = _encode(v, layout.starts, codes)
    if failed >= 0:
        block = v[layout.starts[failed] : layout.starts[failed + 1]]
        raise out_of_range(layout, failed, spec) if np.isfinite(block).all() else not_finite(layout, failed)
    return codes


def check(codes: Any, shard: Shard) -> None:
    """Raise CodecError for the one unused code."""
    if codes.size and int(codes.min()) < -FIXED_MAX:
        raise CodecError(f"{describe(shard)}: fixed32 code -2^31 is not used")


@compiled
@no_type_check
def _encode(v: Any, starts: Any, codes: Any) -> int:
    for b in range(starts.size - 1):
        block = v[starts[b] : starts[b + 1]]
        out = codes[starts[b] : starts[b + 1]]
        largest = 0
        bits = block.view(np.int32)
        for j in range(bits.size):
            largest = max(largest, bits[j] & 0x7FFFFFFF)
        if largest >= 0x40000000:  # the bits of 2.0f; the largest float below gives code 2^31 - 128
            return b
        for j in range(block.size):
            q = np.int32(np.rint(np.float64(block[j]) * 1073741824.0))
            out[j] = q
            block[j] = np.float32(np.float64(block[j]) - q * _STEP)
    return -1
