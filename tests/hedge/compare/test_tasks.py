"""A tasks' file has one spelling; what is wrong with it is told by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import TaskError
from hanse.hedge.compare.tasks import (
    Accepted,
    Message,
    Numeric,
    Pairwise,
    Python,
    Regex,
    Schema,
    Task,
    parse_tasks,
    print_tasks,
    read_tasks,
)

GOOD = '{"id": "a", "prompt": "2+2?", "check": {"kind": "accepted", "answers": ["4"]}}'
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,20}", fullmatch=True)
numbers = st.from_regex(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?", fullmatch=True)
checks = st.one_of(
    st.builds(
        Accepted,
        kind=st.just("accepted"),
        answers=st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1, max_size=3).map(tuple),
        normalize=st.sampled_from(["exact", "trimmed", "words"]),
    ),
    st.builds(Regex, kind=st.just("regex"), pattern=st.sampled_from(["a+", "^[0-9]$", "é\\n"])),
    st.builds(Numeric, kind=st.just("number"), value=numbers, absolute=numbers),
    st.builds(Numeric, kind=st.just("number"), value=numbers, relative=numbers),
    st.sampled_from([Schema(kind="schema", schema={"type": "object", "required": ["a"]}), Schema(kind="schema", schema=True)]),
    st.builds(Python, kind=st.just("python"), file=words, sha256=st.just("0" * 64)),
    st.builds(Pairwise, kind=st.just("judge"), endpoint=st.just("http://j/v1"), model=words, criterion=words),
)
turns = st.lists(st.builds(Message, role=st.sampled_from(["user", "assistant"]), content=words), min_size=1, max_size=2)
asked = st.one_of(words.map(lambda text: {"prompt": text}), turns.map(lambda turns: {"messages": tuple(turns)}))
tags = st.sets(names, max_size=3).map(lambda tags: tuple(sorted(tags)))
tasks = st.builds(lambda name, asked, check, tags: Task(id=name, **asked, check=check, slices=tags), names, asked, checks, tags)
files = st.lists(tasks, min_size=1, max_size=4, unique_by=lambda task: task.id)


@given(files)
def test_what_is_printed_is_read_and_what_is_read_is_printed(items: list[Task]) -> None:
    text = print_tasks(items)
    assert parse_tasks(text, "t") == tuple(items)
    assert print_tasks(parse_tasks(text, "t")) == text


@given(files, st.data())
def test_a_line_that_changed_is_another_item_or_none(items: list[Task], data: st.DataObject) -> None:
    text = print_tasks(items)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from(["", " ", "x", '"', "1"])) + text[at + 1 :]
    try:
        read = parse_tasks(changed, "t")
    except TaskError:
        return
    assert print_tasks(read) == changed


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not JSON"),
        ("[" * 100000, "not JSON"),
        ("[]", "valid dictionary"),
        (GOOD.replace('"id": "a"', '"id": "a", "id": "a"'), "not as it is printed; expected"),
        (GOOD.replace(": ", ":"), "not as it is printed; expected"),
        (GOOD.replace("2+2?", "2\\u002b2?"), "not as it is printed; expected"),
        (GOOD.replace('["4"]}', '["4"], "normalize": "trimmed"}'), "not as it is printed"),
        (GOOD.replace('"a"', '"a b"'), "id: "),
        (GOOD.replace('"prompt": "2+2?", ', ""), "expected one of prompt and messages"),
        (GOOD.replace('["4"]', "[]"), "check.accepted.answers"),
        (GOOD.replace('"accepted"', '"magic"'), "check: "),
        (GOOD.replace("answers", "answer"), "check.accepted.answer"),
        (GOOD[:-1] + ', "slices": ["b", "a"]}', "expected sorted, none twice"),
        (GOOD[:-1] + ', "note": 1}', "note: "),
        ('{"id": "a", "prompt": "?", "check": {"kind": "regex", "pattern": "("}}', "is no regular expression"),
        ('{"id": "a", "prompt": "?", "check": {"kind": "schema", "schema": {"type": "x"}}}', "is no JSON Schema"),
        ('{"id": "a", "prompt": "?", "check": {"kind": "number", "value": "1"}}', "one of absolute and relative"),
        ('{"id": "a", "prompt": "?", "check": {"kind": "number", "value": "1", "absolute": "-1"}}', "at least 0"),
        ('{"id": "a", "prompt": "?", "check": {"kind": "number", "value": 1, "absolute": "1"}}', "valid string"),
    ],
)
def test_an_error_names_the_line(line: str, why: str) -> None:
    first = GOOD.replace('"a"', '"first"')
    with pytest.raises(TaskError) as caught:
        parse_tasks(f"{first}\n{line}\n", "tasks.jsonl")
    assert str(caught.value).startswith("tasks.jsonl:2: ")
    assert why in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    with pytest.raises(TaskError, match="cannot read: No such file"):
        read_tasks(path)
    for data, why in ((b"", "is empty"), (GOOD.encode(), "is not ended"), (b"\xff\n", "not UTF-8 at byte 0"), (b"\n", "not JSON")):
        path.write_bytes(data)
        with pytest.raises(TaskError, match=why):
            read_tasks(path)
    path.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")
    with pytest.raises(TaskError, match="jsonl:2: id a stands on line 1 already"):
        read_tasks(path)
    path.write_text(f"{GOOD}\n", encoding="utf-8")
    assert read_tasks(path)[0].asked() == {"id": "a", "prompt": "2+2?", "slices": []}
    assert json.loads(print_tasks(read_tasks(path))) == json.loads(GOOD)
