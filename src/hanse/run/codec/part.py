"""One update part: encode a shard's delta, print codes, parse bytes; `encode` does a whole update.

    fixed32   code I32 [n]
    int8      scale F16 [blocks], code I8 [n]
    1bit      scale F16 [blocks], dense_scale F16, code U8 [bytes], dense_code I8
    topk      scale F16 [chunks], dense_scale F16, stream U8 (see `rice`), dense_code I8

Tensors of a part are concatenated in shard order, so a header stays a few hundred bytes; empty ones are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from hanse.errors import IntegrityError
from hanse.run.codec import fixed32, int8, onebit, rice, topk, wire
from hanse.run.codec.spec import (
    Array,
    CodecSpec,
    Floats,
    Layout,
    Part,
    describe,
    layouts,
    scale_values,
)
from hanse.run.shards import Shard

_HEADER_BYTES_MAX = 512

Tensors: TypeAlias = Mapping[str, Floats]
_NO_SCALE = np.empty(0, np.uint16)
_NO_CODE = np.empty(0, np.int8)


def encode_part(
    spec: CodecSpec, shard: Shard, delta: Tensors, feedback: Tensors | None
) -> tuple[bytes, dict[str, Floats]]:
    """Code v = delta + feedback_decay * feedback over one shard; delta = local weights - base, so weights move by +.

    `delta` and `feedback` hold whole tensors (feedback None: zeros). Returns the bytes and, per tensor of the shard,
    the new feedback v - decoded over the shard's range (flat float32; zeros when the spec has no feedback).
    Raises IntegrityError naming the tensor for NaN, Inf or a value outside the plan's fixed-point range.
    """
    main, dense = layouts(spec, shard)
    v, dense_v = _gather(spec, main, delta, feedback), _gather(spec, dense, delta, feedback)
    code, scale, index = _encode_main(spec, main, v)
    dense_code, dense_scale = int8.encode(spec, dense, dense_v)
    part = Part(spec, shard, code, scale, index, dense_code, dense_scale)
    if not spec.feedback_decay:
        return encode_codes(part), {piece.name: np.zeros(piece.length, np.float32) for piece in shard}
    return encode_codes(part), _scatter(main, v) | _scatter(dense, dense_v)


def encode(
    spec: CodecSpec, shards: Sequence[Shard], delta: Tensors, feedback: Tensors | None
) -> tuple[list[bytes], dict[str, Floats]]:
    """All parts of an update, and the new feedback as whole tensors shaped like `delta`. Raises as `encode_part`."""
    residual = {name: np.zeros(array.shape, np.float32) for name, array in delta.items()}
    parts = []
    for shard in shards:
        data, pieces = encode_part(spec, shard, delta, feedback)
        parts.append(data)
        for piece in shard:
            residual[piece.name].reshape(-1)[piece.start : piece.stop] = pieces[piece.name]
    return parts, residual


def encode_codes(part: Part) -> bytes:
    """The one spelling of a part's codes: the printer that `decode_part` accepts and nothing else."""
    dense_scale: tuple[str, str, Array] = ("dense_scale", "F16", part.dense_scale)
    dense_code: tuple[str, str, Array] = ("dense_code", "I8", part.dense_code)
    if part.spec.kind == "fixed32":
        return wire.pack([("code", "I32", part.code)])
    if part.spec.kind == "int8":
        return wire.pack([("scale", "F16", part.scale), ("code", "I8", part.code)])
    if part.spec.kind == "1bit":
        return wire.pack([("scale", "F16", part.scale), dense_scale, ("code", "U8", part.code), dense_code])
    entries = topk.entry_starts(part.spec, layouts(part.spec, part.shard)[0])
    stream = rice.write(part.index, part.code, entries) if part.code.size else part.code
    return wire.pack([("scale", "F16", part.scale), dense_scale, ("stream", "U8", stream), dense_code])


