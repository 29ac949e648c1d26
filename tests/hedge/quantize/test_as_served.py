"""The written file in llama.cpp computes what transformers computes from the folder, from the same tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
import transformers
from tests.hedge.quantize.llama import Llama, perplexity, torch_log_probs
from tests.hedge.quantize.making import (
    DIGITS,
    LLAMA3,
    QWEN2,
    TEKKEN,
    TEXT,
    awkward,
    change,
    ids,
    small,
    smollm2,
    tokenizer,
)

from hanse.hedge.drill.gguf import read_head
from hanse.hedge.quantize.show import Shown
from hanse.hedge.quantize.write import quantize

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128, "rope_theta": 10000.0}
LLAMA3_ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64, "rope_theta": 500000.0}  # fmt: skip
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "tied": ("llama", {"tie_word_embeddings": True}),
    "wide heads": ("llama", {"head_dim": 32}),
    "biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "linear": ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}}),
    "llama3": ("llama", {"rope_parameters": LLAMA3_ROPE}),
    "yarn": ("llama", {"rope_parameters": YARN}),
    "mistral": ("mistral", {"sliding_window": None}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {}),
}


def written(folder: Path, to: str, allow: bool = False) -> tuple[Path, Shown]:
    out = folder.parent / f"{folder.name}-{to}.gguf"
    return out, quantize(folder, to, out, allow, "test")


@pytest.mark.parametrize("kind", KINDS)
def test_f16_has_the_perplexity_of_torch(kind: str, tmp_path: Path) -> None:
    name, fields = KINDS[kind]
    model = small(tmp_path / "small", name, **fields)
    text = tokenizer().encode([TEXT])[0][:160]
    expected = perplexity(torch_log_probs(model, text))
    found = perplexity(Llama(written(tmp_path / "small", "F16")[0]).log_probs(text))
    assert found == pytest.approx(expected, rel=1e-3)


NEAR = {"F32": 0.002, "BF16": 0.01, "Q8_0": 0.04, "Q6_K": 0.09, "Q5_K_M": 0.18, "Q5_1": 0.18, "Q5_0": 0.2, "Q4_K_M": 0.3,
        "Q4_1": 0.4, "Q4_0": 0.45}  # fmt: skip
"""Mean distance in nats a token, half as much again as was measured on these weights."""


@pytest.mark.parametrize("to", NEAR)
def test_every_format_loads_and_is_as_near_as_its_bits(to: str, tmp_path: Path) -> None:
    model = small(tmp_path / "small", "llama", std=0.06, hidden_size=256, intermediate_size=256, head_dim=64)
    text = tokenizer().encode([TEXT])[0][:64]
    path, shown = written(tmp_path / "small", to)
    pairs = zip(torch_log_probs(model, text), Llama(path).log_probs(text), strict=True)
    assert sum(abs(a - b) for a, b in pairs) / (len(text) - 1) < NEAR[to]
    assert shown.label.endswith(to)
    assert sum(shown.types.values()) == 21


CUTS = {"gpt-2": (None, False), "smollm": (DIGITS, False), "llama-bpe": (LLAMA3, True), "dbrx": (LLAMA3, False),
        "qwen2": (QWEN2, False), "tekken": (TEKKEN, True)}  # fmt: skip


@pytest.mark.parametrize("name", CUTS)
def test_token_ids_are_equal_on_awkward_strings(name: str, tmp_path: Path) -> None:
    pre, ignores = CUTS[name]
    small(tmp_path / "small")
    document = json.loads((tmp_path / "small" / "tokenizer.json").read_text(encoding="utf-8"))
    model = document["model"] | {"ignore_merges": ignores}
    change(tmp_path / "small" / "tokenizer.json", model=model, pre_tokenizer=pre or document["pre_tokenizer"])
    (path, shown), texts = written(tmp_path / "small", "F16"), awkward(1000, 1)
    assert read_head(path).keys["tokenizer.ggml.pre"] == name
    llama, expected = Llama(path), ids(tmp_path / "small", texts)
    differing = [text for text, asked in zip(texts, expected, strict=True) if llama.tokenize(text) != asked]
    if name == "tekken":  # llama.cpp's expression for it is another, and the file says so
        assert any("nearly, not exactly" in note for note in shown.notes)
        assert 0 < len(differing) < 10
    else:
        assert differing == []


@pytest.mark.parametrize("begins", [True, False])
def test_a_text_begins_as_the_tokenizer_s_template_says(begins: bool, tmp_path: Path) -> None:
    small(tmp_path / "small")
    begin = [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}] if begins else []
    single, second = [*begin, {"Sequence": {"id": "A", "type_id": 0}}], {"Sequence": {"id": "B", "type_id": 1}}
    marks = {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}
    template = {"type": "TemplateProcessing", "single": single, "pair": [*single, second], "special_tokens": marks}
    change(tmp_path / "small" / "tokenizer.json", post_processor=template)
    asked = transformers.AutoTokenizer.from_pretrained(tmp_path / "small")("Two words")["input_ids"]
    assert (asked[0] == 0) is begins
    assert Llama(written(tmp_path / "small", "F16")[0]).tokenize("Two words", special=True) == asked


@pytest.mark.parametrize(("dtype", "to"), [(torch.bfloat16, "BF16"), (torch.float16, "F16"), (torch.float64, "F32")])
def test_shards_of_any_float_are_read_and_keep_their_numbers(dtype: torch.dtype, to: str, tmp_path: Path) -> None:
    model = small(tmp_path / "small")
    (tmp_path / "small" / "model.safetensors").unlink()
    model.to(dtype).save_pretrained(tmp_path / "small", max_shard_size="200KB")
    assert len(list((tmp_path / "small").glob("*.safetensors"))) > 1
    path, shown = written(tmp_path / "small", to)
    assert len(shown.source) == len(list((tmp_path / "small").glob("*.safetensors"))) + 4
    (stored,) = (tensor for tensor in read_head(path).tensors if tensor.name == "output.weight")
    raw = np.fromfile(path, np.uint8, stored.size, offset=stored.begin)
    value = gguf.quants.dequantize(raw.reshape(stored.shape[1], -1), gguf.GGMLQuantizationType(stored.type))
    assert np.array_equal(value.reshape(stored.shape[::-1]), model.lm_head.weight.detach().float().numpy())


@pytest.fixture(scope="session")
def smol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smollm2") / "smollm2"
    smollm2(folder)
    return folder


@pytest.mark.slow
def test_smollm2_is_served_as_torch_computes_it(smol: Path) -> None:
    path, shown = written(smol, "F16")
    assert shown.types == {"F16": 211, "F32": 61}
    assert any("211 of 211 matrices" in note and "210 of 4 bits" in note for note in shown.notes)
    llama, texts = Llama(path), awkward(1000, 2)
    assert [llama.tokenize(text) for text in texts] == ids(smol, texts)
    model = transformers.AutoModelForCausalLM.from_pretrained(smol, dtype=torch.float32)
    (text,) = ids(smol, [TEXT[:500]])
    expected = torch_log_probs(model, text)
    assert perplexity(llama.log_probs(text)) == pytest.approx(perplexity(expected), rel=1e-3)
    assert "Paris" in llama.chat("What is the capital of France?", 12)
    path.unlink()


@pytest.mark.slow
def test_smollm2_in_q8_0_has_no_other_type_and_its_rows_do_not_fit_k_quants(smol: Path) -> None:
    path, shown = written(smol, "Q8_0")
    assert shown.types == {"Q8_0": 211, "F32": 61}
    assert shown.bits_per_weight == pytest.approx(8.5, abs=0.01)
    path.unlink()
    with pytest.raises(Exception, match=r"Q4_K_M: 181 of 272 tensors cannot have it.*--allow-fallback"):
        written(smol, "Q4_K_M")
