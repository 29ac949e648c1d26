"""An endpoint over real HTTP on this machine: what is sent, what is read, when it is asked again, and what is never overspent."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.hedge.engine.serving import GOOD, KEY, USAGE, event, served

from hanse.errors import InputError, Unavailable
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import ATTEMPTS, OVERHEAD_TOKENS, Access, Budget, Endpoint
from hanse.hedge.engine.price import Price

FEWER = b'data: {"usage": {"prompt_tokens": -9, "completion_tokens": 1}}\n'
PROMPT = Question("a", "Capital of France?")
CHAT = Question("b", None, ({"role": "user", "content": "Capital of France?"},))


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


def test_a_letter_in_two_pieces_is_whole_and_half_a_letter_is_text() -> None:
    with served([event("\ud83d"), event("\ude00 \ud83d", "stop"), USAGE]) as server:
        assert server.engine().answer(CHAT, 0).text == "\U0001f600 \ufffd"


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


@pytest.mark.parametrize(
    "line", [b"data: {\n", b"data: []\n", b'data: {"choices": [1]}\n', b'data: {"error": "busy"}\n', b"", FEWER]
)
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
