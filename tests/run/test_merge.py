"""The merge: exact, order-independent, the same in two implementations and any number of threads."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import permutations
from math import isqrt

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import ConfigError, IntegrityError
from hanse.run import kernels
from hanse.run.codec import CodecSpec, Part, decode_part, encode
from hanse.run.codec.spec import Kind, scale_units
from hanse.run.merge import (
    Outer,
    check_denormals,
    check_overflow,
    clip_factors,
    merge_round,
    merge_round_numpy,
    merge_shard,
    norm_squared,
    stays_finite,
)
from hanse.run.shards import Shard, shard_map
from hanse.run.state import State, first_difference

KINDS: tuple[Kind, ...] = ("fixed32", "int8", "1bit", "topk")
SHAPES = {"a.weight": (70, 61), "b.bias": (5,), "c.weight": (3, 7), "d.weight": (2, 4096), "e.scalar": ()}
by_kind = pytest.mark.parametrize("kind", KINDS)


def start(shapes: dict[str, tuple[int, ...]] = SHAPES, seed: int = 0) -> State:
    rng = np.random.default_rng(seed)
    groups = [{n: np.asarray(rng.standard_normal(s), np.float32) for n, s in shapes.items()} for _ in range(2)]
    return State(groups[0], groups[1], 0, 0)


def copied(state: State) -> State:
    return State(*({n: a.copy() for n, a in g.items()} for g in (state.weights, state.momentum)), 0, 0)


def updates(spec: CodecSpec, shards: tuple[Shard, ...], members: int, spread: bool = True) -> list[list[Part]]:
    """Members' decoded parts; scales span several orders of magnitude."""
    result = []
    for member in range(members):
        rng = np.random.default_rng(100 + member)
        size = 10.0 ** -rng.integers(1, 6) if spread else 1e-3
        delta = {n: np.asarray(rng.laplace(0, size / 20, s), np.float32) for n, s in SHAPES.items()}
        data, _ = encode(spec, shards, delta, None)
        result.append([decode_part(spec, shard, part) for shard, part in zip(shards, data, strict=True)])
    return result


def reader(
    members: list[list[Part]], weights: list[int], clips: list[int]
) -> Callable[[int], list[tuple[int, int, Part]]]:
    return lambda i: [(w, c, m[i]) for w, c, m in zip(weights, clips, members, strict=True)]


