"""Any transformers causal language model by config: build, read and write weights, export a Hugging Face folder."""

from __future__ import annotations

import copy
import errno
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from hanse.errors import ConfigError, InputError
from hanse.lm.base import base_config, base_weights, quiet
from hanse.lm.initial import random_weights
from hanse.lm.spec import ModelSpec
from hanse.lm.tokenizer import Tokenizer
from hanse.store.disk import name_file

Weights = dict[str, npt.NDArray[np.float32]]


def config_of(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> Any:
    """The transformers config. Raises ConfigError for an unknown architecture or field, InputError for another base."""
    if spec.base is not None:
        return base_config(spec.base, base, vocab_size)
    try:
        default = transformers.AutoConfig.for_model(spec.architecture)
    except ValueError as error:
        raise ConfigError(f"model.architecture {spec.architecture!r}: no such model_type in transformers") from error
    fields: dict[str, Any] = {}
    for name, value in spec.config.items():
        if not hasattr(default, name):
            raise ConfigError(f"model.config.{name}: {spec.architecture} has no such field")
        fields[name] = _as_float(name, value) if isinstance(getattr(default, name), float) else value
    fields |= {"vocab_size": vocab_size, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
    try:
        config = transformers.AutoConfig.for_model(spec.architecture, **fields)
    except (ValueError, TypeError, StrictDataclassError) as error:  # what its own validation says of the values
        raise ConfigError(f"model.config: {spec.architecture}: {' '.join(str(error).split())}") from error
    if type(config) not in transformers.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise ConfigError(f"model.architecture {spec.architecture!r}: not a causal language model")
    return config


def _as_float(name: str, value: int | str | bool) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ConfigError(f"model.config.{name}: {value!r} is not a decimal") from error


def build(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> torch.nn.Module:
    """The model in float32 on the CPU, with initial weights."""
    config = config_of(spec, vocab_size, base)
    values = _initial(spec, config, base)
    model = _from_config(config).float()
    load_weights(model, values)
    return model


def _from_config(config: Any) -> torch.nn.Module:
    auto: Any = transformers.AutoModelForCausalLM
    model: torch.nn.Module = auto.from_config(config)  # attention is "sdpa" where the architecture has it, else "eager"
    return model


def start(spec: ModelSpec, vocab_size: int, base: Path | None = None) -> Weights:
    """Initial weights without building the model's own: random from the seed, or the adopted base's, the same bits
    everywhere. Raises ConfigError, InputError."""
    return _initial(spec, config_of(spec, vocab_size, base), base)


def _initial(spec: ModelSpec, config: Any, base: Path | None) -> Weights:
    if spec.base is not None:
        return base_weights(spec.base, base)
    with torch.device("meta"):
        shell = _from_config(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in shell.named_parameters()}
    layers = int(getattr(config, "num_hidden_layers", 1))
    std = float(getattr(config, "initializer_range", 0.02))
    return random_weights(shapes, spec.seed, layers, std, _constants(shell))


def _constants(shell: Any) -> dict[str, float]:
    """Vectors that the architecture starts at one constant, with it: norms mostly, 1 for Llama and 0 for Gemma."""
    found: dict[str, float] = {}
    for path, module in shell.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if not own or next(module.children(), None) is not None or any(tensor.ndim != 1 for tensor in own.values()):
            continue
        real = copy.deepcopy(module).to_empty(device="cpu")
        with torch.no_grad():
            for tensor in real.parameters():
                tensor.fill_(torch.nan)
                tensor.__dict__.pop("_is_hf_initialized", None)  # transformers' mark: this one is done
            shell._init_weights(real)
            for name, tensor in real.named_parameters():
                if bool((tensor == tensor[0]).all()):
                    found[f"{path}.{name}"] = float(tensor[0])
    return found


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
    """A Hugging Face model folder that `from_pretrained` loads; replaces `folder` only once it is whole. Raises OSError when the
    disk is full."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        made = Path(temporary) / "new"
        try:
            _write_folder(model, tokenizer, made)
        except SafetensorError as error:  # it wraps what the disk said
            raise OSError(errno.EIO, f"cannot write the weights: {error}", str(folder)) from error
        except OSError as error:
            name_file(error, folder)
            raise
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        made.rename(folder)


def _write_folder(model: torch.nn.Module, tokenizer: Tokenizer, folder: Path) -> None:
    saved: Any = model
    with quiet():
        saved.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(tokenizer.data)
    end = tokenizer.end_text
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": end,
        "eos_token": end,
        "model_max_length": int(getattr(saved.config, "max_position_embeddings", 2048)),
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def load_folder(folder: Path) -> tuple[torch.nn.Module, Tokenizer]:
    """Model (float32, CPU) and tokenizer of a Hugging Face folder with safetensors. Raises InputError."""
    auto: Any = transformers.AutoModelForCausalLM
    try:
        with quiet():
            model: torch.nn.Module = auto.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
            )
        data = (folder / "tokenizer.json").read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: not a model folder with safetensors and tokenizer.json: {error}") from error
    return model, Tokenizer(data)
