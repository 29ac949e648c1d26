"""Calls of the client that train, save and sample, each with what it is for."""

from __future__ import annotations

from typing import Any

from calling import IDS, NEW, World, call, expect, got, near, prompt, tinker, types, weighted


@call("ServiceClient.get_server_capabilities")
def _(w: World) -> None:
    (model,) = w.service.get_server_capabilities().supported_models
    expect(model.model_name == w.base and model.max_context_length == 512)


@call("ServiceClient.create_lora_training_client")
def _(w: World) -> None:
    w.train = got(w.service.create_lora_training_client(w.base, rank=4, seed=1, user_metadata={"for": "conformance"}))


@call("TrainingClient.get_info")
def _(w: World) -> None:
    info = w.train.get_info()
    expect(info.is_lora is True and info.lora_rank == 4 and info.model_data.model_name == w.base)


@call("TrainingClient.get_tokenizer")
def _(w: World) -> None:
    expect(w.train.get_info().model_data.tokenizer_id == w.base)
    if not NEW:  # the same code, and loading transformers takes long: once is enough
        return
    tokenizer = w.train.get_tokenizer()
    expect(tokenizer.decode(tokenizer.encode("a ledger", add_special_tokens=False)) == "a ledger")


@call("TrainingClient.forward")
def _(w: World) -> None:
    expect(len(w.logprobs()) == 7 and near(w.logprobs(), w.logprobs(), 0))


@call("TrainingClient.forward_backward")
def _(w: World) -> None:
    before = w.logprobs()
    result = w.train.forward_backward([weighted()] * 3, "cross_entropy").result()
    expect(near([result.metrics["loss:sum"]], [-3 * sum(before)], 1e-2) and len(result.loss_fn_outputs) == 3)
    expect(near(w.logprobs(), before, 0), "a pass changed the weights")


@call("TrainingClient.optim_step")
def _(w: World) -> None:
    losses = [w.learn(weights=[1.0] * 7) for _ in range(4)]
    expect(losses[-1] < losses[0])


@call("loss cross_entropy, several targets a position")
def _(w: World) -> None:
    pairs = types.TensorData(data=[t for i in IDS[1:] for t in (i, 3)], dtype="int64", shape=[7, 2])
    shares = types.TensorData(data=[0.75, 0.25] * 7, dtype="float32", shape=[7, 2])
    both = types.Datum(model_input=prompt(IDS[:-1]), loss_fn_inputs={"target_tokens": pairs, "weights": shares})
    out = w.train.forward_backward([both, weighted()], "cross_entropy").result().loss_fn_outputs
    expect(
        list(out[0]["logprobs"].shape) == [7, 2]
        and near(list(out[0]["logprobs"].data)[::2], list(out[1]["logprobs"].data))
    )


def policy(w: World, loss: str, config: Any = None, **more: list[float]) -> None:
    before, gain = w.logprobs(), [0.0, 0.0, 1.0, 1.0, -0.5, 1.0, 1.0]
    found = w.learn(loss, config, logprobs=before, advantages=gain, **more)
    expected = {"cispo": -2 * sum(a * b for a, b in zip(before, gain, strict=True))}
    expected["dro"] = expected["cispo"]
    expect(near([found], [expected.get(loss, -2 * sum(gain))], 1e-3), f"{loss} is {found}")
    expect(
        sum(a * g for a, g in zip(w.logprobs(), gain, strict=True))
        > sum(a * g for a, g in zip(before, gain, strict=True))
    )


@call("loss importance_sampling")
def _(w: World) -> None:
    policy(w, "importance_sampling")


@call("loss ppo")
def _(w: World) -> None:
    policy(w, "ppo", {"clip_low_threshold": 0.9, "clip_high_threshold": 1.1})


@call("loss cispo")
def _(w: World) -> None:
    policy(w, "cispo")


@call("loss dro")
def _(w: World) -> None:
    policy(w, "dro", {"beta": 0.1})


@call("loss gspo", True)
def _(w: World) -> None:
    policy(w, "gspo", sequence_ratio_mask=[0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])


@call("loss stable_reinforce", True)
def _(w: World) -> None:
    policy(w, "stable_reinforce")


