from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from tests.lm.conftest import ROWS, TINY
from torch.nn import functional

from hanse.errors import CorpusError
from hanse.lm import evaluate
from hanse.lm import model as models
from hanse.lm.evaluate import Score, bits_per_byte, sample, score
from hanse.lm.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def model() -> Any:
    return models.build(TINY, ROWS)


@torch.no_grad()
def by_hand(model: Any, tokenizer: Tokenizer, text: str, length: int) -> float:
    """One window at a time, no batches, no padding."""
    stream = [tokenizer.end_id, *tokenizer.encode([text])[0]]
    total = 0.0
    for at in range(0, len(stream) - 1, length):
        window = torch.tensor([stream[at : at + length + 1]])
        logits = model(input_ids=window[:, :-1], use_cache=False).logits[0]
        total += float(functional.cross_entropy(logits, window[0, 1:], reduction="sum"))
    return total


def test_the_score_is_the_one_done_by_hand(model: Any, tokenizer: Tokenizer, texts: list[str]) -> None:
    some = [texts[0], "ünï", texts[1][:50], "a"]
    found = score(model, tokenizer, some, 16, batch=3)
    for text, nats, size in zip(some, found.nats, found.byte_counts, strict=True):
        assert nats == pytest.approx(by_hand(model, tokenizer, text, 16), rel=1e-5)
        assert size == len(text.encode())
    assert found.bits_per_byte == pytest.approx(sum(found.nats) / math.log(2) / sum(found.byte_counts))


def test_batches_change_the_score_by_rounding_only(
    model: Any, tokenizer: Tokenizer, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(model, tokenizer, texts, 16).bits_per_byte
    monkeypatch.setattr(evaluate, "_LOGITS_MAX", 1)
    assert score(model, tokenizer, texts, 16).bits_per_byte == pytest.approx(whole, rel=1e-6)


def test_a_domain_is_scored_by_itself(model: Any, tokenizer: Tokenizer, texts: list[str]) -> None:
    found = bits_per_byte(model, tokenizer, {"b": texts[:3], "a": texts[3:5]}, 16)
    assert list(found) == ["a", "b"]
    assert found["a"].bits_per_byte == pytest.approx(score(model, tokenizer, texts[3:5], 16).bits_per_byte, rel=1e-6)


def test_the_interval_holds_the_score_and_is_the_same_every_time() -> None:
    found = Score((1.0, 5.0, 2.0, 9.0), (10, 10, 10, 10))
    low, high = found.interval()
    assert low < found.bits_per_byte < high
    assert found.interval() == (low, high)


@pytest.mark.parametrize("nothing", [[], [""]])
def test_a_set_without_text_is_one_clear_error(model: Any, tokenizer: Tokenizer, nothing: list[str]) -> None:
    with pytest.raises(CorpusError, match="empty"):
        score(model, tokenizer, nothing, 16)


def test_samples_go_on_from_the_prompt_and_the_seed_fixes_them(model: Any, tokenizer: Tokenizer) -> None:
    one = sample(model, tokenizer, "the ship", 12, seed=1)
    assert one.startswith("the ship")
    assert sample(model, tokenizer, "the ship", 12, seed=1) == one
    assert sample(model, tokenizer, "the ship", 12, seed=2) != one
    cold = {sample(model, tokenizer, "the ship", 5, seed=seed, temperature=0) for seed in range(3)}
    assert len(cold) == 1
    assert len(sample(model, tokenizer, "", 100, seed=3)) > 0
