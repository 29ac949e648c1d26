"""Requests for samples that go through the model together: each gets what it would get alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.hedge.quantize import making
from tests.hedge.tinker.tiny_model import FLOOR, WANTED, sampled, scored, together, trained

from hanse.hedge.tinker.adapters import Model
from hanse.hedge.tinker.refused import Cancelled, Refused
from hanse.hedge.tinker.sample import Wanted
from hanse.hedge.tinker.wire import Sampled
from hanse.hedge.tune.base import load, open_base

KINDS: dict[str, dict[str, Any]] = {
    "llama": {}, "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}, "mistral": {"sliding_window": 6},
}  # fmt: skip


def a_model(folder: Path, kind: str, **fields: Any) -> Model:
    making.small(folder, kind, **fields)
    base = open_base(str(folder))
    return Model(base, load(base)[0], "cpu")


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One that looks back all the way, one with places of its own, one that looks back six tokens."""
    return a_model(tmp_path_factory.mktemp("model") / request.param, request.param, **KINDS[request.param])


def never() -> bool:
    return False


def at_call(number: int) -> Callable[[], bool]:
    asks: list[None] = []

    def gone() -> bool:
        asks.append(None)
        return len(asks) >= number

    return gone


WANTS = [
    WANTED, replace(WANTED, seed=4, samples=1), replace(WANTED, prompt=[9] * 17, seed=3, samples=2, temperature=0.7, top_k=50),
    replace(WANTED, prompt=[5], temperature=0.0, samples=1, tokens_max=12), replace(WANTED, samples=3, top_p=0.5, sample_top=3),
    replace(WANTED, prompt=list(range(30, 41)), samples=1, seed=9, prompt_logprobs=True, prompt_top=2, tokens_max=2),
]  # fmt: skip


def same(found: Sampled | Refused | Cancelled, alone: Sampled) -> float:
    """The largest difference of a log-probability; all else must be equal."""
    assert isinstance(found, Sampled)
    worst = [0.0]
    for one, other in zip(found.sequences, alone.sequences, strict=True):
        assert (one.tokens, one.stopped) == (other.tokens, other.stopped)
        worst += np.abs(np.subtract(one.logprobs, other.logprobs)).tolist()
        assert (one.top is None) == (other.top is None)
        for row, also in zip(one.top or [], other.top or [], strict=True):
            assert [token for token, _ in row] == [token for token, _ in also]
            worst += [abs(a - b) for (_, a), (_, b) in zip(row, also, strict=True)]
    assert (found.prompt_logprobs is None) == (alone.prompt_logprobs is None)
    worst += np.abs(np.subtract((found.prompt_logprobs or [0])[1:], (alone.prompt_logprobs or [0])[1:])).tolist()
    for top, also in zip((found.prompt_top or [None])[1:], (alone.prompt_top or [None])[1:], strict=True):
        assert [token for token, _ in top or ()] == [token for token, _ in also or ()]
    return max(worst)


def test_each_gets_what_it_would_get_alone(model: Model) -> None:
    assert model.pads
    adapter = trained(model)
    for lent in (adapter, None):
        alone = [sampled(model, lent, **vars(wanted)) for wanted in WANTS]
        for order in (WANTS, WANTS[::-1]):
            found = together(model, lent, *((wanted, never) for wanted in order))
            worst = [same(one, alone[WANTS.index(wanted)]) for one, wanted in zip(found, order, strict=True)]
            assert max(worst) < FLOOR / 10
    (found,) = together(model, adapter, (WANTS[2], never), (WANTED, never))[:1]
    assert isinstance(found, Sampled)
    for answer in found.sequences:
        assert answer.logprobs == pytest.approx(scored(model, adapter, [*WANTS[2].prompt, *answer.tokens])[16:], abs=FLOOR)


def test_a_stop_a_cancelled_one_and_a_bad_one_leave_the_others_as_they_were(model: Model) -> None:
    alone = sampled(model, None)
    stop = frozenset([alone.sequences[0].tokens[1]])
    others: list[tuple[Wanted, Callable[[], bool]]] = [
        (replace(WANTED, prompt=[8] * 9, stop_tokens=stop), never), (replace(WANTED, prompt=[7] * 30, seed=8), at_call(4)),
        (replace(WANTED, temperature=1e-45), never),
    ]  # fmt: skip
    stopped, cancelled, bad, kept = together(model, None, *others, (WANTED, never))
    assert same(stopped, sampled(model, None, **vars(others[0][0]))) < FLOOR / 10
    assert isinstance(cancelled, Cancelled)
    assert isinstance(bad, Refused)
    assert same(kept, alone) < FLOOR / 10


def test_prompts_are_read_no_further_once_nobody_waits_for_any(model: Model) -> None:
    reads: list[None] = []
    for layer in model._layers:
        layer.register_forward_hook(lambda *_: reads.append(None))
    found = together(model, None, (WANTED, lambda: bool(reads)), (replace(WANTED, prompt=[5]), lambda: bool(reads)))
    assert [type(one) for one in found] == [Cancelled, Cancelled]
    assert len(reads) == 1


def test_a_model_that_caps_its_logits_reads_one_prompt_at_a_time(tmp_path: Path) -> None:
    assert not a_model(tmp_path / "capped", "gemma2", final_logit_softcapping=5.0, attn_logit_softcapping=50.0).pads
