"""The merge: next weights and outer momentum from admitted updates, bit-exact on every machine (DESIGN invariant 2).

Per element, with q the code, S the block's scale in fixed-point units and `clip` in 1/65536:

    acc = sum over members of weight * ((S * clip) >> 16) * q        int64, exact, any order
    d   = float32(acc) * c                                           c = float32 nearest to 2^-40 / denominator
    m'  = mu * m + d                                                 float32; every operation rounds on its own
    w'  = w + lr * (mu * m' + d)                                     Nesterov; w + lr * m' otherwise

An update is local minus base, so weights move by plus. Two implementations share nothing but this rule and the codec's
tables: `kernels` (compiled) and `_reference` below (numpy). Threads work on whole shards; none of this depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from hanse.errors import ConfigError, IntegrityError
from hanse.run import kernels
from hanse.run.codec import onebit, topk
from hanse.run.codec.norm import CLIP_ONE, clip_factors, norm_squared
from hanse.run.codec.spec import FIXED_SHIFT, CodecSpec, Floats, Layout, Part, layouts, scale_units
from hanse.run.shards import BLOCK, Shard, Slice
from hanse.run.state import State

__all__ = [
    "CLIP_ONE", "Merger", "Outer", "check_denormals", "check_overflow", "clip_factors", "merge_round",
    "merge_round_numpy",
    "merge_shard", "norm_squared",
]  # fmt: skip

Tensors: TypeAlias = Mapping[str, Floats]
Weighted: TypeAlias = tuple[int, int, Part]
"""(member weight, clip numerator of 65536, part)."""
T = TypeVar("T")
Implementation: TypeAlias = Literal["numba", "numpy"]

FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Outer:
    """The outer optimizer's constants. Raises ConfigError when a bit pattern is not a finite float32."""

    lr_bits: int
    """Step length, as the bits of a float32."""
    momentum_bits: int
    """Momentum, as the bits of a float32; 0 turns it off."""
    nesterov: bool = True
    """Look ahead along the momentum; False: heavy ball."""
    reduce: Literal["mean", "sum"] = "mean"
    """mean: divide by the sum of the admitted members' weights; sum: do not (weights of 1 then mean a plain sum)."""

    def __post_init__(self) -> None:
        for name, bits in (("lr", self.lr_bits), ("momentum", self.momentum_bits)):
            if not 0 <= bits < 2**32 or (bits & 0x7F800000) == 0x7F800000:
                raise ConfigError(f"outer {name}: 0x{bits:X} is not the bits of a finite float32")

    @classmethod
    def of(cls, lr: float, momentum: float, nesterov: bool = True, reduce: Literal["mean", "sum"] = "mean") -> Outer:
        """From values, rounded to float32."""
        bits = np.array([lr, momentum], np.float32).view(np.uint32)
        return cls(int(bits[0]), int(bits[1]), nesterov, reduce)

    def constants(self, weights: Sequence[int]) -> Floats:
        """float32 (c, momentum, lr) for admitted members of these weights."""
        denominator = sum(weights) if self.reduce == "mean" else 1
        # Division of two float64 that are exact, by a power of two: c is rounded once, to float32.
        c = _nearest_float32(Fraction(1, denominator << 40))
        return np.array([c, *np.array([self.momentum_bits, self.lr_bits], np.uint32).view(np.float32)], np.float32)


class Merger(Protocol):
    """A merge implementation: `merge_round`, `merge_round_numpy`, or one of them with its threads bound."""

    def __call__(
        self, shards: Sequence[Shard], state: State, parts: Callable[[int], list[Weighted]], outer: Outer
    ) -> bool: ...


