"""Passes and steps of one adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from hanse.hedge.tinker.adapters import Adapter, Model
from hanse.hedge.tinker.losses import LOSSES
from hanse.hedge.tinker.refused import Cancelled, Refused
from hanse.hedge.tinker.requests import AdamParams
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tinker.wire import Example, Pass, Passed


def logprobs(model: Model, states: torch.Tensor, targets: torch.Tensor, chunk: int) -> torch.Tensor:
    """Log-probabilities (length, k) of targets (length, k) after states (length, width); the logits of `chunk` positions are in
    memory at once, in the backward pass too."""
    parts = []
    for begin in range(0, len(states), chunk):
        piece = states[begin : begin + chunk], targets[begin : begin + chunk]
        grad = torch.is_grad_enabled()
        parts.append(checkpoint(_of_chunk, model, *piece, use_reentrant=False) if grad else _of_chunk(model, *piece))
    return torch.cat(parts)


def _of_chunk(model: Model, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    logits = model.head(states)
    return logits.gather(1, targets) - logits.logsumexp(1, keepdim=True)


def run_pass(
    model: Model, adapter: Adapter, asked: Pass, serving: Serving, stopping: Callable[[], bool] = lambda: False
) -> Passed:
    """Log-probabilities of every target and the sum of the losses; its gradient is added to the adapter's, all of it or none.
    `stopping` is asked before every layer, in the backward pass too. Raises Cancelled, Refused for a loss that is not finite."""

    def check() -> None:
        if stopping():
            raise Cancelled

    parameters = list(adapter.tensors.values())
    before = [item.grad for item in parameters]
    for item in parameters:
        item.grad = None
    made: dict[int, Any] = {}
    total, done = 0.0, False
    try:
        thrifty = model.thrifty() if asked.backward and serving.thrifty else nullcontext()
        with model.using(adapter), torch.set_grad_enabled(asked.backward), thrifty, model.watched(check):
            for group in _groups(asked.examples, serving.tokens_per_pass):
                total += _group(model, asked, group, made, serving.logits_per_chunk)
        if not np.isfinite(total):
            raise Refused(
                f"{asked.loss} is {total}: lower the learning rate, or look at the data's advantages and logprobs"
            )
        done = True
    finally:
        for item, old in zip(parameters, before, strict=True):
            new = item.grad if done and asked.backward else None
            item.grad = new if old is None else old if new is None else old.add_(new)
    return Passed([made[index] for index in range(len(made))], {"loss:sum": total})


def _groups(examples: Sequence[Example], tokens_max: int) -> Iterator[list[int]]:
    """Which go together, alike in length, at most `tokens_max` with padding or one alone."""
    group: list[int] = []
    for index in sorted(range(len(examples)), key=lambda i: -len(examples[i].tokens)):
        if group and (len(group) + 1) * len(examples[group[0]].tokens) > tokens_max:
            yield group
            group = []
        group.append(index)
    yield group


def _group(model: Model, asked: Pass, group: Sequence[int], made: dict[int, Any], chunk: int) -> float:
    """One pass; the sum of its losses. Padding is to the right of what a causal model looks at."""
    ids = torch.zeros(len(group), len(asked.examples[group[0]].tokens), dtype=torch.int64)
    for row, index in enumerate(group):
        tokens = asked.examples[index].tokens
        ids[row, : len(tokens)] = torch.from_numpy(tokens)
    states, _ = model.states(ids.to(model.device), False)
    losses = []
    for row, index in enumerate(group):
        example = asked.examples[index]
        targets = torch.from_numpy(example.targets).to(model.device)
        wide = targets if targets.ndim == 2 else targets[:, None]
        found = logprobs(model, states[row, : len(targets)], wide, chunk).reshape(targets.shape)
        inputs = {name: torch.from_numpy(value).to(model.device) for name, value in example.inputs.items()}
        losses.append(LOSSES[asked.loss].of(found, inputs, asked.settings))
        made[index] = found.detach().cpu().numpy()
    loss = torch.stack(losses).sum()
    if asked.backward:
        loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def step(adapter: Adapter, params: AdamParams) -> dict[str, float]:
    """One step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) with the gradients so far, which are gone afterwards; the
    norm they had. Raises Refused when there are none, or they are not finite: then nothing has changed but that they are gone."""
    parameters = list(adapter.tensors.values())
    optimizer = adapter.optimizer
    if optimizer is None or all(item.grad is None for item in parameters):
        raise Refused("optim_step: there is no gradient; call forward_backward first")
    limit = params.grad_clip_norm or float("inf")
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
    if np.isfinite(norm):
        group = optimizer.param_groups[0]
        group |= {"lr": params.learning_rate, "betas": (params.beta1, params.beta2), "eps": params.eps}
        group["weight_decay"] = params.weight_decay
        optimizer.step()
        adapter.steps += 1
    optimizer.zero_grad(set_to_none=True)
    if not np.isfinite(norm):
        raise Refused(f"optim_step: the gradient's norm is {norm}; it was dropped and the weights are as they were")
    return {"grad_l2:mean": norm, "steps:max": float(adapter.steps)}
