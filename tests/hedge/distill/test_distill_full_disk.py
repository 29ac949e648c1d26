"""The disk is full in the middle: the error names the file, nothing half stays, and the next run ends with the same weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.hedge.distill.lessons import never, sequence, silent, student, teacher
from tests.hedge.engine.serving import event, served
from tests.store.test_disk import files_of_at_most

from hanse.hedge.distill.run import distill
from hanse.hedge.distill.settings import DistillConfig


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with text, a teacher, and a student that was made without a stop."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("school")
    teacher(folder, 10)
    assert distill(short(folder, "whole"), "", silent, never) is not None
    return folder


def short(folder: Path, name: str) -> DistillConfig:
    return student(folder, f"{name}.toml", f'folder = "{name}"\ncompare = false').model_copy(update={"total_steps": 40})


@contextmanager
def full_from(event: str, step: int, size: int) -> Iterator[Any]:
    """A report: once it hears of that event of that step, no file grows beyond `size`."""
    held = files_of_at_most(size)
    entered: list[int] = []

    def report(what: str, details: dict[str, Any]) -> None:
        if what == event and details.get("step", step) >= step and not entered:
            entered.append(1)
            held.__enter__()

    try:
        yield report
    finally:
        if entered:
            held.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("event", "step", "size", "named"),
    [
        ("asked", 0, 3000, "targets/00000000.safetensors"),
        ("saved", 20, 3000, "arms/1-distilled/checkpoints/00000040"),
        ("trained", 40, 3000, "arms/1-distilled/checkpoints/00000040"),
        ("saved", 40, 3000, "arms/1-distilled/model"),
        ("prepared", 0, 100, "teacher.json"),
    ],
)
def test_what_cannot_be_written_is_named_and_made_by_the_next_run(
    school: Path, tmp_path_factory: pytest.TempPathFactory, event: str, step: int, size: int, named: str
) -> None:
    name = f"{event}-{step}"
    config = short(school, name)
    with full_from(event, step, size) as report, pytest.raises(OSError, match=r"too large|cannot write the weights") as raised:
        distill(config, "", report, never)
    assert str(raised.value.filename).startswith(str(school / name))
    assert named in str(raised.value.filename)
    left = [path.name for path in (school / name).rglob("*") if path.name.startswith(".") or path.suffix == ".tmp"]
    assert left == []
    found = distill(config, "", silent, never)
    assert found is not None
    whole = json.loads((school / "whole" / "distilled.json").read_bytes())
    assert found["student"]["weights"] == whole["student"]["weights"]


def test_no_answer_is_paid_for_that_has_no_room(tmp_path: Path) -> None:
    rows = [{"prompt": f"question {at}?"} for at in range(30)]
    scripts = [[event("yes, "), event(f"it is {at}", "stop")] for at in range(30)]
    path = tmp_path / "answers" / "text" / "answers.jsonl"
    with served(*scripts) as server:
        config = sequence(tmp_path, rows, f"big@{server.url}", extra="answer_tokens = 16").model_copy(update={"total_steps": 1})
        with files_of_at_most(3000), pytest.raises(OSError, match="too large") as raised:
            distill(config, "", silent, never)
        assert raised.value.filename == str(path)
        kept = path.read_bytes()
        assert kept.endswith(b"\n")
        assert 3 < len(kept.splitlines()) - 1 == len(server.asked) < 30
        path.write_bytes(kept + bytes(500))  # killed while it had room for one more
        assert distill(config, "", silent, never) is not None
        assert path.read_bytes().startswith(kept)
        assert path.read_bytes().endswith(b"}\n")
        assert len(server.asked) == 30