@by_kind
@pytest.mark.parametrize("members", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("outer", [Outer.of(0.7, 0.9), Outer.of(4.0, 0.0, False, "sum")], ids=["nesterov", "sum"])
def test_both_implementations_and_any_threads_agree_bit_for_bit(kind: Kind, members: int, outer: Outer) -> None:
    spec, shards = CodecSpec(kind), shard_map(SHAPES, 4096)
    assert len(shards) > 2
    weights = [1000, 1, 3, 17, 5, 2, 64, 999][:members]
    clips = [65536, 65535, 1, 40000, 0, 65536, 12345, 99][:members]
    read = reader(updates(spec, shards, members), weights, clips)
    results = []
    for merger in (merge_round_numpy, merge_round, partial(merge_round, threads=2),
                   partial(merge_round_numpy)):  # fmt: skip
        state = start()
        for _ in range(2):
            assert merger(shards, state, read, outer)
        results.append(state)
    assert {first_difference(results[0], other) for other in results} == {""}
    assert first_difference(results[0], start()) != ""


@by_kind
def test_the_order_of_members_and_the_shard_map_change_nothing(kind: Kind) -> None:
    spec = CodecSpec(kind)
    results = []
    for elements in (4096, 8192, 1 << 20):
        shards = shard_map(SHAPES, elements)
        members = updates(spec, shards, 4)
        for order in permutations(range(4)):
            state = start()
            read = reader([members[i] for i in order], [[1, 7, 30, 900][i] for i in order], [65536] * 4)
            assert merge_round(shards, state, read, Outer.of(0.7, 0.9))
            results.append(state)
    assert {first_difference(results[0], other) for other in results} == {""}


def float32_of(value: Fraction) -> np.float32:
    """Nearest float32, ties to even, in integers."""
    if value == 0:
        return np.float32(0)
    size, exponent = abs(value), 0
    while size >= 2**24:
        size, exponent = size / 2, exponent + 1
    while size < 2**23:
        size, exponent = size * 2, exponent - 1
    return np.float32(np.ldexp(float(round(size) if value > 0 else -round(size)), exponent))


@by_kind
@pytest.mark.parametrize("reduce", ["mean", "sum"])
@pytest.mark.parametrize("implementation", ["numpy", "numba"])
def test_the_rule_in_python_integers_and_fractions_gives_the_same_bits(
    kind: Kind, reduce: str, implementation: str
) -> None:
    spec, shapes = CodecSpec(kind, k=1000), {"w": (9, 9), "b": (7,)}
    (shard,) = shard_map(shapes, 4096)
    rng = np.random.default_rng(3)
    parts = []
    for weight, clip in ((3, 65536), (999, 54321), (1, 7)):
        delta = {n: np.asarray(rng.standard_normal(s) / 50, np.float32) for n, s in shapes.items()}
        data, _ = encode(spec, (shard,), delta, None)
        parts.append((weight, clip, decode_part(spec, shard, data[0])))
    state, outer = start(shapes), Outer.of(0.7, 0.9, True, reduce)  # type: ignore[arg-type]
    before = copied(state)
    merge_shard(shard, state.weights, state.momentum, parts, outer, implementation)  # type: ignore[arg-type]
    denominator = 1003 if reduce == "mean" else 1
    c, mu, lr = float32_of(Fraction(1, denominator << 40)), np.float32(0.9), np.float32(0.7)
    for name in shapes:
        for j in range(before.weights[name].size):
            total = sum(weight * contribution(part, clip, name, j) for weight, clip, part in parts)
            d = float32_of(Fraction(total)) * c
            w, m = before.weights[name].flat[j], before.momentum[name].flat[j]
            m = np.float32(mu * m) + d
            w = w + np.float32(lr * np.float32(np.float32(mu * m) + d))
            assert state.momentum[name].flat[j].tobytes() == m.tobytes()
            assert state.weights[name].flat[j].tobytes() == w.tobytes()


def contribution(part: Part, clip: int, name: str, j: int) -> int:
    """(S * clip >> 16) * q of element j, for tensors of less than one block, b before w in the shard."""
    kind = part.spec.kind
    if name == "b" and kind not in ("fixed32", "int8"):
        return ((int(scale_units(part.dense_scale, 0)[0]) * clip) >> 16) * int(part.dense_code[j])
    if kind == "fixed32":
        return ((1024 * clip) >> 16) * int(part.code[j if name == "b" else 7 + j])
    if kind == "int8":
        scale = scale_units(part.scale, 0)[0 if name == "b" else 1]
        return ((int(scale) * clip) >> 16) * int(part.code[j if name == "b" else 7 + j])
    scale = (int(scale_units(part.scale, 0)[0]) * clip) >> 16
    if kind == "1bit":
        return -scale if part.code[j // 8] >> (j % 8) & 1 else scale
    return scale * sum(int(q) for q, at in zip(part.code, part.index, strict=True) if at == j)


def raw_int8(shard: Shard, codes: list[int], scale: int) -> Part:
    empty = np.empty(0, np.uint16)
    return Part(CodecSpec("int8"), shard, np.array(codes, np.int8), np.array([scale], np.uint16), empty,
                np.empty(0, np.int8), empty)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 900), st.integers(0, 65536), st.integers(0, 0x7BFF), st.integers(-127, 127)),
        min_size=1,
        max_size=9,
    )
)
def test_large_totals_round_once_in_both_implementations(rows: list[tuple[int, int, int, int]]) -> None:
    (shard,) = shard_map({"w": (1, 3)}, 4096)
    parts = [(weight, clip, raw_int8(shard, [q, -q, 1], scale)) for weight, clip, scale, q in rows]
    total = sum(w * ((int(scale_units(np.array([s], np.uint16), 0)[0]) * clip) >> 16) * q for w, clip, s, q in rows)
    expected = float32_of(Fraction(total)) * np.float32(2.0**-40)
    for implementation in ("numpy", "numba"):
        w, m = {"w": np.zeros((1, 3), np.float32)}, {"w": np.zeros((1, 3), np.float32)}
        merge_shard(shard, w, m, parts, Outer.of(1, 0, False, "sum"), implementation)  # type: ignore[arg-type]
        assert w["w"][0, 0] == expected
        assert w["w"][0, 1] == -expected
        assert m["w"][0, 0] == expected


