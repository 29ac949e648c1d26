"""`hanse distill` from settings to a student: what teaching is worth, stopped and resumed, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from click.testing import CliRunner
from tests.hedge.distill.lessons import TEXT, VOCABULARY, never, sequence, silent, student, teacher
from tests.hedge.engine.serving import event, served

from hanse.cli.distill import distill as command
from hanse.errors import ConfigError, CorpusError, HanseError, TuneError, Unavailable
from hanse.hedge.distill import judge
from hanse.hedge.distill.page import headline, render
from hanse.hedge.distill.run import distill
from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.record.chain import read
from hanse.keys import SigningKey
from hanse.lm.model import load_folder


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with text and a teacher that has learned its language."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("school")
    teacher(folder)
    return folder


def counted(stop_at: int) -> Callable[[], bool]:
    """Says to stop once it was asked so often."""
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > stop_at

    return stop


def test_a_well_trained_teacher_makes_the_student_better(school: Path) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    config = student(school, more='folder = "gain"\nlonger_max = 2')
    found = distill(config, "", lambda what, details: heard.append((what, details)), never)
    assert found is not None
    (gain,) = found["gains"]["alone"]
    assert gain["low"] > 0.1  # bits per byte; measured 0.35
    assert gain["nats_per_token"] > 0.2
    assert found["lead"]["is_clear"]
    told = [what for what, _ in heard]
    arms = [details["name"] for what, details in heard if what == "arm"]
    assert arms == ["1-alone", "1-distilled", "1-longer"]
    assert told.index("lead") < told.index("asked")  # the lead comes first
    (alone,), (taught,), (longer,) = (found["arms"][kind] for kind in ("alone", "distilled", "longer"))
    assert alone["tokens"] == taught["tokens"] == 60 * 8 * 32
    assert alone["steps"] < longer["steps"] <= 120
    model, _ = load_folder(school / "gain" / "model")
    assert sum(tensor.numel() for tensor in model.parameters()) == found["student"]["parameters"]
    assert found["teacher"]["sha256"] == folder_digest(school / "big" / "model")
    assert json.loads((school / "gain" / "distilled.json").read_text()) == json.loads(json.dumps(found))
    page = render(found)
    ElementTree.fromstring(page.partition("\n")[2])
    assert headline(found).startswith("Teaching helped")
    again = distill(config, "", silent, never)
    assert again == found  # nothing was trained or measured again


def test_stopped_anywhere_it_ends_with_the_same_weights(school: Path) -> None:
    whole = distill(student(school, "whole.toml", 'folder = "whole"\ncompare = false'), "", silent, never)
    assert whole is not None
    config = student(school, "parts.toml", 'folder = "parts"\ncompare = false')
    found, rounds = None, 0
    while found is None:
        found, rounds = distill(config, "", silent, counted(2 + rounds % 2)), rounds + 1
    assert rounds > 2
    assert found["student"]["weights"] == whole["student"]["weights"]
    assert found["no_comparison"] == "compare = false"
    assert found["gains"] == {}
    assert "Not compared" in render(found)


def test_another_vocabulary_is_taught_by_what_it_shares_and_refused_by_tokens(school: Path) -> None:
    tail = TEXT + VOCABULARY.format(size=288)
    config = student(school, "shared.toml", 'folder = "shared"\nlevel = "shared"\nvocabulary = "own"\nlonger_max = 0', tail=tail)
    found = distill(config.model_copy(update={"total_steps": 80}), "", silent, never)
    assert found is not None
    (gain,) = found["gains"]["alone"]
    assert gain["low"] > 0.02  # bits per byte; measured 0.12 with a teacher of 250 steps
    assert 0.3 < found["data"]["known"] < 0.9
    config = student(school, "own.toml", 'folder = "own"\nvocabulary = "own"\ncompare = false', tail=tail)
    with pytest.raises(TuneError, match=r'the student\'s \(288 tokens\) is another.*vocabulary = "teacher", or level = "shared"'):
        distill(config, "", silent, never)


def test_a_student_may_start_from_a_base_with_its_weights_and_tokenizer(school: Path) -> None:
    config = student(school, "based.toml", 'folder = "based"\ncompare = false\nstudent = "big/model"')
    found = distill(config.model_copy(update={"total_steps": 1}), "", silent, never)
    assert found is not None
    assert found["student"]["base_sha256"] == found["teacher"]["sha256"] == folder_digest(school / "big" / "model")
    assert found["student"]["parameters"] == found["teacher"]["parameters"]
    (taught,) = found["arms"]["distilled"]
    assert taught["bits_per_byte"] == pytest.approx(found["teacher"]["bits_per_byte"], abs=0.05)  # one step from where it began


def scored(nats: list[float], curve: list[tuple[int, float]]) -> dict[str, Any]:
    return {"steps": 100, "curve": curve, "scores": {"dev": {"nats": nats, "bytes": [100] * len(nats)}}}


def test_a_lead_is_clear_beyond_chance_and_a_student_that_still_learns_as_fast_is_remarked_on() -> None:
    known = scored([100.0, 110.0, 120.0], [])
    steady, fast = [(50, 1.6), (100, 1.5)], [(50, 2.6), (100, 1.5)]
    clear = judge.lead(known, [scored([150.0, 160.0, 170.0], steady)], "dev")
    assert (clear["is_clear"], judge.remark(clear)) == (True, "")
    learning = judge.lead(known, [scored([150.0, 160.0, 170.0], fast)], "dev")
    assert learning["is_clear"]
    assert "gained 1.100 bits per byte over the second half" in judge.remark(learning)
    behind = judge.lead(known, [scored([101.0, 105.0, 122.0], steady)], "dev")
    assert "by more than chance" in behind["why"]
    assert judge.remark(behind) == ""
    found = judge.gain([scored([150.0, 160.0, 170.0], [])], known, "dev")
    assert found["bits_per_byte"] == pytest.approx(0.5 / 0.6931472)
    assert found["low"] == pytest.approx(found["high"])


PAIRS = [{"id": str(at), "prompt": f"count {at % 7} and {at}: ", "answer": ", ".join(str(at % 7 + i) for i in range(3)) + "."}
         for at in range(80)]  # fmt: skip


def test_a_student_learns_a_teachers_recorded_answers_and_is_scored_on_the_right_ones(tmp_path: Path) -> None:
    said = [{"id": row["id"], "text": row["answer"]} for row in PAIRS]
    (tmp_path / "teacher.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said), encoding="utf-8")
    found = distill(sequence(tmp_path, PAIRS, "teacher.jsonl"), "", silent, never)
    assert found is not None
    (alone,), (taught,) = found["arms"]["alone"], found["arms"]["distilled"]
    assert alone["weights"] == taught["weights"]  # a teacher that says what the file says teaches what the file does
    assert taught["bits_per_byte"] < 2  # measured 1.29; a byte of chance takes 8
    assert found["teacher"]["bits_per_byte"] is None
    without = [{key: row[key] for key in ("id", "prompt")} for row in PAIRS]
    found = distill(sequence(tmp_path, without, "teacher.jsonl", "no-answers"), "", silent, never)
    assert found is not None
    assert "no `answer`" in found["no_comparison"]


def test_an_endpoint_that_stops_at_its_cap_keeps_what_was_paid(tmp_path: Path) -> None:
    rows = [{"prompt": f"question {at}?"} for at in range(40)]
    extra = 'price = "1000:1000"\ncost_cap = "0.5"\nanswer_tokens = 16'
    used = {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 5}}
    scripts = [[event("yes, "), event(f"it is {at}", "stop"), used] for at in range(40)]
    with served(*scripts) as server:
        config = sequence(tmp_path, rows, f"big@{server.url}", extra=extra)
        with pytest.raises(Unavailable, match="the cost cap is reached"):
            distill(config, "", silent, never)
        lines = (tmp_path / "answers" / "text" / "answers.jsonl").read_text().splitlines()
        paid = [json.loads(line) for line in lines[1:]]
        assert paid
        assert Fraction(paid[-1]["spent"]) <= Fraction("0.5")
        raised = config.model_copy(update={"teacher": config.teacher.model_copy(update={"cost_cap": "100"})})
        found = distill(raised, "", silent, never)
        assert found is not None
        assert len(server.asked) == 40  # none was asked twice
        assert found["lead"] is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "no prompts"),
        ('{"prompt": "a"}\n{"prompt": "b", "answer": "c"}\n', "1 of 2 have no answer, as 'a'"),
        ('{"prompt": "a"}\n{"question": "b"}\n', "prompts.jsonl:2"),
        ('{"prompt": "a", "answer": 3}\n', "prompts.jsonl:1"),
        ("nonsense\n", "prompts.jsonl:1"),
        ('{"prompt": "a", "answer": "b"}\n', "too few to train"),
    ],
)
def test_wrong_prompts_are_named(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "teacher.jsonl").write_text('{"id": "1", "text": "x"}\n', encoding="utf-8")
    config = sequence(tmp_path, [], "teacher.jsonl")
    (tmp_path / "prompts.jsonl").write_text(rows, encoding="utf-8")
    with pytest.raises(TuneError, match=said):
        distill(config, "", silent, never)


@pytest.mark.parametrize(
    ("more", "tail", "said"),
    [
        ('level = "sequence"', TEXT, "reads prompts, and no"),
        ('prompts = "p.jsonl"', TEXT, "and no prompts"),
        ("seeds = []", TEXT, "seeds: expected one or more"),
        ('alpha = "1.5"', TEXT, "alpha: expected 0 to 1"),
        ("nonsense = 1", TEXT, "nonsense: no such key"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, more: str, tail: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        student(tmp_path, more=more, tail=tail)


def test_empty_text_and_what_cannot_teach_are_told_before_anything_is_trained(school: Path, tmp_path: Path) -> None:
    (tmp_path / "tales.jsonl").write_text("", encoding="utf-8")
    config = student(tmp_path)
    real = config.model_copy(update={"teacher": config.teacher.model_copy(update={"model": str(school / "big" / "model")})})
    with pytest.raises(CorpusError, match="none of its documents"):
        distill(real, "", silent, never)
    errors: list[tuple[dict[str, Any], type[HanseError], str]] = [
        ({}, TuneError, "no such folder"),
        ({"model": "big@http://127.0.0.1:9/v1"}, TuneError, "gives answers and no distributions"),
    ]
    for change, kind, said in errors:
        config = student(tmp_path)
        config = config.model_copy(update={"teacher": config.teacher.model_copy(update=change)})
        with pytest.raises(kind, match=said):
            distill(config, "", silent, never)


def test_the_command_prints_the_report_and_needs_the_key_it_names(school: Path) -> None:
    student(school, "command.toml", 'folder = "gain"\nlonger_max = 2')
    SigningKey("acme/ops", b"k" * 32).save(school / "officer.pem")
    given = [str(school / "command.toml"), "--record", str(school / "record.jsonl"), "--key", str(school / "officer.pem")]
    done = CliRunner().invoke(command, given, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    assert "at equal tokens the taught student is +" in done.output
    assert (school / "gain" / "distilled.html").read_text().startswith("<!doctype html>")
    (signed,) = read(school / "record.jsonl", [SigningKey("acme/ops", b"k" * 32).public]).lines
    assert signed.line.made.origins() == [folder_digest(school / "big" / "model")]
    assert folder_digest(school / "gain" / "model") in signed.line.made.outputs()
    student(school, "key.toml", teacher='key_env = "HANSE_NO_SUCH_KEY"')
    done = CliRunner().invoke(command, [str(school / "key.toml")])
    assert "the environment has no such variable" in str(done.exception)
