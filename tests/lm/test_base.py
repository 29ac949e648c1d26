from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.lm.conftest import ROWS, TINY, trainer_of

from hanse.errors import InputError
from hanse.lm import model as models
from hanse.lm.pack import Packed
from hanse.lm.spec import BaseModelSpec, ModelSpec
from hanse.lm.tokenizer import Tokenizer


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Tokenizer) -> Path:
    models.export(models.build(TINY.model_copy(update={"seed": 3}), ROWS), tokenizer, tmp_path / "base")
    return tmp_path / "base"


def spec_of(folder: Path, *more: str) -> ModelSpec:
    names = ["config.json", *more] if more else ["config.json", "model.safetensors"]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return ModelSpec(base=BaseModelSpec(name="open/base", licence="Apache-2.0", files=files))


def test_an_adopted_base_gives_its_weights_and_its_config_and_trains(folder: Path, packed: Packed) -> None:
    spec = spec_of(folder)
    start = models.start(spec, ROWS, folder)
    wanted = models.start(TINY.model_copy(update={"seed": 3}), ROWS)
    assert all(np.array_equal(start[name], wanted[name]) for name in wanted)
    model = models.build(spec, ROWS, folder)
    config: Any = model.config
    assert config.hidden_size == 32  # the base's, not ModelSpec's default of 128
    built = models.weights(model)
    assert all(np.array_equal(built[name], wanted[name]) for name in wanted)


def test_bfloat16_becomes_float32_exactly(folder: Path) -> None:
    path = folder / "model.safetensors"
    halves = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(path).items()}
    save_file(halves, path, {"format": "pt"})
    start = models.start(spec_of(folder), ROWS, folder)
    assert all(np.array_equal(start[name], halves[name].float().numpy()) for name in start)


def test_shards_are_read_through_their_index(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    path.unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[:5], "model-00002-of-00002.safetensors": names[5:]}
    for file, held in parts.items():
        save_file({name: tensors[name] for name in held}, folder / file, {"format": "pt"})
    index = {"metadata": {"total_size": 1}, "weight_map": {name: file for file, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    spec = spec_of(folder, *parts, "model.safetensors.index.json")
    start = models.start(spec, ROWS, folder)
    assert all(np.array_equal(start[name], tensors[name].numpy()) for name in start)


def test_one_changed_byte_is_refused_by_name(folder: Path) -> None:
    spec = spec_of(folder)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"model\.safetensors: SHA-256"):
        models.start(spec, ROWS, folder)


def test_files_the_plan_does_not_name_are_not_looked_at(folder: Path) -> None:
    spec = spec_of(folder)
    wanted = models.start(spec, ROWS, folder)
    (folder / "generation_config.json").write_text("not json")
    (folder / "model.safetensors.index.json").write_text("not json")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    found = models.start(spec, ROWS, folder)
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_what_is_missing_is_named_with_the_remedy(folder: Path, tmp_path: Path) -> None:
    spec = spec_of(folder)
    with pytest.raises(InputError, match=r"open/base.*`base` in the site file"):
        models.start(spec, ROWS, None)
    with pytest.raises(InputError, match=r"config\.json: No such file"):
        models.start(spec, ROWS, tmp_path / "elsewhere")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lack model\.norm\.weight"):
        models.start(spec_of(folder), ROWS, folder)


def test_a_tokenizer_larger_than_the_base_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"320 rows, the tokenizer needs 352"):
        models.build(spec_of(folder), 352, folder)


def test_broken_files_with_the_right_digest_are_one_clear_error(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(InputError, match="cannot be read"):
        models.start(spec_of(folder), ROWS, folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json"):
        models.start(spec_of(folder), ROWS, folder)


def test_training_goes_on_from_a_base(folder: Path, packed: Packed) -> None:
    fresh = trainer_of(packed)
    fresh.load(models.start(spec_of(folder), ROWS, folder))
    assert fresh.steps(2, 0).loss > 0
