"""Adapters (LoRA, Hu et al. 2021, arXiv 2106.09685) as peft has them: attach, save, load, merge.

A saved adapter is peft's folder: adapter_model.safetensors and adapter_config.json, tensor names as peft and vLLM read them. The
digest of its base stands in the safetensors file's metadata, which every reader passes over.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hanse.errors import TuneError
from hanse.hedge.tune.base import Base, load
from hanse.hedge.tune.folder import check_dtype, whole, write_model

Targets = Literal["attention", "mlp", "all-linear"]
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
BASE_KEY = "base_sha256"
_ATTENTION, _MLP = ("attn", "attention"), ("mlp", "ffn", "feed_forward", "ff", "experts", "moe")


@dataclass(frozen=True)
class Lora:
    """An adapter's shape."""

    rank: int = 16
    alpha: int = 32
    """The adapter's product is scaled by alpha / rank."""
    dropout: float = 0.0
    """Share of an adapter's inputs that is left out while training. Off: 0."""
    targets: Targets = "all-linear"
    """Which linear layers of the blocks have one."""
    unembed: bool = False
    """Whether the layer that makes logits has one, too."""
    seed: int = 0
    """Of its first weights."""


def attach(model: Any, lora: Lora, name: str = "default") -> Any:
    """The model with a new adapter, which is the active one and alone trains; `model` is a transformers model or one that has
    adapters already. Raises TuneError where no layer is a target or the name is taken."""
    from peft import LoraConfig

    plain = model.get_base_model() if _has_adapters(model) else model
    config = LoraConfig(
        task_type="CAUSAL_LM", r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, bias="none",
        target_modules=targets(plain, lora),
    )  # fmt: skip
    return _add(model, config, name, lora.seed)


def targets(model: Any, lora: Lora) -> list[str]:
    """Names of the layers, as short as tells them from the others. Raises TuneError when there are none."""
    output = model.get_output_embeddings()
    output = getattr(output, "base_layer", output)
    names = _linear(model)
    unembed = next((name for name, module in names.items() if module is output), None)
    paths = [name.removesuffix(".base_layer") for name in names if name != unembed]
    wanted = [path for path in paths if lora.targets == "all-linear" or _kind(path) == lora.targets]
    if not wanted:
        raise TuneError(f"no layer is a target of {lora.targets!r}; this model's linear layers are "
                        f"{', '.join(sorted({path.rsplit('.', 1)[-1] for path in paths})) or 'none'}")  # fmt: skip
    others = set(paths) - set(wanted)
    found = {_shortest(path, others) for path in wanted}
    if lora.unembed:
        if unembed is None:
            raise TuneError("unembed: this model has no linear layer that makes logits")
        found.add(unembed.removesuffix(".base_layer"))
    return sorted(found)


def save(model: Any, folder: Path, base: Base, name: str = "default") -> None:
    """Write one adapter, whole or not at all. Raises TuneError when the folder is there, OSError when the disk is full."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save as to_bytes

    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in
               get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False).items()}  # fmt: skip
    config = model.peft_config[name].to_dict()
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    plain |= {"base_model_name_or_path": base.name, "inference_mode": True}
    with whole(folder) as made:
        (made / WEIGHTS).write_bytes(_ordered(to_bytes(tensors, metadata={"format": "pt", BASE_KEY: base.sha256})))
        (made / CONFIG).write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_adapter(model: Any, folder: Path, base: Base, name: str = "default") -> Any:
    """The model with a saved adapter, which is the active one. Raises TuneError for the adapter of another base, or for files that
    are no adapter; the model has then what it had."""
    from peft import LoraConfig, set_peft_model_state_dict

    tensors = read_adapter(folder, base)
    try:
        config = LoraConfig.from_pretrained(str(folder))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TuneError(f"{folder / CONFIG}: cannot be read: {str(error)[:200]}") from error
    config.inference_mode, config.base_model_name_or_path = False, None  # `_add` says where it was loaded from
    active = model.active_adapter if _has_adapters(model) else ""
    made = _add(model, config, name, 0)
    try:
        result: Any = set_peft_model_state_dict(made, tensors, adapter_name=name)
        odd = list(result.unexpected_keys) + [key for key in result.missing_keys if f".{name}." in key]
        if odd:
            raise TuneError(f"{folder}: its tensors are not those of {CONFIG}: {odd[0]}")
    except (RuntimeError, TuneError) as error:
        if active:
            made.set_adapter(active)
            made.delete_adapter(name)
        else:
            made.unload()
        if isinstance(error, TuneError):
            raise
        raise TuneError(f"{folder}: does not fit the base: {str(error)[:400]}") from error
    return made


def read_adapter(folder: Path, base: Base) -> dict[str, Any]:
    """Its tensors. Raises TuneError when it is another base's, or says of none."""
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    try:
        with safe_open(path, "pt") as file:
            said = (file.metadata() or {}).get(BASE_KEY, "")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise TuneError(f"{path}: no adapter: {error}; expected what `hanse tune` has written") from error
    if said != base.sha256:
        whose = f"of a base with SHA-256 {said[:16]}..." if said else "that does not say which base it is of"
        raise TuneError(f"{folder}: an adapter {whose}; {base.name} has {base.sha256[:16]}...: tune one on this base")
    return tensors


