"""Answers before and after: greedy, by the base and by the merged model, to questions of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hanse.hedge.tune.chat import encode_prompt
from hanse.hedge.tune.data import Example, Parts


def questions(parts: Parts, count: int) -> list[Example]:
    """Held-out ones first."""
    return [example for example in (*parts.held, *parts.train) if example.asked][:count]


def answers(model: Any, tokenizer: Any, asked: Sequence[Example], tokens_max: int) -> list[str]:
    """One a question."""
    import torch

    model.eval()
    found = []
    for example in asked:
        ids = encode_prompt(tokenizer, example.asked if isinstance(example.asked, str) else list(example.asked))
        given = torch.tensor([ids], device=next(model.parameters()).device)
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        made = model.generate(given, attention_mask=torch.ones_like(given), max_new_tokens=tokens_max, do_sample=False, num_beams=1,
                              temperature=None, top_p=None, top_k=None, pad_token_id=pad or 0)  # fmt: skip
        found.append(str(tokenizer.decode(made[0][len(ids) :].tolist(), skip_special_tokens=True)))
    return found
