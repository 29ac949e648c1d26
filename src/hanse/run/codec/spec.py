"""What a codec is (`CodecSpec`), what its bytes mean (`Part`), and where blocks lie (`Layout`).

Fixed point: every code stands for an integer number of units of 2^-40. A block's wire scale is a finite, non-negative
fp16, read as the integer S in units of 2^-24 (exact, never cast), times the plan's power of two `scale_exponent`;
code q of that block contributes q * S * 2^(scale_exponent + 16) units. Integers add in any order to the same sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from hanse.errors import CodecError, ConfigError, IntegrityError
from hanse.run.shards import BLOCK, Shard, Slice

Floats: TypeAlias = npt.NDArray[np.float32]
Array: TypeAlias = npt.NDArray[Any]

UNIT_EXPONENT = -40
"""One fixed-point unit is 2^-40."""
FIXED_SHIFT = 10
"""fixed32 codes step by 2^-30 = 2^10 units."""
FIXED_MAX = 2**31 - 1
INT8_MAX = 127
ONEBIT_BLOCK = 1024
TOPK_SMALL, TOPK_LARGE = 1, 3
"""Magnitudes of top-k codes, in multiples of the chunk's scale."""
FP16_INF = 0x7C00
"""fp16 bit patterns from here on are infinities, NaNs or negative: never legal as a scale."""
FP16_MAX = 0x7BFF
UNIT_MAX_EXPONENT = -10

Kind: TypeAlias = Literal["fixed32", "int8", "1bit", "topk"]
KINDS: tuple[Kind, ...] = ("fixed32", "int8", "1bit", "topk")


@dataclass(frozen=True, slots=True)
class CodecSpec:
    """How updates of a run are coded. Raises ConfigError for values outside the stated ranges."""

    kind: Kind
    """fixed32: int32 codes of step 2^-30, range below 2 in magnitude (4 bytes per parameter). int8: blocks of 4096 with
    one fp16 scale. 1bit: signs, blocks of 1024 with one fp16 scale. topk: the k largest of each 4096, two bits each."""
    k: int = 64
    """Elements kept of each block of 4096 (shorter last blocks: in proportion, rounded up); 1..4096, topk only."""
    feedback_decay: Fraction | int = 0
    """What part of the last round's coding error is added to the next delta, 0..1; 0 turns error feedback off."""
    scale_exponent: int = -16
    """Scales are fp16 times 2^scale_exponent, -16..-10. -16 covers 2^-40 to 1; each step up doubles both ends."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"codec kind {self.kind!r}: must be one of {', '.join(KINDS)}")
        if not 1 <= self.k <= BLOCK:
            raise ConfigError(f"codec k is {self.k}: must be 1..{BLOCK}")
        if not 0 <= self.feedback_decay <= 1:
            raise ConfigError(f"codec feedback_decay is {self.feedback_decay}: must be 0..1")
        if not UNIT_EXPONENT + 24 <= self.scale_exponent <= UNIT_MAX_EXPONENT:
            raise ConfigError(f"codec scale_exponent is {self.scale_exponent}: must be -16..{UNIT_MAX_EXPONENT}")

    @property
    def scale_shift(self) -> int:
        """Left shift from fp16 units of 2^-24 to fixed-point units."""
        return self.scale_exponent - (UNIT_EXPONENT + 24)

    @property
    def block(self) -> int:
        """Elements per scale of the main tensors."""
        return ONEBIT_BLOCK if self.kind == "1bit" else BLOCK

    @property
    def code_max(self) -> int:
        """Largest magnitude of a code of the main tensors."""
        return {"fixed32": FIXED_MAX, "int8": INT8_MAX, "1bit": 1, "topk": TOPK_LARGE}[self.kind]

    @property
    def units_max(self) -> int:
        """Largest contribution of one element of one update, in fixed-point units: qmax x scale_max."""
        if self.kind == "fixed32":
            return FIXED_MAX << FIXED_SHIFT
        scale = int(scale_units(np.array([FP16_MAX], np.uint16), self.scale_shift)[0])
        return INT8_MAX * scale  # int8 bounds the others, and 1-D tensors use it under every codec


def scale_units(bits: npt.NDArray[np.uint16], shift: int) -> npt.NDArray[np.int64]:
    """Scales as integers in fixed-point units, from finite non-negative fp16 bit patterns; no float is involved."""
    exponent = (bits >> 10).astype(np.int64)
    mantissa = (bits & 1023).astype(np.int64)
    return np.where(exponent == 0, mantissa, (1024 + mantissa) << np.maximum(exponent - 1, 0)) << shift


def check_scales(bits: npt.NDArray[np.uint16], shard: Shard) -> None:
    """Raise CodecError unless every scale is a finite fp16 without a sign bit, tested as integers."""
    if bits.size and int(bits.max()) >= FP16_INF:
        raise CodecError(f"{describe(shard)}: scale 0x{int(bits.max()):04X} is not a finite fp16 >= 0")


def round_scales(wanted: npt.NDArray[np.float64], spec: CodecSpec, layout: Layout) -> npt.NDArray[np.uint16]:
    """Nearest fp16 bits for real scales `wanted`. Raises IntegrityError naming a tensor whose scale is out of range."""
    with np.errstate(over="ignore"):
        bits = np.ldexp(wanted, -spec.scale_exponent).astype(np.float16).view(np.uint16)
    too_large = np.flatnonzero(bits >= FP16_INF)
    if too_large.size:
        raise out_of_range(layout, int(too_large[0]), spec)
    return bits


def scale_values(bits: npt.NDArray[np.uint16], spec: CodecSpec) -> Floats:
    """Scales as float32, exact: 11 significant bits, far above the smallest float32."""
    return np.ldexp(bits.view(np.float16).astype(np.float32), spec.scale_exponent).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where elements and blocks of some slices lie once the slices are laid end to end. Blocks never span slices."""

    slices: tuple[Slice, ...]
    elements: tuple[int, ...]
    """First element of each slice, then the total."""
    blocks: tuple[int, ...]
    """First block of each slice, then the total."""
    starts: npt.NDArray[np.int64]
    """First element of each block, then the total: shape [blocks + 1]."""

    def slice_of_block(self, block: int) -> Slice:
        """The slice that holds `block`."""
        return self.slices[int(np.searchsorted(self.blocks, block, side="right")) - 1]


