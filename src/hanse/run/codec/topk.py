"""topk: the k largest magnitudes of each chunk of 4096, two bits each, positions Rice-coded (see `rice`).

A chunk shorter than 4096 (a tensor's last) keeps ceil(k * length / 4096). Ties in magnitude go to the lowest position.
Values are +-1 and +-3 times the chunk's scale, which least squares fits (Lloyd's iteration) before rounding to fp16.
A chunk with scale 0 is spelled one way: positions 0..k-1, all +1.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np

from hanse.errors import CodecError
from hanse.run.codec import rice
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
from hanse.run.shards import BLOCK, Shard


def entry_starts(spec: CodecSpec, layout: Layout) -> Any:
    """First entry of each chunk, then the total: int64 [chunks + 1]."""
    kept = (spec.k * np.diff(layout.starts) + BLOCK - 1) // BLOCK
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])


def encode(spec: CodecSpec, layout: Layout, v: Floats) -> tuple[Any, Any, Any]:
    """(int8 codes, uint16 positions, fp16 scale bits [chunks]); `v` becomes the coding error."""
    entries = entry_starts(spec, layout)
    index, codes = np.empty(int(entries[-1]), np.uint16), np.empty(int(entries[-1]), np.int8)
    wanted = np.empty(layout.blocks[-1], np.float64)
    failed = _select(v, layout.starts, entries, index, wanted)
    if failed >= 0:
        raise not_finite(layout, failed)
    scale = round_scales(wanted, spec, layout)
    _quantize(v, layout.starts, entries, scale_values(scale, spec), index, codes)
    return codes, index, scale


def check(spec: CodecSpec, layout: Layout, stream: Any, scale: Any, shard: Shard) -> tuple[Any, Any]:
    """(codes, index) of a stream. Raises CodecError unless it is exactly what `rice.write` prints for them."""
    check_scales(scale, shard)
    entries = entry_starts(spec, layout)
    decoded = rice.read(stream, entries, np.diff(layout.starts))
    if decoded is None:
        raise CodecError(f"{describe(shard)}: top-k stream ends early, overruns a chunk, or has an unknown parameter")
    index, codes = decoded
    failed = _zero_chunk_spelled_otherwise(entries, scale, index, codes)
    if failed >= 0:
        raise CodecError(f"{describe(shard)}: top-k chunk {failed} has scale 0 but not positions 0..k-1, all +1")
    if not np.array_equal(rice.write(index, codes, entries), stream):
        raise CodecError(f"{describe(shard)}: top-k stream is not the shortest spelling of its entries, or is padded")
    return codes, index


@compiled
@no_type_check
def _select(v: Any, starts: Any, entries: Any, index: Any, wanted: Any) -> int:  # the hot loop of a site's encode
    """Positions of each chunk's largest magnitudes, and the scale to round; first chunk with NaN or Inf, or -1."""
    counts = np.zeros(4096, np.uint16)
    rest = np.empty(4096, np.uint16)
    rest_keys = np.empty(4096, np.int32)
    magnitudes = np.empty(4096, np.float32)
    for c in range(starts.size - 1):
        chunk = v[starts[c] : starts[c + 1]]
        keys = chunk.view(np.int32)
        out = index[entries[c] : entries[c + 1]]
        top = np.int32(0)
        for j in range(keys.size):
            top = max(top, keys[j] & np.int32(0x7FFFFFFF))
        if top >= 0x7F800000:
            return c
        if top == 0:
            wanted[c] = 0
            continue
        # Histogram of the leading bits below the maximum: the bin that holds the k-th largest magnitude.
        high = top >> 19
        low = max(high - 255, 0)
        bins = counts[: high - low + 1]
        bins[:] = 0
        for j in range(keys.size):
            bins[max((keys[j] & np.int32(0x7FFFFFFF)) >> 19, low) - low] += 1
        above, b = 0, bins.size - 1
        while above + bins[b] < out.size:
            above += bins[b]
            b -= 1
        floor = np.int32((low + b) << 19) if b else np.int32(0)
        ceiling = (low + b + 1) << 19
        found, ties = 0, 0
        for j in range(keys.size):
            key = keys[j] & np.int32(0x7FFFFFFF)
            if key >= floor:
                rest[ties] = j
                rest_keys[ties] = key
                ties += 1
        bound, equal = _kth(rest_keys[:ties], out.size - above, floor, ceiling)
        for t in range(ties):
            if rest_keys[t] > bound or (rest_keys[t] == bound and equal > 0):
                equal -= rest_keys[t] == bound
                out[found] = rest[t]
                magnitudes[found] = abs(chunk[rest[t]])
                found += 1
        wanted[c] = _fit(magnitudes[:found])
    return -1


@compiled
@no_type_check
def _kth(keys: Any, rank: int, floor: int, ceiling: int) -> tuple[int, int]:
    """(bound, equal): the `rank`-th largest of the keys below `ceiling`, and how many keys equal to it are within rank.
    Bisection on the key's bits: candidates are few."""
    low, high = np.int64(floor), np.int64(ceiling)  # at least `rank` keys in [low, ceiling), fewer in [high, ceiling)
    more = 0
    while high - low > 1:
        middle = (low + high) >> 1
        count = 0
        for t in range(keys.size):
            count += (keys[t] >= middle) & (keys[t] < ceiling)
        if count >= rank:
            low = middle
        else:
            high, more = middle, count
    return low, rank - more


@compiled
@no_type_check
def _fit(magnitudes: Any) -> float:
    """Scale s that (locally) minimizes the squared error of magnitudes against the nearer of s and 3s."""
    total = 0.0
    for m in magnitudes:
        total += m
    s = total / magnitudes.size
    for _ in range(4):
        dot, norm = 0.0, 0.0
        for m in magnitudes:
            q = 3.0 if m > 2 * s else 1.0
            dot += q * m
            norm += q * q
        s = dot / norm
    return s


@compiled
@no_type_check
def _quantize(v: Any, starts: Any, entries: Any, values: Any, index: Any, codes: Any) -> None:
    for c in range(starts.size - 1):
        chunk = v[starts[c] : starts[c + 1]]
        at = index[entries[c] : entries[c + 1]]
        out = codes[entries[c] : entries[c + 1]]
        s = values[c]
        if s == 0:
            for e in range(at.size):
                at[e] = e
                out[e] = 1
            continue
        for e in range(at.size):
            x = chunk[at[e]]
            q = np.int8(3) if abs(x) > 2 * s else np.int8(1)
            q = -q if x < 0 else q
            out[e] = q
            chunk[at[e]] = x - np.float32(q) * s


@compiled
@no_type_check
def _zero_chunk_spelled_otherwise(entries: Any, scale: Any, index: Any, codes: Any) -> int:
    for c in range(entries.size - 1):
        if scale[c] == 0:
            for e in range(entries[c], entries[c + 1]):
                if index[e] != e - entries[c] or codes[e] != 1:
                    return c
    return -1
