"""What happens beside the answer: headers, shadows, canaries, metrics, restarts, the end."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from click.testing import CliRunner
from tests.hedge.route.routing import ask, echoing, routing, stage
from tests.hedge.route.test_route_faults import get, metrics, until

from hanse.cli.route import route
from hanse.errors import InputError
from hanse.hedge.route.command import command
from hanse.hedge.route.echo import Echo
from hanse.hedge.route.headers import to_client, to_engine

HANSE = [sys.executable, "-m", "hanse.cli.main", "route"]


def swap(served_routes: object, target: str) -> None:
    asked = {"route": "assistant", "target": target, "by": "", "unseen": False}
    command(served_routes, "POST", "swap", asked)  # type: ignore[arg-type]


def test_headers_of_one_connection_and_credentials_stay_on_their_side() -> None:
    asked = [("Connection", "close, X-Odd"), ("X-Odd", "1"), ("TE", "trailers"), ("Authorization", "Bearer client"),
             ("Cookie", "c"), ("X-API-Key", "k"), ("Host", "h"), ("Content-Length", "2"), ("Content-Type", "application/json"),
             ("X-Trace", "t"), ("Accept-Encoding", "gzip"), ("OpenAI-Organization", "o")]  # fmt: skip
    kept = [("Content-Type", "application/json"), ("X-Trace", "t"), ("Accept-Encoding", "identity")]
    assert to_engine(asked, "") == kept
    assert to_engine(asked, "s") == [*kept, ("Authorization", "Bearer s")]
    answer = [("Transfer-Encoding", "chunked"), ("Keep-Alive", "5"), ("Set-Cookie", "c"), ("x-request-id", "r"), ("Date", "d")]
    assert to_client(answer, "a") == [("x-request-id", "r"), ("X-Hanse-Target", "a")]


def test_what_an_engine_hears_is_the_targets_key_and_an_early_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine of bytes: the head as it came, then whether the router leaves when its client does."""
    server = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def work() -> None:
        with server, server.accept()[0] as line:
            heard.append(line.recv(65536))
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"a\": 1}\n\n")
            line.settimeout(10)
            heard.append(line.recv(65536))

    thread = threading.Thread(target=work)
    thread.start()
    monkeypatch.setenv("A_KEY", "the target's")
    url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    (tmp_path / "r.toml").write_text(
        f'[target.a]\nurl = "{url}"\nmodel = "org/a"\nkey_env = "A_KEY"\n[route.assistant]\ntarget = "a"\n'
    )
    with routing(tmp_path / "r.toml") as served:
        line = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
        line.request("POST", "/v1/completions?a=%2F", b'{"n": 1.50, "model": "assistant"}', {"Authorization": "Bearer mine"})
        reply = line.getresponse()
        assert reply.read(16) == b'data: {"a": 1}\n\n'  # as it came, at once
        reply.close()
        line.close()
        thread.join(60)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/completions?a=%2F HTTP/1.1\r\n")
    assert b"Authorization: Bearer the target's" in head
    assert b"mine" not in heard[0]
    assert body == b'{"n": 1.50, "model": "org/a"}'
    assert heard[1] == b""  # the end of the connection