def layout_of(slices: tuple[Slice, ...], block: int) -> Layout:
    """The layout of `slices` in blocks of `block` elements, the last block of each slice possibly shorter."""
    elements, blocks, starts = [0], [0], [np.empty(0, np.int64)]
    for piece in slices:
        starts.append(np.arange(elements[-1], elements[-1] + piece.length, block, dtype=np.int64))
        elements.append(elements[-1] + piece.length)
        blocks.append(blocks[-1] + starts[-1].size)
    starts.append(np.array([elements[-1]], np.int64))
    return Layout(slices, tuple(elements), tuple(blocks), np.concatenate(starts))


@lru_cache(maxsize=64)
def layouts(spec: CodecSpec, shard: Shard) -> tuple[Layout, Layout]:
    """(main, dense): tensors coded as `spec` says, and 1-D tensors that travel as int8 beside them."""
    if spec.kind in ("fixed32", "int8"):
        return layout_of(shard, BLOCK), layout_of((), BLOCK)
    main = tuple(piece for piece in shard if not piece.dense)
    return layout_of(main, spec.block), layout_of(tuple(piece for piece in shard if piece.dense), BLOCK)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """The decoded codes of one shard of one update: integers and scale bits, nothing rounded. Never mutated."""

    spec: CodecSpec
    shard: Shard
    code: Array
    """fixed32: int32 [n]; int8: int8 [n]; 1bit: uint8 [bytes], bit set = minus, each block on a byte boundary;
    topk: int8 [entries], values +-1 and +-3."""
    scale: npt.NDArray[np.uint16]
    """fp16 bits, one per block; empty for fixed32."""
    index: npt.NDArray[np.uint16]
    """topk: position of each entry within its block, ascending; empty otherwise."""
    dense_code: npt.NDArray[np.int8]
    dense_scale: npt.NDArray[np.uint16]


def describe(shard: Shard) -> str:
    """A short name of a shard for messages."""
    if not shard:
        return "empty part"
    first, last = shard[0], shard[-1]
    return f"part {first.name}[{first.start}]..{last.name}[{last.stop}]"


def not_finite(layout: Layout, block: int) -> IntegrityError:
    """The error for a delta that holds NaN or Inf."""
    piece = layout.slice_of_block(block)
    return IntegrityError(
        f"update of tensor {piece.name!r} holds NaN or Inf: local training diverged; go back to the round's base "
        "weights and lower the inner learning rate"
    )


def out_of_range(layout: Layout, block: int, spec: CodecSpec) -> IntegrityError:
    """The error for a delta that is finite but larger than the plan's fixed-point range."""
    piece = layout.slice_of_block(block)
    return IntegrityError(
        f"update of tensor {piece.name!r} exceeds the range of codec {spec.kind} (scale_exponent "
        f"{spec.scale_exponent}): local training diverged, or the plan needs a larger scale_exponent"
    )