def merge_round(
    shards: Sequence[Shard],
    state: State,
    parts: Callable[[int], list[Weighted]],
    outer: Outer,
    threads: int = 1,
    implementation: Implementation = "numba",
) -> bool:
    """Merge one round into `state`'s arrays in place, shard by shard.

    `parts(i)` gives every admitted update's part of shard i, with weight and clip; it is called from any thread, once
    per shard (twice when finiteness needs a dry pass), so that only one shard's parts per thread are in memory.
    False (and nothing changed) when no update was admitted or a result would not be finite: the round is barren.
    Finiteness is proved from the largest magnitudes and the codec's range; only when that fails are all shards merged
    on copies first. Raises IntegrityError when tensors or parts do not fit the shards or a thread flushes denormals,
    ConfigError when an int64 sum could overflow; all before the first change, except what later shards' parts cause.
    """
    check_denormals()
    for shard in shards:
        for piece in shard:
            _span(state.weights, piece, False), _span(state.momentum, piece, False)
    held = {0: parts(0)} if shards else {}
    if not held or not held[0]:
        return False
    spec, weights = held[0][0][2].spec, [weight for weight, _, _ in held[0]]
    check_overflow(spec, weights)

    def dry(number: int) -> bool:
        check_denormals()
        shard = shards[number]
        w, m = (
            {piece.name: _span(tensors, piece, False).copy() for piece in shard}
            for tensors in (state.weights, state.momentum)
        )
        with np.errstate(over="ignore", invalid="ignore"):
            _merge(shard, w, m, parts(number), outer, implementation, local=True)
        return all(np.isfinite(array).all() for tensors in (w, m) for array in tensors.values())

    def work(number: int) -> bool:
        check_denormals()
        read = held.pop(number) if number in held else parts(number)
        _merge(shards[number], state.weights, state.momentum, read, outer, implementation)
        return True

    def maxima(number: int) -> tuple[int, int]:
        w, m = ([_span(t, piece, False) for piece in shards[number]] for t in (state.weights, state.momentum))
        return _max_bits(w), _max_bits(m)

    tops = [_magnitude(max(column)) for column in zip(*_run(maxima, len(shards), threads), strict=True)]
    if not stays_finite(spec, weights, outer, tops[0], tops[1]) and not all(_run(dry, len(shards), threads)):
        return False
    return all(_run(work, len(shards), threads))


def merge_round_numpy(
    shards: Sequence[Shard], state: State, parts: Callable[[int], list[Weighted]], outer: Outer
) -> bool:
    """`merge_round` by the reference implementation."""
    return merge_round(shards, state, parts, outer, implementation="numpy")


def merge_shard(
    shard: Shard,
    weights: Tensors,
    momentum: Tensors,
    parts: Sequence[Weighted],
    outer: Outer,
    implementation: Implementation = "numba",
) -> None:
    """Merge one shard in place into whole tensors. Finiteness is the caller's (`merge_round`). Raises as it does."""
    check_denormals()
    if parts:
        check_overflow(parts[0][2].spec, [weight for weight, _, _ in parts])
        _merge(shard, weights, momentum, parts, outer, implementation)


def check_overflow(spec: CodecSpec, weights: Iterable[int]) -> None:
    """Lint: sum(weights) x qmax x scale_max < 2^63. Raises ConfigError otherwise, or for a weight below 1."""
    listed = list(weights)
    if any(weight < 1 for weight in listed):
        raise ConfigError("member weights must be at least 1")
    if sum(listed) * spec.units_max >= 2**63:
        raise ConfigError(
            f"member weights sum to {sum(listed)}: with codec {spec.kind} (scale_exponent {spec.scale_exponent}) an "
            f"int64 sum could overflow; keep the sum below {2**63 // spec.units_max}"
        )


def check_denormals() -> None:
    """Raise IntegrityError when this thread flushes denormal results or operands to zero.

    One library built with fast-math that is loaded anywhere in a process can set that mode for its threads.
    """
    least = np.array([0x00800000, 0x00000001, 0x3F000000, 0x40000000], np.uint32).view(np.float32)
    made = (least[:1] * least[2:3]).view(np.uint32)  # 2^-126 / 2: a denormal result
    kept = (least[1:2] * least[3:4]).view(np.uint32)  # 2 * 2^-149: a denormal operand
    if int(made[0]) != 0x00400000 or int(kept[0]) != 2:
        raise IntegrityError(
            "this thread flushes denormal floats to zero (a library built with fast-math was loaded): a merge would "
            "differ from everyone's; find and remove that library, then restart"
        )


