"""Losses of log-probabilities, and the log-probabilities of chosen tokens without ever holding all logits.

The logits of a large vocabulary are the largest thing in a small model's training. Here only tokens that count get any, a few
hundred at a time: their gradient is made while they are there (softmax less one, times what the loss gives each token), so the
output layer runs once, as in plain training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CHUNK = 256
"""Tokens whose logits are held at once."""
Weigh = Callable[[Tensor], Tensor]
"""From the counted tokens' log-probabilities [n] to what the loss's gradient gives each [n]."""


def weights_of(loss: Callable[[Tensor], Tensor]) -> Weigh:
    """Of any loss that is a scalar function of the log-probabilities."""

    def weigh(logprobs: Tensor) -> Tensor:
        leaf = logprobs.detach().clone().requires_grad_()
        with torch.enable_grad():
            return torch.autograd.grad(loss(leaf), leaf)[0]

    return weigh


def sums(logprobs: Tensor, counted: Tensor) -> Tensor:
    """Log-probabilities [n] of the tokens counted [rows, length] summed for each row [rows]."""
    rows = torch.nonzero(counted[:, 1:])[:, 0]
    return torch.zeros(len(counted), dtype=logprobs.dtype, device=logprobs.device).index_add(0, rows, logprobs)


def dpo(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290, eq. 7): loss [pairs] from row sums [2 * pairs],
    chosen and rejected in turn."""
    margin = policy - reference
    return -functional.logsigmoid(beta * (margin[0::2] - margin[1::2]))


class _Weighed(torch.autograd.Function):
    """(objective, log-probabilities): the objective is their sum weighed; its gradient is made on the way forward."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, targets: Tensor, weights: Tensor, head: Any, *parameters: Tensor) -> Any:
        gradient, sums_ = torch.empty_like(hidden), [torch.zeros_like(one) for one in parameters]
        found = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        for at in range(0, len(hidden), CHUNK):
            part = slice(at, at + CHUNK)
            with torch.enable_grad():
                inputs = hidden[part].detach().requires_grad_()
                logits = head(inputs)
            flat, aim, weight = logits.detach().float(), targets[part, None], weights[part, None]
            total = torch.logsumexp(flat, -1, keepdim=True)
            found[part] = (flat.gather(1, aim) - total)[:, 0]
            slope = flat.sub_(total).exp_().mul_(-weight).scatter_add_(1, aim, weight)
            made = torch.autograd.grad(logits, (inputs, *parameters), slope.to(logits.dtype))
            gradient[part] = made[0]
            for kept, new in zip(sums_, made[1:], strict=True):
                kept += new
        ctx.save_for_backward(gradient, *sums_)
        ctx.mark_non_differentiable(found)
        return (found * weights).sum(), found

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        gradient, *sums_ = ctx.saved_tensors
        return slopes[0] * gradient, None, None, None, *(slopes[0] * one for one in sums_)


class Scored(nn.Module):
    """A causal language model, with or without adapters, that is asked for log-probabilities instead of logits.

    The output layer is taken from the model where the logits are its output; where a model does more to them (a cap, a scale), the
    model makes them whole.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self._is_plain = self._check()

    def forward(self, ids: Tensor, counted: Tensor, weigh: Weigh | None) -> tuple[Tensor, Tensor]:
        """(objective, log-probabilities [n]) of the tokens counted: ids [rows, length], counted [rows, length] without the first.
        The objective's gradient is what `weigh` says; None asks for no gradient."""
        keep, targets = counted[:, 1:], ids[:, 1:][counted[:, 1:]]
        causal = self.causal
        if not self._is_plain:
            logits = self.model(input_ids=ids, use_cache=False).logits[:, :-1][keep]
            found = -functional.cross_entropy(logits.float(), targets, reduction="none")
            return (found * (found if weigh is None else weigh(found.detach()))).sum(), found.detach()
        hidden = causal.base_model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1][keep]
        head = causal.get_output_embeddings()
        if weigh is None:
            return torch.zeros(()), self._logprobs(hidden, targets, head)
        weights = weigh(self._logprobs(hidden, targets, head)) if not isinstance(weigh, Even) else weigh(targets)
        parameters = [one for one in head.parameters() if one.requires_grad]
        objective, found = _Weighed.apply(hidden, targets, weights, head, *parameters)  # type: ignore[no-untyped-call]
        return objective, found

    @property
    def causal(self) -> Any:
        """The transformers model."""
        return self.model.get_base_model() if hasattr(self.model, "peft_config") else self.model

    @staticmethod
    @torch.no_grad()
    def _logprobs(hidden: Tensor, targets: Tensor, head: Any) -> Tensor:
        found = [-functional.cross_entropy(head(hidden[at : at + CHUNK]).float(), targets[at : at + CHUNK], reduction="none")
                 for at in range(0, len(hidden), CHUNK)]  # fmt: skip
        return torch.cat(found) if found else torch.zeros(0, device=hidden.device)

    @torch.no_grad()
    def _check(self) -> bool:
        causal = self.causal
        head = causal.get_output_embeddings()
        if head is None:
            return False
        was = self.model.training
        self.model.eval()
        ids = torch.arange(8, device=next(self.model.parameters()).device)[None] % head.weight.shape[0]
        whole = self.model(input_ids=ids, use_cache=False).logits
        own = head(causal.base_model(input_ids=ids, use_cache=False).last_hidden_state)
        self.model.train(was)
        return own.shape == whole.shape and bool(torch.allclose(own.float(), whole.float(), rtol=1e-3, atol=1e-3))


class Even:
    """The mean loss of tokens: every counted one weighs -1/`count`, whatever its log-probability."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, logprobs: Tensor) -> Tensor:
        return torch.full(logprobs.shape, -1 / self.count, dtype=torch.float32, device=logprobs.device)