def merge(base: Base, folder: Path, out: Path, dtype: str = "bfloat16") -> None:
    """Write the base with an adapter's weights added, as a folder of its own. Sums are made in float32 and rounded once. Raises
    TuneError as `load_adapter`, OSError when the disk is full."""
    import torch
    from peft.tuners.lora import LoraLayer

    check_dtype(dtype)
    kind = getattr(torch, dtype)
    model, _ = load(base, "auto")
    plain: Any = model
    tuned = load_adapter(model, folder, base)
    untie(plain)
    with torch.no_grad():
        for module in tuned.modules():
            if isinstance(module, LoraLayer) and "default" in module.lora_A:
                layer: Any = module
                weight = layer.get_base_layer().weight
                weight.data = (weight.data.float() + layer.get_delta_weight("default").float()).to(kind)
    write_model(tuned.unload().to(kind), base, out, dtype)


def untie(model: Any) -> None:
    """Give a tied output layer that has an adapter weights of its own: what is added to it is not added to the embedding."""
    import torch

    output, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    if hasattr(output, "base_layer") and output.base_layer.weight is embedding.weight:
        output.base_layer.weight = torch.nn.Parameter(output.base_layer.weight.detach().clone(), requires_grad=False)
        model.config.tie_word_embeddings = False


def _add(model: Any, config: Any, name: str, seed: int) -> Any:
    import torch
    from peft import get_peft_model

    if _has_adapters(model) and name in model.peft_config:
        raise TuneError(f"adapter {name!r}: the model has one of that name already")
    with torch.random.fork_rng(devices=[]), _known():
        torch.manual_seed(seed)
        if not _has_adapters(model):
            return get_peft_model(model, config, adapter_name=name)
        model.add_adapter(name, config)
        model.set_adapter(name)
        return model


def _ordered(data: bytes) -> bytes:
    """The same safetensors file with its metadata in order: the library writes several keys in any order, and equal adapters are to
    have equal bytes."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


@contextmanager
def _known() -> Iterator[None]:
    """What peft warns of and is dealt with: an adapter on a tied output layer cannot be merged (`merge` unties it), GPT-2's layers
    stand the other way round (peft turns them), and transformers renamed what peft looks at."""
    with warnings.catch_warnings():
        for said in ("tie_word_embeddings", "fan_in_fan_out", "is_gradient_checkpointing"):
            warnings.filterwarnings("ignore", message=f".*{said}.*")
        yield


def _has_adapters(model: Any) -> bool:
    return hasattr(model, "peft_config") and hasattr(model, "get_base_model")


def _linear(model: Any) -> dict[str, Any]:
    """Linear layers by name, those under an adapter by the name they had; GPT-2's are a class of transformers' own."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    return {name: module for name, module in model.named_modules()
            if isinstance(module, nn.Linear | Conv1D) and ".lora_" not in name}  # fmt: skip


def _kind(path: str) -> str:
    parts = path.split(".")[:-1]
    for part in reversed(parts):
        if any(word in part for word in _ATTENTION):
            return "attention"
        if part in _MLP or "mlp" in part:
            return "mlp"
    return "other"


def _shortest(path: str, others: set[str]) -> str:
    """The last parts of a path that end no path of the others."""
    parts = path.split(".")
    for count in range(1, len(parts)):
        short = ".".join(parts[-count:])
        if not any(other.endswith(f".{short}") for other in others):
            return short
    return path