def _max_bits(arrays: Sequence[Any]) -> int:
    """Largest magnitude of any element, as float32 bits without the sign: they order as the magnitudes do."""
    return max((int(kernels.max_bits(array.view(np.int32))) for array in arrays), default=0)


def _magnitude(bits: int) -> float:
    """The float of magnitude bits; infinity for NaN too."""
    return float("inf") if bits >= 0x7F800000 else float(np.array([bits], np.int32).view(np.float32)[0])


def stays_finite(spec: CodecSpec, weights: Sequence[int], outer: Outer, weight_max: float, momentum_max: float) -> bool:
    """Whether no update the codec can express makes a weight or momentum overflow, from their largest magnitudes."""
    if weight_max == float("inf") or momentum_max == float("inf"):  # 0 * inf would be NaN, which compares with nothing
        return False
    c, mu, lr = (abs(float(x)) for x in outer.constants(weights))
    slack = 1 + 2.0**-20  # each of the few roundings adds at most 2^-24
    d = float(sum(weights) * spec.units_max) * c * slack
    m = (mu * momentum_max + d) * slack
    w = weight_max + lr * ((mu * m + d) if outer.nesterov else m) * slack
    return max(float(sum(weights) * spec.units_max), m, mu * m + d, w * slack) * slack < FLOAT32_MAX


def _run(job: Callable[[int], T], count: int, threads: int) -> list[T]:
    if threads <= 1 or count <= 1:
        return [job(number) for number in range(count)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(job, range(count)))


def _merge(
    shard: Shard,
    weights: Tensors,
    momentum: Tensors,
    parts: Sequence[Weighted],
    outer: Outer,
    implementation: Implementation,
    local: bool = False,
) -> None:
    """`local`: the tensors hold the shard's ranges only, not whole tensors."""
    spec = parts[0][2].spec
    for weight, clip, part in parts:
        if part.spec != spec or part.shard != shard or weight < 1 or not 0 <= clip <= CLIP_ONE:
            raise IntegrityError("merge: parts must share the shard and codec, weights be >= 1, clips be 0..65536")
    constants = outer.constants([weight for weight, _, _ in parts])
    for layout, kind in zip(layouts(spec, shard), (spec.kind, "int8"), strict=True):
        if not layout.slices:
            continue
        factors = _factors(parts, layout, kind, dense=layout is not layouts(spec, shard)[0])
        codes = [part.code if kind == spec.kind and layout is layouts(spec, shard)[0] else part.dense_code
                 for _, _, part in parts]  # fmt: skip
        for i, piece in enumerate(layout.slices):
            w, m = _span(weights, piece, local), _span(momentum, piece, local)
            mine = factors[:, layout.blocks[i] : layout.blocks[i + 1]]
            merge = _reference if implementation == "numpy" else _compiled
            merge(_Piece(layout, i, kind, spec), codes, [p.index for _, _, p in parts], mine, w, m, constants, outer)


@dataclass(frozen=True)
class _Piece:
    """Slice `number` of a layout, coded as `kind`."""

    layout: Layout
    number: int
    kind: str
    spec: CodecSpec

    @property
    def elements(self) -> slice:
        return slice(self.layout.elements[self.number], self.layout.elements[self.number + 1])

    @property
    def blocks(self) -> slice:
        return slice(self.layout.blocks[self.number], self.layout.blocks[self.number + 1])

    @property
    def packed(self) -> slice:
        """Bytes of sign bits."""
        offsets = onebit.slice_bytes(self.layout)
        return slice(offsets[self.number], offsets[self.number + 1])

    @property
    def entries(self) -> Any:
        """First top-k entry of each of the slice's chunks, then the end, within the part."""
        return topk.entry_starts(self.spec, self.layout)[self.blocks.start : self.blocks.stop + 1]


