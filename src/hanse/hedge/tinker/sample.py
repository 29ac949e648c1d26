"""Samples from an adapter or the base, with the log-probabilities that the model itself gives, before temperature and cuts: those
that training computes for the same tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from hanse.hedge.tinker.adapters import Adapter, Model
from hanse.hedge.tinker.refused import Cancelled, Refused
from hanse.hedge.tinker.train import logprobs
from hanse.hedge.tinker.wire import Answer, Sampled

Top = list[tuple[int, float]]


@dataclass(frozen=True)
class Wanted:
    """A request for samples, checked."""

    prompt: Sequence[int]
    samples: int
    tokens_max: int
    seed: int
    temperature: float
    """0: always the likeliest."""
    top_k: int
    """Off: 0."""
    top_p: float
    """Off: 1."""
    stop_tokens: frozenset[int]
    stop_texts: tuple[str, ...]
    prompt_logprobs: bool = False
    prompt_top: int = 0
    sample_top: int = 0
    last: int = 0
    """How many of the prompt's tokens are scored. 0: all but the first, which nothing comes before."""


def sample(
    model: Model,
    adapter: Adapter | None,
    wanted: Wanted,
    decode: Callable[[Sequence[int]], str],
    chunk: int,
    gone: Callable[[], bool],
) -> Sampled:
    """Samples; `gone` is asked before every token. Raises Cancelled, Refused."""
    with model.using(adapter), torch.inference_mode():
        ids = torch.tensor([list(wanted.prompt)], device=model.device)
        states, cache = model.states(ids)
        scored, top = _prompt(model, states[0], ids[0], wanted, chunk)
        cache.batch_repeat_interleave(wanted.samples)
        logits = model.head(states[:, -1]).expand(wanted.samples, -1)
        draw = torch.Generator(model.device).manual_seed(wanted.seed)
        rows = [_Row(wanted, decode) for _ in range(wanted.samples)]
        live = list(range(wanted.samples))
        while live:
            if gone():
                raise Cancelled
            tokens = _next(logits, wanted, draw)
            known = logits.log_softmax(1)
            picked = known.gather(1, tokens[:, None])[:, 0].tolist()
            likely = known.topk(min(wanted.sample_top, known.shape[1])) if wanted.sample_top else None
            for at, (index, token) in enumerate(zip(live, tokens.tolist(), strict=True)):
                rows[index].add(token, picked[at], _pairs(likely, at) if likely is not None else None)
            kept = [at for at, index in enumerate(live) if not rows[index].ended]
            if len(kept) < len(live):
                chosen = torch.tensor(kept, device=model.device, dtype=torch.int64)
                if kept:
                    cache.batch_select_indices(chosen)
                tokens, live = tokens[chosen], [live[at] for at in kept]
            if live:
                states, cache = model.states(tokens[:, None], cache)
                logits = model.head(states[:, -1])
    answers = [Answer(row.tokens, row.logprobs, row.stopped, row.top if wanted.sample_top else None) for row in rows]
    return Sampled(answers, scored, top)


class _Row:
    """One sample as it grows."""

    def __init__(self, wanted: Wanted, decode: Callable[[Sequence[int]], str]) -> None:
        self._wanted, self._decode = wanted, decode
        self.tokens: list[int] = []
        self.logprobs: list[float] = []
        self.top: list[Top] = []
        self.stopped = self.ended = False

    def add(self, token: int, logprob: float, top: Top | None) -> None:
        self.tokens.append(token)
        self.logprobs.append(logprob)
        if top is not None:
            self.top.append(top)
        texts = self._wanted.stop_texts
        self.stopped = token in self._wanted.stop_tokens or (bool(texts) and self._spelled(texts))
        self.ended = self.stopped or len(self.tokens) >= self._wanted.tokens_max

    def _spelled(self, texts: Sequence[str]) -> bool:
        """Whether a text has just been completed: a token has at least one byte, so it stands in the last tokens."""
        tail = self._decode(self.tokens[-(4 * max(map(len, texts)) + 8) :])
        return any(text in tail for text in texts)


def _prompt(
    model: Model, states: torch.Tensor, ids: torch.Tensor, wanted: Wanted, chunk: int
) -> tuple[list[float | None] | None, list[Top | None] | None]:
    """Log-probabilities of the prompt's own tokens and of the likeliest in their place; none for the first."""
    length = len(ids)
    first = max(1, length - wanted.last) if wanted.last else 1
    scored: list[float | None] | None = None
    top: list[Top | None] | None = None
    if wanted.prompt_logprobs:
        found = (
            logprobs(model, states[first - 1 : -1], ids[first:, None], chunk)[:, 0].tolist() if first < length else []
        )
        scored = [None] * (length - len(found)) + found
    if wanted.prompt_top:
        top = [None] * first
        for begin in range(first - 1, length - 1, chunk):
            known = model.head(states[begin : min(begin + chunk, length - 1)]).log_softmax(1)
            likely = known.topk(min(wanted.prompt_top, known.shape[1]))
            top += [_pairs(likely, at) for at in range(len(known))]
    return scored, top


def _pairs(likely: Any, at: int) -> Top:
    return list(zip(likely.indices[at].tolist(), likely.values[at].tolist(), strict=True))


def _next(logits: torch.Tensor, wanted: Wanted, draw: torch.Generator) -> torch.Tensor:
    """A token per row (rows, vocabulary): after temperature, the k likeliest, then the fewest that reach top_p."""
    if wanted.temperature == 0:
        return logits.argmax(1)
    warm = logits / wanted.temperature
    if not bool(warm.isfinite().all()):
        raise Refused(f"temperature {wanted.temperature}: no finite probabilities come of it")
    if 0 < wanted.top_k < warm.shape[1]:
        least = warm.topk(wanted.top_k).values[:, -1:]
        warm = warm.masked_fill(warm < least, -torch.inf)
    chances = warm.softmax(1)
    if wanted.top_p < 1:
        ordered, places = chances.sort(1, descending=True)
        beyond = ordered.cumsum(1) - ordered >= wanted.top_p
        chances = torch.zeros_like(chances).scatter(1, places, ordered.masked_fill(beyond, 0))
    return torch.multinomial(chances, 1, generator=draw)[:, 0]