def test_a_shadow_gets_a_copy_and_only_its_digest_is_kept(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a"), Echo("b", token_ms=300), route='target = "a"\nshadow = "b"') as served:
        began = time.monotonic()
        answer = ask(served.client(), "secret words")
        assert answer.choices[0].message.content == "a: secret words"
        until(lambda: len(served.log) == 2)
        assert time.monotonic() - began > 0.9
        rows = {row["what"]: row for row in served.log}
        assert (rows["answer"]["target"], rows["shadow"]["target"]) == ("a", "b")
        assert rows["answer"]["request"] == rows["shadow"]["request"]
        assert rows["shadow"]["seconds"] >= 0.9 > rows["answer"]["seconds"]
        assert rows["shadow"]["sha256"] != rows["answer"]["sha256"]
        assert "secret" not in json.dumps(served.log)
        assert metrics(served)['hanse_route_shadow_total{outcome="answered",target="b"}'] == 1


@pytest.mark.parametrize("fault", ["die", "garbage"])
def test_a_shadow_that_fails_touches_nobody(tmp_path: Path, fault: str) -> None:
    with stage(tmp_path, Echo("a"), Echo("b", fault=fault), route='target = "a"\nshadow = "b"') as served:
        assert ask(served.client(), "x y z").choices[0].message.content == "a: x y z"
        until(lambda: len(served.log) == 2)
        assert {row["sha256"] for row in served.log if row["what"] == "shadow"} == {"cut" if fault == "die" else "garbage"}


def test_a_shadow_of_the_same_answers_has_the_same_digest(tmp_path: Path) -> None:
    with echoing(Echo("a")) as url:
        targets = "".join(f'[target.{name}]\nurl = "{url}"\nmodel = "a"\n' for name in ("one", "two"))
        (tmp_path / "r.toml").write_text(f'{targets}[route.assistant]\ntarget = "one"\nshadow = "two"\n')
        with routing(tmp_path / "r.toml") as served:
            for stream in (False, True):
                list(ask(served.client(), "x", stream=stream))
            until(lambda: len(served.log) == 4)
            assert len({row["sha256"] for row in served.log}) == 2


def test_a_canary_is_one_target_for_one_user(tmp_path: Path) -> None:
    canary = 'target = "a"\ncanary = "b"\ncanary_share = "1/2"'
    with stage(tmp_path, Echo("a"), Echo("b"), route=canary) as served:
        client = served.client()
        said = {user: {ask(client, "x", user=user).choices[0].message.content for _ in range(2)} for user in map(str, range(12))}
    assert {len(found) for found in said.values()} == {1}
    assert set.union(*said.values()) == {"a: x", "b: x"}


def test_metrics_are_prometheus_text_and_count_every_request(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a")) as served:
        for _ in range(3):
            ask(served.client(), "x")
        page = get(served, "/metrics")[1].decode()
        now = metrics(served)
    for line in page.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+', line), line
    assert now['hanse_route_requests_total{route="assistant",status="200",target="a"}'] == 3
    for name in ("hanse_route_seconds", "hanse_route_first_byte_seconds"):
        assert now[f'{name}_count{{target="a"}}'] == now[f'{name}_bucket{{target="a",le="+Inf"}}'] == 3
        buckets = [value for key, value in now.items() if key.startswith(f"{name}_bucket")]
        assert buckets == sorted(buckets)
    assert now['hanse_route_current{route="assistant",target="a"}'] == 1


def test_a_swap_survives_a_restart_and_a_dead_target_is_not_swapped_to(tmp_path: Path) -> None:
    with echoing(Echo("b")) as url:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        (tmp_path / "r.toml").write_text(
            f'[target.a]\nurl = "http://127.0.0.1:{port}/v1"\n[target.b]\nurl = "{url}"\nmodel = "b"\n'
            '[route.assistant]\ntarget = "a"\n'
        )
        with routing(tmp_path / "r.toml") as served:
            swap(served.routes, "b")
            with pytest.raises(InputError, match="a router serves it already"), routing(tmp_path / "r.toml"):
                pass
        with routing(tmp_path / "r.toml") as served:
            assert ask(served.client(), "x").choices[0].message.content == "b: x"
            with pytest.raises(InputError, match=r"a: its engine does not answer: .*; nothing was swapped"):
                swap(served.routes, "a")
            with pytest.raises(InputError, match="no target of"):
                swap(served.routes, "z")
            assert ask(served.client(), "x").choices[0].message.content == "b: x"
            command(served.routes, "POST", "rollback", {"route": "assistant", "unseen": True})
            with pytest.raises(openai.InternalServerError):
                ask(served.client(), "x")


def test_nobody_commands_without_the_token(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a"), Echo("b")) as served:
        path = served.routes.beside("control")
        assert path.stat().st_mode & 0o077 == 0
        kept = json.loads(path.read_text())
        path.write_text(json.dumps(kept | {"token": "another"}))
        assert command(served.routes, "POST", "swap", {"route": "assistant", "target": "b", "by": "", "unseen": True}) is None
        assert ask(served.client(), "x").choices[0].message.content == "a: x"


@pytest.mark.parametrize(("drain_ms", "whole"), [(10_000, True), (100, False)])
def test_sigterm_lets_requests_end_until_the_deadline(tmp_path: Path, drain_ms: int, whole: bool) -> None:
    with echoing(Echo("a", token_ms=100)) as url:
        (tmp_path / "r.toml").write_text(
            f'drain_ms = {drain_ms}\n[target.a]\nurl = "{url}"\nmodel = "a"\n[route.assistant]\ntarget = "a"\n'
        )
        router = subprocess.Popen([*HANSE, "serve", "r.toml", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        assert router.stdout is not None
        router.stdout.readline()
        base = router.stdout.readline().strip().partition("=")[2]
        client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
        stream = ask(client, "one two three four five six seven eight nine ten", stream=True)
        got = [next(stream).choices[0].delta.content]
        router.send_signal(signal.SIGTERM)
        try:
            got += [chunk.choices[0].delta.content or "" for chunk in stream]
            ended = True
        except (openai.APIError, httpx2.RemoteProtocolError):
            ended = False
        assert ended is whole
        if whole:
            assert "".join(got) == "a: one two three four five six seven eight nine ten"
        assert router.wait(60) == 0
        router.stdout.close()


def hanse(folder: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(route, [*words, "--routes", str(folder / "r.toml")])
    assert code == (2 if isinstance(done.exception, InputError) else done.exit_code), (words, done.output, done.exception)
    return done.output + str(done.exception or "")


def test_without_a_router_commands_write_the_state(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(
        '[target.a]\nurl = "http://x/v1"\n[target.b]\nurl = "http://y/v1"\n[route.assistant]\ntarget = "a"\n'
    )
    hosts = (("incumbent", "x"), ("substitute", "y"))
    sides = {who: {"kind": "endpoint", "name": f"assistant@http://{host}/v1"} for who, host in hosts}
    verdict = json.dumps({"verdict": "swap", "engines": sides}).encode()
    (tmp_path / "swap.json").write_bytes(verdict)
    (tmp_path / "more.json").write_text('{"verdict": "more"}')
    more, go = str(tmp_path / "more.json"), str(tmp_path / "swap.json")
    assert "measure more items" in hanse(tmp_path, "swap", "assistant", "b", "--by", more, code=2)
    assert "b answers for assistant, once a router runs" in hanse(tmp_path, "swap", "assistant", "b", "--by", go)
    row = json.loads(hanse(tmp_path, "status", "--json"))["route"]["assistant"]
    assert (row["target"], row["back"]) == ("b", "a")
    assert row["steps"][0]["by"] == hashlib.sha256(verdict).hexdigest()
    assert "a answers for assistant" in hanse(tmp_path, "rollback", "assistant")
    assert "no swap to roll back" in hanse(tmp_path, "rollback", "assistant", code=2)
    assert "no router is running" in hanse(tmp_path, "status")
