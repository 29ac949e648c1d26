"""Engines that die, hang, refuse and lie: each ends as an error that the client knows, and is counted; nothing hangs, nothing
cut is taken for whole."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest
from tests.hedge.route.routing import Served, ask, routing, stage

from hanse.hedge.route.echo import Echo

SHORT = "connect_ms = 500\nfirst_byte_ms = 400\nidle_ms = 300"
TEXT = "one two three four five"


def metrics(served: Served) -> dict[str, float]:
    """Samples by name and labels."""
    lines = get(served, "/metrics")[1].decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def get(served: Served, path: str, host: str = "") -> tuple[int, bytes]:
    line = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    try:
        line.request("GET", path, headers={"Host": host} if host else {})
        reply = line.getresponse()
        return reply.status, reply.read()
    finally:
        line.close()


def errors(served: Served, reason: str, target: str = "a") -> float:
    return metrics(served).get(f'hanse_route_errors_total{{reason="{reason}",target="{target}"}}', 0)


@pytest.mark.parametrize(("fault", "reason"), [("die", "cut"), ("stall", "idle")])
def test_a_stream_that_breaks_off_is_an_error_and_not_an_end(tmp_path: Path, fault: str, reason: str) -> None:
    with stage(tmp_path, Echo("a", fault=fault), targets=SHORT) as served:
        got = []
        stream = ask(served.client(), TEXT, stream=True)
        with pytest.raises(openai.APIError, match="assistant: the engine") as caught:
            got.extend(chunk.choices[0].delta.content for chunk in stream)
        assert got == ["a:", " one"]
        assert caught.value.code == reason
        assert errors(served, reason) == 1


def test_a_cut_stream_has_no_end_of_http_either(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a", fault="die"), targets=SHORT) as served:
        line = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
        body = {"model": "assistant", "stream": True, "messages": [{"role": "user", "content": TEXT}]}
        line.request("POST", "/v1/chat/completions", json.dumps(body))
        with pytest.raises(http.client.IncompleteRead) as caught:
            line.getresponse().read()
        assert b"[DONE]" not in caught.value.partial
        line.close()


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [("die", 502, "cut"), ("stall", 504, "idle"), ("hang", 504, "first_byte"), ("garbage", 502, "garbage")],
)
def test_without_streaming_it_is_a_status_and_a_reason(tmp_path: Path, fault: str, status: int, reason: str) -> None:
    with stage(tmp_path, Echo("a", fault=fault), targets=SHORT) as served:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(served.client(), TEXT)
        assert (caught.value.status_code, caught.value.code) == (status, reason)
        assert errors(served, reason) == 1
        assert metrics(served)['hanse_route_in_flight{target="a"}'] == 0


def test_an_engines_own_refusal_passes(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a", fault="refuse"), Echo("b"), route='target = "a"\nfallback = ["b"]') as served:
        with pytest.raises(openai.InternalServerError, match="loading") as caught:
            ask(served.client(), TEXT)
        assert caught.value.status_code == 503


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_an_engine_that_is_not_there_is_replaced_by_the_fallback_alone(tmp_path: Path) -> None:
    dead = f'[target.dead]\nurl = "http://127.0.0.1:{free_port()}/v1"\n'
    with stage(tmp_path, Echo("a"), route='target = "dead"\nfallback = ["a"]\n' + dead) as served:
        assert ask(served.client(), "x").choices[0].message.content == "a: x"
        assert errors(served, "unconnected", "dead") == 1
    with (
        stage(tmp_path, Echo("a"), route='target = "dead"\n' + dead) as served,
        pytest.raises(openai.InternalServerError, match="no engine can be reached"),
    ):
        ask(served.client(), "x")


def lying_engine(answer: bytes) -> tuple[int, threading.Thread]:
    """Takes connections and sends `answer` to whatever comes; the port."""
    server = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        with server:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(answer)

    thread = threading.Thread(target=work)
    thread.start()
    return int(server.getsockname()[1]), thread


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "garbage"),
        (b"", "cut"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "garbage"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{", "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "garbage|cut"),
    ],
)  # fmt: skip
def test_what_is_no_http_is_told_apart(tmp_path: Path, answer: bytes, reason: str) -> None:
    port, thread = lying_engine(answer)
    (tmp_path / "r.toml").write_text(f'[target.a]\nurl = "http://127.0.0.1:{port}"\n[route.assistant]\ntarget = "a"\n')
    with routing(tmp_path / "r.toml") as served:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(served.client(), "x")
        assert caught.value.status_code == 502
        assert str(caught.value.code) in reason.split("|")
    thread.join()


def test_a_full_queue_is_429_with_a_time_to_come_back(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a", token_ms=150), targets="parallel = 1\nqueue = 1") as served:
        said: list[str] = []
        waiting = [threading.Thread(target=lambda: said.append(ask(served.client(), "x y z").id)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        until(lambda: metrics(served)['hanse_route_queue{target="a"}'] == 1)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(served.client(), "x")
        assert caught.value.response.headers["retry-after"] == "1"
        for thread in waiting:
            thread.join()
        assert len(said) == 2
        assert errors(served, "full") == 1


def test_a_client_that_leaves_frees_the_engine_and_its_place(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a", token_ms=100), targets="parallel = 1") as served:
        stream = ask(served.client(), " ".join("word" for _ in range(200)), stream=True)
        next(stream)
        stream.close()
        until(lambda: metrics(served)['hanse_route_in_flight{target="a"}'] == 0)
        assert errors(served, "client_gone") == 1
        assert ask(served.client(), "x").choices[0].message.content == "a: x"


def test_a_client_that_does_not_read_loses_its_place(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a"), targets="parallel = 1\nidle_ms = 300") as served:
        text = " ".join("w" * 200_000 for _ in range(100))
        body = json.dumps({"model": "assistant", "stream": True, "prompt": text}).encode()
        with socket.create_connection(("127.0.0.1", urlsplit(served.url).port or 0)) as line:
            line.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            until(lambda: errors(served, "client_gone") == 1)
            assert metrics(served)['hanse_route_in_flight{target="a"}'] == 0


def until(holds: object) -> None:
    """Wait, at most two minutes, until `holds()` is true."""
    end = time.monotonic() + 120
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_requests_that_are_none(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a"), head="body_bytes_max = 2000") as served:
        for body, status, said in (
            (b"{", 400, "not JSON"),
            (b"[]", 400, "expected a JSON object"),
            (b'{"model": 7}', 400, "expected a JSON object"),
            (b'{"model": "a"}', 404, "no route 'a'"),
            (b'{"model": "' + b"x" * 3000 + b'"}', 413, "at most 2000 bytes"),
            (b"[" * 1500, 400, "not JSON"),
        ):
            line = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
            line.request("POST", "/v1/completions", body)
            reply = line.getresponse()
            assert (reply.status, said in json.loads(reply.read())["error"]["message"]) == (status, True), body[:30]
            line.close()


def test_a_page_that_had_its_name_turned_here_gets_nothing(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a")) as served:
        assert get(served, "/v1/models", "evil.example")[0] == 403
        assert get(served, "/v1/models", "localhost:1")[0] == 200
        assert get(served, "/health") == (200, b'{"status": "ok"}')
