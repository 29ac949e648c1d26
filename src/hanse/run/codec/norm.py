"""Norms of updates as exact integers, and the clipping they imply (PROTOCOL rules 16 and 21)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from hanse.run.codec import topk
from hanse.run.codec.spec import FIXED_SHIFT, Part, layouts, scale_units

CLIP_ONE = 65536
"""Clip numerators are in units of 1/65536: this one means "not clipped"."""


def norm_squared(part: Part) -> int:
    """Sum of squares of the part's values, in units of 2^-80, exact. Sum over parts for an update's norm."""
    main, dense = layouts(part.spec, part.shard)
    shift = part.spec.scale_shift
    total = _int8_norm(part.dense_code, part.dense_scale, dense.starts, shift)
    if part.spec.kind == "fixed32":
        return total + (_int32_squares(part.code) << (2 * FIXED_SHIFT))
    if part.spec.kind == "int8":
        return total + _int8_norm(part.code, part.scale, main.starts, shift)
    if part.spec.kind == "1bit":
        squares = np.diff(main.starts)
    else:
        squares = _segment_squares(part.code, topk.entry_starts(part.spec, main))
    return total + _weigh(squares, part.scale, shift)


def clip_factors(norms_squared: Sequence[int], factor: Fraction) -> list[int]:
    """Numerators (of 65536) that scale every update down to at most `factor` times the lower median norm.

    The lower median is taken over updates that are not all zero (a member with nothing to say must not silence the
    others). factor 0 turns clipping off. Rounds down: floor(65536 * factor * median / norm), exactly.
    """
    speaking = sorted(norm for norm in norms_squared if norm)
    if not factor or not speaking:
        return [CLIP_ONE] * len(norms_squared)
    median = speaking[(len(speaking) - 1) // 2]
    numerator, denominator = factor.numerator**2 * median, factor.denominator**2
    return [
        CLIP_ONE if norm * denominator <= numerator else isqrt(CLIP_ONE**2 * numerator // (norm * denominator))
        for norm in norms_squared
    ]


def _int8_norm(code: Any, scale: Any, starts: Any, shift: int) -> int:
    return _weigh(_segment_squares(code, starts), scale, shift)


def _segment_squares(code: Any, starts: Any) -> Any:
    """Sum of squared int8 codes per segment; at most 4096 * 127^2 each."""
    if not code.size:
        return np.zeros(0, np.int64)
    sums = np.empty(starts.size - 1, np.int64)
    for b in range(sums.size):
        wide = code[starts[b] : starts[b + 1]].astype(np.int32)
        sums[b] = np.dot(wide, wide)
    return sums


def _weigh(squares: Any, scale: Any, shift: int) -> int:
    units = scale_units(scale, shift)
    return sum(int(n) * int(s) ** 2 for n, s in zip(squares.tolist(), units.tolist(), strict=True))


def _int32_squares(code: Any) -> int:
    """Exact sum of squares of int32 codes, from 16-bit halves so that no partial sum overflows int64."""
    total = 0
    for first in range(0, code.size, 1 << 20):
        piece = code[first : first + (1 << 20)].astype(np.int64)
        high, low = piece >> 16, piece & 0xFFFF
        total += (int((high * high).sum()) << 32) + (int((high * low).sum()) << 17) + int((low * low).sum())
    return total
