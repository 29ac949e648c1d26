"""What is right and what is wrong; what fails is neither."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import DigestMismatch, TaskError
from hanse.hedge.compare.checkers import mark
from hanse.hedge.compare.sandbox import Limits
from hanse.hedge.compare.tasks import Task

LIMITS = Limits(wall_seconds=20, cpu_seconds=3)


def marked(check: dict[str, Any], answer: str, folder: Path = Path()) -> float | str | None:
    """The mark, or why there is none."""
    found = mark(Task.model_validate({"id": "a", "prompt": "?", "check": check}), answer, folder, LIMITS)
    return found.mark if not found.reason else found.reason


@pytest.mark.parametrize(
    ("normalize", "answer", "right"),
    [
        ("exact", "Zürich", True),
        ("exact", " Zürich", False),
        ("trimmed", " Zu\u0308rich\n", True),
        ("trimmed", "zürich", False),
        ("words", "„ZÜRICH“!", True),
        ("words", "ZürichX", False),
        ("words", "it's Zürich", False),
    ],
)
def test_accepted_answers(normalize: str, answer: str, right: bool) -> None:
    assert marked({"kind": "accepted", "answers": ["Bern", "Zürich"], "normalize": normalize}, answer) == right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("1,000", True),
        ("It is 1000.01.", True),
        ("1000.02", False),
        ("1e3", True),
        ("-1000", False),
        ("first 1000, then 7", False),
        ("none", False),
        ("x1000", False),
        ("1e999999999", False),
        ("9" * 5000, False),
        ("10,00", False),
    ],
)
def test_numbers_within_an_absolute_tolerance(answer: str, right: bool) -> None:
    assert marked({"kind": "number", "value": "1000", "absolute": "0.01"}, answer) == right


@pytest.mark.parametrize(("answer", "right"), [("-99", True), ("-101", True), ("-98.99", False), ("100", False)])
def test_numbers_within_a_relative_tolerance_count_its_end(answer: str, right: bool) -> None:
    assert marked({"kind": "number", "value": "-100", "relative": "0.01"}, answer) == right


def test_regular_expressions_and_the_time_they_may_take() -> None:
    assert marked({"kind": "regex", "pattern": r"\bBW-7731\b"}, "it is BW-7731.") == 1.0
    assert marked({"kind": "regex", "pattern": r"\bBW-7731\b"}, "it is BW-7771.") == 0.0
    assert marked({"kind": "regex", "pattern": r"^(a+)+$"}, "a" * 60 + "!") == "used more than 3 CPU seconds"


def test_json_schemas() -> None:
    pytest.importorskip("jsonschema")
    check = {"kind": "schema", "schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}}
    assert marked(check, ' {"a": 1}\n') == 1.0
    assert marked(check, '{"a": "1"}') == 0.0
    assert marked(check, 'Here: {"a": 1}') == 0.0
    assert "RecursionError" in str(marked(check, "[" * 100000))
    assert "Unresolvable" in str(marked({"kind": "schema", "schema": {"$ref": "http://127.0.0.1/x.json"}}, "1"))


def test_python_checkers_are_the_ones_that_were_meant(tmp_path: Path) -> None:
    source = b"def check(answer, item):\n    return answer == item['prompt'] and 'check' not in item\n"
    (tmp_path / "c.py").write_bytes(source)
    check = {"kind": "python", "file": "c.py", "sha256": hashlib.sha256(source).hexdigest()}
    assert marked(check, "?", tmp_path) == 1.0
    assert marked(check, "!", tmp_path) == 0.0
    (tmp_path / "c.py").write_bytes(source + b"#")
    with pytest.raises(DigestMismatch, match=r"c.py: SHA-256 .* the tasks say"):
        marked(check, "?", tmp_path)
    with pytest.raises(TaskError, match="cannot read"):
        marked(check | {"file": "d.py"}, "?", tmp_path)
    (tmp_path / "c.py").write_bytes(b"def check(:\n")
    check["sha256"] = hashlib.sha256(b"def check(:\n").hexdigest()
    assert "SyntaxError" in str(marked(check, "?", tmp_path))


def test_a_judge_marks_no_single_answer() -> None:
    check = {"kind": "judge", "endpoint": "http://127.0.0.1:1/v1", "model": "j", "criterion": "shorter"}
    with pytest.raises(TaskError, match="task a: its answers are compared in pairs"):
        marked(check, "x")
