"""Requests that no client sends: each is told what is wrong with it, and the server goes on."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import zstandard
from tests.hedge.tinker.serving import Served, a_pass, a_step, base, datum, serving

from hanse.hedge.tinker import schema
from hanse.hedge.tinker.wire import PROTOBUF


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = base(tmp_path_factory.mktemp("malformed"))
    with serving(folder, folder.parent / "few", adapters_max=2, rank_max=16, samples_max=4, body_bytes_max=1 << 20) as made:
        yield made


def protobuf(model: str, number: int) -> bytes:
    made = schema.new("ForwardBackwardRequest")
    made.model_id, made.seq_id, made.loss_fn = model, number, "cross_entropy"
    item = made.data.add()
    item.model_input.add().encoded_text.tokens = np.array([5, 6], "<i4").tobytes()
    for name, kind, value in (("target_tokens", schema.INT64, np.array([6, 7], "<i8")),
                              ("weights", schema.FLOAT32, np.ones(2, "<f4"))):  # fmt: skip
        tensor = item.loss_fn_inputs[name]
        tensor.dense, tensor.dtype = value.tobytes(), kind
    return bytes(made.SerializeToString())


NUMBERS = [-1, 1 << 31, 1 << 70, 10**400, 1.5, float("inf"), True]
WRONG: list[Any] = [None, [], {}, "x" * 300, "../../etc", "\x00", [[[]]], *NUMBERS]


def spoiled(draw: random.Random, value: Any) -> Any:
    """The same with one thing in it replaced, removed or repeated."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(sorted(value))
        if draw.random() < 0.15:
            return {name: item for name, item in value.items() if name != key}
        return value | {key: spoiled(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        return [*value[:at], spoiled(draw, value[at]), *value[at + 1 :]]
    return draw.choice(WRONG)


def malformed(draw: random.Random, model: str, session: str) -> tuple[str, Any, dict[str, str]]:
    """(path, body, headers) of a request that is wrong in one way."""
    bodies = {
        "forward_backward": a_pass(model, 1, datum(5, 6, 7)), "optim_step": a_step(model, 1), "forward": {
            "model_id": model, "seq_id": 1, "forward_input": {"data": [datum(5, 6)], "loss_fn": "ppo"}},
        "create_model": {"session_id": session, "model_seq_id": 0, "base_model": "tiny", "lora_config": {"rank": 2}},
        "save_weights": {"model_id": model, "seq_id": 1, "path": "../x"}, "retrieve_future": {"request_id": "x:train:0:1"},
        "load_weights": {"model_id": model, "seq_id": 1, "path": "tinker://x/weights/y", "optimizer": True},
        "create_sampling_session": {"session_id": session, "sampling_session_seq_id": 0, "model_path": "tinker://a/b/c"},
        "asample": {"base_model": "tiny", "num_samples": 1 << 40,
                    "prompt": {"chunks": [{"type": "encoded_text", "tokens": [5, 6]}]},
                    "sampling_params": {"max_tokens": 3, "temperature": 1.0, "top_p": 0.5, "stop": ["x"]}},
        "weights_info": {"tinker_path": "tinker://../weights/x"}, "session_heartbeat": {"session_id": "0" * 32},
    }  # fmt: skip
    how = draw.choice(["json"] * 6 + ["text", "protobuf", "cut", "noise", "zstd", "bomb", "gzip", "path"])
    if how == "json":
        path = draw.choice(sorted(bodies))
        return path, spoiled(draw, bodies[path] | ({"seq_id": 1} if "seq_id" in bodies[path] else {})), {}
    if how == "text":
        return (
            draw.choice(sorted(bodies)),
            draw.choice([b"", b"{", b"[" * 9999, b"\xff\xfe", b'{"a":' * 999, b"null", b"7"]),
            {},
        )
    if how == "path":
        return draw.choice(["nope", "../x", "training_runs", "a" * 3000, "sessions/x/project", "%00"]), {}, {}
    whole = protobuf("" if how == "protobuf" else model, draw.choice([0, 1, (1 << 31) - 1]))
    kind = {"Content-Type": PROTOBUF}
    if how in ("cut", "protobuf"):
        return "forward_backward", whole[: draw.randrange(1, len(whole) - 1)] if how == "cut" else whole, kind
    if how == "noise":
        return "forward_backward", draw.randbytes(draw.randrange(1, 400)), kind
    if how == "bomb":
        return (
            "forward_backward",
            zstandard.ZstdCompressor().compress(b"\x00" * (8 << 20)),
            kind | {"Content-Encoding": "zstd"},
        )
    if how == "gzip":
        return "forward_backward", b"\x1f\x8b" + draw.randbytes(50), kind | {"Content-Encoding": "gzip"}
    return (
        "forward_backward",
        zstandard.ZstdCompressor().compress(whole)[: draw.randrange(1, 40)],
        kind | {"Content-Encoding": "zstd"},
    )


def test_two_hundred_malformed_requests_are_told_what_is_wrong_and_the_server_goes_on(few: Served) -> None:
    draw = random.Random(7)
    unknown, session = f"{'f' * 32}:train:0", few.session()
    model = few.model(session)
    seen: dict[int, int] = {}
    for _ in range(200):
        path, body, headers = malformed(draw, draw.choice([model, unknown, "x", "../"]), session)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = few.ask("POST", path, data, **({"Content-Type": "application/json"} | headers))
        seen[status] = seen.get(status, 0) + 1
        assert 200 <= status < 500, (path, body, answer)
        if status >= 400:
            assert answer["category"] == "user", (path, body, answer)
            assert answer["error"], (path, body)
        assert few.ask("GET", "healthz")[0] == 200
    assert sum(count for status, count in seen.items() if status >= 400) >= 170, seen
    other = few.model(session, 1)
    found = few.wait(few.post("forward_backward", a_pass(other, 1, datum(5, 6, 7))))
    assert found["metrics"]["loss:sum"] > 0
    assert [event for event in few.log if event["what"] == "failed"] == []
    assert few.ask("POST", f"sessions/{session}/finish", {"reason": {"type": "success"}})[0] == 204
