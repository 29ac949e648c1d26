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
    asked: Sequence[tuple[Wanted, Callable[[], bool]]],
    decode: Callable[[Sequence[int]], str],
    chunk: int,
) -> list[Sampled | Refused | Cancelled]:
    """What comes of each request, as if it were alone: each has its own seed, cuts and stops, and ends by itself. The second of a
    pair is whether nobody waits for it any more: asked before every token, and before every layer while prompts are read."""

    def check() -> None:
        if all(gone() for _, gone in asked):
            raise Cancelled

    with model.using(adapter), torch.inference_mode():
        try:
            with model.watched(check):
                prompts = _read(model, [wanted for wanted, _ in asked], chunk)
            running = [_Running(wanted, gone, prompt, decode, model.device)
                       for (wanted, gone), prompt in zip(asked, prompts.each, strict=True)]  # fmt: skip
            _write(model, running, prompts)
        except Cancelled as error:
            return [error for _ in asked]
    return [item.result() for item in running]


@dataclass
class _Prompt:
    """One request's prompt after it was read."""

    row: int
    """Of the cache: equal prompts share one."""
    scored: list[float | None] | None
    top: list[Top | None] | None


@dataclass
class _Prompts:
    """All of them."""

    each: Sequence[_Prompt]
    cache: Any
    last: torch.Tensor
    """States (rows, width) after each prompt."""
    mask: torch.Tensor | None
    """(rows, length), 0 where a shorter prompt is filled up, to its left; None: all are as long."""


def _read(model: Model, asked: Sequence[Wanted], chunk: int) -> _Prompts:
    """One pass over the prompts; each one's log-probabilities where they are wanted."""
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(tuple(wanted.prompt) for wanted in asked))}
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in rows], device=model.device)
    counts = torch.tensor([[longest - len(prompt)] for prompt in rows], device=model.device)
    mask = (torch.arange(longest, device=model.device) >= counts).long() if bool(counts.any()) else None
    states, cache = model.states(ids, mask=mask)
    each = []
    for wanted in asked:
        row, length = rows[tuple(wanted.prompt)], len(wanted.prompt)
        each.append(_Prompt(row, *_prompt(model, states[row, longest - length :], ids[row, longest - length :], wanted, chunk)))
    return _Prompts(each, cache, states[:, -1], mask)


def _write(model: Model, running: Sequence[_Running], prompts: _Prompts) -> None:
    """A token a pass for every sample that has not ended."""
    live = [(item, row) for item in running for row in item.rows]
    mask, chosen = prompts.mask, torch.tensor([item.prompt.row for item, _ in live], device=model.device)
    prompts.cache.batch_select_indices(chosen)
    mask, states = None if mask is None else mask[chosen], prompts.last[chosen]
    while True:
        logits = model.head(states)
        known, parts, begin = logits.log_softmax(1), [], 0
        for item in running:
            end = begin + len(item.live)
            if end > begin:
                parts.append(item.add(logits[begin:end], known[begin:end]))
            begin = end
        tokens = torch.cat(parts)
        kept = [at for at, (_, row) in enumerate(live) if not row.ended]
        if not kept:
            return
        if len(kept) < len(live):
            chosen = torch.tensor(kept, device=model.device)
            prompts.cache.batch_select_indices(chosen)
            tokens, mask, live = tokens[chosen], None if mask is None else mask[chosen], [live[at] for at in kept]
        mask = None if mask is None else torch.nn.functional.pad(mask, (0, 1), value=1)
        states = model.states(tokens[:, None], prompts.cache, mask)[0][:, -1]


class _Running:
    """One request while its samples grow."""

    def __init__(
        self, wanted: Wanted, gone: Callable[[], bool], prompt: _Prompt, decode: Callable[[Sequence[int]], str], device: str
    ) -> None:
        self._wanted, self._gone, self.prompt = wanted, gone, prompt
        self._draw = torch.Generator(device).manual_seed(wanted.seed)
        self._failure: Refused | Cancelled | None = None
        self.rows = [_Row(wanted, decode) for _ in range(wanted.samples)]

    @property
    def live(self) -> list[_Row]:
        """Samples that have not ended."""
        return [row for row in self.rows if not row.ended]

    def add(self, logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """The next token of each of them, of logits and log-probabilities (rows, vocabulary)."""
        live, wanted = self.live, self._wanted
        try:
            if self._gone():
                raise Cancelled
            tokens = _next(logits, wanted, self._draw)
        except (Refused, Cancelled) as error:
            self._failure = error
            for row in live:
                row.ended = True
            return torch.zeros(len(live), dtype=torch.int64, device=logits.device)
        picked = known.gather(1, tokens[:, None])[:, 0].tolist()
        likely = known.topk(min(wanted.sample_top, known.shape[1])) if wanted.sample_top else None
        for at, (row, token) in enumerate(zip(live, tokens.tolist(), strict=True)):
            row.add(token, picked[at], _pairs(likely, at) if likely is not None else None)
        return tokens

    def result(self) -> Sampled | Refused | Cancelled:
        """Once all have ended."""
        if self._failure is not None:
            return self._failure
        answers = [
            Answer(row.tokens, row.logprobs, row.stopped, row.top if self._wanted.sample_top else None) for row in self.rows
        ]
        return Sampled(answers, self.prompt.scored, self.prompt.top)


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
