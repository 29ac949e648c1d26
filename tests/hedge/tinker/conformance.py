"""Run by the python of a client's own environment: every public call of the real client against a server, one after another.

    python conformance.py BASE [LIBRARIES]     (TINKER_BASE_URL, TINKER_API_KEY)

Prints {"version", "calls": {name: "yes" | why not}}. LIBRARIES has torch and transformers, which some calls need and the client's
environment has not; what that has goes first. A call is "yes" when it did what it is for, by what
it returned and by what other calls saw of it afterwards.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import urllib.request
import warnings
from io import BytesIO
from typing import Any

warnings.simplefilter("ignore")
sys.path += sys.argv[2:]

import tinker  # noqa: E402
from tinker import types  # noqa: E402

NEW = tuple(int(part) for part in tinker.__version__.split(".")[:2]) >= (0, 25)
IDS = [5, 6, 7, 8, 9, 10, 11, 12]
CALLS: dict[str, Any] = {}
LOCAL = {"get_telemetry", "get_console_url", "holder", "create", "on_queue_state_change", "create_rest_client"}
"""Public names that ask the server nothing."""


def call(name: str, since: bool | None = None) -> Any:
    """Enter a call; `since`: only the protobuf era has it (True), only the JSON era (False)."""

    def enter(function: Any) -> Any:
        if since is None or since == NEW:
            CALLS[name] = function
        return function

    return enter


def got(found: Any) -> Any:
    """What a call gives at once in one era and as a future in the other."""
    return found.result() if hasattr(type(found), "result") else found


def prompt(ids: list[int]) -> types.ModelInput:
    return types.ModelInput.from_ints(ids)


def datum(**inputs: list[float]) -> types.Datum:
    return types.Datum(model_input=prompt(IDS[:-1]), loss_fn_inputs={"target_tokens": IDS[1:], **inputs})


def weighted() -> types.Datum:
    return datum(weights=[1.0] * 7)


class Told(Exception):
    """The client has it, but did not do what it is for."""


def expect(truth: bool, why: str = "wrong answer") -> None:
    if not truth:
        raise Told(why)


def near(one: list[float], other: list[float], within: float = 1e-4) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


class World:
    """Clients that later calls go on with."""

    service: tinker.ServiceClient
    base: str
    train: tinker.TrainingClient
    sampler: tinker.SamplingClient
    rest: Any
    state = named = external = ""

    def logprobs(self) -> list[float]:
        return list(self.train.forward([weighted()], "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data)

    def learn(self, loss: str = "cross_entropy", config: Any = None, **inputs: list[float]) -> float:
        first = self.train.forward_backward([datum(**inputs)] * 2, loss, config)
        step = self.train.optim_step(types.AdamParams(learning_rate=1e-3))
        found = first.result().metrics["loss:sum"]
        expect(step.result().metrics["grad_l2:mean"] > 0)
        return float(found)

    def run_of(self, path: str) -> str:
        return path.split("/")[2]


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


@call("RestClient.get_server_capabilities", True)
def _(w: World) -> None:
    expect(w.rest.get_server_capabilities().result().supported_models[0].model_name == w.base)


@call("RestClient.get_training_run")
def _(w: World) -> None:
    run = w.rest.get_training_run(w.train.model_id).result()
    expect(
        run.lora_rank == 4
        and run.user_metadata == {"for": "conformance"}
        and run.last_checkpoint.tinker_path == w.state
    )


@call("RestClient.get_training_run_by_tinker_path")
def _(w: World) -> None:
    expect(w.rest.get_training_run_by_tinker_path(w.state).result().training_run_id == w.train.model_id)


@call("RestClient.list_training_runs")
def _(w: World) -> None:
    page = w.rest.list_training_runs(limit=2, offset=0).result()
    expect(len(page.training_runs) == 2 and page.cursor.total_count >= 3)


@call("RestClient.get_weights_info_by_tinker_path")
def _(w: World) -> None:
    info = w.rest.get_weights_info_by_tinker_path(w.state).result()
    expect((info.base_model, info.lora_rank, info.train_mlp) == (w.base, 4, True))


@call("RestClient.list_checkpoints")
def _(w: World) -> None:
    found = {item.tinker_path: item for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints}
    expect(
        set(found) == {w.state, w.named}
        and found[w.state].expires_at is not None
        and found[w.named].checkpoint_type == "sampler"
    )


@call("RestClient.list_user_checkpoints")
def _(w: World) -> None:
    expect({w.state, w.named} <= {item.tinker_path for item in w.rest.list_user_checkpoints().result().checkpoints})


@call("RestClient.set_checkpoint_ttl_from_tinker_path")
def _(w: World) -> None:
    w.rest.set_checkpoint_ttl_from_tinker_path(w.state, None).result()
    (kept,) = [
        item for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints if item.tinker_path == w.state
    ]
    expect(kept.expires_at is None)


@call("RestClient.get_checkpoint_archive_url", False)
def _(w: World) -> None:
    url = w.rest.get_checkpoint_archive_url(w.train.model_id, "sampler_weights/first").result().url
    with urllib.request.urlopen(url) as answer, tarfile.open(fileobj=BytesIO(answer.read())) as tar:
        expect(set(tar.getnames()) == {"adapter_config.json", "adapter_model.safetensors"})


@call("RestClient.get_checkpoint_archive_url_from_tinker_path", False)
def _(w: World) -> None:
    expect("/files?" in w.rest.get_checkpoint_archive_url_from_tinker_path(w.named).result().url)


@call("TrainingClient.save_weights_external", True)
def _(w: World) -> None:
    w.external = w.train.save_weights_external("out").result().path


@call("RestClient.get_external_weights_urls", True)
def _(w: World) -> None:
    urls = w.rest.get_external_weights_urls(w.external).result().urls
    with urllib.request.urlopen(urls["adapter_config.json"]) as answer:
        expect(json.load(answer)["r"] == 4 and set(urls) == {"adapter_config.json", "adapter_model.safetensors"})


@call("RestClient.get_sampler")
def _(w: World) -> None:
    expect(w.rest.get_sampler(w.sampler._sampling_session_id).result().base_model == w.base)


@call("RestClient.get_session")
def _(w: World) -> None:
    found = w.rest.get_session(w.train.model_id.partition(":")[0]).result()
    expect(w.train.model_id in found.training_run_ids and w.sampler._sampling_session_id in found.sampler_ids)


@call("RestClient.list_sessions")
def _(w: World) -> None:
    expect(w.train.model_id.partition(":")[0] in w.rest.list_sessions().result().sessions)


@call("RestClient.delete_checkpoint")
def _(w: World) -> None:
    w.rest.delete_checkpoint(w.train.model_id, "sampler_weights/first").result()
    expect(w.named not in {item.tinker_path for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints})


@call("RestClient.delete_checkpoint_from_tinker_path")
def _(w: World) -> None:
    w.rest.delete_checkpoint_from_tinker_path(w.state).result()
    expect(w.state not in {item.tinker_path for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints})


def _unserved() -> None:
    publish = "publish_checkpoint_from_tinker_path"
    path, session = "tinker://{0}/weights/x", "{0}"
    rows: list[tuple[str, bool | None, Any]] = [
        (f"RestClient.{publish}", None, lambda r, i: getattr(r, publish)(path.format(i))),
        (f"RestClient.un{publish}", None, lambda r, i: getattr(r, f"un{publish}")(path.format(i))),
        ("RestClient.assign_session_project", None, lambda r, i: r.assign_session_project(session.format(i), "p")),
        ("RestClient.export_session_trace", None, lambda r, i: r.export_session_trace(session.format(i))),
        ("RestClient.get_audit_log", None, lambda r, i: r.get_audit_log(*span())),
        ("RestClient.get_billing_usage", None, lambda r, i: r.get_billing_usage(*span())),
        ("RestClient.whoami", None, lambda r, i: r.whoami()),
        ("RestClient.copy_weights", True, lambda r, i: r.copy_weights(path.format(i), "p")),
        ("RestClient.search_sessions", True, lambda r, i: r.search_sessions(types.SessionSearchRequest())),
        ("RestClient.get_current_checkpoint_storage_usage", True, lambda r, i: r.get_current_checkpoint_storage_usage()),
        ("AdminClient.get_audit_log", True, lambda r, i: tinker.AdminClient().get_audit_log(*span())),
        ("AdminClient.get_billing_usage", True, lambda r, i: tinker.AdminClient().get_billing_usage(*span())),
        ("AdminClient.get_current_checkpoint_storage_usage", True,
         lambda r, i: tinker.AdminClient().get_current_checkpoint_storage_usage()),
    ]  # fmt: skip
    for name, since, ask in rows:
        call(name, since)(lambda w, ask=ask: ask(w.rest, w.train.model_id).result())


def span() -> tuple[Any, Any]:
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


_unserved()


@call("ServiceClient.copy_weights", True)
def _(w: World) -> None:
    tinker.ServiceClient(project_id="p").copy_weights(w.named).result()


@call("ServiceClient.close", True)
def _(w: World) -> None:
    w.service.close("success").result()


def missing() -> list[str]:
    """Public calls of the client that stand in no row above."""
    classes = [tinker.ServiceClient, tinker.TrainingClient, tinker.SamplingClient, type(World.rest)]
    classes += [tinker.AdminClient] if NEW else []
    names = [f"{kind.__name__}.{name}" for kind in classes for name in dir(kind)
             if not name.startswith("_") and not name.endswith("_async") and name not in LOCAL]  # fmt: skip
    return [name for name in names if name not in CALLS]


def main() -> None:
    w = World()
    w.base = sys.argv[1]
    w.service = tinker.ServiceClient()
    w.rest = World.rest = w.service.create_rest_client()
    found = dict.fromkeys(missing(), "no row")
    for name, function in CALLS.items():
        try:
            function(w)
            found[name] = "yes"
        except Told as error:
            found[name] = f"wrong: {error}"
        except Exception as error:  # noqa: BLE001  whatever a client raises is what its user sees
            found[name] = f"{type(error).__name__}: {error}"[:600]
    print(json.dumps({"version": tinker.__version__, "calls": found}), flush=True)
    os._exit(0)  # the client's threads outlive the script


main()
