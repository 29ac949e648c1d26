"""Where a language model run starts: tokenizer from the members' word counts, initial weights from the seed or the base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hanse import canonical
from hanse.errors import InputError
from hanse.lm import model as models
from hanse.lm.tokenizer import Tokenizer, load_given, train_bpe
from hanse.run.plan import Plan
from hanse.run.port import Start


@dataclass(frozen=True)
class LmOrigin:
    """The start of a language model run: tokenizer from the counts, initial weights from the seed or the base."""

    base: Path | None = None
    """Folder of the adopted base, where the plan has one."""
    tokenizer: Path | None = None
    """The given tokenizer.json, where the plan names one."""

    def __call__(self, plan: Plan, counts: list[dict[str, int]]) -> Start:
        tokenizer = tokenizer_of(plan, counts, self.tokenizer)
        identity = canonical.digest({"plan": plan.digest, "tokenizer": tokenizer.sha256})
        return Start(identity, models.start(plan.model, vocab_size(plan, tokenizer), self.base))


def tokenizer_of(plan: Plan, counts: list[dict[str, int]], given: Path | None) -> Tokenizer:
    """The run's tokenizer. Raises InputError when a given one is not at hand."""
    if plan.tokenizer.kind == "counts":
        return Tokenizer(train_bpe(counts, plan.tokenizer.vocab_size))
    if given is None:
        raise InputError(f"the plan names a tokenizer.json of SHA-256 {plan.tokenizer.sha256}: say where it is (`tokenizer`)")
    try:
        return load_given(given.read_bytes(), plan.tokenizer.sha256)
    except OSError as error:
        raise InputError(f"{given}: {error.strerror}") from error


def vocab_size(plan: Plan, tokenizer: Tokenizer) -> int:
    """Rows of the embedding: a multiple of 32, at least the tokenizer's."""
    return plan.tokenizer.vocab_size if plan.tokenizer.kind == "counts" else -(-tokenizer.size // 32) * 32
