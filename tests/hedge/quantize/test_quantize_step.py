"""The record's line of a quantized file: from the file alone, and only of one that says what it was made from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from tests.hedge.quantize.making import small
from tests.hedge.test_main_path import gguf

from hanse.errors import QuantizeError
from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.quantize.show import show
from hanse.hedge.quantize.step import step, unpacked
from hanse.hedge.quantize.unpack import unpack
from hanse.hedge.quantize.write import quantize
from hanse.hedge.record.made import QuantizeFacts


def test_a_file_has_its_real_types_and_every_file_it_was_made_from(tmp_path: Path) -> None:
    small(tmp_path / "m")
    shown = quantize(tmp_path / "m", "Q8_0", tmp_path / "q8.gguf", False, "test")
    made = step(shown, tmp_path / "q8.gguf")
    assert [item.sha256 for item in made.subjects] == [hashlib.sha256((tmp_path / "q8.gguf").read_bytes()).hexdigest()]
    read = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
    assert {item.name: item.sha256 for item in made.materials} == {
        name: hashlib.sha256((tmp_path / "m" / name).read_bytes()).hexdigest() for name in read
    }
    assert isinstance(made.facts, QuantizeFacts)
    assert (made.facts.types, made.facts.bits_per_weight) == ({"F32": 5, "Q8_0": 16}, f"{shown.bits_per_weight:.4f}")
    folder = tmp_path / "m"
    other = step(replace(shown, label="", file="m"), folder)  # as a folder of CTranslate2 is
    assert (other.subjects[0].name, other.subjects[0].sha256) == ("m/", folder_digest(folder))
    assert {item.name for item in other.subjects[1:]} == {f"m/{path.name}" for path in folder.iterdir()}


def test_somebody_else_s_file_is_not_quantized_by_us() -> None:
    with pytest.raises(QuantizeError, match="does not say what it was made from"):
        step(show(gguf()[0]), gguf()[0])


def test_a_folder_comes_from_the_file_it_was_unpacked_from(tmp_path: Path) -> None:
    small(tmp_path / "m")
    file, out = tmp_path / "q8.gguf", tmp_path / "back"
    first = step(quantize(tmp_path / "m", "Q8_0", file, False, "test"), file)
    made = unpacked(unpack(file, out, "bfloat16", "test"), file, "bfloat16", out)
    assert made.origins() == first.outputs()
    assert made.outputs()[0] == folder_digest(out)
    assert isinstance(made.facts, QuantizeFacts)
    assert (made.facts.types, made.facts.bits_per_weight) == ({"bfloat16": 21}, "16.0000")
    assert made.facts.bytes == (out / "model.safetensors").stat().st_size
    assert "unpacked from q8.gguf, whose tensors were 16 Q8_0, 5 F32" in made.facts.notes
    again = step(quantize(out, "Q4_0", tmp_path / "q4.gguf", False, "test"), tmp_path / "q4.gguf")
    assert set(again.origins()) <= set(made.outputs())