def test_totals_beyond_2_to_53_do_not_pass_through_float64() -> None:
    """2^60 + 2^36 + 1 is just above a tie of float32; through float64 it would fall on the tie and round down."""
    total = np.array([2**60 + 2**36 + 1, -(2**60) - 2**36 - 1, 2**53 + 1], np.int64)
    w, m = np.zeros(3, np.float32), np.zeros(3, np.float32)
    kernels._step(total, w, m, np.array([1, 0, 1], np.float32), False)
    assert m.tolist() == [2.0**60 + 2.0**37, -(2.0**60) - 2.0**37, 2.0**53]
    assert np.array_equal(m, total.astype(np.float32))


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_no_compiled_merge_fuses_multiply_and_add(kind: type) -> None:
    fresh = numba.njit(nogil=True, fastmath=False, error_model="numpy")  # machine code read from a cache has no text
    w, constants = np.zeros(3, np.float32), np.zeros(3, np.float32)
    none, factors = np.empty(0, np.uint64), np.zeros((0, 1), kind)
    functions = [
        fresh(f.py_func) for f in (kernels._step, kernels.merge_codes, kernels.merge_bits, kernels.merge_sparse)
    ]
    functions[0](np.zeros(3, kind), w, w.copy(), constants, True)
    functions[1](none, factors, w, w.copy(), constants, True, np.empty(0, np.int8))
    functions[2](none, factors, w, w.copy(), constants, True, np.empty(0, np.uint8))
    functions[3](none, none, np.zeros(2, np.int64), factors, w, w.copy(), constants, True)
    for function in functions:
        (text,) = function.inspect_asm().values()
        assert "mul" in text
        assert not any(word in text for word in ("vfmadd", "vfmsub", "vfnmadd", "fmadd", "fmla"))


def test_one_element_whose_fused_result_differs_is_merged_unfused() -> None:
    rng = np.random.default_rng(5)
    mu, m, d = (rng.standard_normal(4096).astype(np.float32) for _ in range(3))
    separate = np.float32(0.9) * m + d
    fused = (np.float64(np.float32(0.9)) * m.astype(np.float64) + d).astype(np.float32)
    assert (separate != fused).any()
    out, w = m.copy(), mu.copy()
    kernels._step(d, w, out, np.array([1, 0.9, 0.7], np.float32), True)
    assert np.array_equal(out, separate)


@by_kind
def test_norms_are_exact_integers(kind: Kind) -> None:
    shards = shard_map(SHAPES, 8192)
    for parts in updates(CodecSpec(kind), shards, 3):
        total = 0
        for part in parts:
            wide = {n: np.zeros(s, np.float32) for n, s in SHAPES.items()}
            zero = {n: np.zeros(s, np.float32) for n, s in SHAPES.items()}
            merge_shard(part.shard, wide, zero, [(1, 65536, part)], Outer.of(1, 0, False, "sum"))
            values = [float(x) for piece in part.shard for x in wide[piece.name].reshape(-1)[piece.start : piece.stop]]
            squares = sum(int(x * 2.0**40) ** 2 for x in values)
            assert kind == "fixed32" or norm_squared(part) == squares
            total += norm_squared(part)
        assert total > 0


