"""The stock `openai` client through the router: what it gets is what it would get from the engine, under the route's name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.hedge.route.routing import Served, ask, echoing, routing, stage

from hanse.hedge.route.command import command
from hanse.hedge.route.echo import Echo, log_probability


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with stage(tmp_path_factory.mktemp("client"), Echo("a")) as found:
        yield found


def test_chat(served: Served) -> None:
    answer = ask(served.client(), "one two")
    assert answer.choices[0].message.content == "a: one two"
    assert (answer.model, answer.choices[0].finish_reason) == ("assistant", "stop")
    assert answer.usage.completion_tokens == 3


def test_completion_with_stop_and_limit(served: Served) -> None:
    answer = served.client().completions.create(model="assistant", prompt="one two three", stop=["two"])
    assert (answer.choices[0].text, answer.model) == ("a: one ", "assistant")
    cut = served.client().completions.create(model="assistant", prompt="one two three", max_tokens=2)
    assert (cut.choices[0].text, cut.choices[0].finish_reason) == ("a: one", "length")


def test_streams_of_both_kinds(served: Served) -> None:
    chunks = list(ask(served.client(), "one two", stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "a: one two"
    assert {chunk.model for chunk in chunks} == {"assistant"}
    assert chunks[-1].choices[0].finish_reason == "stop"
    parts = list(served.client().completions.create(model="assistant", prompt="one", stream=True))
    assert ("".join(part.choices[0].text for part in parts), {part.model for part in parts}) == ("a: one", {"assistant"})


def test_responses_whole_and_streamed_have_the_routes_name_wherever_a_model_is_named(served: Served) -> None:
    client = served.client()
    whole = client.responses.create(model="assistant", input="one two")
    assert (whole.output_text, whole.model, whole.status) == ("a: one two", "assistant", "completed")
    told: Any = [{"role": "user", "content": [{"type": "input_text", "text": "one two three"}]}]
    cut = client.responses.create(model="assistant", input=told, max_output_tokens=2)
    assert (cut.output_text, cut.status, cut.model) == ("a: one", "incomplete", "assistant")
    events: list[Any] = list(client.responses.create(model="assistant", input="one two", stream=True))
    assert [event.type for event in events] == [
        "response.created", *["response.output_text.delta"] * 3, "response.completed"
    ]  # fmt: skip
    assert "".join(event.delta for event in events[1:-1]) == "a: one two" == events[-1].response.output_text
    assert {events[0].response.model, events[-1].response.model} == {"assistant"}
    with pytest.raises(openai.NotFoundError, match="no route 'gone'"):
        client.responses.create(model="gone", input="x")
    with pytest.raises(openai.BadRequestError, match="expected messages"):
        client.responses.create(model="assistant", input=[])


def test_log_probabilities(served: Served) -> None:
    answer = ask(served.client(), "one", logprobs=True, top_logprobs=1)
    rows = [(row.token, row.logprob) for row in answer.choices[0].logprobs.content]
    assert rows == [(token, log_probability(token)) for token in ("a:", " one")]


def test_models_are_the_routes(served: Served) -> None:
    client = served.client()
    assert [model.id for model in client.models.list()] == ["assistant"]
    assert client.models.retrieve("assistant").id == "assistant"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("a")


def test_errors_are_those_that_the_client_knows(served: Served) -> None:
    client = served.client()
    with pytest.raises(openai.NotFoundError, match="no route 'gone'; there are: assistant") as caught:
        client.completions.create(model="gone", prompt="x")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="expected messages"):  # the engine's own words
        client.chat.completions.create(model="assistant", messages=[])
    with pytest.raises(openai.NotFoundError, match="there are: /v1/chat/completions"):
        client.images.generate(model="assistant", prompt="x")


def test_swap_and_rollback_change_nothing_for_the_client(tmp_path: Path) -> None:
    with stage(tmp_path, Echo("a"), Echo("b")) as served:
        client = served.client()

        def said() -> str:
            return str(ask(client, "x").choices[0].message.content)

        assert said() == "a: x"
        assert command(served.routes, "POST", "swap", {"route": "assistant", "target": "b", "by": "", "unseen": False})
        assert said() == "b: x"
        assert command(served.routes, "POST", "rollback", {"route": "assistant", "unseen": False})
        assert said() == "a: x"


def test_64_clients_at_once_through_swaps_lose_and_mix_nothing(tmp_path: Path) -> None:
    """Every answer is one target's from its first token to its last, and says what its own client told it."""
    wrong: list[str] = []
    seen: list[str] = []  # appending is whole in every thread; counting is not
    with stage(tmp_path, Echo("a", token_ms=2), Echo("b", token_ms=2), targets="parallel = 64") as served:
        client = served.client()
        begin, done = threading.Barrier(65), threading.Event()

        def work(number: int) -> None:
            begin.wait()
            for turn in range(4):
                text = f"client {number} turn {turn} with some more words to say"
                try:
                    got = told(client, text, stream=bool((number + turn) % 2))
                except openai.OpenAIError as error:
                    wrong.append(f"{text}: {error}")
                    continue
                name = got.partition(":")[0]
                seen.append(name)
                if got != f"{name}: {text}":
                    wrong.append(f"{text}: got {got}")

        def swap() -> None:
            target = "b"
            while not done.wait(0.05):
                command(served.routes, "POST", "swap", {"route": "assistant", "target": target, "by": "", "unseen": False})
                target = "a" if target == "b" else "b"

        clients = [threading.Thread(target=work, args=(number,)) for number in range(64)]
        swapper = threading.Thread(target=swap)
        for thread in clients:
            thread.start()
        begin.wait()
        swapper.start()
        for thread in clients:
            thread.join()
        done.set()
        swapper.join()
    assert wrong == []
    assert len(seen) == 256
    assert set(seen) == {"a", "b"}


def told(client: openai.OpenAI, text: str, stream: bool) -> str:
    found: Any = ask(client, text, stream=stream)
    if not stream:
        return str(found.choices[0].message.content)
    return "".join(chunk.choices[0].delta.content or "" for chunk in found)


def test_without_a_model_of_its_own_the_target_gets_the_routes_name(tmp_path: Path) -> None:
    with echoing(Echo("assistant")) as url:
        (tmp_path / "r.toml").write_text(f'[target.a]\nurl = "{url}"\n[route.assistant]\ntarget = "a"\n')
        with routing(tmp_path / "r.toml") as served:
            assert ask(served.client(), "x").choices[0].message.content == "assistant: x"
