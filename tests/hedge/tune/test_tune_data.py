"""Everything wrong with data is said with its file and line; what is held out or forbidden does not train."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import TaskError, TuneError
from hanse.hedge.tune.data import Data, Example, read_data, read_evaluation, split

U, A, S = ({"role": role, "content": text} for role, text in (("user", "hi"), ("assistant", "ho"), ("system", "be brief")))
GOOD: dict[str, dict[str, Any]] = {
    "text": {"text": "some text"},
    "messages": {"messages": [S, U, A], "id": 7},
    "completion": {"prompt": "a ->", "completion": " b"},
    "preference": {"prompt": "a ->", "chosen": " b", "rejected": " c"},
}


def written(folder: Path, *lines: Any, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines))
    return path


@pytest.mark.parametrize("kind", GOOD)
def test_the_four_formats(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, GOOD[kind], b"", GOOD[kind])
    data = read_data([path])
    assert data.format == kind
    assert [example.where for example in data.examples] == [f"{path}:1", f"{path}:3"]
    assert data.files == {"data.jsonl": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_a_preference_may_be_asked_as_a_chat(tmp_path: Path) -> None:
    data = read_data([written(tmp_path, {"messages": [S, U], "chosen": "yes", "rejected": "no"})])
    assert data.examples[0].asked == (S, U)
    assert data.examples[0].pieces() == ["hi", "yes", "no"]


@pytest.mark.parametrize(("line", "said"), [
    (b"{", "not JSON"), (b"[1]", "no JSON object"), (b'{"text": "\xff"}', "not UTF-8 at byte 10 of the line"),
    (b"[" * 9999, "not JSON"),
    ({"text": " "}, "text is empty"), ({"text": 3}, "text is empty or no text"), ({"texts": "x"}, "none of the keys"),
    ({"text": "x", "messages": [U, A]}, "has messages, text; expected"), ({"prompt": "x"}, "has prompt; expected"),
    ({"messages": [A, U]}, "roles assistant, user: expected"), ({"messages": [U]}, "and assistant last"),
    ({"messages": [U, {"role": "assistant", "content": ""}]}, r"message 2 \(assistant\) is empty"),
    ({"messages": [U, {"role": "assistant"}]}, "expected a list of"), ({"messages": "x"}, "expected a list of"),
    ({"prompt": "x", "completion": ""}, "completion is empty"), (b'{"text": "\\ud800"}', "half a character"),
    (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "expected a list of"),
    ({"prompt": "x", "chosen": "y", "rejected": "y"}, "are the same"),
    ({"chosen": "x", "rejected": "y"}, "without prompt or messages"),
    ({"messages": [U, A], "chosen": "x", "rejected": "y"}, "and user last"),
])  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_line(tmp_path: Path, line: Any, said: str) -> None:
    path = written(tmp_path, b"", line)
    with pytest.raises(TuneError, match=rf"data\.jsonl:2: .*{said}"):
        read_data([path])


def test_formats_are_not_mixed(tmp_path: Path) -> None:
    first, second = written(tmp_path, GOOD["text"]), written(tmp_path, GOOD["completion"], name="more.jsonl")
    with pytest.raises(TuneError, match=r"more\.jsonl:1: is of format completion, .*data\.jsonl:1 of format text"):
        read_data([first, second])
    with pytest.raises(TuneError, match=r"data\.jsonl:2: is of format messages"):
        read_data([written(tmp_path, GOOD["text"], GOOD["messages"])])


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(TuneError, match="holds no example"):
        read_data([written(tmp_path, b"")])
    with pytest.raises(TuneError, match="cannot read: No such file"):
        read_data([tmp_path / "none.jsonl"])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=60), st.integers(0, 500), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_no_question_is_in_two_parts_and_none_trains_twice(pairs: list[tuple[int, int]], permille: int, seed: int) -> None:
    data = Data("completion", tuple(Example(f"f:{at}", f"q{q}", f"a{a}") for at, (q, a) in enumerate(pairs)), {})
    try:
        parts = split(data, seed, permille)
    except TuneError as error:
        assert "no example is left" in str(error)  # noqa: PT017
        return
    assert not {example.asked for example in parts.train} & {example.asked for example in parts.held}
    kept = [(example.asked, example.answer) for example in (*parts.train, *parts.held)]
    assert sorted(kept) == sorted({(f"q{q}", f"a{a}") for q, a in pairs})
    assert parts.duplicates == len(pairs) - len(kept)
    turned = Data("completion", tuple(reversed(data.examples)), {})
    assert {e.asked for e in split(turned, seed, permille).held} == {e.asked for e in parts.held}


def test_what_stands_in_an_evaluation_set_does_not_train(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.jsonl"
    check = {"kind": "accepted", "answers": ["x"]}
    tasks.write_text("".join(json.dumps(task) + "\n" for task in (
        {"id": "a", "prompt": "What is the part number of the blue widget?", "check": check},
        {"id": "b", "messages": [S, {"role": "user", "content": "And the red one?"}], "check": check},
    )))  # fmt: skip
    more = written(tmp_path, {"text": " ".join(f"word{at}" for at in range(40))}, name="more.jsonl")
    forbidden = read_evaluation([tasks, more])
    rows = [
        {"messages": [S, {"role": "user", "content": "what is the PART number of the blue widget"}, A]},
        {"messages": [{"role": "user", "content": "the part number of the blue widget is?"}, A]},
        {"messages": [S, U, A]},
        {"messages": [U, {"role": "assistant", "content": " ".join(f"word{at}" for at in range(3, 40))}]},
        {"messages": [U, A, {"role": "user", "content": "and the red one"}, A]},
    ]
    path = written(tmp_path, *rows)
    parts = split(read_data([path]), 0, 0, forbidden)
    assert parts.overlapping == (f"{path}:1", f"{path}:4", f"{path}:5")
    with pytest.raises(TuneError, match="of 1, 1 stand in the evaluation set"):
        split(read_data([written(tmp_path, rows[0])]), 0, 0, forbidden)
    tasks.write_text(tasks.read_text() + "{}\n")
    with pytest.raises(TaskError, match=r"tasks\.jsonl:3"):
        read_evaluation([tasks])
