"""Opening weights: what is whole is read, what is not is named, and no file makes the reader work without end."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.mirror import tiny_llama

from hanse.errors import LockError
from hanse.hedge.drill.gguf import read_gguf
from hanse.hedge.drill.load import load
from hanse.hedge.drill.tensors import read_safetensors

SHAPES = {"a.weight": [4, 8], "b.weight": [3]}


def packed(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def whole() -> tuple[dict[str, Any], bytes]:
    data = tiny_llama.safetensors(SHAPES)
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(tiny_llama.safetensors(SHAPES))
    assert sorted(read_safetensors(path)) == sorted(SHAPES)


def changed(key: str, value: object) -> bytes:
    header, body = whole()
    header["a.weight"][key] = value
    return packed(header, body)


BROKEN = {
    "empty": (b"", "no safetensors file"),
    "short": (b"1234567", "no safetensors file"),
    "header beyond the end": (struct.pack("<Q", 1000) + b"{}", "would have 1000 bytes"),
    "huge header": (struct.pack("<Q", 1 << 60) + b"{}" * 100, "no safetensors file"),
    "no JSON": (packed(b"{{}}", b""), "no JSON"),
    "a list": (packed([], b""), "is no object"),
    "a tensor twice": (packed(b'{"a": {}, "a": {}}', b""), "each tensor once"),
    "deep": (packed(b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", b""), "no JSON"),
    "unknown type": (changed("dtype", "F9"), "dtype 'F9' is not known"),
    "another shape": (changed("shape", [4, 9]), "128 bytes for F32 of shape [4, 9]"),
    "a negative shape": (changed("shape", [-4, -8]), "whole numbers"),
    "an enormous shape": (changed("shape", [1 << 62] * 100), "128 bytes for F32"),
    "a shape of floats": (changed("shape", [4.0, 8]), "whole numbers"),
    "offsets the other way round": (changed("data_offsets", [128, 0]), "-128 bytes"),
    "three offsets": (changed("data_offsets", [0, 1, 128]), "whole numbers"),
    "an overlap": (changed("data_offsets", [8, 136]), "a gap or an overlap"),
    "no offsets": (packed({"a": {"dtype": "F32", "shape": []}}, b""), "expected dtype"),
    "a number for a tensor": (packed({"a": 5}, b""), "expected dtype"),
    "truncated": (tiny_llama.safetensors(SHAPES)[:-1], "its tensors end at byte"),
    "longer": (tiny_llama.safetensors(SHAPES) + b"x", "its tensors end at byte"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_safetensors_file_is_named(tmp_path: Path, name: str) -> None:
    data, said = BROKEN[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(LockError) as error:
        read_safetensors(path)
    assert "model.safetensors" in str(error.value)
    assert said in str(error.value)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(
    tensors: tuple[tuple[str, tuple[int, ...], int, int], ...] = (("w", (32, 2), 0, 0), ("q", (256,), 14, 256)),
    keys: bytes | None = None, count: int = 4, body: int = 466, version: int = 3,
) -> bytes:  # fmt: skip
    """A file with one key of each sort; tensors are (name, shape, type, offset)."""
    if keys is None:
        keys = text("general.name") + struct.pack("<I", 8) + text("tiny")
        keys += text("general.alignment") + struct.pack("<II", 4, 64)
        keys += text("list") + struct.pack("<IIQ", 9, 4, 3) + struct.pack("<3I", 1, 2, 3)
        keys += text("words") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), count) + keys
    for name, shape, type_, offset in tensors:
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", type_, offset)
    return head + b"\0" * (-len(head) % 64) + b"\1" * body


def test_a_whole_gguf_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.gguf"
    path.write_bytes(gguf())
    assert read_gguf(path) == ["w", "q"]


GGUFS = {
    "empty": (b"", "0 bytes"),
    "another magic": (b"GGML" + gguf()[4:], "does not begin with GGUF"),
    "an old version": (gguf(version=1), "version 1"),
    "truncated in its head": (gguf()[:100], "middle of its head"),
    "truncated in its tensors": (gguf()[:-1], "does not lie in the file"),
    "a tensor beyond the end": (gguf((("w", (32, 2), 0, 64 * 100),)), "does not lie in the file"),
    "an offset that is not aligned": (gguf((("w", (32, 2), 0, 32),)), "does not lie in the file"),
    "half a block": (gguf((("w", (31,), 2, 0),)), "blocks of 32"),
    "many dimensions": (gguf((("w", (1,) * 9, 0, 0),)), "9 dimensions"),
    "an enormous shape": (gguf((("w", (1 << 60, 1 << 60), 0, 0),)), "does not lie in the file"),
    "a tensor twice": (gguf((("w", (1,), 0, 0), ("w", (1,), 0, 64))), "a tensor twice"),
    "many tensors": (b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 0), "tensors and 0 keys"),
    "many keys": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 40), "0 tensors and"),
    "an array without end": (
        gguf(keys=text("k") + struct.pack("<IIQ", 9, 0, 1 << 50), count=1), "an array of"),
    "arrays in arrays": (
        gguf(keys=text("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 20, count=1), "which is none"),
    "a type that is none": (gguf(keys=text("k") + struct.pack("<I", 77), count=1), "type 77"),
    "an alignment that is none": (
        gguf(keys=text("general.alignment") + struct.pack("<II", 4, 3), count=1), "no power of two"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(GGUFS))
def test_a_broken_gguf_file_is_named(tmp_path: Path, name: str) -> None:
    data, said = GGUFS[name]
    path = tmp_path / "w.gguf"
    path.write_bytes(data)
    with pytest.raises(LockError) as error:
        read_gguf(path)
    assert "w.gguf" in str(error.value)
    assert said in str(error.value)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_change_is_read_or_refused_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name, made, read = data.draw(st.sampled_from([
        ("x.gguf", gguf(), read_gguf), ("x.safetensors", tiny_llama.safetensors(SHAPES), read_safetensors)
    ]))  # fmt: skip
    at, size = data.draw(st.integers(0, len(made))), data.draw(st.integers(0, 20))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(made[:at] + data.draw(st.binary(max_size=20)) + made[at + size :])
    with suppress(LockError):
        assert len(read(path)) <= 2


def test_a_model_in_several_files_is_held_against_its_index(tmp_path: Path) -> None:
    (tmp_path / "model-1.safetensors").write_bytes(tiny_llama.safetensors({"a": [2]}))
    (tmp_path / "model-2.safetensors").write_bytes(tiny_llama.safetensors({"b": [2]}))
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}))
    assert load(tmp_path) == "2 tensors in 2 safetensors"
    for wrong in ({"a": "model-2.safetensors"}, {"c": "model-1.safetensors"}, {"a": "../model-1.safetensors"}):
        index.write_text(json.dumps({"weight_map": wrong}))
        with pytest.raises(LockError, match="which has none of it"):
            load(tmp_path)
    for broken in ("{", "[]", "{}", '{"weight_map": 5}'):
        index.write_text(broken)
        with pytest.raises(LockError, match="no index of weights"):
            load(tmp_path)


def test_pickles_are_counted_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert load(tmp_path) == "1 that may be pickles not opened"
    (tmp_path / "pytorch_model.bin").unlink()
    assert "nothing to open" in load(tmp_path)
    (tmp_path / "w.gguf").write_bytes(gguf())
    assert load(tmp_path) == "2 tensors in 1 GGUF"
