"""The top-k bit stream."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.run.codec import rice


@st.composite
def chunks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(index, codes, entry_starts, lengths)."""
    lengths = draw(st.lists(st.integers(1, 4096), min_size=1, max_size=4))
    positions = [sorted(draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=min(n, 70)))) for n in lengths]
    starts = np.cumsum([0, *map(len, positions)])
    codes = draw(st.lists(st.sampled_from([-3, -1, 1, 3]), min_size=int(starts[-1]), max_size=int(starts[-1])))
    index = np.concatenate([np.array(p, np.uint16) for p in positions])
    return index, np.array(codes, np.int8), starts, np.array(lengths)


def as_bits(stream: np.ndarray, entries: int) -> str:
    body = stream[2 + -(-entries // 8) :]
    return "".join(str(bit) for bit in np.unpackbits(body, bitorder="little"))


def rice_bits(value: int, parameter: int) -> str:
    low = "".join(str(value >> i & 1) for i in range(parameter))
    return "1" * (value >> parameter) + "0" + low


@settings(max_examples=150, deadline=None)
@given(chunks())
def test_streams_are_the_documented_bits_with_the_least_best_parameters(case: tuple) -> None:
    index, codes, starts, lengths = case
    stream = rice.write(index, codes, starts)
    gaps = [int(g) for a, b in pairwise(starts) for g in np.diff(index[a:b].astype(int), prepend=-1) - 1]
    large = [i for i, q in enumerate(codes) if abs(q) == 3]
    runs = [b - a - 1 for a, b in zip([-1, *large], [*large, len(codes)], strict=True)]
    best = [min(range(13), key=lambda b: sum(len(rice_bits(g, b)) for g in gaps)),
            min(range(25), key=lambda b: sum(len(rice_bits(g, b)) for g in runs))]  # fmt: skip
    assert list(stream[:2]) == best
    bits = "".join(rice_bits(g, best[0]) for g in gaps) + "".join(rice_bits(r, best[1]) for r in runs)
    assert as_bits(stream, len(codes)) == bits + "0" * (-len(bits) % 8)
    read = rice.read(stream, starts, lengths)
    assert read is not None
    assert np.array_equal(read[0], index)
    assert np.array_equal(read[1], codes)
    assert stream.size <= rice.longest_stream(codes.size)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 40))
def test_arbitrary_bytes_read_as_nothing_or_as_ascending_positions(data: bytes, entries: int) -> None:
    read = rice.read(np.frombuffer(data, np.uint8), np.array([0, entries]), np.array([50]))
    if read is not None:
        assert (np.diff(read[0].astype(int)) > 0).all()
        assert read[0].max() < 50
        assert set(np.unique(read[1])) <= {-3, -1, 1, 3}
