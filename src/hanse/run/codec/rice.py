"""The top-k bit stream: signs, Rice-coded gaps between positions, Rice-coded runs between large values (compiled).

    byte 0      Rice parameter of positions (0..12)
    byte 1      Rice parameter of runs (0..24)
    ceil(n/8)   sign bits of all n entries, set for minus, bit t of byte i for entry 8i + t
    the rest    one bit sequence, low bit first: per entry its gap (positions of a chunk ascend; gap = distance to the
                one before, less one); then the runs of small values before each large one, and before the end

Rice coding of g with parameter b: g >> b ones, a zero, then the low b bits (R. F. Rice, JPL 79-22, 1979). Both
parameters are the least that give the shortest stream. Large values are rare, so their runs cost a fraction
of a bit per entry.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np

from hanse.run.kernels import compiled

INDEX_PARAMETERS = 13
RUN_PARAMETERS = 25


def longest_stream(entries: int) -> int:
    """No stream of `entries` entries is longer, in bytes: parameter 12 spends 13 bits a gap, parameter 0 one a run."""
    return 2 + -(-entries // 8) + -(-(14 * entries + 1) // 8)


def write(index: Any, codes: Any, entry_starts: Any) -> Any:
    """The stream of all chunks of a part. index: uint16 [n]; codes: int8 [n]; entry_starts: int64 [chunks + 1]."""
    gap_bits = np.zeros(INDEX_PARAMETERS, np.int64)
    run_bits = np.zeros(RUN_PARAMETERS, np.int64)
    _costs(index, codes, entry_starts, gap_bits, run_bits)
    gap_parameter, run_parameter = int(np.argmin(gap_bits)), int(np.argmin(run_bits))
    bits = int(gap_bits[gap_parameter] + run_bits[run_parameter])
    signs = -(-codes.size // 8)
    stream = np.zeros(2 + signs + -(-bits // 8), np.uint8)
    stream[0], stream[1] = gap_parameter, run_parameter
    _write(index, codes, entry_starts, stream, 2 + signs)
    return stream


def read(stream: Any, entry_starts: Any, lengths: Any) -> tuple[Any, Any] | None:
    """(index, codes), or None when the stream is not one for chunks of these lengths; padding is not checked."""
    n = int(entry_starts[-1])
    index, codes = np.empty(n, np.uint16), np.empty(n, np.int8)
    if stream.size < 2 + -(-n // 8) or stream[0] >= INDEX_PARAMETERS or stream[1] >= RUN_PARAMETERS:
        return None
    return (index, codes) if _read(stream, entry_starts, lengths, index, codes) else None


@compiled
@no_type_check
def _costs(index: Any, codes: Any, entry_starts: Any, gap_bits: Any, run_bits: Any) -> None:
    """Bits of all gaps and all runs under every parameter."""
    entries = codes.size
    for c in range(entry_starts.size - 1):
        before = np.int64(-1)
        for e in range(entry_starts[c], entry_starts[c + 1]):
            gap = np.int64(index[e]) - before - 1
            before = np.int64(index[e])
            for b in range(13):
                gap_bits[b] += gap >> b
    for b in range(13):
        gap_bits[b] += entries * (1 + b)
    run, runs = np.int64(0), np.int64(1)
    for e in range(entries):
        if abs(codes[e]) == 1:
            run += 1
        else:
            for b in range(25):
                run_bits[b] += run >> b
            run, runs = np.int64(0), runs + 1
    for b in range(25):
        run_bits[b] += (run >> b) + runs * (1 + b)


@compiled
@no_type_check
def _put(stream: Any, at: int, value: int, parameter: int) -> int:
    """Write one Rice code at bit `at` of zeroed bytes; the next free bit."""
    ones = value >> parameter
    while ones >= 32:
        at = _put_bits(stream, at, np.uint64(0xFFFFFFFF), 32)
        ones -= 32
    at = _put_bits(stream, at, (np.uint64(1) << np.uint64(ones)) - np.uint64(1), ones + 1)
    return _put_bits(stream, at, np.uint64(value & ((1 << parameter) - 1)), parameter)


@compiled
@no_type_check
def _put_bits(stream: Any, at: int, bits: Any, count: int) -> int:
    word = np.uint64(bits) << np.uint64(at & 7)
    byte = at >> 3
    while word:
        stream[byte] |= np.uint8(word & np.uint64(255))
        word >>= np.uint64(8)
        byte += 1
    return at + count


@compiled
@no_type_check
def _write(index: Any, codes: Any, entry_starts: Any, stream: Any, body: int) -> None:
    gap_parameter, run_parameter = np.int64(stream[0]), np.int64(stream[1])
    for e in range(codes.size):
        if codes[e] < 0:
            stream[2 + (e >> 3)] |= np.uint8(1 << (e & 7))
    at = np.int64(body) * 8
    for c in range(entry_starts.size - 1):
        before = np.int64(-1)
        for e in range(entry_starts[c], entry_starts[c + 1]):
            at = _put(stream, at, np.int64(index[e]) - before - 1, gap_parameter)
            before = np.int64(index[e])
    run = np.int64(0)
    for e in range(codes.size):
        if abs(codes[e]) == 1:
            run += 1
        else:
            at = _put(stream, at, run, run_parameter)
            run = np.int64(0)
    _put(stream, at, run, run_parameter)


@compiled
@no_type_check
def _take(stream: Any, at: int, parameter: int, most: int) -> tuple[int, int]:
    """(value, next bit) of the Rice code at bit `at`; value -1 when it exceeds `most` or the stream ends."""
    end = np.int64(stream.size) * 8
    ones = np.int64(0)
    while True:
        if at >= end or (ones << parameter) > most:
            return np.int64(-1), at
        bit = (stream[at >> 3] >> (at & 7)) & 1
        at += 1
        if bit == 0:
            break
        ones += 1
    if at + parameter > end:
        return np.int64(-1), at
    low, got = np.int64(0), np.int64(0)
    while got < parameter:
        low |= np.int64(stream[at >> 3] >> (at & 7)) << got
        step = 8 - (at & 7)
        got += step
        at += step
    at -= got - parameter
    value = (ones << parameter) | (low & ((np.int64(1) << parameter) - 1))
    return (value if value <= most else np.int64(-1)), at


@compiled
@no_type_check
def _read(stream: Any, entry_starts: Any, lengths: Any, index: Any, codes: Any) -> bool:
    entries = codes.size
    gap_parameter, run_parameter = np.int64(stream[0]), np.int64(stream[1])
    at = np.int64(2 + (entries + 7) // 8) * 8
    for c in range(entry_starts.size - 1):
        position = np.int64(-1)
        for e in range(entry_starts[c], entry_starts[c + 1]):
            gap, at = _take(stream, at, gap_parameter, lengths[c] - position - 2)
            if gap < 0:
                return False
            position += gap + 1
            index[e] = position
    for e in range(entries):
        codes[e] = 1
    e = np.int64(0)
    while True:
        run, at = _take(stream, at, run_parameter, entries - e)
        if run < 0:
            return False
        e += run
        if e == entries:
            break
        codes[e] = 3
        e += 1
    for i in range(entries):
        if (stream[2 + (i >> 3)] >> (i & 7)) & 1:
            codes[i] = -codes[i]
    return True