def decode_part(spec: CodecSpec, shard: Shard, data: bytes) -> Part:
    """The part whose printed bytes are exactly `data`. Raises CodecError (void for everyone) for anything else."""
    main, dense = layouts(spec, shard)
    what = describe(shard)
    scale = wire.Field("scale", "F16", (main.blocks[-1],))
    dense_scale = wire.Field("dense_scale", "F16", (dense.blocks[-1],))
    dense_code = wire.Field("dense_code", "I8", (dense.elements[-1],))
    if spec.kind == "fixed32":
        (code,) = wire.unpack(data, [wire.Field("code", "I32", (main.elements[-1],))], what)
        fixed32.check(code, shard)
        return Part(spec, shard, code, _NO_SCALE, _NO_SCALE, _NO_CODE, _NO_SCALE)
    if spec.kind == "int8":
        scales, code = wire.unpack(data, [scale, wire.Field("code", "I8", (main.elements[-1],))], what)
        int8.check(main, code, scales, shard)
        return Part(spec, shard, code, scales, _NO_SCALE, _NO_CODE, _NO_SCALE)
    if spec.kind == "1bit":
        body = wire.Field("code", "U8", (onebit.slice_bytes(main)[-1],))
    else:
        body = wire.Field("stream", "U8", (-1 if main.slices else 0,))
    scales, dense_scales, code, dense_codes = wire.unpack(data, [scale, dense_scale, body, dense_code], what)
    int8.check(dense, dense_codes, dense_scales, shard)
    if spec.kind == "1bit":
        onebit.check(main, code, scales, shard)
        return Part(spec, shard, code, scales, _NO_SCALE, dense_codes, dense_scales)
    if not main.slices:
        return Part(spec, shard, _NO_CODE, scales, _NO_SCALE, dense_codes, dense_scales)
    codes, index = topk.check(spec, main, code, scales, shard)
    return Part(spec, shard, codes, scales, index, dense_codes, dense_scales)


def decoded(part: Part) -> dict[str, Floats]:
    """Real values of a part, flat float32 per tensor over the shard's range (the merge itself adds codes)."""
    main, dense = layouts(part.spec, part.shard)
    if part.spec.kind == "fixed32":
        values = np.ldexp(part.code.astype(np.float64), -30).astype(np.float32)
    elif part.spec.kind == "topk":
        values = np.zeros(main.elements[-1], np.float32)
        entries = topk.entry_starts(part.spec, main)
        owner = np.repeat(np.arange(entries.size - 1), np.diff(entries))
        values[main.starts[owner] + part.index] = part.code * scale_values(part.scale, part.spec)[owner]
    else:
        codes = onebit.unpack_signs(main, part.code) if part.spec.kind == "1bit" else part.code
        values = codes * np.repeat(scale_values(part.scale, part.spec), np.diff(main.starts))
    dense_values = part.dense_code * np.repeat(scale_values(part.dense_scale, part.spec), np.diff(dense.starts))
    return _scatter(main, values.astype(np.float32)) | _scatter(dense, dense_values.astype(np.float32))


def part_bytes_max(spec: CodecSpec, shard: Shard) -> int:
    """No valid part of this shard is larger: what a reader may ask a store for before it has judged the bytes."""
    main, dense = layouts(spec, shard)
    size = _HEADER_BYTES_MAX + 2 * dense.blocks[-1] + dense.elements[-1]
    if spec.kind == "fixed32":
        return size + 4 * main.elements[-1]
    size += 2 * main.blocks[-1]
    if spec.kind == "int8":
        return size + main.elements[-1]
    if spec.kind == "1bit":
        return size + onebit.slice_bytes(main)[-1]
    return size + rice.longest_stream(int(topk.entry_starts(spec, main)[-1]))


def _encode_main(spec: CodecSpec, layout: Layout, v: Floats) -> tuple[Array, Array, Array]:
    if spec.kind == "fixed32":
        return fixed32.encode(spec, layout, v), _NO_SCALE, _NO_SCALE
    if spec.kind == "int8":
        return *int8.encode(spec, layout, v), _NO_SCALE
    if spec.kind == "1bit":
        return *onebit.encode(spec, layout, v), _NO_SCALE
    codes, index, scale = topk.encode(spec, layout, v)
    return codes, scale, index


def _gather(spec: CodecSpec, layout: Layout, delta: Tensors, feedback: Tensors | None) -> Floats:
    """v of all slices end to end. NaN and Inf pass through: the codec names them."""
    v = np.empty(layout.elements[-1], np.float32)
    decay = np.float32(float(spec.feedback_decay))
    with np.errstate(over="ignore", invalid="ignore"):
        for i, piece in enumerate(layout.slices):
            target = v[layout.elements[i] : layout.elements[i + 1]]
            source = _flat(delta, piece.name)[piece.start : piece.stop]
            if source.size != piece.length:
                raise IntegrityError(f"update of tensor {piece.name!r} has too few elements for the plan's shapes")
            if feedback is None or not decay:
                target[:] = source
            else:
                np.multiply(_flat(feedback, piece.name)[piece.start : piece.stop], decay, out=target)
                np.add(source, target, out=target)
    return v


def _scatter(layout: Layout, flat: Floats) -> dict[str, Floats]:
    return {piece.name: flat[layout.elements[i] : layout.elements[i + 1]] for i, piece in enumerate(layout.slices)}


def _flat(tensors: Tensors, name: str) -> Floats:
    if name not in tensors:
        raise IntegrityError(f"update lacks tensor {name!r}: the model's tensors are not the plan's")
    array = tensors[name]
    if array.dtype != np.float32 or not array.flags.c_contiguous:
        raise IntegrityError(f"tensor {name!r} is {array.dtype}: expected contiguous float32")
    return array.reshape(-1)
