"""Any transformers causal language model by config: build, read and write weights, export a Hugging Face folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from safetensors.numpy import load_file

from hanse.errors import ConfigError, InputError
from hanse.lm.initial import random_weights
from hanse.lm.spec import ModelSpec
from hanse.lm.tokenizer import END_OF_TEXT, Tokenizer

Weights = dict[str, npt.NDArray[np.float32]]


def config_of(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> Any:
    """The transformers config. Raises ConfigError for an unknown architecture or field."""
    if spec.base is not None:
        return transformers.AutoConfig.from_pretrained(_checked_base(spec, base))
    try:
        default = transformers.AutoConfig.for_model(spec.architecture)
    except ValueError as error:
        raise ConfigError(f"model.architecture {spec.architecture!r}: no such model_type in transformers") from error
    fields: dict[str, Any] = {}
    for name, value in spec.config.items():
        if not hasattr(default, name):
            raise ConfigError(f"model.config.{name}: {spec.architecture} has no such field")
        fields[name] = float(value) if isinstance(getattr(default, name), float) else value
    fields |= {"vocab_size": vocab_size, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
    return transformers.AutoConfig.for_model(spec.architecture, **fields)


def build(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> torch.nn.Module:
    """The model in float32 on the CPU, with initial weights."""
    config = config_of(spec, vocab_size, base)
    with torch.device("meta"):
        shell = _from_config(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in shell.named_parameters()}
    del shell
    model = _from_config(config).float()
    load_weights(model, initial_weights(spec, shapes, config, base))
    return model


def _from_config(config: Any) -> torch.nn.Module:
    auto: Any = transformers.AutoModelForCausalLM
    model: torch.nn.Module = auto.from_config(config, attn_implementation="sdpa")
    return model


def initial_weights(
    spec: ModelSpec, shapes: dict[str, tuple[int, ...]], config: Any, base: Path | None = None
) -> Weights:
    """Random weights from the seed, or those of the adopted base: the same bits everywhere."""
    if spec.base is None:
        layers = int(getattr(config, "num_hidden_layers", 1))
        return random_weights(shapes, spec.seed, layers, float(getattr(config, "initializer_range", 0.02)))
    folder = _checked_base(spec, base)
    found: Weights = {}
    for name in sorted(spec.base.files):
        if name.endswith(".safetensors"):
            found |= _read_tensors(folder / name)
    missing = sorted(set(shapes) - set(found))
    if missing:
        raise InputError(f"base {folder}: its safetensors lack {missing[0]}, which the model needs")
    return {name: found[name] for name in sorted(shapes)}


def start(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> Weights:
    """Initial weights without building the model's own."""
    config = config_of(spec, vocab_size, base)
    with torch.device("meta"):
        shell = _from_config(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in shell.named_parameters()}
    return initial_weights(spec, shapes, config, base)


def weights(model: torch.nn.Module) -> Weights:
    """Copies of all trainable tensors as float32, by name, tied ones once."""
    found = {name: tensor.detach().to("cpu", torch.float32).numpy().copy() for name, tensor in model.named_parameters()}
    return dict(sorted(found.items()))


def load_weights(model: torch.nn.Module, values: Weights) -> None:
    """Set all trainable tensors. Raises ConfigError when names or shapes are another model's."""
    named = dict(model.named_parameters())
    if set(named) != set(values):
        raise ConfigError(f"weights of another model: {sorted(set(named) ^ set(values))[0]} is in one and not in the other")
    with torch.no_grad():
        for name, tensor in named.items():
            if tuple(tensor.shape) != values[name].shape:
                raise ConfigError(f"tensor {name}: shape {values[name].shape}, the model has {tuple(tensor.shape)}")
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(values[name])))


def export(model: torch.nn.Module, tokenizer: Tokenizer, folder: Path) -> None:
    """A Hugging Face model folder that `from_pretrained` loads; replaces `folder` only once it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    saved: Any = model
    saved.save_pretrained(temporary, safe_serialization=True)
    (temporary / "tokenizer.json").write_bytes(tokenizer.data)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "model_max_length": int(getattr(saved.config, "max_position_embeddings", 2048)),
        "clean_up_tokenization_spaces": False,
    }
    (temporary / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)


def _checked_base(spec: ModelSpec, base: Path | None) -> Path:
    """The base's folder, every named file's digest checked."""
    assert spec.base is not None
    if base is None:
        raise InputError(f"the plan starts from {spec.base.name}: name its folder with `base` in the site file")
    for name, wanted in sorted(spec.base.files.items()):
        try:
            with open(base / name, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"base {base / name}: {error.strerror}; the plan wants it with SHA-256 {wanted}") from error
        if found != wanted:
            raise InputError(f"base {base / name}: SHA-256 {found}, the plan wants {wanted}")
    return base


def _read_tensors(path: Path) -> Weights:
    try:
        return {name: np.asarray(array, np.float32) for name, array in load_file(path).items()}
    except TypeError:  # bfloat16 has no numpy type: torch reads it
        from safetensors.torch import load_file as load_torch

        return {name: tensor.float().numpy() for name, tensor in load_torch(path).items()}
