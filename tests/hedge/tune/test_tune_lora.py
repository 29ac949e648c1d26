"""Bases are held to a lock; adapters load in plain peft, know their base, and are merged exactly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.hedge.tune.tiny import tiny_base

from hanse.errors import LockError, TuneError
from hanse.hedge.lock.card import read_card
from hanse.hedge.lock.schema import Lock, print_lock
from hanse.hedge.lock.take import Wanted, take
from hanse.hedge.opening import open_source
from hanse.hedge.tune.base import load, open_base
from hanse.hedge.tune.lora import Lora, attach, load_adapter, merge, save

IDS = torch.arange(24).reshape(2, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tiny_base(tmp_path_factory.mktemp("base") / "small")
    (made / "LICENSE").write_text("as you like")
    (made / "README.md").write_text("---\nlicense: apache-2.0\n---\nThe small one\n")
    return made


def disturb(model: Any) -> None:
    """An adapter's B is zero at first: a merge of nothing."""
    for name, tensor in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(tensor, 0, 0.1, generator=torch.Generator().manual_seed(len(name)))


def logits(model: Any) -> Any:
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def test_a_base_is_a_folder_or_a_locked_name(folder: Path, tmp_path: Path) -> None:
    plain = open_base(str(folder))
    assert (plain.name, plain.license) == ("small", "apache-2.0")
    shutil.copytree(folder, tmp_path / "small")
    wanted = Wanted("mine", "", "", ("small",), "2026-11-30", b"")
    model = take(wanted, open_source("small", tmp_path)).model
    lock = tmp_path / "models.lock"
    lock.write_text(print_lock(Lock().replaced(model)))
    (tmp_path / "models.lock.d").mkdir()
    (tmp_path / "models.lock.d" / f"{model.license.sha256}.txt").write_text("as you like")
    locked = open_base("mine", lock)
    assert (locked.name, locked.sha256, locked.folder) == ("mine", plain.sha256, tmp_path / "small")
    assert open_base("mine", lock, folder).sha256 == plain.sha256
    with pytest.raises(LockError, match="not in the lock"):
        open_base("other", lock)
    (tmp_path / "small" / "config.json").write_text((folder / "config.json").read_text() + " ")
    with pytest.raises(TuneError, match=r"mine: config\.json"):
        open_base("mine", lock)


def test_what_is_no_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TuneError, match="no such folder"):
        open_base(str(tmp_path / "none"))
    with pytest.raises(TuneError, match="pickled weights are not loaded"):
        open_base(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "no-such"}')
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(TuneError, match="transformers cannot load it"):
        load(open_base(str(tmp_path)))


