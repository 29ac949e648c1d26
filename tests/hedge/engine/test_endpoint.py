"""An endpoint over real HTTP on this machine: what is sent, what is read, when it is asked again, and what is never overspent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import listening

from hanse.errors import InputError, Unavailable
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import ATTEMPTS, OVERHEAD_TOKENS, Access, Budget, Endpoint
from hanse.hedge.engine.price import Price

KEY = "sk-very-secret"
PROMPT = Question("a", "Capital of France?")
CHAT = Question("b", None, ({"role": "user", "content": "Capital of France?"},))
USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}


def event(piece: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": piece}, "text": piece, "finish_reason": finish}]}


GOOD = [event("Pa"), event("ris"), event("", "stop"), USAGE]


@dataclass
class Served:
    """What the server answers, one script after the other (the last again and again), and what it was asked."""

    scripts: list[list[dict[str, Any]] | tuple[int, dict[str, str], bytes]]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def access(self, **given: Any) -> Access:
        return Access(KEY, clock=lambda: self.now, sleep=self.sleep, **given)

    def engine(self, **given: Any) -> Endpoint:
        return Endpoint(self.url, "m", Settings(tokens_max=10, timeout_seconds=20), self.access(**given))


@contextmanager
def served(*scripts: list[dict[str, Any]] | tuple[int, dict[str, str], bytes]) -> Iterator[Served]:
    state = Served(list(scripts))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.paths.append(self.path)
            state.keys.append(self.headers["Authorization"])
            script = state.scripts.pop(0) if len(state.scripts) > 1 else state.scripts[0]
            if isinstance(script, tuple):
                status, headers, body = script
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.end_headers()
            for item in script:
                self.wfile.write(b"data: " + json.dumps(item).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as port:
        state.url = f"http://127.0.0.1:{port}/v1"
        yield state


def test_a_prompt_and_a_chat_are_asked_greedily_and_read_to_their_end() -> None:
    with served(GOOD) as server:
        engine = server.engine()
        for question, path in ((PROMPT, "/v1/completions"), (CHAT, "/v1/chat/completions")):
            answer = engine.answer(question, 7)
            assert (answer.text, answer.tokens_in, answer.tokens_out, answer.is_cut) == ("Paris", 5, 2, False)
            assert server.paths[-1] == path
        assert server.keys == [f"Bearer {KEY}"] * 2
        assert server.asked[1]["messages"] == list(CHAT.messages)
        assert all(asked["temperature"] == 0 and asked["seed"] == 7 and asked["max_tokens"] == 10 for asked in server.asked)


def test_an_answer_at_its_limit_says_so() -> None:
    with served([event("Pa", "length"), USAGE]) as server:
        assert server.engine().answer(CHAT, 0).is_cut


def test_what_passes_is_asked_again_after_waiting() -> None:
    busy, broken = (429, {"Retry-After": "7"}, b""), (503, {}, b"")
    with served(busy, broken, [event("Par")], GOOD) as server:
        assert server.engine().answer(CHAT, 0).text == "Paris"
        assert server.slept == [7.0, 2.0, 4.0]


def test_an_endpoint_that_stops_is_asked_five_times() -> None:
    with served([event("Par")]) as server:
        with pytest.raises(Unavailable, match="no answer in 5 attempts: the answer was cut in the middle"):
            server.engine().answer(CHAT, 0)
        assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize("line", [b"data: {\n", b"data: []\n", b'data: {"choices": [1]}\n', b'data: {"error": "overloaded"}\n', b""])
def test_what_is_no_completion_is_no_answer(line: bytes) -> None:
    with served((200, {}, line)) as server, pytest.raises(Unavailable):
        server.engine().answer(CHAT, 0)


def test_a_refusal_ends_it_and_never_shows_the_key() -> None:
    with served((401, {}, b'{"error": {"message": "wrong key"}}')) as server:
        engine = server.engine()
        with pytest.raises(InputError, match="item b: status 401: wrong key") as caught:
            engine.answer(CHAT, 0)
        assert len(server.asked) == 1
        assert KEY not in str(caught.value) + repr(engine.identity) + repr(Access(KEY))


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with served(GOOD) as other, served((307, {"Location": other.url}, b"")) as server:
        with pytest.raises(InputError, match="status 307"):
            server.engine().answer(CHAT, 0)
        assert other.asked == []


def test_the_cap_is_never_passed() -> None:
    price = Price(Fraction(1_000_000), Fraction(1_000_000))  # a token costs 1
    most = len(CHAT.messages[0]["content"]) + 2 * OVERHEAD_TOKENS + 10
    with served(GOOD) as server:
        budget = Budget(Fraction(most + 7))
        engine = server.engine(price=price, budget=budget)
        engine.answer(CHAT, 0)
        engine.answer(CHAT, 0)
        with pytest.raises(Unavailable, match="cost cap"):
            engine.answer(CHAT, 0)
        assert len(server.asked) == 2
        assert budget.spent == 14


def test_a_request_that_failed_in_the_middle_counts_as_paid() -> None:
    price = Price(Fraction(1_000_000), Fraction(1_000_000))
    with served([event("Par")], GOOD) as server:
        budget = Budget(Fraction(10_000))
        server.engine(price=price, budget=budget).answer(CHAT, 0)
        assert budget.spent > 7 + 100


def test_a_cap_needs_a_price_and_usage() -> None:
    with served(GOOD[:-1]) as server:
        assert server.engine().answer(CHAT, 0).tokens_out == 0
        with pytest.raises(InputError, match="price"):
            server.engine(budget=Budget(Fraction(1)))
        with pytest.raises(InputError, match="no usage"):
            server.engine(price=Price(), budget=Budget(Fraction(1))).answer(CHAT, 0)


def test_requests_keep_their_distance() -> None:
    with served(GOOD) as server:
        engine = server.engine(per_minute=30)
        for _ in range(3):
            engine.answer(CHAT, 0)
        assert server.slept == [2.0, 2.0]


def test_an_answer_is_kept_by_what_was_asked_of_whom(tmp_path: Path) -> None:
    with served(GOOD) as server:
        first = server.engine(cache=tmp_path).answer(CHAT, 0)
        assert server.engine(cache=tmp_path).answer(CHAT, 0) == first
        assert len(server.asked) == 1
        for question, seed in ((CHAT, 1), (PROMPT, 0), (replace(CHAT, messages=(*CHAT.messages, CHAT.messages[0])), 0)):
            server.engine(cache=tmp_path).answer(question, seed)
        Endpoint(server.url, "other", Settings(10), server.access(cache=tmp_path)).answer(CHAT, 0)
        assert len(server.asked) == 5
        (kept, *_) = tmp_path.rglob("*.json")
        assert KEY not in kept.read_text()
        for path in tmp_path.rglob("*.json"):
            path.write_text("{")
        with pytest.raises(InputError, match="delete it"):
            server.engine(cache=tmp_path).answer(CHAT, 0)
