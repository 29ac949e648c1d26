"""Comparing by its command, on a real model: SmolLM2-135M as a GGUF, by llama.cpp, against itself and against the same file with
most of its layers taken out."""

from __future__ import annotations

import json
import math
import os
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.hedge.test_main_path import Shell, gguf

from hanse.errors import InputError
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine

CAPITALS = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Spain": "Madrid", "Germany": "Berlin", "Egypt": "Cairo",
            "Greece": "Athens", "China": "Beijing", "Russia": "Moscow", "Portugal": "Lisbon", "Austria": "Vienna",
            "Ireland": "Dublin", "Cuba": "Havana", "Peru": "Lima", "Poland": "Warsaw", "Norway": "Oslo"}  # fmt: skip
RULE = ("--tasks", "tasks.jsonl", "--threads", "1", "--max-tokens", "1", "--context", "256", "--json")
RENDERED = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"
)


def without_layers(source: Path, to: Path, layers: range) -> None:
    """A copy whose layers add nothing to the residual stream: the matrices that write to it are zero."""
    data = bytearray(source.read_bytes())
    offset, size = placed(data, "output_norm.weight")  # the last in the file
    begin = len(data) - offset - size
    for layer in layers:
        for part in ("attn_output", "ffn_down"):
            offset, size = placed(data, f"blk.{layer}.{part}.weight")
            data[begin + offset : begin + offset + size] = bytes(size)
    to.write_bytes(data)


def placed(data: bytearray, name: str) -> tuple[int, int]:
    """Offset among the tensors and size in bytes: of F32, or Q4_1, whose 20 bytes are 32 weights."""
    text = name.encode()
    at = data.index(struct.pack("<Q", len(text)) + text) + 8 + len(text)
    (dimensions,) = struct.unpack_from("<I", data, at)
    shape = struct.unpack_from(f"<{dimensions}Q", data, at + 4)
    type_, offset = struct.unpack_from("<IQ", data, at + 4 + 8 * dimensions)
    weights = math.prod(shape)
    return offset, {0: 4 * weights, 3: weights // 32 * 20}[type_]


@pytest.mark.slow
def test_the_same_file_may_be_swapped_and_one_without_most_of_its_layers_not(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    shell = Shell(tmp_path)
    source, _ = gguf()
    os.link(source, tmp_path / "old.gguf")
    os.link(source, tmp_path / "same.gguf")
    without_layers(source, tmp_path / "cut.gguf", range(4, 30))
    tasks = [
        {"id": land, "prompt": f"The capital of {land} is the city of", "check": {"kind": "accepted", "answers": [city]}}
        for land, city in CAPITALS.items()
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))

    swapped = json.loads(shell.hanse("compare", "old.gguf", "same.gguf", "--margin", "1/2", *RULE))
    assert (swapped["verdict"], swapped["better"], swapped["worse"]) == ("swap", 0, 0)
    assert swapped["incumbent"] > 0.5
    engines = swapped["engines"].values()
    assert {engine["template_sha256"] for engine in engines} != {""}
    assert all(100e6 < engine["memory_bytes"] < 2e9 and engine["cpu_seconds"] > 0 for engine in engines)

    words = ("compare", "old.gguf", "cut.gguf", "--margin", "1/10", *RULE, "--journal", "j.jsonl", "--out", "page.html")
    kept = json.loads(shell.hanse(*words, code=1))
    assert kept["verdict"] == "keep"
    assert kept["items_worse"][0]["incumbent"]["text"].strip() in CAPITALS.values()
    ET.fromstring((tmp_path / "page.html").read_text(encoding="utf-8").removeprefix("<!doctype html>\n"))
    assert json.loads(shell.hanse(*words, code=1)) == kept  # from the journal: no model is loaded
    told = shell.hanse("compare", "cut.gguf", "old.gguf", "--margin", "1/10", *RULE, "--journal", "j.jsonl", code=2)
    assert told == ""


@pytest.mark.slow
def test_a_chat_is_asked_by_the_template_in_the_file_with_one_bos() -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    engine = open_engine(str(gguf()[0]), Settings(tokens_max=6, context=256, threads=1), Access())
    try:
        chat = engine.answer(Question("a", None, ({"role": "user", "content": "What is 2+2?"},)), 0)
        rendered = engine.answer(Question("b", RENDERED), 0)
        assert (chat.text, chat.tokens_in, chat.tokens_out) == (rendered.text, rendered.tokens_in, rendered.tokens_out)
        assert chat.logprob == pytest.approx(rendered.logprob, abs=1e-3)
        assert engine.answer(Question("a", "<|im_start|>hello"), 0).tokens_in == 2
        with pytest.raises(InputError, match=r"item long: llama\.cpp refuses it: .*context size"):
            engine.answer(Question("long", "word " * 300), 0)
    finally:
        engine.close()