@pytest.mark.parametrize(("targets", "names"), [
    ("attention", {"q_proj", "k_proj", "v_proj", "o_proj"}), ("mlp", {"gate_proj", "up_proj", "down_proj"}),
    ("all-linear", {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
])  # fmt: skip
def test_targets(folder: Path, targets: Any, names: set[str]) -> None:
    for unembed in (False, True):
        model = attach(load(open_base(str(folder)))[0], Lora(4, 8, targets=targets, unembed=unembed))
        assert model.peft_config["default"].target_modules == names | ({"lm_head"} if unembed else set())
        assert all("lora_" in name for name, tensor in model.named_parameters() if tensor.requires_grad)


def test_gpt2_s_two_layers_of_one_name_are_told_apart() -> None:
    import transformers

    config = transformers.GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=32, n_positions=32)
    model: Any = transformers.GPT2LMHeadModel(config)
    made = attach(model, Lora(2, 4, targets="mlp"))
    assert made.peft_config["default"].target_modules == {"c_fc", "mlp.c_proj"}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("unembed", [False, True])
def test_saved_loaded_merged_is_the_same_model(tmp_path: Path, tied: bool, unembed: bool) -> None:
    import transformers

    base = open_base(str(tiny_base(tmp_path / "base", tie_word_embeddings=tied)))
    model = attach(load(base)[0], Lora(4, 8, unembed=unembed, seed=3))
    disturb(model)
    wanted = logits(model)
    assert not torch.allclose(wanted, logits(load(base)[0]), atol=1e-2)
    save(model, tmp_path / "adapter", base)
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == "base"
    assert torch.equal(logits(load_adapter(load(base)[0], tmp_path / "adapter", base)), wanted)
    merge(base, tmp_path / "adapter", tmp_path / "merged", "float32")
    again: Any = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert torch.allclose(logits(again), wanted, atol=2e-5)
    assert again.config.tie_word_embeddings is (tied and not unembed)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")  # peft's own
def test_plain_peft_loads_it(folder: Path, tmp_path: Path) -> None:
    base = open_base(str(folder))
    model = attach(load(base)[0], Lora(4, 8))
    disturb(model)
    save(model, tmp_path / "adapter", base)
    plain = peft.PeftModel.from_pretrained(load(base)[0], str(tmp_path / "adapter"))
    assert torch.equal(logits(plain), logits(model))
    names = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" in names  # as vLLM reads them
    with pytest.raises(TuneError, match="is there already"):
        save(model, tmp_path / "adapter", base)
    for at in range(12):  # safetensors alone writes two keys of metadata in either order
        save(model, tmp_path / str(at), base)
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            assert (tmp_path / str(at) / name).read_bytes() == (tmp_path / "adapter" / name).read_bytes()


def test_a_merged_folder_is_whole(folder: Path, tmp_path: Path) -> None:
    base = open_base(str(folder))
    model = attach(load(base)[0], Lora(4, 8))
    disturb(model)
    save(model, tmp_path / "adapter", base)
    merge(base, tmp_path / "adapter", tmp_path / "merged")
    names = sorted(path.name for path in (tmp_path / "merged").iterdir())
    assert names == sorted({path.name for path in folder.iterdir()})
    for name in ("LICENSE", "tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (folder / name).read_bytes()
    config = json.loads((tmp_path / "merged" / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert config["hidden_size"] == 64
    card = read_card((tmp_path / "merged" / "README.md").read_text())
    assert (card.license, card.base, card.relation) == ("apache-2.0", ("small",), "finetune")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "merged"]  # nothing else is left
    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    old = load_file(folder / "model.safetensors")["model.layers.0.mlp.up_proj.weight"]
    layer: Any = model.get_submodule("base_model.model.model.layers.0.mlp.up_proj")
    exact = (old + layer.get_delta_weight("default")).bfloat16()
    assert torch.equal(tensors["model.layers.0.mlp.up_proj.weight"], exact)


def test_weights_that_overflow_are_not_written(folder: Path, tmp_path: Path) -> None:
    base = open_base(str(folder))
    model = attach(load(base)[0], Lora(4, 8))
    for name, tensor in model.named_parameters():
        if "lora_B" in name:
            tensor.data.fill_(1e6)
    save(model, tmp_path / "adapter", base)
    with pytest.raises(TuneError, match="not finite in float16"):
        merge(base, tmp_path / "adapter", tmp_path / "merged", "float16")
    with pytest.raises(TuneError, match="dtype 'int8'"):
        merge(base, tmp_path / "adapter", tmp_path / "merged", "int8")
    assert not (tmp_path / "merged").exists()


def test_the_adapter_of_another_base_is_refused(folder: Path, tmp_path: Path) -> None:
    base, other = open_base(str(folder)), open_base(str(tiny_base(tmp_path / "other", seed=1)))
    save(attach(load(other)[0], Lora(4, 8)), tmp_path / "adapter", other)
    with pytest.raises(TuneError, match="an adapter of a base with SHA-256"):
        load_adapter(load(base)[0], tmp_path / "adapter", base)
    path = tmp_path / "adapter" / "adapter_model.safetensors"
    save_file(load_file(path), path)
    with pytest.raises(TuneError, match="does not say which base"):
        load_adapter(load(other)[0], tmp_path / "adapter", other)
    path.write_bytes(b"junk")
    with pytest.raises(TuneError, match="no adapter"):
        load_adapter(load(other)[0], tmp_path / "adapter", other)


def test_several_adapters_over_one_base(folder: Path, tmp_path: Path) -> None:
    base = open_base(str(folder))
    model, _ = load(base)
    alone = logits(model)
    first = attach(model, Lora(4, 8, unembed=True, seed=1), "first")
    disturb(first)
    wanted = logits(first)
    second = attach(first, Lora(8, 8, targets="mlp", seed=2), "second")
    assert second is first
    assert torch.equal(logits(first), alone)
    assert all(".second." in name for name, tensor in first.named_parameters() if tensor.requires_grad)
    save(first, tmp_path / "first", base, "first")
    first.set_adapter("first")
    assert torch.equal(logits(first), wanted)
    with pytest.raises(TuneError, match="has one of that name"):
        attach(first, Lora(), "second")
    third = load_adapter(first, tmp_path / "first", base, "third")
    assert torch.equal(logits(third), wanted)
    config = tmp_path / "first" / "adapter_config.json"
    config.write_text(config.read_text().replace('"r": 4', '"r": 8'))
    with pytest.raises(TuneError, match="does not fit"):
        load_adapter(third, tmp_path / "first", base, "fourth")
    assert set(third.peft_config) == {"first", "second", "third"}


def test_the_seed_makes_the_first_weights(folder: Path) -> None:
    base = open_base(str(folder))

    def first(seed: int) -> Any:
        return attach(load(base)[0], Lora(4, 8, seed=seed)).get_parameter(
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight"
        )

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))