def test_the_norm_of_the_largest_fixed32_codes_does_not_overflow() -> None:
    (shard,) = shard_map({"w": (3, 1)}, 4096)
    empty = np.empty(0, np.uint16)
    codes = np.array([2**31 - 1, -(2**31) + 1, -5], np.int32)
    part = Part(CodecSpec("fixed32"), shard, codes, empty, empty, np.empty(0, np.int8), empty)
    assert norm_squared(part) == (2 * (2**31 - 1) ** 2 + 25) << 20


def test_only_updates_above_the_bound_are_scaled_and_the_factor_rounds_down() -> None:
    assert clip_factors([100, 100, 100, 400], Fraction(2)) == [65536] * 4  # 400 = (2 * 10)^2: on the bound, not above
    assert clip_factors([100, 100, 100, 401], Fraction(2)) == [65536] * 3 + [isqrt(65536**2 * 400 // 401)]
    assert clip_factors([1, 4, 9, 16], Fraction(1)) == [65536, 65536, 43690, 32768]  # lower median of four: 4
    assert clip_factors([0, 0, 0, 9], Fraction(1)) == [65536] * 4
    assert clip_factors([0, 0], Fraction(1)) == [65536] * 2
    assert clip_factors([], Fraction(1)) == []
    assert clip_factors([1, 10**30], Fraction(0)) == [65536] * 2
    assert clip_factors([1, 1, 10**40], Fraction(3, 2)) == [65536, 65536, 0]


@given(st.lists(st.integers(0, 2**90), min_size=1, max_size=9), st.fractions(Fraction(1, 10), 10))
def test_a_clipped_norm_never_exceeds_the_bound(norms: list[int], factor: Fraction) -> None:
    speaking = sorted(n for n in norms if n)
    for norm, clip in zip(norms, clip_factors(norms, factor), strict=True):
        if speaking:
            bound = factor**2 * speaking[(len(speaking) - 1) // 2]
            assert norm * Fraction(clip, 65536) ** 2 <= bound or clip == 65536
            assert clip == 65536 or norm * Fraction(clip + 1, 65536) ** 2 > bound
            assert (clip == 65536) == (norm <= bound)


def test_the_overflow_lint_holds_at_its_edge() -> None:
    for kind in KINDS:
        spec = CodecSpec(kind)
        most = (2**63 - 1) // spec.units_max
        check_overflow(spec, [most - 1, 1])
        with pytest.raises(ConfigError, match="overflow"):
            check_overflow(spec, [most, 1])
        assert most >= 65536
    with pytest.raises(ConfigError, match="at least 1"):
        check_overflow(CodecSpec("int8"), [3, 0])


@pytest.mark.parametrize("merger", [merge_round, merge_round_numpy])
def test_a_result_that_is_not_finite_leaves_the_state_as_it_was(merger: Callable[..., bool]) -> None:
    shards = shard_map(SHAPES, 4096)
    read = reader(updates(CodecSpec("int8"), shards, 2, spread=False), [1, 1], [65536, 65536])
    state = start()
    state.momentum["d.weight"][1, 4095] = 3.0e38
    state.weights["d.weight"][1, 4095] = 3.0e38
    before = copied(state)
    assert not merger(shards, state, read, Outer.of(0.7, 0.9))
    assert first_difference(before, state) == ""
    state.momentum["d.weight"][1, 4095] = -3.0e38  # finite after all, though no bound proves it
    assert merger(shards, state, read, Outer.of(0.7, 0.9))
    state.weights["b.bias"][0] = np.nan
    assert not merger(shards, state, read, Outer.of(0.7, 0.9))


def test_finiteness_is_proved_without_a_pass_for_any_sane_state() -> None:
    for kind in KINDS:
        assert stays_finite(CodecSpec(kind), [1000] * 60, Outer.of(4, 0.99, True, "sum"), 1e30, 1e30)
        assert not stays_finite(CodecSpec(kind), [1], Outer.of(1, 0.9), 3.4028e38, 1e38)
        assert not stays_finite(CodecSpec(kind), [1], Outer.of(1, 0.9), float("inf"), 0)
        assert not stays_finite(CodecSpec(kind), [1], Outer.of(1, 0), 0, float("inf"))


def test_a_round_without_updates_is_barren() -> None:
    shards, state = shard_map(SHAPES, 4096), start()
    assert not merge_round(shards, state, lambda i: [], Outer.of(0.7, 0.9))
    assert first_difference(start(), state) == ""


@by_kind
@pytest.mark.parametrize("threads", [1, 2])
def test_a_merge_holds_a_few_shards_in_memory_beside_the_state(kind: Kind, threads: int) -> None:
    shapes = {f"w{i}": (256, 1024) for i in range(8)}
    shards, spec = shard_map(shapes, 1 << 15), CodecSpec(kind)
    delta = {name: np.full(shape, 0.01, np.float32) for name, shape in shapes.items()}
    data, _ = encode(spec, shards, delta, None)
    state = State.start({name: np.ones(shape, np.float32) for name, shape in shapes.items()})

    def read(i: int) -> list[tuple[int, int, Part]]:
        return [(1, 65536, decode_part(spec, shards[i], bytes(bytearray(data[i])))) for _ in range(8)]

    merge_round(shards, state, read, Outer.of(0.7, 0.9), threads)
    tracemalloc.start()
    try:
        merge_round(shards, state, read, Outer.of(0.7, 0.9), threads)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    weights = 4 * 8 * 256 * 1024
    assert 2 * weights + peak < 3 * weights


def test_parts_of_another_shard_or_codec_are_refused() -> None:
    shards = shard_map(SHAPES, 4096)
    int8, bits = (updates(CodecSpec(kind), shards, 1)[0] for kind in ("int8", "1bit"))
    state = start()
    for parts in ([(1, 65536, int8[1])], [(1, 65536, int8[0]), (1, 65536, bits[0])], [(1, 65537, int8[0])]):
        with pytest.raises(IntegrityError, match="parts"):
            merge_shard(shards[0], state.weights, state.momentum, parts, Outer.of(0.7, 0.9))
    with pytest.raises(IntegrityError, match=r"a\.weight"):
        merge_shard(shards[0], {}, {}, [(1, 65536, int8[0])], Outer.of(0.7, 0.9))


def test_outer_constants_must_be_finite_float32_bits() -> None:
    for bits in (0x7F800000, 0x7FC00000, 0xFF800000, 2**32, -1):
        with pytest.raises(ConfigError, match="outer"):
            Outer(bits, 0)
        with pytest.raises(ConfigError, match="outer"):
            Outer(0, bits)


def test_the_reciprocal_is_rounded_once() -> None:
    for denominator in (1, 2, 3, 7, 10, 1003, 16777217, 33554433 * 3):
        assert Outer.of(1, 0).constants([denominator])[0] == float32_of(Fraction(1, denominator << 40))


def test_a_thread_that_flushes_denormals_may_not_merge() -> None:
    check_denormals()
    if platform.machine() not in ("x86_64", "AMD64") or platform.libc_ver()[0] != "glibc":
        pytest.skip("sets MXCSR through glibc's fenv_t")
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    saved, changed = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    for bits in (0x8000, 0x0040, 0x8040):  # flush results, treat operands as zero, both
        assert libm.fegetenv(saved) == 0
        changed.raw = saved.raw
        mode = int.from_bytes(saved.raw[28:32], "little") | bits
        changed.raw = saved.raw[:28] + mode.to_bytes(4, "little")
        assert libm.fesetenv(changed) == 0
        try:
            with pytest.raises(IntegrityError, match="denormal"):
                check_denormals()
        finally:
            libm.fesetenv(saved)
    check_denormals()
