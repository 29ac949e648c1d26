"""Passes, steps and samples over a tiny model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from hanse.hedge.tinker.adapters import Adapter, Model
from hanse.hedge.tinker.refused import Cancelled, Refused
from hanse.hedge.tinker.requests import AdamParams
from hanse.hedge.tinker.sample import Wanted, sample
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tinker.train import run_pass, step
from hanse.hedge.tinker.wire import Example, Pass, Sampled
from hanse.hedge.tune.lora import Lora

FLOOR = 1e-4
SERVING = Serving()
LORA = Lora(rank=4, alpha=32, unembed=True, seed=1)
WANTED = Wanted(prompt=[5, 6, 7], samples=4, tokens_max=6, seed=3, temperature=1.0, top_k=0, top_p=1.0, stop_tokens=frozenset(),
                stop_texts=())  # fmt: skip


def examples(*lengths: int) -> list[Example]:
    draw = np.random.default_rng(3)
    found = []
    for length in lengths:
        ids = draw.integers(1, 500, length + 1)
        found.append(Example(ids[:-1], ids[1:], {"weights": draw.random(length).astype(np.float32)}))
    return found


def asked(data: Sequence[Example], backward: bool = True) -> Pass:
    return Pass(data, "cross_entropy", {}, backward)


def grads(adapter: Adapter) -> dict[str, torch.Tensor]:
    return {name: item.grad for name, item in adapter.tensors.items() if item.grad is not None}


def trained(model: Model, steps: int = 3, lora: Lora = LORA) -> Adapter:
    adapter = model.fresh(lora)
    for _ in range(steps):
        run_pass(model, adapter, asked(examples(9, 4)), SERVING)
        step(adapter, AdamParams(learning_rate=1e-2))
    return adapter


def sampled(model: Model, adapter: Adapter | None, gone: Any = lambda: False, **changes: Any) -> Sampled:
    (found,) = together(model, adapter, (replace(WANTED, **changes), gone))
    if isinstance(found, Exception):
        raise found
    return found


def together(
    model: Model, adapter: Adapter | None, *asked: tuple[Wanted, Callable[[], bool]]
) -> list[Sampled | Refused | Cancelled]:
    return sample(model, adapter, asked, lambda ids: "".join(f"<{token}>" for token in ids), 2)


def scored(model: Model, adapter: Adapter, ids: Sequence[int]) -> list[float]:
    one = Example(np.array(ids[:-1]), np.array(ids[1:]), {"weights": np.ones(len(ids) - 1, np.float32)})
    return [float(value) for value in run_pass(model, adapter, asked([one], False), SERVING).logprobs[0]]