@call("TrainingClient.forward_backward_custom")
def _(w: World) -> None:
    def loss(data: Any, logprobs: Any) -> Any:
        value = sum((row**2).sum() for row in logprobs)
        return value, {"squares:sum": float(value)}

    before = w.logprobs()
    result = w.train.forward_backward_custom([weighted()], loss).result()
    w.train.optim_step(types.AdamParams(learning_rate=1e-3)).result()
    expect(near([result.metrics["squares:sum"]], [sum(a * a for a in before)], 1e-2))
    expect(sum(a * a for a in w.logprobs()) < sum(a * a for a in before))


@call("ServiceClient.create_custom_loss", True)
def _(w: World) -> None:
    def squares(logprobs: Any) -> Any:
        value = (logprobs**2).sum()
        return value, {"custom/squares:sum": value}

    handle = w.service.create_custom_loss(squares, {"logprobs": 1}).result()
    expect("custom/squares:sum" in w.train.forward_backward_custom([weighted()], handle).result().metrics)
    w.train.optim_step(types.AdamParams(learning_rate=0.0)).result()


@call("optimizer dimuon", True)
def _(w: World) -> None:
    got(w.service.create_lora_training_client(w.base, rank=2, optimizer=types.DimuonOptimizerConfig()))


@call("images in a prompt")
def _(w: World) -> None:
    image = types.ImageChunk(data=b"\x89PNG", format="png", expected_tokens=1)
    shown = types.Datum(
        model_input=types.ModelInput(chunks=[image]), loss_fn_inputs={"target_tokens": [1], "weights": [1.0]}
    )
    w.train.forward([shown], "cross_entropy").result()


@call("TrainingClient.save_state")
def _(w: World) -> None:
    w.state = w.train.save_state("one", ttl_seconds=7200).result().path
    expect(w.state == f"tinker://{w.train.model_id}/weights/one")


@call("ServiceClient.create_training_client_from_state")
def _(w: World) -> None:
    other = got(w.service.create_training_client_from_state(w.state))
    mine = w.train
    w.train, theirs = other, w.logprobs()
    w.train = mine
    expect(other.model_id != mine.model_id and near(theirs, w.logprobs()))


@call("ServiceClient.create_training_client_from_state_with_optimizer")
def _(w: World) -> None:
    other = got(w.service.create_training_client_from_state_with_optimizer(w.state))
    mine, after = w.train, []
    for w.train in (mine, other):
        w.learn(weights=[1.0] * 7)
        after.append(w.logprobs())
    w.train = mine
    expect(near(*after), "the optimizer did not go on where it was")


@call("TrainingClient.load_state")
def _(w: World) -> None:
    w.learn(weights=[1.0] * 7)
    changed = w.logprobs()
    w.train.load_state(w.state).result()
    expect(not near(changed, w.logprobs()))


@call("TrainingClient.load_state_with_optimizer")
def _(w: World) -> None:
    before = w.logprobs()
    w.learn(weights=[1.0] * 7)
    w.train.load_state_with_optimizer(w.state).result()
    expect(near(before, w.logprobs()))


@call("TrainingClient.save_weights_for_sampler")
def _(w: World) -> None:
    w.named = w.train.save_weights_for_sampler("first").result().path
    expect(w.named == f"tinker://{w.train.model_id}/sampler_weights/first")


@call("TrainingClient.save_weights_and_get_sampling_client")
def _(w: World) -> None:
    w.sampler = got(w.train.save_weights_and_get_sampling_client())


@call("save_weights_and_get_sampling_client, kind inflight", True)
def _(w: World) -> None:
    got(w.train.save_weights_and_get_sampling_client(kind="inflight"))


@call("SamplingClient.compute_logprobs")
def _(w: World) -> None:
    found = w.sampler.compute_logprobs(prompt(IDS)).result()
    expect(found[0] is None and near(found[1:], w.logprobs()))


@call("SamplingClient.sample")
def _(w: World) -> None:
    params = types.SamplingParams(max_tokens=6, seed=3, temperature=0.8, top_k=20, top_p=0.9)
    one, two = (w.sampler.sample(prompt(IDS[:4]), 3, params).result().sequences for _ in range(2))
    expect([item.tokens for item in one] == [item.tokens for item in two] and len(one) == 3)
    whole = w.sampler.compute_logprobs(prompt(IDS[:4] + one[0].tokens)).result()
    expect(near(whole[4:], one[0].logprobs))
    expect(not NEW or len({item.sequence_id for item in one}) == 3)