def _factors(parts: Sequence[Weighted], layout: Layout, kind: str, dense: bool) -> Any:
    """int64 [members, blocks]: weight * ((S * clip) >> 16)."""
    rows = []
    for weight, clip, part in parts:
        if kind == "fixed32":
            units = np.full(layout.blocks[-1], 1 << FIXED_SHIFT, np.int64)
        else:
            units = scale_units(part.dense_scale if dense else part.scale, part.spec.scale_shift)
        rows.append(((units * clip) >> 16) * weight)
    return np.ascontiguousarray(np.stack(rows))


def _compiled(
    piece: _Piece, codes: list[Any], index: list[Any], factors: Any, w: Any, m: Any, constants: Any, outer: Outer
) -> None:
    code_max = {"fixed32": 2**31 - 1, "int8": 127, "1bit": 1, "topk": 3}[piece.kind]
    exact = sum(int(row.max()) for row in factors) * code_max < 2**53  # then float64 adds integers exactly
    factors = np.ascontiguousarray(factors, dtype=np.float64 if exact else np.int64)
    if piece.kind == "topk":
        entries = piece.entries
        span = slice(int(entries[0]), int(entries[-1]))
        held, at = [code[span] for code in codes], [array[span] for array in index]
        kernels.merge_sparse(_addresses(held), _addresses(at), entries - entries[0], factors, w, m, constants,
                             outer.nesterov)  # fmt: skip
        return
    kernel = kernels.merge_bits if piece.kind == "1bit" else kernels.merge_codes
    held = [code[piece.packed if piece.kind == "1bit" else piece.elements] for code in codes]
    like = np.empty(0, held[0].dtype)
    kernel(_addresses(held), factors, w, m, constants, outer.nesterov, like)


def _addresses(arrays: list[Any]) -> Any:
    return np.array([array.ctypes.data for array in arrays], np.uint64)


def _reference(
    piece: _Piece, codes: list[Any], index: list[Any], factors: Any, w: Any, m: Any, constants: Any, outer: Outer
) -> None:
    """The rule in numpy, with int64 throughout; the second implementation, and the readable one."""
    lengths = np.diff(piece.layout.starts)[piece.blocks]
    total = np.zeros(w.size, np.int64)
    for i, code in enumerate(codes):
        per_element = np.repeat(factors[i], lengths)
        if piece.kind == "topk":
            entries = piece.entries
            owner = np.repeat(np.arange(entries.size - 1), np.diff(entries))
            span = slice(int(entries[0]), int(entries[-1]))
            at = owner * BLOCK + index[i][span]
            total[at] += code[span].astype(np.int64) * factors[i][owner]
        elif piece.kind == "1bit":
            signs = np.unpackbits(code[piece.packed], count=w.size, bitorder="little").astype(np.int64)
            total += (1 - 2 * signs) * per_element
        else:
            total += code[piece.elements].astype(np.int64) * per_element
    c, mu, lr = constants
    d = total.astype(np.float32) * c
    m[:] = mu * m + d
    w[:] = w + lr * (mu * m + d if outer.nesterov else m)


def _span(tensors: Tensors, piece: Slice, local: bool) -> Any:
    """The slice's elements, a writable view."""
    flat = _flat(tensors, piece.name)[slice(0, piece.length) if local else slice(piece.start, piece.stop)]
    if flat.size != piece.length:
        raise IntegrityError(f"tensor {piece.name!r} has too few elements for the plan's shapes")
    return flat


def _flat(tensors: Tensors, name: str) -> Any:
    if name not in tensors:
        raise IntegrityError(f"state lacks tensor {name!r}: it is not the plan's model")
    array = tensors[name]
    if array.dtype != np.float32 or not array.flags.c_contiguous or not array.flags.writeable:
        raise IntegrityError(f"tensor {name!r} is {array.dtype}: expected contiguous, writable float32")
    return array.reshape(-1)


def _nearest_float32(value: Fraction) -> np.float32:
    """The float32 nearest to a positive rational, ties to even, rounded once (through float64 it could round twice)."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - 24
    scaled = value / Fraction(2) ** exponent
    while scaled >= 2**24:
        scaled, exponent = scaled / 2, exponent + 1
    while scaled < 2**23:
        scaled, exponent = scaled * 2, exponent - 1
    return np.float32(np.ldexp(float(round(scaled)), exponent))
