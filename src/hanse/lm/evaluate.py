"""Loss in bits per byte, document by document, and samples: what a model is worth on text it has not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from hanse.errors import CorpusError
from hanse.lm.tokenizer import Tokenizer

_IGNORED = -100
_LOGITS_MAX = 1 << 26
"""Logits held at a time (256 MiB as float32): large vocabularies get smaller batches."""


@dataclass(frozen=True)
class Score:
    """Loss over documents. Bits per byte compare models of different tokenizers; nats per token do not."""

    nats: tuple[float, ...]
    """Total loss of each document."""
    byte_counts: tuple[int, ...]
    """UTF-8 bytes of each document."""

    @property
    def bits_per_byte(self) -> float:
        return math.fsum(self.nats) / math.log(2) / sum(self.byte_counts)

    def interval(self, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
        """95% bootstrap interval over documents."""
        chance = np.random.default_rng(seed)
        nats, sizes = np.array(self.nats), np.array(self.byte_counts)
        rows = chance.integers(0, nats.size, (draws, nats.size))
        values = nats[rows].sum(1) / math.log(2) / sizes[rows].sum(1)
        return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


@torch.no_grad()
def score(model: torch.nn.Module, tokenizer: Tokenizer, texts: Sequence[str], length: int, batch: int = 32) -> Score:
    """Loss of `texts` in windows of `length` tokens, each document alone and starting after an end-of-text token.

    Raises CorpusError for a set without text.
    """
    if not any(texts):
        raise CorpusError("evaluation set is empty: give it at least one document")
    batch = max(1, min(batch, _LOGITS_MAX // (length * tokenizer.size)))
    model.eval()
    device = next(model.parameters()).device
    windows: list[tuple[int, list[int]]] = []
    for index, ids in enumerate(tokenizer.encode(texts)):
        stream = [tokenizer.end_id, *ids]
        windows += [(index, stream[at : at + length + 1]) for at in range(0, len(stream) - 1, length)]
    windows.sort(key=lambda item: len(item[1]))
    nats = [0.0] * len(texts)
    for at in range(0, len(windows), batch):
        chunk = windows[at : at + batch]
        width = max(len(ids) for _, ids in chunk)
        rows = torch.full((len(chunk), width), _IGNORED)
        for row, (_, ids) in enumerate(chunk):
            rows[row, : len(ids)] = torch.tensor(ids)
        rows = rows.to(device)
        inputs = rows[:, :-1].clamp(min=0)
        logits = model(input_ids=inputs, use_cache=False).logits.float()
        losses = functional.cross_entropy(
            logits.flatten(0, 1), rows[:, 1:].flatten(), ignore_index=_IGNORED, reduction="none"
        ).view(len(chunk), -1)
        for (index, _), total in zip(chunk, losses.double().sum(1).tolist(), strict=True):
            nats[index] += total
    return Score(tuple(nats), tuple(len(text.encode()) for text in texts))


def bits_per_byte(
    model: torch.nn.Module, tokenizer: Tokenizer, domains: Mapping[str, Sequence[str]], length: int
) -> dict[str, Score]:
    """The score of each domain's texts, by name; its `bits_per_byte` and, for a bootstrap, every document's loss."""
    return {name: score(model, tokenizer, texts, length) for name, texts in sorted(domains.items())}


@torch.no_grad()
def sample(model: Any, tokenizer: Tokenizer, prompt: str, tokens: int, seed: int, temperature: float = 0.8) -> str:
    """`prompt` continued by at most `tokens` tokens; temperature 0 takes the likeliest. The seed fixes the draws."""
    model.eval()
    device = next(model.parameters()).device
    ids = [tokenizer.end_id, *tokenizer.encode([prompt])[0]]
    stream = torch.Generator(device="cpu").manual_seed(seed)
    limit = int(getattr(model.config, "max_position_embeddings", 1024))
    for _ in range(tokens):
        logits = model(input_ids=torch.tensor([ids[-limit:]], device=device), use_cache=False).logits[0, -1].float().cpu()
        if temperature > 0:
            token = int(torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=stream))
        else:
            token = int(logits.argmax())
        if token == tokenizer.end_id:
            break
        ids.append(token)
    return tokenizer.decode(ids[1:])