@call("sample: stop")
def _(w: World) -> None:
    greedy = types.SamplingParams(max_tokens=6, temperature=0, stop=[])
    free = w.sampler.sample(prompt(IDS[:4]), 1, greedy).result().sequences[0]
    cut = greedy.model_copy(update={"stop": [free.tokens[2]]})
    short = w.sampler.sample(prompt(IDS[:4]), 1, cut).result().sequences[0]
    expect(free.stop_reason == "length" and len(free.tokens) == 6)
    expect(short.stop_reason == "stop" and short.tokens == free.tokens[: free.tokens.index(free.tokens[2]) + 1])


@call("sample: include_prompt_logprobs, topk_prompt_logprobs")
def _(w: World) -> None:
    found = w.sampler.sample(prompt(IDS), 1, types.SamplingParams(max_tokens=1), True, 2).result()
    rows = found.topk_prompt_logprobs
    expect(len(rows) == 8 and not rows[0] and all(len(row) == 2 and row[0][1] >= row[1][1] for row in rows[1:]))
    expect(near(found.prompt_logprobs[1:], w.sampler.compute_logprobs(prompt(IDS)).result()[1:]))


@call("sample: topk_sample_logprobs", True)
def _(w: World) -> None:
    params = types.SamplingParams(max_tokens=3, temperature=0)
    (found,) = w.sampler.sample(prompt(IDS[:4]), 1, params, topk_sample_logprobs=3).result().sequences
    expect([row[0][0] for row in found.topk_logprobs] == found.tokens)
    expect(near([row[0][1] for row in found.topk_logprobs], found.logprobs))


@call("sample: prompt_logprobs_last_n", True)
def _(w: World) -> None:
    found = w.sampler.compute_logprobs(prompt(IDS), prompt_logprobs_last_n=2).result()
    expect(found[:6] == [None] * 6 and near(found[6:], w.sampler.compute_logprobs(prompt(IDS)).result()[6:]))


@call("sample: target_prompt_logprobs", True)
def _(w: World) -> None:
    wanted = types.TensorData(data=[3] * 7, dtype="int64", shape=[7, 1])
    w.sampler.sample(prompt(IDS), 1, types.SamplingParams(max_tokens=1), target_prompt_logprobs=wanted).result()


@call("sample: prompt_alt_tokens_k", True)
def _(w: World) -> None:
    w.sampler.sample(prompt(IDS), 1, types.SamplingParams(max_tokens=1), prompt_alt_tokens_k=2).result()


@call("SamplingClient.get_base_model")
def _(w: World) -> None:
    expect(w.sampler.get_base_model() == w.base)


@call("SamplingClient.get_tokenizer")
def _(w: World) -> None:
    expect(not NEW or w.sampler.get_tokenizer().decode(IDS) != "")


@call("SamplingClient.get_sampler_handle", True)
def _(w: World) -> None:
    expect(len(w.sampler.get_sampler_handle()) > 0)


@call("SamplingClient.from_sampler_handle", True)
def _(w: World) -> None:
    other = got(tinker.SamplingClient.from_sampler_handle(w.sampler.get_sampler_handle()))
    expect(near(other.compute_logprobs(prompt(IDS)).result()[1:], w.sampler.compute_logprobs(prompt(IDS)).result()[1:]))


@call("TrainingClient.create_sampling_client")
def _(w: World) -> None:
    other = got(w.train.create_sampling_client(w.named))
    expect(near(other.compute_logprobs(prompt(IDS)).result()[1:], w.logprobs()))


@call("ServiceClient.create_sampling_client")
def _(w: World) -> None:
    tuned = got(w.service.create_sampling_client(model_path=w.state))
    plain = got(w.service.create_sampling_client(base_model=w.base))
    expect(near(tuned.compute_logprobs(prompt(IDS)).result()[1:], w.logprobs()))
    expect(not near(plain.compute_logprobs(prompt(IDS)).result()[1:], w.logprobs()))
