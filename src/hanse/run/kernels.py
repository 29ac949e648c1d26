"""The merge, compiled (numba): fused decode, exact sum and outer step, one cache-sized tile at a time.

Bit-identical to the numpy reference in `merge.py` by construction and by test. Every kernel is generic in the type of
its factors: int64 always works; float64 is used when the caller has proved that every partial sum is an integer below
2^53, where float64 addition is exact. Fast-math is off, so LLVM may not fuse the outer step's multiplies and adds.

Arrays of several members arrive as addresses (uint64), so that one compiled kernel serves any number of members; the
caller keeps the arrays alive and guarantees their lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast, no_type_check

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

TILE = 1024
"""Elements summed at once: 8 KiB of accumulators stay in the first-level cache."""


def compiled(function: F) -> F:
    """`function` compiled without fast-math, releasing the interpreter lock, cached on disk beside its source."""
    return cast(F, numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))


@intrinsic
def _pointer(typing_context: Any, address: Any) -> Any:
    """The void pointer at an address."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uint64), build


@compiled
@no_type_check
def _step(total: Any, w: Any, m: Any, constants: Any, nesterov: bool) -> None:
    """d = float32(total) * c; m = mu*m + d; w = w + lr*(mu*m + d): each operation rounds separately."""
    c, mu, lr = constants[0], constants[1], constants[2]
    if nesterov:
        for j in range(w.size):
            d = np.float32(total[j]) * c
            v = mu * m[j] + d
            m[j] = v
            w[j] = w[j] + lr * (mu * v + d)
    else:
        for j in range(w.size):
            d = np.float32(total[j]) * c
            v = mu * m[j] + d
            m[j] = v
            w[j] = w[j] + lr * v


@compiled
@no_type_check
def _add_codes(total: Any, codes: Any, factors: Any, block: int, first: int, like: Any) -> None:
    """total = sum over members of code * factor, four members at a time; `codes` are addresses of `like` arrays."""
    members, n, width = codes.size, total.size, like.itemsize
    total[:] = 0
    whole = members - members % 4
    for i in range(0, whole, 4):
        a = numba.carray(_pointer(codes[i] + np.uint64(first * width)), (n,), like.dtype)
        b = numba.carray(_pointer(codes[i + 1] + np.uint64(first * width)), (n,), like.dtype)
        c = numba.carray(_pointer(codes[i + 2] + np.uint64(first * width)), (n,), like.dtype)
        d = numba.carray(_pointer(codes[i + 3] + np.uint64(first * width)), (n,), like.dtype)
        fa, fb, fc, fd = factors[i, block], factors[i + 1, block], factors[i + 2, block], factors[i + 3, block]
        for j in range(n):
            total[j] += (a[j] * fa + b[j] * fb) + (c[j] * fc + d[j] * fd)
    for i in range(whole, members):
        e = numba.carray(_pointer(codes[i] + np.uint64(first * width)), (n,), like.dtype)
        fe = factors[i, block]
        for j in range(n):
            total[j] += e[j] * fe


@compiled
@no_type_check
def merge_codes(codes: Any, factors: Any, w: Any, m: Any, constants: Any, nesterov: bool, like: Any) -> None:
    """One slice of int8 or fixed32 codes. codes: uint64 [members]; factors: [members, blocks of 4096];
    constants: float32 (c, mu, lr); `like`: an empty array of the codes' type. In place on w and m."""
    accumulator = np.empty(TILE, factors.dtype)
    for first in range(0, w.size, TILE):
        last = min(first + TILE, w.size)
        total = accumulator[: last - first]
        _add_codes(total, codes, factors, first // 4096, first, like)
        _step(total, w[first:last], m[first:last], constants, nesterov)


@compiled
@no_type_check
def merge_bits(codes: Any, factors: Any, w: Any, m: Any, constants: Any, nesterov: bool, like: Any) -> None:
    """One slice of sign bits in blocks of 1024 (128 bytes). Arguments as in `merge_codes`."""
    accumulator = np.empty(TILE, factors.dtype)
    signs = np.empty((256, 8), factors.dtype)
    for byte in range(256):
        for t in range(8):
            signs[byte, t] = 1 - 2 * ((byte >> t) & 1)
    for first in range(0, w.size, TILE):
        last = min(first + TILE, w.size)
        size = (last - first + 7) // 8
        accumulator[:] = 0
        for i in range(codes.size):
            packed = numba.carray(_pointer(codes[i] + np.uint64(first // 8)), (size,), like.dtype)
            factor = factors[i, first // TILE]
            for byte in range(size):
                eight = accumulator[byte * 8 : byte * 8 + 8]
                row = signs[packed[byte]]
                for t in range(8):
                    eight[t] += row[t] * factor
        _step(accumulator[: last - first], w[first:last], m[first:last], constants, nesterov)


@compiled
@no_type_check
def merge_sparse(
    codes: Any, index: Any, entries: Any, factors: Any, w: Any, m: Any, constants: Any, nesterov: bool
) -> None:
    """One slice of top-k chunks. codes, index: addresses of int8 and uint16 arrays [entries of the slice];
    entries: int64 [chunks + 1], first entry of each chunk, the same for every member."""
    accumulator = np.empty(4096, factors.dtype)
    count = entries[-1]
    for chunk in range(entries.size - 1):
        first = chunk * 4096
        last = min(first + 4096, w.size)
        accumulator[:] = 0
        for i in range(codes.size):
            q = numba.carray(_pointer(codes[i]), (count,), np.int8)[entries[chunk] : entries[chunk + 1]]
            at = numba.carray(_pointer(index[i]), (count,), np.uint16)[entries[chunk] : entries[chunk + 1]]
            factor = factors[i, chunk]
            for e in range(q.size):
                accumulator[at[e]] += q[e] * factor
        _step(accumulator[: last - first], w[first:last], m[first:last], constants, nesterov)


@compiled
@no_type_check
def copy_slices(target: Any, source: Any) -> None:
    """A plain copy, tile by tile: the yardstick of benchmarks/kernels.py."""
    for first in range(0, target.size, 65536):
        target[first : first + 65536] = source[first : first + 65536]


@compiled
@no_type_check
def max_bits(bits: Any) -> Any:
    """Largest magnitude as float32 bits, from an int32 view: NaN and Inf are 0x7F800000 or more."""
    top = np.int32(0)
    for first in range(0, bits.size, 65536):
        tile = bits[first : first + 65536]
        for j in range(tile.size):
            top = max(top, tile[j] & np.int32(0x7FFFFFFF))
    return top
