"""`hanse compare`: its exit code is the verdict, and nothing that is wrong looks like one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.hedge.engine.serving import USAGE, event, served

from hanse.cli.compare import compare
from hanse.errors import InputError

ITEMS = 40


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    tasks, right = [], {}
    for at in range(ITEMS):
        check = {"kind": "number", "value": str(at + 1), "absolute": "0"}
        tasks.append({"id": f"sum-{at}", "prompt": f"{at}+1=", "check": check})
        right[f"sum-{at}"] = str(at + 1)
    Path("tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    for name, every in (("old", ITEMS), ("same", ITEMS), ("some", 6), ("worse", 1)):
        texts = {item: "?" if at % every == every - 1 and name not in {"same", "old"} else text
                 for at, (item, text) in enumerate(right.items())}  # fmt: skip
        Path(f"{name}.jsonl").write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(compare, ["--tasks", "tasks.jsonl", "--margin", "1/5", *words])


@pytest.mark.parametrize(("name", "code", "verdict"), [("same", 0, "swap"), ("worse", 1, "keep"), ("some", 3, "more")])
def test_the_exit_code_is_the_verdict(folder: Path, name: str, code: int, verdict: str) -> None:
    done = call("old.jsonl", f"{name}.jsonl", "--json", "--out", "page.html", "--journal", "j.jsonl")
    assert done.exit_code == code
    made: dict[str, Any] = json.loads(done.stdout)
    assert made["verdict"] == verdict
    assert Path("page.html").read_text().startswith("<!doctype html>")
    again = call("old.jsonl", f"{name}.jsonl", "--json", "--journal", "j.jsonl")
    assert again.stdout == done.stdout
    said = call("old.jsonl", f"{name}.jsonl")
    assert said.exit_code == code
    assert made["text"] in said.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("old.jsonl", "none.gguf"), "none.gguf: no such file"),
        (("old.jsonl", "tasks.jsonl"), "tasks.jsonl:1: expected an object with id and text"),
        (("old.jsonl", "same.jsonl", "--tasks", "empty.jsonl"), "empty.jsonl: is empty"),
        (("old.jsonl", "same.jsonl", "--margin", "2"), "margin 2"),
        (("old.jsonl", "same.jsonl", "--journal", "tasks.jsonl"), "tasks.jsonl: is no journal"),
        (("old.jsonl", "same.jsonl", "--journal", "no/where.jsonl"), "where.jsonl: No such file"),
        (("old.jsonl", "m@http://127.0.0.1:9/v1", "--substitute-key-env", "HANSE_NO_KEY"), "HANSE_NO_KEY"),
        (("old.jsonl", "m@http://127.0.0.1:9/v1", "--cost-cap", "1"), "price"),
    ],
)
def test_what_is_wrong_ends_with_2_and_names_it(folder: Path, words: tuple[str, ...], said: str) -> None:
    Path("empty.jsonl").write_text("")
    done = call(*words)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("words", [("--margin", "a"), ("--error", "1/0"), ("--price-incumbent", "free"), ("--cost-cap", "x")])
def test_a_wrong_number_is_wrong_input(folder: Path, words: tuple[str, ...]) -> None:
    done = call("old.jsonl", "same.jsonl", *words)
    assert isinstance(done.exception, InputError)  # `hanse` ends with 2


def test_an_engine_that_stops_leaves_what_was_measured(folder: Path) -> None:
    with served([event("5", "stop"), USAGE]) as server:
        words = ("old.jsonl", f"m@{server.url}", "--journal", "j.jsonl", "--price-substitute", "1000000:1000000", "--json")
        done = call(*words, "--cost-cap", "360")
        assert done.exit_code == 3
        made = json.loads(done.stdout)
        assert made["verdict"] == "more"
        assert "cost cap" in made["stopped"]
        assert made["items"] == len(server.asked) > 0
        assert call(*words, "--cost-cap", "360").stdout == done.stdout  # what the journal has was paid for
        assert made["items"] == len(server.asked)
        assert call(*words).exit_code == 1


def test_a_judge_is_paid_from_the_same_budget(folder: Path) -> None:
    with served([event("TIE", "stop"), USAGE]) as server:
        check = {"kind": "judge", "endpoint": server.url, "model": "j", "criterion": "Which is right?"}
        tasks = [{"id": f"sum-{at}", "prompt": f"{at}+1=", "check": check} for at in range(ITEMS)]
        Path("judged.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
        words = ("old.jsonl", "some.jsonl", "--tasks", "judged.jsonl", "--cost-cap", "600", "--json")
        assert "price" in call(*words).stderr
        done = call(*words, "--price-judge", "1000000:1000000")
        assert done.exit_code == 3
        made = json.loads(done.stdout)
        assert (made["better"], made["worse"]) == (0, 0)
        assert 0 < 7 * len(server.asked) <= 600
        assert len(server.asked) // 2 == made["items"] < ITEMS
