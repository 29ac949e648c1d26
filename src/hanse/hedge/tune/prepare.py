"""Everything before the first step: the base, the data as tokens, the settings. Nothing is written yet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hanse import canonical
from hanse.errors import TuneError
from hanse.hedge.tune.base import Base, load, open_base
from hanse.hedge.tune.config import TuneConfig
from hanse.hedge.tune.data import Data, Parts, read_data, read_evaluation, split
from hanse.hedge.tune.defaults import Amount, Machine, Model, Resolved, limit, resolve
from hanse.hedge.tune.lora import Lora, targets
from hanse.hedge.tune.rows import Item, digest, items
from hanse.store.disk import file_digest


@dataclass(frozen=True)
class Prepared:
    """What a run has before it begins."""

    config: TuneConfig
    base: Base
    model: Any
    tokenizer: Any
    data: Data
    evaluation: dict[str, str]
    """SHA-256 of the evaluation files by name."""
    parts: Parts
    train: list[Item]
    held: list[Item]
    resolved: Resolved

    @property
    def lora(self) -> Lora:
        """The adapter's shape."""
        of = self.config.lora
        return Lora(self.resolved.settings.rank, of.alpha, of.dropout, of.targets, of.unembed, self.config.seed)

    def identity(self, processes: int) -> dict[str, str]:
        """What makes the weights: a folder holds one run."""
        config = self.config.model_dump(mode="json", include={"lora", "beta", "clip", "seed", "held_permille", "patience"})
        settings = {key: value for key, value in asdict(self.resolved.settings).items() if key != "checkpoint_steps"}
        return {
            "base": self.base.sha256, "data": canonical.digest({"files": self.data.files, "evaluation": self.evaluation}),
            "tokens": digest([*self.train, *self.held]), "processes": str(processes),
            "settings": canonical.digest(json.loads(json.dumps({"settings": settings, "config": config}), parse_float=str)),
        }  # fmt: skip


def prepare(config: TuneConfig, machine: Callable[[Any], Machine], tell: Callable[[int], None] | None = None) -> Prepared:
    """Open, read, encode, decide. `machine` measures it, once the model is loaded, for the dtype it has. Raises TuneError,
    LockError, TaskError."""
    base = open_base(str(config.root / config.base) if not config.lock else config.base,
                     config.root / config.lock if config.lock else None,
                     config.root / config.base_folder if config.base_folder else None)  # fmt: skip
    data = read_data(config.paths(config.data))
    evaluation = config.paths(config.evaluation)
    parts = split(data, config.seed, config.held_permille, read_evaluation(evaluation))
    model, tokenizer = load(base, config.dtype or "float32")
    shape = shape_of(model, config)
    bound = limit(config, shape.context, data.format == "text")
    train, held = (items(tokenizer, part, bound, tell) for part in (parts.train, parts.held))
    if not any(item.counted for item in train):
        raise TuneError("no token of the data counts for the loss: every example is empty after its first token")
    longest = -(-max(item.length for item in (*train, *held)) // 8) * 8
    amount = Amount(len(train), sum(item.tokens for item in train), min(longest, bound), data.format == "text",
                    data.format == "preference")  # fmt: skip
    resolved = resolve(config, shape, amount, machine(model))
    kind = resolved.settings.dtype
    model = model if kind == (config.dtype or "float32") else load(base, kind)[0]
    digests = {path.name: file_digest(path) for path in evaluation}
    return Prepared(config, base, model, tokenizer, data, digests, parts, train, held, resolved)


def shape_of(model: Any, config: TuneConfig) -> Model:
    """What the defaults want to know of a loaded base."""
    of = model.config.get_text_config()
    lora = Lora(1, targets=config.lora.targets, unembed=config.lora.unembed)
    names = targets(model, lora) if config.method == "lora" else []
    adapted = sum(sum(module.weight.shape) for name, module in model.named_modules()
                  if hasattr(module, "weight") and any(name == short or name.endswith(f".{short}") for short in names))  # fmt: skip
    inner = getattr(of, "intermediate_size", None) or 4 * of.hidden_size
    return Model(sum(tensor.numel() for tensor in model.parameters()), of.hidden_size, of.num_hidden_layers, inner, of.vocab_size,
                 getattr(of, "max_position_embeddings", None) or 1 << 20, adapted)  # fmt: skip


def measure(device: Any, processes: int) -> Machine:
    """This machine, for one process of so many on it. Its memory is all there is, not what is free at the moment: a run that goes
    on must derive the same settings. The speed is that of a matrix product."""
    import torch

    from hanse.lm.metrics import matmul_flops

    kind: Literal["cpu", "cuda", "mps"] = device.type
    flops = matmul_flops(device=kind, bf16=kind == "cuda")
    if kind == "cuda":
        return Machine(torch.cuda.mem_get_info(device)[1], flops, kind, processes)
    return Machine(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // processes, flops, kind, processes)
