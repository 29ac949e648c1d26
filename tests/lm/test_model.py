from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tests.lm.conftest import ROWS, TINY

from hanse.errors import ConfigError, InputError
from hanse.lm import model as models
from hanse.lm.spec import ModelSpec
from hanse.lm.tokenizer import Tokenizer

SHAPE: dict[str, int | str | bool] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
ARCHITECTURES: dict[str, dict[str, int | str | bool]] = {
    "llama": SHAPE,
    "qwen3": SHAPE | {"head_dim": 16},
    "gemma": SHAPE | {"head_dim": 16},
    "olmo2": SHAPE,
    "mixtral": SHAPE | {"num_local_experts": 2},
    "gpt2": {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64},
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_causal_models_build_start_and_learn_by_config(architecture: str) -> None:
    spec = ModelSpec(architecture=architecture, config=ARCHITECTURES[architecture])
    model: Any = models.build(spec, ROWS)
    start = models.start(spec, ROWS)
    built = models.weights(model)
    assert list(built) == list(start) == sorted(start)
    assert all(np.array_equal(built[name], start[name]) for name in start)
    rows = torch.arange(24).reshape(2, 12)
    logits = model(input_ids=rows, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), rows[:, 1:].flatten())
    assert float(loss.detach()) == pytest.approx(np.log(ROWS), rel=0.05)
    loss.backward()
    assert all(tensor.grad is not None and bool(torch.isfinite(tensor.grad).all()) for tensor in model.parameters())


def test_norms_that_add_one_themselves_start_at_zero() -> None:
    start = models.start(ModelSpec(architecture="gemma", config=ARCHITECTURES["gemma"]), ROWS)
    assert np.all(start["model.norm.weight"] == 0)
    assert np.all(models.start(TINY, ROWS)["model.norm.weight"] == 1)


def test_an_architecture_with_tensors_we_cannot_start_is_refused() -> None:
    spec = ModelSpec(architecture="mamba", config={"hidden_size": 32, "num_hidden_layers": 1})
    with pytest.raises(ConfigError, match="values of its own"):
        models.start(spec, ROWS)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ModelSpec(architecture="no-such"), "no such model_type"),
        (ModelSpec(architecture="vit", config={}), "not a causal language model"),
        (ModelSpec(config={"hiden_size": 32}), "hiden_size"),
        (ModelSpec(config=SHAPE | {"rms_norm_eps": "tiny"}), "not a decimal"),
        (ModelSpec(config=SHAPE | {"hidden_size": "wide"}), "model.config"),
        (ModelSpec(config=SHAPE | {"num_attention_heads": 5}), "model.config"),
    ],
)
def test_a_wrong_config_is_one_clear_error(spec: ModelSpec, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        models.build(spec, ROWS)


def test_weights_load_and_come_back_the_same_bits() -> None:
    model = models.build(TINY, ROWS)
    other = models.start(TINY.model_copy(update={"seed": 9}), ROWS)
    models.load_weights(model, other)
    again = models.weights(model)
    assert all(np.array_equal(again[name], other[name]) for name in other)
    assert "lm_head.weight" not in again  # tied: travels once
    again["model.norm.weight"][:] = 5
    assert np.all(models.weights(model)["model.norm.weight"] == 1)


def test_weights_of_another_model_are_refused() -> None:
    model = models.build(TINY, ROWS)
    values = models.weights(model)
    with pytest.raises(ConfigError, match=r"model.norm.weight"):
        models.load_weights(model, {name: value for name, value in values.items() if name != "model.norm.weight"})
    with pytest.raises(ConfigError, match="shape"):
        models.load_weights(model, values | {"model.norm.weight": np.ones(5, np.float32)})


def test_an_exported_folder_loads_with_transformers_and_generates(tmp_path: Path, tokenizer: Tokenizer) -> None:
    model = models.build(TINY, ROWS)
    folder = tmp_path / "deep" / "model"
    models.export(model, tokenizer, folder)
    models.export(model, tokenizer, folder)  # over the first
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]
    auto: Any = transformers.AutoModelForCausalLM
    loaded = auto.from_pretrained(folder)
    found = transformers.AutoTokenizer.from_pretrained(folder)
    text = "the ship sails to harbor"
    assert found(text)["input_ids"] == tokenizer.encode([text])[0]
    assert found.eos_token_id == tokenizer.end_id
    ids = loaded.generate(**found(text, return_tensors="pt"), max_new_tokens=4, do_sample=False)
    assert found.decode(ids[0]).startswith(text)
    again, reread = models.load_folder(folder)
    assert reread.sha256 == tokenizer.sha256
    before, after = models.weights(model), models.weights(again)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_folder_that_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a model folder"):
        models.load_folder(tmp_path)


def test_an_export_that_fails_leaves_the_old_folder_alone(tmp_path: Path, tokenizer: Tokenizer) -> None:
    model: Any = models.build(TINY, ROWS)
    models.export(model, tokenizer, tmp_path / "model")
    before = (tmp_path / "model" / "model.safetensors").read_bytes()

    class Broken(torch.nn.Module):
        config = model.config

        def save_pretrained(self, folder: Path) -> None:
            folder.mkdir()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        models.export(Broken(), tokenizer, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
