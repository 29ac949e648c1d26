"""Codecs: what they print they parse, and nothing else."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import CodecError, ConfigError, IntegrityError
from hanse.run.codec import CodecSpec, decode_part, decoded, encode, encode_codes, encode_part, part_bytes_max
from hanse.run.codec.spec import scale_units
from hanse.run.shards import Slice, shard_map

SPECS = [
    CodecSpec("fixed32", feedback_decay=1),
    CodecSpec("int8", feedback_decay=1),
    CodecSpec("1bit", feedback_decay=Fraction(95, 100)),
    CodecSpec("topk", 64, Fraction(95, 100)),
    CodecSpec("topk", 3, 1),
]
SHAPES = {"a.weight": (70, 61), "b.bias": (5,), "c.weight": (3, 7), "d.scalar": ()}
by_kind = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.k}")


def llama(vocab: int = 2048, d: int = 128, layers: int = 4, ff: int = 384) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab, d), "model.norm.weight": (d,)}
    for i in range(layers):
        at = f"model.layers.{i}."
        shapes |= {f"{at}self_attn.{n}_proj.weight": (d, d) for n in "qkvo"}
        shapes |= {f"{at}mlp.gate_proj.weight": (ff, d), f"{at}mlp.up_proj.weight": (ff, d)}
        shapes |= {f"{at}mlp.down_proj.weight": (d, ff), f"{at}input_layernorm.weight": (d,)}
        shapes |= {f"{at}post_attention_layernorm.weight": (d,)}
    return shapes


def draw(shapes: dict[str, tuple[int, ...]], seed: int, size: float = 1e-3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: np.asarray(rng.laplace(0, size, shape), np.float32) for name, shape in shapes.items()}


@by_kind
def test_parts_parse_to_codes_that_print_the_same_bytes(spec: CodecSpec) -> None:
    shards = shard_map(SHAPES, 4096)
    assert len(shards) == 2
    parts, _ = encode(spec, shards, draw(SHAPES, 1), None)
    for shard, data in zip(shards, parts, strict=True):
        assert encode_codes(decode_part(spec, shard, data)) == data
        assert len(data) <= part_bytes_max(spec, shard)


@by_kind
def test_the_residual_is_exactly_what_receivers_do_not_see(spec: CodecSpec) -> None:
    delta, feedback = draw(SHAPES, 2), draw(SHAPES, 3)
    shards = shard_map(SHAPES, 4096)
    parts, residual = encode(spec, shards, delta, feedback)
    for shard, data in zip(shards, parts, strict=True):
        for name, seen in decoded(decode_part(spec, shard, data)).items():
            piece = next(p for p in shard if p.name == name)
            cut = slice(piece.start, piece.stop)
            v = delta[name].reshape(-1)[cut] + np.float32(spec.feedback_decay) * feedback[name].reshape(-1)[cut]
            assert np.array_equal(v - seen, residual[name].reshape(-1)[cut])
            assert not piece.dense or np.abs(v - seen).max() <= np.abs(v).max() / 250 + 2**-30


def test_without_feedback_the_residual_is_zero() -> None:
    _, residual = encode(CodecSpec("1bit"), shard_map(SHAPES, 8192), draw(SHAPES, 1), draw(SHAPES, 2))
    assert not any(array.any() for array in residual.values())


@by_kind
def test_the_safetensors_library_reads_parts(spec: CodecSpec) -> None:
    (shard,) = shard_map(SHAPES, 8192)
    tensors = safetensors.numpy.load(encode_part(spec, shard, draw(SHAPES, 1), None)[0])
    assert all(array.ndim == 1 and array.size for array in tensors.values())
    if "scale" in tensors:
        assert tensors["scale"].dtype == np.float16


@by_kind
def test_every_single_byte_corruption_is_refused_or_is_another_canonical_part(spec: CodecSpec) -> None:
    shapes = {"w": (9, 11), "n": (6,), "z": (4, 4)}
    (shard,) = shard_map(shapes, 4096)
    delta = draw(shapes, 4)
    delta["z"][:] = 0
    good, _ = encode_part(spec, shard, delta, None)
    refused = 0
    for at in range(len(good)):
        for flip in (0x01, 0x80, 0x10, 0xFF):
            bad = bytearray(good)
            bad[at] ^= flip
            try:
                part = decode_part(spec, shard, bytes(bad))
            except CodecError:
                refused += 1
            else:
                assert encode_codes(part) == bytes(bad)
    assert refused > 100
    for bad_data in (good + b"\0", good[:-1], good[:7], b"", b"\xff" * len(good)):
        with pytest.raises(CodecError):
            decode_part(spec, shard, bad_data)


@by_kind
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_arbitrary_body_bytes_never_crash_and_only_canonical_ones_pass(spec: CodecSpec, data: st.DataObject) -> None:
    (shard,) = shard_map({"w": (5, 13)}, 4096)
    good, _ = encode_part(spec, shard, draw({"w": (5, 13)}, 5), None)
    head = 8 + int.from_bytes(good[:8], "little")
    size = len(good) - head
    bad = good[:head] + data.draw(st.binary(min_size=size, max_size=size))
    try:
        part = decode_part(spec, shard, bad)
    except CodecError:
        return
    assert encode_codes(part) == bad
    assert all(np.isfinite(array).all() for array in decoded(part).values())


def test_extra_metadata_and_other_spellings_of_the_header_are_refused() -> None:
    spec, (shard,) = CodecSpec("int8"), shard_map({"w": (8, 8)}, 4096)
    good, _ = encode_part(spec, shard, draw({"w": (8, 8)}, 1), None)
    tensors = safetensors.numpy.load(good)
    for other in (
        safetensors.numpy.save(tensors, metadata={"by": "x"}),
        safetensors.numpy.save({**tensors, "extra": np.zeros(1, np.int8)}),
        safetensors.numpy.save({"scale": tensors["scale"], "code": tensors["code"].reshape(8, 8)}),
        safetensors.numpy.save({"scale": tensors["scale"], "code": tensors["code"].view(np.uint8)}),
        good[:8] + good[8:].replace(b'{"scale":', b'{ "scale":', 1),
    ):
        with pytest.raises(CodecError, match="w\\[0\\]"):
            decode_part(spec, shard, other)


@pytest.mark.parametrize("bits", [0x7C00, 0x7C01, 0x7E00, 0x8000, 0x8001, 0xFC00, 0xFFFF])
@pytest.mark.parametrize("spec", SPECS[1:], ids=lambda spec: f"{spec.kind}-{spec.k}")
def test_scales_with_a_sign_infinities_and_nans_are_refused(spec: CodecSpec, bits: int) -> None:
    (shard,) = shard_map({"w": (8, 8)}, 4096)
    good, _ = encode_part(spec, shard, draw({"w": (8, 8)}, 1), None)
    head = 8 + int.from_bytes(good[:8], "little")
    with pytest.raises(CodecError, match="finite fp16"):
        decode_part(spec, shard, good[:head] + bits.to_bytes(2, "little") + good[head + 2 :])


def test_unused_codes_are_refused() -> None:
    (shard,) = shard_map({"w": (8, 8)}, 4096)
    delta = draw({"w": (8, 8)}, 1)
    int8_bytes, _ = encode_part(CodecSpec("int8"), shard, delta, None)
    with pytest.raises(CodecError, match="-128"):
        decode_part(CodecSpec("int8"), shard, int8_bytes[:-1] + b"\x80")
    fixed, _ = encode_part(CodecSpec("fixed32"), shard, delta, None)
    with pytest.raises(CodecError, match="not used"):
        decode_part(CodecSpec("fixed32"), shard, fixed[:-4] + b"\0\0\0\x80")


@by_kind
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["a.weight", "b.bias"])
def test_a_delta_with_nan_or_inf_is_not_encoded(spec: CodecSpec, value: float, name: str) -> None:
    delta = draw(SHAPES, 1)
    delta[name].reshape(-1)[-1] = value
    with pytest.raises(IntegrityError, match=f"'{name}' holds NaN or Inf"):
        encode(spec, shard_map(SHAPES, 8192), delta, None)


@by_kind
def test_a_delta_outside_the_fixed_point_range_is_not_encoded(spec: CodecSpec) -> None:
    with pytest.raises(IntegrityError, match="range"):
        encode(spec, shard_map({"w": (4, 4)}, 4096), {"w": np.full((4, 4), 2.0**10, np.float32)}, None)


@by_kind
@pytest.mark.parametrize("fill", [0.0, -0.0, 1e-30, -1e-45])
def test_blocks_of_zeros_have_one_spelling(spec: CodecSpec, fill: float) -> None:
    delta = {name: np.full(shape, fill, np.float32) for name, shape in SHAPES.items()}
    zero = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    (shard,) = shard_map(SHAPES, 8192)
    data, residual = encode_part(spec, shard, delta, None)
    assert data == encode_part(spec, shard, zero, None)[0]
    assert all((residual[name] == delta[name].reshape(-1)).all() for name in delta)
    assert encode_codes(decode_part(spec, shard, data)) == data


def test_int8_never_clips_and_errs_by_at_most_half_a_step() -> None:
    rng = np.random.default_rng(0)
    (shard,) = shard_map({"w": (3, 4096)}, 1 << 20)
    for exponent in range(-36, 0):
        delta = {"w": (rng.standard_normal((3, 4096)) * 2.0**exponent).astype(np.float32)}
        part = decode_part(CodecSpec("int8"), shard, encode_part(CodecSpec("int8"), shard, delta, None)[0])
        step = np.repeat(scale_units(part.scale, 0) * 2.0**-40, 4096)
        assert (np.abs(decoded(part)["w"] - delta["w"].reshape(-1)) <= step / 2 * 1.00001).all()


def test_topk_keeps_the_largest_and_breaks_ties_by_position() -> None:
    shapes = {"w": (5, 1024)}
    (shard,) = shard_map(shapes, 8192)
    spec = CodecSpec("topk", 64)
    rng = np.random.default_rng(9)
    for v in (
        rng.standard_normal(5120),
        rng.integers(-4, 5, 5120),
        rng.standard_t(1, 5120) * 1e-4,
        np.where(rng.random(5120) < 0.01, 1.0, 0.0),
        rng.standard_normal(5120) * 2.0 ** rng.integers(-120, -8, 5120),
    ):
        w = (v / max(2.0, 2 * np.abs(v).max())).astype(np.float32)
        part = decode_part(spec, shard, encode_part(spec, shard, {"w": w.reshape(5, 1024)}, None)[0])
        for start, length, entries in ((0, 4096, slice(0, 64)), (4096, 1024, slice(64, 80))):
            magnitudes = np.abs(w[start : start + length])
            expected = np.sort(np.argsort(-magnitudes, kind="stable")[: entries.stop - entries.start])
            assert np.array_equal(part.index[entries], expected)


def test_scale_integers_equal_the_fp16_values() -> None:
    bits = np.arange(0x7C00, dtype=np.uint16)
    assert np.array_equal(scale_units(bits, 0), np.ldexp(bits.view(np.float16).astype(np.float64), 24).astype(np.int64))


@pytest.mark.parametrize(
    ("spec", "ratio"),
    [
        (CodecSpec("int8"), 3.99),
        (CodecSpec("1bit"), 31),
        (CodecSpec("topk", 256), 60),
        (CodecSpec("topk", 64), 200),
    ],
    ids=lambda value: str(getattr(value, "kind", value)),
)
def test_a_small_llama_compresses_as_the_plan_promises(spec: CodecSpec, ratio: float) -> None:
    shapes = llama()
    parts, _ = encode(spec, shard_map(shapes, 1 << 24), draw(shapes, 7), None)
    assert 4 * sum(int(np.prod(shape)) for shape in shapes.values()) >= ratio * sum(map(len, parts))


def test_the_shard_map_covers_every_element_once_and_cuts_at_blocks() -> None:
    shapes = llama(layers=1) | {"odd": (4099,), "tiny": ()}
    for elements in (4096, 5000, 8192, 1 << 16, 1 << 24):
        shards = shard_map(dict(reversed(shapes.items())), elements)
        assert shards == shard_map(shapes, elements)
        pieces = [piece for shard in shards for piece in shard]
        assert pieces == sorted(pieces)
        assert all(sum(piece.length for piece in shard) <= elements for shard in shards)
        assert all(piece.start % 4096 == 0 for piece in pieces)
        for name, shape in shapes.items():
            mine = [piece for piece in pieces if piece.name == name]
            assert [piece.start for piece in mine[1:]] == [piece.stop for piece in mine[:-1]]
            assert (mine[0].start, mine[-1].stop) == (0, int(np.prod(shape)))
            assert all(piece.dense == (len(shape) <= 1) for piece in mine)
    assert shard_map({}, 4096) == ()
    assert Slice("a", 0, 5).length == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "fp8"},
        {"kind": "topk", "k": 0},
        {"kind": "int8", "feedback_decay": 2},
        {"kind": "int8", "scale_exponent": -17},
    ],
)
def test_specs_out_of_range_are_refused(fields: dict) -> None:
    with pytest.raises(ConfigError, match="codec"):
        CodecSpec(**fields)


def test_empty_tensors_and_tiny_shards_are_refused() -> None:
    with pytest.raises(ConfigError, match="no elements"):
        shard_map({"w": (0, 3)}, 4096)
    with pytest.raises(ConfigError, match="shard_elements"):
        shard_map({"w": (3, 3)}, 4095)
