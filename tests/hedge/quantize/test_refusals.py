"""What cannot be done is said, naming the file, tensor or field, and leaves nothing behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2
import gguf
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file
from tests.hedge.quantize.making import TEXT, change, small, split, tokenizer

from hanse.cli.quantize import quantize as command
from hanse.errors import QuantizeError
from hanse.hedge.quantize.encode import encode
from hanse.hedge.quantize.formats import Type
from hanse.hedge.quantize.provenance import grid
from hanse.hedge.quantize.show import show
from hanse.hedge.quantize.write import quantize


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "small"
    small(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "small"))


def weights(change_: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change_(tensors)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    return apply


def tokens(**fields: Any) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        model = json.loads((folder / "tokenizer.json").read_text())["model"]
        inner = {name: fields.pop(name) for name in ("type", "dropout", "ignore_merges", "byte_fallback") if name in fields}
        change(folder / "tokenizer.json", model=model | inner, **fields)

    return apply


def fields(**values: Any) -> Callable[[Path], None]:
    return lambda folder: change(folder / "config.json", **values)


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-7])


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def missing_shard(folder: Path) -> None:
    text = json.dumps({"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}})
    (folder / "model.safetensors.index.json").write_text(text)


YARN = {"rope_type": "yarn", "factor": 2.0, "rope_theta": 1e4, "original_max_position_embeddings": 64}
Q = "model.layers.0.self_attn.q_proj.weight"
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), r"config\.json: cannot read"),
    "config cut": (cut("config.json"), r"config\.json: no JSON"),
    "weights cut": (cut("model.safetensors"), r"model\.safetensors: its tensors end"),
    "pickle": (pickled, r"pytorch_model\.bin, a pickle, which is never opened"),
    "shard": (missing_shard, r"model-00002-of-00002\.safetensors: is missing"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has neither model.safetensors nor"),
    "architecture": (fields(architectures=["MambaForCausalLM"]), "'MambaForCausalLM' is not supported; supported are Llama"),
    "no architecture": (fields(architectures=None), "architecture None is not supported"),
    "activation": (fields(hidden_act="gelu"), "hidden_act is 'gelu'"),
    "heads": (fields(num_key_value_heads=3), "3 of keys"),
    "rope": (fields(rope_parameters={"rope_type": "longrope", "rope_theta": 1e4}), "rope scaling 'longrope' is not supported"),
    "rope field": (fields(rope_parameters=YARN | {"mscale": 3.0}), "mscale: rope scaling 'yarn' with it is not supported"),
    "layers": (fields(num_hidden_layers=3), "has no tensor model.layers.2"),
    "shape": (fields(intermediate_size=128), r"has the shape \[96, 64\], its config.json asks for \[128, 64\]"),
    "missing tensor": (weights(lambda found: found.pop(Q)), f"has no tensor {Q}"),
    "extra tensor": (weights(lambda found: found.update({"model.extra.weight": found[Q]})), "1 tensors .* model.extra.weight"),
    "packed": (weights(lambda found: found.update({Q: found[Q].astype(np.int8)})), f"{Q} is I8: packed"),
    "not a number": (weights(lambda found: found[Q].__setitem__((0, 0), np.nan)), f"{Q}: has a number that is not finite"),
    "too great": (weights(lambda found: found[Q].__setitem__((0, 0), 1e6)), f"{Q}: has 1e\\+06.*BF16"),
    "tied": (fields(tie_word_embeddings=True), "ties the head to the embedding"),
    "sentencepiece": (tokens(byte_fallback=True), "'BPE' with byte fallback; only byte-level BPE"),
    "unigram": (tokens(type="Unigram"), "type 'Unigram'"),
    "normalizer": (tokens(normalizer={"type": "Lowercase"}), "normalizer 'Lowercase'"),
    "pre-tokenizer": (tokens(pre_tokenizer=split(r"\w+|\s+")), "llama.cpp's name for these steps is not known"),
    "ignore_merges": (tokens(ignore_merges=True), "model.ignore_merges is True"),
    "another tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_bytes(tokenizer(600).data),
        "has the id 512, but the embedding has 512 rows: the tokenizer of another model",
    ),
    "end token": (lambda folder: change(folder / "tokenizer_config.json", eos_token="</x>"), "eos_token '</x>' is not in"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_folder_that_is_not_right_is_named_and_nothing_is_left(name: str, folder: Path, tmp_path: Path) -> None:
    spoil, message = BAD[name]
    spoil(folder)
    with pytest.raises(QuantizeError, match=message):
        quantize(folder, "F16", tmp_path / "out.gguf", False, "test")
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_an_interrupt_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize(folder, "Q8_0", tmp_path / "out.gguf", False, "test", stop)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_file_that_is_there_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out.gguf").write_text("mine")
    with pytest.raises(QuantizeError, match=r"out\.gguf: is there already"):
        quantize(folder, "Q8_0", tmp_path / "out.gguf", False, "test")
    assert (tmp_path / "out.gguf").read_text() == "mine"


def test_a_fall_back_happens_only_when_allowed_and_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(QuantizeError, match=r"Q4_K_M: 16 of 21 tensors .* rows of 64, Q4_K takes multiples of 256.*Q5_0, Q8_0"):
        quantize(folder, "Q4_K_M", tmp_path / "out.gguf", False, "test")
    shown = quantize(folder, "Q4_K_M", tmp_path / "out.gguf", True, "test")
    assert shown.types == {"Q5_0": 13, "F32": 5, "Q8_0": 3}
    assert shown.notes == ("16 of 21 tensors could not be Q4_K_M and fell back",)


def test_a_sliding_window_bounds_the_context(tmp_path: Path) -> None:
    small(tmp_path / "small", "mistral", sliding_window=100)
    shown = quantize(tmp_path / "small", "F16", tmp_path / "out.gguf", False, "test")
    assert "context_length is 100, not 512" in shown.notes[0]


def test_rows_written_a_few_at_a_time_are_the_same_file(folder: Path, tmp_path: Path) -> None:
    quantize(folder, "Q8_0", tmp_path / "whole.gguf", False, "test")
    quantize(folder, "Q8_0", tmp_path / "rows.gguf", False, "test", chunk=200)
    assert (tmp_path / "rows.gguf").read_bytes() == (tmp_path / "whole.gguf").read_bytes()


@pytest.mark.parametrize(("type_", "bits"), [(Type.Q4_0, 4), (Type.Q4_1, 4), (Type.Q5_1, None), (Type.Q8_0, 8), (Type.F16, None)])
def test_weights_that_were_quantized_before_are_told_by_their_grid(type_: Type, bits: int | None) -> None:
    rows = np.random.default_rng(0).normal(0, 0.1, (8, 256)).astype(np.float32)
    raw = np.frombuffer(encode(rows, type_, "x"), np.uint8).reshape(8, -1)
    back = gguf.quants.dequantize(raw, type_)
    assert grid(back) == bits
    assert grid(back.astype(np.float16).astype(np.float32)) == bits


def test_a_quantization_config_is_told(folder: Path, tmp_path: Path) -> None:
    change(folder / "config.json", quantization_config={"quant_method": "gptq"})
    shown = quantize(folder, "F16", tmp_path / "out.gguf", False, "test")
    assert "quantization_config (gptq)" in shown.notes[0]
    assert show(tmp_path / "out.gguf").notes == shown.notes


def test_the_command_tells_what_show_reads_back(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out.gguf")
    run = CliRunner().invoke(command, [str(folder), "--to", "Q8_0", "--out", out, "--json"], catch_exceptions=False)
    told = json.loads(run.stdout)
    assert json.loads(CliRunner().invoke(command, ["show", out, "--json"]).stdout) == told
    assert told["types"] == {"F32": 5, "Q8_0": 16}
    read = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    assert [line.split()[1] for line in told["source"]] == read
    size = sum(item["bytes"] for item in told["tensors"])
    assert told["bits_per_weight"] == pytest.approx(8 * size / told["weights"], abs=1e-4)
    assert "16 Q8_0, 5 F32 (the file calls itself MOSTLY_Q8_0)" in CliRunner().invoke(command, ["show", out]).stdout


@pytest.mark.parametrize("length", [0, 3, 30, 900, -1])
def test_a_gguf_that_is_cut_off_is_refused(length: int, folder: Path, tmp_path: Path) -> None:
    quantize(folder, "Q8_0", tmp_path / "out.gguf", False, "test")
    data = (tmp_path / "out.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(data[:length] if length >= 0 else data[: -len(data) // 4])
    with pytest.raises(QuantizeError, match=r"cut\.gguf"):
        show(tmp_path / "cut.gguf")


def test_ctranslate2_gets_int8_and_its_real_types_are_told(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "ct2"
    run = CliRunner().invoke(command, [str(folder), "--to", "ct2-int8", "--out", str(out), "--json"], catch_exceptions=False)
    told = json.loads(run.stdout[run.stdout.index("{") :])
    matrices = [item for item in told["tensors"] if len(item["shape"]) == 2]
    assert {item["type"] for item in matrices} == {"int8"}
    assert {"int8", "float32"} <= set(told["types"])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    generator, made = ctranslate2.Generator(str(out), device="cpu", intra_threads=1), tokenizer()
    prompt = [made._inner.id_to_token(index) for index in made.encode([TEXT])[0][:8]]
    assert generator.generate_batch([prompt], max_length=4)[0].sequences_ids[0]
    data = (out / "model.bin").read_bytes()
    (out / "model.bin").write_bytes(data[: len(data) // 2])
    assert "model.bin" in str(CliRunner().invoke(command, ["show", str(out)]).exception)
