"""A GGUF file goes back to the folder that it was made from: its tensors bit for bit, its config, its tokens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
import transformers
from click.testing import CliRunner
from safetensors.torch import load_file
from tests.hedge.quantize.making import DIGITS, LLAMA3, QWEN2, awkward, change, ids, small
from tests.hedge.test_main_path import gguf as smollm2_gguf

from hanse.cli.quantize import quantize as command
from hanse.errors import QuantizeError
from hanse.hedge.drill.gguf import read_head
from hanse.hedge.quantize.pre import name_of, steps_of
from hanse.hedge.quantize.rope import read_rope, rope_parameters
from hanse.hedge.quantize.unpack import unpack
from hanse.hedge.quantize.write import quantize

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128, "rope_theta": 10000.0}
ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192, "rope_theta": 500000.0}  # fmt: skip
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {"rms_norm_eps": 1e-5}),
    "tied": ("llama", {"tie_word_embeddings": True, "head_dim": 32}),
    "biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "linear": ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}}),
    "llama3": ("llama", {"rope_parameters": ROPE, "max_position_embeddings": 16384}),
    "yarn": ("llama", {"rope_parameters": YARN}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {}),
}
MEANT = ("architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "head_dim",
         "num_attention_heads", "num_key_value_heads", "hidden_act", "max_position_embeddings", "rms_norm_eps", "bos_token_id",
         "tie_word_embeddings", "eos_token_id", "attention_bias", "mlp_bias", "rope_parameters", "dtype")  # fmt: skip


def round_trip(folder: Path, to: str, dtype: str) -> Path:
    quantize(folder, to, folder.parent / "model.gguf", False, "test")
    unpack(folder.parent / "model.gguf", folder.parent / "back", dtype, "test", chunk=999)
    return folder.parent / "back"


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_comes_back_with_the_same_tensors_bit_for_bit_and_the_same_config(kind: str, tmp_path: Path) -> None:
    name, fields = KINDS[kind]
    small(tmp_path / "small", name, **fields)
    back = round_trip(tmp_path / "small", "F32", "float32")
    before, after = (load_file(path / "model.safetensors") for path in (tmp_path / "small", back))
    assert set(before) == set(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    read = [transformers.AutoConfig.from_pretrained(path).to_dict() for path in (tmp_path / "small", back)]
    assert {name: read[0].get(name) for name in MEANT} == {name: read[1].get(name) for name in MEANT}


@pytest.mark.parametrize(("dtype", "to"), [("float16", "F16"), ("bfloat16", "BF16")])
def test_halves_come_back_bit_for_bit(dtype: str, to: str, tmp_path: Path) -> None:
    small(tmp_path / "small").to(getattr(torch, dtype)).save_pretrained(tmp_path / "small")
    back = round_trip(tmp_path / "small", to, dtype)
    before, after = (load_file(path / "model.safetensors") for path in (tmp_path / "small", back))
    assert {item.dtype for item in after.values()} == {getattr(torch, dtype)}
    assert all(torch.equal(before[name], after[name]) for name in before)


CUTS = {"gpt-2": (None, False), "smollm": (DIGITS, False), "llama-bpe": (LLAMA3, True), "qwen2": (QWEN2, False)}


def test_the_steps_of_every_name_have_that_name() -> None:
    for name in ("gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "tekken"):
        assert name_of(*steps_of(name, "")) == name


@pytest.mark.parametrize("fields", [{"factor": 9.0}, {"high_freq_factor": 5.0}, {"original_max_position_embeddings": 4096}])
def test_factors_of_another_scaling_than_llama_3_are_refused(fields: dict[str, float], tmp_path: Path) -> None:
    rope = read_rope({"rope_parameters": ROPE | fields}, 128, "x")
    if "factor" in fields:  # any factor can be told
        assert rope_parameters(5e5, "none", {}, rope.factors, 128, "x")["factor"] == pytest.approx(9.0)
        return
    with pytest.raises(QuantizeError, match="not the factors that Llama 3 has"):
        rope_parameters(5e5, "none", {}, rope.factors, 128, "x")


@pytest.mark.parametrize("name", CUTS)
def test_token_ids_are_equal_and_so_is_the_file_made_again(name: str, tmp_path: Path) -> None:
    pre, ignores = CUTS[name]
    small(tmp_path / "small")
    begin = [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}] if name == "qwen2" else []
    single, second = [*begin, {"Sequence": {"id": "A", "type_id": 0}}], {"Sequence": {"id": "B", "type_id": 1}}
    marks = {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}
    template = {"type": "TemplateProcessing", "single": single, "pair": [*single, second], "special_tokens": marks}
    document = json.loads((tmp_path / "small" / "tokenizer.json").read_text(encoding="utf-8"))
    change(tmp_path / "small" / "tokenizer.json", model=document["model"] | {"ignore_merges": ignores},
           pre_tokenizer=pre or document["pre_tokenizer"], post_processor=template)  # fmt: skip
    change(tmp_path / "small" / "tokenizer_config.json", chat_template="{{ messages[0].content }} é")
    back = round_trip(tmp_path / "small", "F16", "float16")
    texts = [*awkward(300, 3), "<|endoftext|>two words"]
    assert ids(back, texts) == ids(tmp_path / "small", texts)
    both = [transformers.AutoTokenizer.from_pretrained(path) for path in (tmp_path / "small", back)]
    assert both[0](texts)["input_ids"] == both[1](texts)["input_ids"]
    assert both[0].chat_template == both[1].chat_template
    assert [tok.decode(tok(texts[-1])["input_ids"]) for tok in both] == [*{both[0].decode(both[0](texts[-1])["input_ids"])}] * 2
    quantize(back, "F16", tmp_path / "again.gguf", False, "test")
    first, again = (read_head(tmp_path / file).keys for file in ("model.gguf", "again.gguf"))
    said = {"general.name", "hanse.source.files", "hanse.notes"}
    assert {key: value for key, value in first.items() if key not in said} == {
        key: value for key, value in again.items() if key not in said
    }


def test_what_it_was_quantized_as_is_said_again_when_it_is_quantized_again(tmp_path: Path) -> None:
    small(tmp_path / "small")
    back = round_trip(tmp_path / "small", "Q8_0", "float32")
    origin = json.loads((back / "hanse-quantize.json").read_text())
    assert origin["source"][0].endswith("  model.gguf")
    assert any(line.endswith("  model.safetensors") for line in origin["source"])
    shown = quantize(back, "F16", tmp_path / "again.gguf", False, "test")
    assert "source: unpacked from model.gguf, which calls itself MOSTLY_Q8_0 (16 Q8_0, 5 F32): dequantized weights, not the " \
        "original ones" in shown.notes  # fmt: skip
    assert any(line.endswith("  hanse-quantize.json") for line in shown.source)


def changed(path: Path, out: Path, **fields: Any) -> None:
    """Write the file again with other keys; None leaves one out."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, fields.pop("arch", "llama"))
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture" and name not in fields:
            kind = field.types[0]
            writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for name, value in fields.items():
        if value is not None:
            kind = gguf.GGUFValueType.get_type(value)
            writer.add_key_value(name, value, kind, gguf.GGUFValueType.INT32 if isinstance(value, list) else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "architecture": ({"arch": "gemma"}, "general.architecture is 'gemma'; unpacked are llama, qwen2, qwen3"),
    "experts": ({"llama.expert_count": 8}, "llama.expert_count is 8"),
    "tokenizer": ({"tokenizer.ggml.model": "llama"}, "tokenizer.ggml.model is 'llama'; only byte-level BPE"),
    "cut": ({"tokenizer.ggml.pre": "deepseek"}, "tokenizer.ggml.pre is 'deepseek'; known are gpt-2"),
    "types": ({"tokenizer.ggml.token_type": [6] * 512}, "and of them 6"),
    "scaling": ({"llama.rope.scaling.type": "longrope"}, "rope scaling 'longrope'"),
    "part of a head": ({"llama.rope.dimension_count": 8}, "llama.rope.dimension_count is not the 16 of a head"),
    "vocabulary": ({"llama.vocab_size": 500}, "llama.vocab_size is not the 512 rows"),
    "heads": ({"llama.attention.head_count": None}, "llama.attention.head_count is 'None', expected int"),
    "layers": ({"llama.block_count": 3}, "expected a tensor blk.2.attn_q.weight of shape .*, found none"),
    "fewer layers": ({"llama.block_count": 1}, "has 9 tensors that a llama of these keys has not, as blk.1."),
    "eos": ({"tokenizer.ggml.eos_token_id": 9999}, "tokenizer.ggml.eos_token_id is 9999, expected one of 512 tokens"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("file")
    small(folder / "small")
    quantize(folder / "small", "F16", folder / "model.gguf", False, "test")
    return folder / "model.gguf"


@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_known_is_named_and_nothing_is_left(kind: str, file: Path, tmp_path: Path) -> None:
    fields, said = BAD[kind]
    changed(file, tmp_path / "bad.gguf", **fields)
    with pytest.raises(QuantizeError, match=rf"bad\.gguf: .*{said}"):
        unpack(tmp_path / "bad.gguf", tmp_path / "out", "float32", "test")
    assert [item.name for item in tmp_path.iterdir()] == ["bad.gguf"]


def test_a_type_that_gguf_does_not_dequantize_and_numbers_that_do_not_fit_leave_nothing(file: Path, tmp_path: Path) -> None:
    head = read_head(file)
    data = bytearray(file.read_bytes())
    stored = next(item for item in head.tensors if item.name == "output.weight")
    data[stored.begin : stored.begin + 2] = b"\x00\x7c"  # infinity
    (tmp_path / "endless.gguf").write_bytes(data)
    with pytest.raises(QuantizeError, match=r"tensor lm_head\.weight: has a number that is not finite"):
        unpack(tmp_path / "endless.gguf", tmp_path / "out", "float32", "test")
    at = data.index(b"output.weight") + len(b"output.weight") + 4 + 8 * 2
    data[at : at + 4] = (99).to_bytes(4, "little")
    (tmp_path / "endless.gguf").write_bytes(data)
    with pytest.raises(QuantizeError, match=r"tensor output\.weight is type 99, which gguf does not dequantize"):
        unpack(tmp_path / "endless.gguf", tmp_path / "out", "float32", "test")
    shutil.copy(file, tmp_path / "out")
    with pytest.raises(QuantizeError, match="out: is there already"):
        unpack(file, tmp_path / "out", "float32", "test")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["endless.gguf", "out"]


def test_the_command_says_what_the_file_was(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["unpack", str(file), "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["label"] == "MOSTLY_F16"
    assert (tmp_path / "out" / "config.json").is_file()


@pytest.mark.slow
def test_smollm2_comes_back_as_its_makers_have_it(tmp_path: Path) -> None:
    unpack(smollm2_gguf()[0], tmp_path / "smollm2", "bfloat16", "test")
    config = json.loads((tmp_path / "smollm2" / "config.json").read_text())
    assert (config["rms_norm_eps"], config["rope_theta"], config["head_dim"]) == (1e-5, 100000.0, 64)
    assert (config["bos_token_id"], config["eos_token_id"], config["tie_word_embeddings"]) == (1, 2, True)
    origin = json.loads((tmp_path / "smollm2" / "hanse-quantize.json").read_text())
    assert "MOSTLY_Q4_1 (2" in origin["notes"][0]
