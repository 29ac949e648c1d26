"""Passes, steps and samples on a tiny model against plain PyTorch."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.hedge.quantize import making
from tests.hedge.tinker.tiny_model import FLOOR, LORA, SERVING, WANTED, asked, examples, grads, sampled, scored, trained

from hanse.hedge.tinker.adapters import Model
from hanse.hedge.tinker.refused import Cancelled, Refused
from hanse.hedge.tinker.requests import AdamParams
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tinker.train import run_pass, step
from hanse.hedge.tinker.wire import Pass
from hanse.hedge.tune.base import load, open_base
from hanse.hedge.tune.lora import load_adapter


@pytest.fixture(scope="module", params=[False, True], ids=["untied", "tied"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model") / "tiny"
    making.small(made, tie_word_embeddings=request.param)
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    base = open_base(str(folder))
    return Model(base, load(base)[0], "cpu")


def test_a_fresh_adapter_changes_nothing(model: Model, folder: Path) -> None:
    (example,) = examples(12)
    plain = load(open_base(str(folder)))[0]
    with torch.no_grad():
        logits = plain(torch.from_numpy(example.tokens)[None]).logits[0]
    expected = logits.log_softmax(1)[torch.arange(12), torch.from_numpy(example.targets)]
    found = run_pass(model, model.fresh(LORA), asked([example], False), SERVING)
    assert found.logprobs[0] == pytest.approx(expected.numpy(), abs=1e-5)
    assert found.metrics["loss:sum"] == pytest.approx(
        -float((expected.numpy() * example.inputs["weights"]).sum()), rel=1e-5
    )


def test_gradients_are_those_of_the_whole_loss_however_it_is_cut(model: Model) -> None:
    data = examples(9, 30, 2, 9, 17)
    found = []
    for tokens, chunk, thrifty in ((1, 1, True), (64, 7, False), (4096, 512, True)):
        adapter = trained(model)
        run_pass(model, adapter, asked(data), Serving(tokens_per_pass=tokens, logits_per_chunk=chunk, thrifty=thrifty))
        found.append(grads(adapter))
    adapter = trained(model)
    with model.using(adapter):
        loss = torch.tensor(0.0)
        for item in data:
            logits = model.plain(torch.from_numpy(item.tokens)[None]).logits[0].float()
            picked = logits.log_softmax(1)[torch.arange(len(item.targets)), torch.from_numpy(item.targets)]
            loss = loss - (picked * torch.from_numpy(item.inputs["weights"])).sum()
        loss.backward()
    expected = grads(adapter)
    assert len(expected) == len(adapter.tensors)
    for one in found:
        for name, value in expected.items():
            assert torch.allclose(one[name], value, atol=1e-4, rtol=1e-3), name


def test_passes_add_up_and_a_forward_pass_adds_nothing(model: Model) -> None:
    data = examples(9, 5)
    both, apart = trained(model), trained(model)
    run_pass(model, both, asked(data), SERVING)
    for item in data:
        run_pass(model, apart, asked([item]), SERVING)
    run_pass(model, apart, asked(data, False), SERVING)
    for name, value in grads(both).items():
        assert torch.allclose(grads(apart)[name], value, atol=1e-4, rtol=1e-3)


def test_a_loss_that_is_not_finite_leaves_the_gradients_as_they_were(model: Model) -> None:
    adapter = trained(model)
    run_pass(model, adapter, asked(examples(4)), SERVING)
    before = {name: value.clone() for name, value in grads(adapter).items()}
    (bad,) = examples(4)
    far = {"logprobs": np.full(4, -1e6, np.float32), "advantages": np.ones(4, np.float32)}
    with pytest.raises(Refused, match=r"importance_sampling is -?(inf|nan)"):
        run_pass(model, adapter, Pass([replace(bad, inputs=far)], "importance_sampling", {}, True), SERVING)
    assert all(torch.equal(value, before[name]) for name, value in grads(adapter).items())


@pytest.mark.parametrize("thrifty", [True, False])
def test_a_pass_that_is_given_up_ends_before_the_next_layer_and_leaves_the_gradients_as_they_were(
    model: Model, thrifty: bool
) -> None:
    adapter = trained(model)
    run_pass(model, adapter, asked(examples(4)), SERVING)
    before = {name: value.clone() for name, value in grads(adapter).items()}
    done: list[str] = []
    layers = [layer.self_attn.register_forward_hook(lambda *_: done.append("layer")) for layer in model.plain.model.layers]
    serving = Serving(thrifty=thrifty, tokens_per_pass=1 << 20, logits_per_chunk=1 << 20)

    def run(stop_at: int) -> list[int]:
        """How many layers were done at each time it was asked, until it was told to end."""
        done.clear()
        asks: list[int] = []

        def stopping() -> bool:
            asks.append(len(done))
            return len(asks) == stop_at

        run_pass(model, adapter, asked(examples(9, 40, 40)), serving, stopping)
        return asks

    try:
        whole = run(0)
        assert max(b - a for a, b in pairwise(whole)) == 1, "more than a layer is done between two times it is asked"
        assert len(done) == (4 if thrifty else 2)
        assert len(whole) >= 7 + (3 if thrifty else 1), "2 layers, 3 pieces of logits, and in the backward pass again"
        for name, item in adapter.tensors.items():
            item.grad = before[name].clone()
        for stop_at in range(1, len(whole) + 1):
            with pytest.raises(Cancelled):
                run(stop_at)
            assert len(done) == whole[stop_at - 1], "a layer was done after the end was asked for"
            assert all(torch.equal(value, before[name]) for name, value in grads(adapter).items())
    finally:
        for layer in layers:
            layer.remove()


def test_a_base_in_bfloat16_learns_and_serves_what_it_trained(folder: Path) -> None:
    base = open_base(str(folder))
    half = Model(base, load(base, "bfloat16")[0], "cpu")
    assert next(half.plain.parameters()).dtype == torch.bfloat16
    adapter, (one,) = half.fresh(LORA), examples(9)
    assert {item.dtype for item in adapter.tensors.values()} == {torch.float32}
    losses = []
    for _ in range(12):
        losses.append(run_pass(half, adapter, asked([one]), SERVING).metrics["loss:sum"])
        step(adapter, AdamParams(learning_rate=1e-2))
    assert losses[-1] < losses[0] / 2, losses
    found = sampled(half, adapter, prompt=one.tokens.tolist(), prompt_logprobs=True)
    assert found.prompt_logprobs is not None
    assert found.prompt_logprobs[1:] == pytest.approx(scored(half, adapter, one.tokens.tolist()), abs=0.05)


def test_a_step_is_adamws_with_clipping(model: Model) -> None:
    adapter = trained(model)
    params = [torch.nn.Parameter(item.detach().clone()) for item in trained(model, 0).tensors.values()]
    fresh = model.fresh(LORA)
    optimizer = torch.optim.AdamW(params, lr=3e-3, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.1)
    for _ in range(3):
        run_pass(model, fresh, asked(examples(6)), SERVING)
        for mine, theirs in zip(params, fresh.tensors.values(), strict=True):
            mine.grad = theirs.grad.clone() if theirs.grad is not None else None
        norm = torch.nn.utils.clip_grad_norm_(params, 0.5)
        optimizer.step()
        told = step(
            fresh, AdamParams(learning_rate=3e-3, beta1=0.8, beta2=0.9, eps=1e-6, weight_decay=0.1, grad_clip_norm=0.5)
        )
        assert told["grad_l2:mean"] == pytest.approx(float(norm))
    assert all(torch.equal(a, b) for a, b in zip(params, fresh.tensors.values(), strict=True))
    assert fresh.steps == adapter.steps == 3


def test_a_step_without_gradients_or_with_bad_ones_changes_no_weight(model: Model) -> None:
    adapter = trained(model)
    with pytest.raises(Refused, match="there is no gradient; call forward_backward first"):
        step(adapter, AdamParams())
    before = [item.detach().clone() for item in adapter.tensors.values()]
    for item in adapter.tensors.values():
        item.grad = torch.full_like(item, torch.nan)
    with pytest.raises(Refused, match="norm is nan; it was dropped"):
        step(adapter, AdamParams())
    assert all(torch.equal(a, b) for a, b in zip(before, adapter.tensors.values(), strict=True))
    assert not grads(adapter)


def test_adapters_of_every_shape_over_one_base_do_not_touch_each_other(model: Model) -> None:
    (probe,) = examples(8)
    shapes = [
        LORA,
        replace(LORA, rank=2),
        replace(LORA, targets="attention", unembed=False),
        replace(LORA, targets="mlp"),
        LORA,
    ]
    adapters = [trained(model, lora=shape) for shape in shapes[:-1]] + [trained(model, 1)]
    alone = [run_pass(model, item, asked([probe], False), SERVING).logprobs[0] for item in adapters]
    for item in adapters[::-1]:
        run_pass(model, item, asked(examples(5)), SERVING)
    again = [run_pass(model, item, asked([probe], False), SERVING).logprobs[0] for item in adapters]
    assert all(np.array_equal(a, b) for a, b in zip(alone, again, strict=True))
    assert len({row.tobytes() for row in alone}) == len(alone)
    assert all(not item.requires_grad for name, item in model.plain.named_parameters() if "lora_" not in name)


def test_a_saved_adapter_goes_on_as_if_it_had_not_been_saved_and_is_pefts(
    model: Model, folder: Path, tmp_path: Path
) -> None:
    adapter = trained(model)
    model.save(adapter, tmp_path, True)
    loaded = model.load(tmp_path, LORA, True, False)
    assert loaded.steps == 3
    for item in (adapter, loaded):
        run_pass(model, item, asked(examples(7)), SERVING)
        step(item, AdamParams(learning_rate=1e-2))
    assert all(torch.equal(adapter.tensors[name], loaded.tensors[name]) for name in adapter.tensors)
    base, (probe,) = open_base(str(folder)), examples(8)
    by_peft = load_adapter(load(base)[0], tmp_path / "adapter", base)
    with torch.no_grad():
        logits = by_peft(torch.from_numpy(probe.tokens)[None]).logits[0].float()
    expected = logits.log_softmax(1)[torch.arange(8), torch.from_numpy(probe.targets)].numpy()
    found = run_pass(model, model.load(tmp_path, LORA, False, True), asked([probe], False), SERVING).logprobs[0]
    assert found == pytest.approx(expected, abs=1e-5)


def test_weights_without_an_optimizer_or_of_another_shape_are_refused(model: Model, tmp_path: Path) -> None:
    model.save(trained(model), tmp_path, False)
    with pytest.raises(Refused, match="saved without an optimizer's state"):
        model.load(tmp_path, LORA, True, False)
    with pytest.raises(Refused, match="its tensors are not those"):
        model.load(tmp_path, replace(LORA, rank=2), False, False)


def test_what_is_served_is_what_training_computes(model: Model) -> None:
    adapter = trained(model)
    for answer in sampled(model, adapter, temperature=0.7, top_k=50, top_p=0.9).sequences:
        assert answer.logprobs == pytest.approx(scored(model, adapter, [*WANTED.prompt, *answer.tokens])[2:], abs=FLOOR)
    found = sampled(model, adapter, prompt=list(range(20, 40)), prompt_logprobs=True, prompt_top=3)
    assert found.prompt_logprobs is not None
    assert found.prompt_logprobs[0] is None
    assert found.prompt_logprobs[1:] == pytest.approx(scored(model, adapter, list(range(20, 40))), abs=FLOOR)
    last = sampled(model, adapter, prompt=list(range(20, 40)), prompt_logprobs=True, last=4)
    assert last.prompt_logprobs is not None
    assert last.prompt_logprobs[:16] == [None] * 16
    assert last.prompt_logprobs[16:] == pytest.approx(found.prompt_logprobs[16:], abs=FLOOR)


def test_samples_follow_the_models_chances_and_the_cuts(model: Model) -> None:
    adapter = trained(model)
    (likeliest,) = sampled(model, adapter, samples=1, tokens_max=1, sample_top=5).sequences
    assert likeliest.top is not None
    top = [token for token, _ in likeliest.top[0]]
    for changes in ({"temperature": 0.0}, {"top_k": 1}, {"top_p": 1e-9}):
        assert [item.tokens for item in sampled(model, adapter, tokens_max=1, **changes).sequences] == [[top[0]]] * 4
    kept = sampled(model, adapter, samples=200, tokens_max=1, top_k=5, temperature=5.0).sequences
    assert {item.tokens[0] for item in kept} <= set(top)
    assert len({item.tokens[0] for item in kept}) > 1
    assert sampled(model, adapter) == sampled(model, adapter) != sampled(model, adapter, seed=4)


def test_a_stop_ends_each_sample_where_it_stands(model: Model) -> None:
    adapter = trained(model)
    free = sampled(model, adapter).sequences
    assert [(len(item.tokens), item.stopped) for item in free] == [(6, False)] * 4
    token = free[1].tokens[2]
    for changes in ({"stop_tokens": frozenset([token])}, {"stop_texts": (f"<{token}>",)}):
        cut = sampled(model, adapter, **changes).sequences
        for item in cut:
            assert item.stopped == (token in item.tokens)
            assert token not in item.tokens[:-1]
        assert cut[1].tokens == free[1].tokens[: free[1].tokens.index(token) + 1] or token in free[1].tokens[:2]


def test_a_cancelled_sample_ends_at_its_next_token(model: Model) -> None:
    calls = iter([False, False, True])
    with pytest.raises(Cancelled):
        sampled(model, None, lambda: next(calls))
    assert list(calls) == []


def test_the_base_alone_is_sampled_beside_adapters(model: Model) -> None:
    adapter = trained(model)
    plain = sampled(model, None, prompt_logprobs=True)
    fresh = sampled(model, model.fresh(LORA), prompt_logprobs=True)
    tuned = sampled(model, adapter, prompt_logprobs=True)
    assert plain.prompt_logprobs is not None
    assert fresh.prompt_logprobs is not None
    assert fresh.prompt_logprobs[1:] == pytest.approx(plain.prompt_logprobs[1:], abs=1e-6)
    assert tuned.prompt_logprobs != plain.prompt_logprobs


def test_a_model_that_caps_its_logits_is_run_whole(tmp_path: Path) -> None:
    making.small(tmp_path / "capped", "gemma2", final_logit_softcapping=5.0, attn_logit_softcapping=50.0)
    base = open_base(str(tmp_path / "capped"))
    model, plain = Model(base, load(base)[0], "cpu"), load(base)[0]
    (example,) = examples(6)
    with torch.no_grad():
        logits = plain(torch.from_numpy(example.tokens)[None]).logits[0].float()
    expected = logits.log_softmax(1)[torch.arange(6), torch.from_numpy(example.targets)].numpy()
    assert float(logits.abs().max()) <= 5
    assert run_pass(model, model.fresh(LORA), asked([example]), SERVING).logprobs[0] == pytest.approx(
        expected, abs=1e-5
    )
