"""A state as a Hugging Face model folder."""

from __future__ import annotations

from pathlib import Path

import torch

from hanse.lm import model as models
from hanse.lm.tokenizer import Tokenizer
from hanse.run.counts import read_counts
from hanse.run.fold import Fold, plan_of
from hanse.run.origin import tokenizer_of, vocab_size
from hanse.run.state import State
from hanse.store import Store


def run_tokenizer(fold: Fold, store: Store, given: Path | None = None) -> Tokenizer:
    """The tokenizer of a run, from its log."""
    plan = plan_of(fold)
    counts = read_counts(fold, store) if plan.tokenizer.kind == "counts" else []
    return tokenizer_of(plan, counts, given)


def model_of(fold: Fold, tokenizer: Tokenizer, state: State, base: Path | None = None) -> torch.nn.Module:
    """The model with a state's weights."""
    plan = plan_of(fold)
    model = models.build(plan.model, vocab_size(plan, tokenizer), base)
    models.load_weights(model, state.weights)
    return model


def export_state(
    fold: Fold, store: Store, state: State, folder: Path, base: Path | None = None, given: Path | None = None
) -> None:
    """Write a state's weights, config and tokenizer; `AutoModelForCausalLM.from_pretrained(folder)` loads it."""
    tokenizer = run_tokenizer(fold, store, given)
    models.export(model_of(fold, tokenizer, state, base), tokenizer, folder)
