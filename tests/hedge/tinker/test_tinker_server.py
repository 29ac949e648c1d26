"""The server by hand: keys, retries, order, limits, restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.tinker.serving import KEYS, Served, a_pass, a_step, base, command, datum, serving

from hanse.errors import InputError

FEW = {"adapters_max": 2, "queue_max": 8, "stored_bytes_max": 80_000, "sessions_max": 40, "gap_seconds": 1, "rank_max": 16,
       "body_bytes_max": 1 << 20, "samplers_max": 2, "samples_max": 4}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder, folder.parent / "data") as made:
        yield made


@pytest.fixture(scope="module")
def few(folder: Path) -> Iterator[Served]:
    with serving(folder, folder.parent / "few", **FEW) as made:
        yield made


def refused(answer: tuple[int, Any], status: int, *said: str) -> None:
    assert answer[0] == status, answer
    assert answer[1]["category"] == "user"
    for text in said:
        assert text in answer[1]["error"], answer


def loss(served: Served, model: str, number: int, *ids: int) -> float:
    found = served.wait(served.post("forward_backward", a_pass(model, number, datum(*ids))))
    return float(found["metrics"]["loss:sum"])


def close(served: Served, session: str) -> None:
    assert served.ask("POST", f"sessions/{session}/finish", {"reason": {"type": "success"}})[0] == 204


def test_without_a_key_nothing_is_served_but_health(served: Served) -> None:
    assert served.ask("GET", "healthz", key="") == (200, {"status": "ok"})
    for key in ("", "tml-nobody-0123456789abcdef", KEYS["alice"] + "x"):
        refused(served.ask("GET", "get_server_capabilities", key=key), 401, "no key of this server")
        refused(served.ask("POST", "create_session", {}, key=key), 401)
    bearer = served.ask("GET", "get_server_capabilities", None, "", Authorization=f"Bearer {KEYS['bob']}")
    assert bearer[0] == 200


def test_the_same_request_twice_is_trained_once(served: Served) -> None:
    session = served.session()
    model = served.model(session)
    again = {"session_id": session, "model_seq_id": 0, "base_model": "tiny", "lora_config": {"rank": 2, "seed": 1}}
    assert served.wait(served.post("create_model", again))["model_id"] == model
    refused(served.ask("POST", "create_model", again | {"user_metadata": {"other": "one"}}), 400, "was another one")
    first = served.post("forward_backward", a_pass(model, 1, datum(5, 6, 7)))
    assert served.post("forward_backward", a_pass(model, 1, datum(5, 6, 7))) == first
    once = served.wait(served.post("optim_step", a_step(model, 2)))
    assert served.wait(served.post("optim_step", a_step(model, 2))) == once
    assert once["metrics"]["steps:max"] == 1
    refused(served.ask("POST", "optim_step", a_step(model, 2, 0.5)), 400, "was another one")
    other = served.model(session, 1)
    loss(served, other, 1, 5, 6, 7)
    assert served.wait(served.post("optim_step", a_step(other, 2)))["metrics"] == once["metrics"]
    assert loss(served, model, 3, 5, 6, 7) == loss(served, other, 3, 5, 6, 7)
    close(served, session)


def test_requests_that_overtake_each_other_are_done_in_order(served: Served) -> None:
    session = served.session()
    one, two = served.model(session), served.model(session, 1)
    bodies = [a_pass(one, 1, datum(5, 6, 7, 8)), a_step(one, 2), a_pass(one, 3, datum(9, 6)), a_step(one, 4)]
    kinds = ["forward_backward", "optim_step", "forward_backward", "optim_step"]
    futures = {n: served.post(kinds[n], bodies[n]) for n in (3, 1, 2)}
    assert served.ask("POST", "retrieve_future", {"request_id": "none"})[0] == 410
    futures[0] = served.post(kinds[0], bodies[0])
    results = [served.wait(futures[n]) for n in range(4)]
    assert results[3]["metrics"]["steps:max"] == 2
    for n in range(4):
        served.wait(served.post(kinds[n], bodies[n] | {"model_id": two}))
    assert loss(served, one, 5, 5, 6, 7) == loss(served, two, 5, 5, 6, 7)
    close(served, session)


def test_a_refused_request_does_not_hold_up_the_next(few: Served) -> None:
    session = few.session()
    model = few.model(session)
    bad = a_pass(model, 1, datum(5, 6))
    bad["forward_backward_input"]["loss_fn"] = "nope"
    refused(few.ask("POST", "forward_backward", bad), 400, "loss_fn 'nope' is not served")
    refused(
        few.ask("POST", "optim_step", a_step(model, 2) | {"adam_params": {"learning_rate": -1}}),
        400,
        "adam_params.learning_rate",
    )
    outside = few.ask("POST", "forward_backward", a_pass(model, 3, datum(5, 5000)))
    refused(outside, 400, "datum 0: target_tokens: expected tokens from 0 to 511")
    refused(
        few.ask("POST", "forward_backward", a_pass(model, 4, datum(*range(1, 514)[:510], *range(1, 6)))),
        400,
        "the context is 512",
    )
    assert loss(few, model, 5, 5, 6) > 0
    early = few.post("optim_step", a_step(model, 7))
    assert few.wait(early) == {"error": "request 6 of this run came not within 1 s", "category": "user"}
    assert few.wait(few.post("optim_step", a_step(model, 8)))["metrics"]["steps:max"] == 1
    close(few, session)


def test_limits_are_told_one_by_one(few: Served) -> None:
    session = few.session()
    models = [few.model(session, n) for n in range(2)]
    third = {"session_id": session, "model_seq_id": 2, "base_model": "tiny", "lora_config": {"rank": 2}}
    refused(few.ask("POST", "create_model", third), 400, "2 adapters of this key are in memory")
    few.wait(few.post("unload_model", {"model_id": models[1]}))
    refused(few.ask("POST", "optim_step", a_step(models[1], 1)), 400, "it was unloaded; nothing of it was saved")
    refused(few.ask("POST", "create_model", third | {"lora_config": {"rank": 17}}), 400, "rank 17: at most 16")
    refused(
        few.ask("POST", "create_model", third | {"base_model": "other"}),
        400,
        "'other' is not served here; this server has 'tiny'",
    )
    early = [few.post("optim_step", a_step(models[0], n)) for n in range(2, 10)]
    refused(few.ask("POST", "optim_step", a_step(models[0], 10)), 429, "come back later")
    assert few.ask("GET", "get_server_capabilities", key=KEYS["bob"])[0] == 200
    assert all("came not" in few.wait(item)["error"] for item in early)
    sample = {
        "base_model": "tiny",
        "prompt": {"chunks": [{"type": "encoded_text", "tokens": [5]}]},
        "sampling_params": {},
    }
    refused(few.ask("POST", "asample", sample | {"num_samples": 5}), 400, "num_samples 5: at most 4")
    refused(few.ask("POST", "telemetry", b" " * ((1 << 20) + 1)), 413, "at most 1048576 bytes")
    answers = [
        few.wait(few.post("save_weights", {"model_id": models[0], "seq_id": n, "path": f"n{n}"})) for n in range(10, 14)
    ]
    assert "more than 80000 bytes" in answers[-1]["error"]
    kept = [item["path"] for item in answers if "path" in item]
    assert kept
    listed = few.ask("GET", "checkpoints?limit=100")[1]
    assert {item["tinker_path"] for item in listed["checkpoints"]} == set(kept)
    assert listed["cursor"]["total_count"] == len(kept)
    close(few, session)
    for path in kept:
        run, kind, name = path.removeprefix("tinker://").split("/")
        assert few.ask("DELETE", f"training_runs/{run}/checkpoints/{kind}/{name}")[0] == 204
    assert few.ask("GET", "checkpoints")[1]["checkpoints"] == []


def test_a_closed_session_is_gone_with_its_nameless_samplers(few: Served) -> None:
    session = few.session()
    model = few.model(session)
    body = {"model_id": model, "sampling_session_seq_id": 0, "seq_id": 1}
    samplers = [
        few.wait(few.post("save_weights_for_sampler", body | {"seq_id": n, "sampling_session_seq_id": n}))
        for n in (1, 2, 3)
    ]
    asked = {"prompt": {"chunks": [{"type": "encoded_text", "tokens": [5, 6]}]}, "seq_id": 0,
             "sampling_params": {"max_tokens": 2, "temperature": 0}}  # fmt: skip
    names = [item["sampling_session_id"] for item in samplers]
    assert few.ask("POST", "asample", asked | {"sampling_session_id": names[0]})[0] == 404  # two are kept
    found = few.wait(few.post("asample", asked | {"sampling_session_id": names[2]}))
    assert len(found["sequences"][0]["tokens"]) == 2
    assert few.ask("GET", "checkpoints")[1]["checkpoints"] == []
    assert few.post("session_heartbeat", {"session_id": session})
    close(few, session)
    close(few, session)
    refused(few.ask("POST", "session_heartbeat", {"session_id": session}), 410, "has ended")
    assert few.ask("POST", "asample", asked | {"sampling_session_id": names[2], "seq_id": 1})[0] in (404, 410)
    refused(few.ask("POST", "optim_step", a_step(model, 4)), 400, "its session was closed; nothing of it was saved")


def test_a_cancelled_sample_makes_room_at_once(served: Served) -> None:
    asked = {"base_model": "tiny", "prompt": {"chunks": [{"type": "encoded_text", "tokens": [5]}]}, "num_samples": 64,
             "sampling_params": {"stop": []}}  # fmt: skip
    long = served.post("asample", asked)
    assert len(set(long["sample_sequence_ids"])) == 64
    began = time.monotonic()
    assert (
        served.ask("POST", "cancel_future", {"request_id": long["request_id"]}, KEYS["bob"])[0] == 200
    )  # not his: nothing happens
    served.post("cancel_future", {"request_id": long["request_id"]})
    assert served.wait(long) == {"error": "cancelled", "category": "user"}
    assert time.monotonic() - began < 30


def test_somebody_elses_run_and_futures_are_not_there(served: Served) -> None:
    session = served.session()
    model = served.model(session)
    mine = served.post("forward_backward", a_pass(model, 1, datum(5, 6)))
    saved = served.wait(served.post("save_weights", {"model_id": model, "seq_id": 2, "path": "x"}))["path"]
    sampler = served.post(
        "create_sampling_session", {"session_id": session, "sampling_session_seq_id": 0, "model_path": saved}
    )
    key = KEYS["bob"]
    other = served.session(key)
    assert served.ask("POST", "retrieve_future", mine, key)[0] == 410
    prompt = {"prompt": {"chunks": [{"tokens": [5]}]}, "sampling_params": {}, "seq_id": 0}
    asks: list[tuple[str, str, Any]] = [
        ("POST", "forward_backward", a_pass(model, 3, datum(5, 6))), ("POST", "optim_step", a_step(model, 3)),
        ("POST", "get_info", {"model_id": model}), ("POST", "unload_model", {"model_id": model}),
        ("POST", "save_weights", {"model_id": model, "seq_id": 3}), ("GET", f"sessions/{session}", None),
        ("POST", "load_weights", {"session_id": other, "model_seq_id": 0, "path": saved, "optimizer": False}),
        ("POST", "create_sampling_session", {"session_id": other, "sampling_session_seq_id": 0, "model_path": saved}),
        ("POST", "create_model", {"session_id": session, "model_seq_id": 9, "base_model": "tiny", "lora_config": {"rank": 2}}),
        ("POST", "asample", prompt | {"sampling_session_id": sampler["sampling_session_id"]}),
        ("POST", "asample", prompt | {"model_path": saved}), ("GET", f"samplers/{sampler['sampling_session_id']}", None),
        ("GET", f"training_runs/{model}/checkpoints/weights/x/archive", None),
        ("DELETE", f"training_runs/{model}/checkpoints/weights/x", None),
        ("PUT", f"training_runs/{model}/checkpoints/weights/x/ttl", {"ttl_seconds": 1}),
        ("POST", f"sessions/{session}/finish", {}), ("POST", "weights_info", {"tinker_path": saved}),
    ]  # fmt: skip
    for method, path, body in asks:
        refused(served.ask(method, path, body, key), 404, "this key has no such")
    assert served.wait(mine)["metrics"]
    url = served.ask("GET", f"training_runs/{model}/checkpoints/weights/x/archive")[1]["url"].split("/api/v1/")[1]
    assert served.ask("GET", url, key="")[0] == 200
    refused(served.ask("GET", url.replace("weights%2Fx", "weights%2Fy"), key=""), 403, "not valid")
    close(served, session)


def test_a_restart_keeps_what_was_saved_and_says_what_is_lost(folder: Path, tmp_path: Path) -> None:
    with serving(folder, tmp_path) as served:
        session = served.session()
        model = served.model(session)
        for number in (1, 3):
            loss(served, model, number, 5, 6, 7)
            served.wait(served.post("optim_step", a_step(model, number + 1)))
        path = served.wait(served.post("save_weights", {"model_id": model, "seq_id": 5, "path": "kept"}))["path"]
        before = loss(served, model, 6, 5, 6, 7)
        served.wait(served.post("optim_step", a_step(model, 7)))
        after = loss(served, model, 8, 5, 6, 7)
        sampler = served.post(
            "create_sampling_session", {"session_id": session, "sampling_session_seq_id": 0, "model_path": path}
        )
        with pytest.raises(InputError, match="another server uses it"), serving(folder, tmp_path):
            pass
    with serving(folder, tmp_path) as served:
        said = served.ask("POST", "optim_step", a_step(model, 9))
        refused(
            said,
            400,
            "the server was started anew",
            f"after {path} is lost",
            "create_training_client_from_state_with_optimizer",
        )
        future = served.wait({"request_id": f"{model}:9"})
        assert future["category"] == "user"
        assert path in future["error"]
        assert served.ask("POST", "retrieve_future", {"request_id": f"{sampler['sampling_session_id']}:0"})[0] == 410
        load = {"session_id": session, "model_seq_id": 1, "path": path, "optimizer": True}
        again = served.wait(served.post("load_weights", load))["model_id"]
        assert loss(served, again, 1, 5, 6, 7) == pytest.approx(before, rel=1e-6)
        served.wait(served.post("optim_step", a_step(again, 2)))
        assert loss(served, again, 3, 5, 6, 7) == pytest.approx(after, rel=1e-5)
        asked = {"sampling_session_id": sampler["sampling_session_id"], "seq_id": 0, "prompt_logprobs": True,
                 "prompt": {"chunks": [{"tokens": [5, 6, 7]}]}, "sampling_params": {"max_tokens": 1}}  # fmt: skip
        assert -sum(served.wait(served.post("asample", asked))["prompt_logprobs"][1:]) == pytest.approx(
            before, rel=1e-5
        )


def test_the_end_gives_up_a_long_pass_and_tells_who_waits(folder: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with serving(folder, tmp_path, tokens_per_pass=1 << 20) as served:
            model = served.model(served.session())
            long = [datum(*range(1, 511))] * 200
            future = served.post("forward_backward", a_pass(model, 1, *long))
            waits = pool.submit(served.ask, "POST", "retrieve_future", {"request_id": future["request_id"]})
            served.ask("GET", "healthz")
            began = time.monotonic()
        assert time.monotonic() - began < 6
        status, answer = waits.result()
    assert (status, answer["category"]) == (503, "server")
    assert "the server is stopping; ask again when it has been started anew" in answer["error"]


@pytest.mark.slow
def test_the_command_serves_and_what_was_saved_outlives_kill_9(folder: Path, tmp_path: Path) -> None:
    with command(folder, tmp_path) as (served, _):
        model = served.model(served.session())
        loss(served, model, 1, 5, 6, 7)
        path = served.wait(served.post("save_weights", {"model_id": model, "seq_id": 2, "path": "kept"}))["path"]
        served.post("save_weights", {"model_id": model, "seq_id": 3, "path": "cut"})
    with serving(folder, tmp_path, {"local": KEYS["alice"]}) as served:
        found = [item["tinker_path"] for item in served.ask("GET", "checkpoints")[1]["checkpoints"]]
        assert path in found
        assert set(found) <= {path, path.replace("kept", "cut")}
        for at, name in enumerate(found):
            body = {"session_id": served.session(), "model_seq_id": at, "path": name, "optimizer": True}
            assert "model_id" in served.wait(served.post("load_weights", body))
