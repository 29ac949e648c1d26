"""Tasks of lm-eval that lie on this disk: the library says what is asked and marks it, the engines are the comparison's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.hedge.engine.tiny import save_tiny

from hanse.cli.compare import compare as command
from hanse.errors import InputError, TaskError
from hanse.hedge.compare.harness import Harness, LmItem, can_answer, cut_at
from hanse.hedge.compare.harnessed import load
from hanse.hedge.compare.journal import Journal
from hanse.hedge.compare.paired import Rule
from hanse.hedge.compare.run import Plan, run
from hanse.hedge.engine.base import Answer, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.fixed import FixedEngine
from hanse.hedge.engine.opening import open_engine

pytest.importorskip("lm_eval", reason="pip install hanse[lm-eval]")
CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin", "Portugal": "Lisbon", "Greece": "Athens",
            "Austria": "Vienna", "Poland": "Warsaw", "Hungary": "Budapest", "Sweden": "Stockholm"}  # fmt: skip
COMMON = """
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
doc_to_text: "{{{{country}}}}:"
"""
OPEN = """task: capitals
output_type: generate_until
doc_to_target: "{{city}}"
generation_kwargs:
  until: ["\\n", "."]
  max_gen_toks: 7
  do_sample: false
filter_list:
  - name: trimmed
    filter:
      - function: remove_whitespace
      - function: take_first
metric_list:
  - metric: exact_match
    ignore_case: true
"""
CHOICE = """task: choices
output_type: multiple_choice
doc_to_choice: "{{[city, city + ' or another city']}}"
doc_to_target: 0
metric_list:
  - metric: acc
  - metric: acc_norm
"""
BAD = {
    "sampled": OPEN.replace("do_sample: false", "temperature: 0.7"),
    "again": OPEN + "repeats: 3\n",
    "rolling": "output_type: loglikelihood_rolling\ndoc_to_target: x\nmetric_list:\n  - metric: word_perplexity\n",
    "elsewhere": OPEN,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tasks")
    rows = [json.dumps({"country": country, "city": city}) + "\n" for country, city in CAPITALS.items()]
    (made / "capitals.jsonl").write_text("".join(rows))
    common = COMMON.format(data=made / "capitals.jsonl")
    for name, text in {"capitals": OPEN, "choices": CHOICE, **BAD}.items():
        body = "\n".join(line for line in text.splitlines() if not line.startswith("task:"))
        path = common.replace("capitals.jsonl", "none.jsonl") if name == "elsewhere" else common
        (made / f"{name}.yaml").write_text(f"task: {name}\n{body}\n{path}")
    return made


@pytest.fixture(scope="module")
def harness(folder: Path) -> Iterator[Harness]:
    with Harness(["capitals", "choices"], folder) as opened:
        yield opened


def answer(text: str, *scores: tuple[float, bool]) -> Answer:
    return Answer(text, 1, 1, 0.5, 0.25, False, scores=scores)


def items(harness: Harness, task: str) -> list[LmItem]:
    return [item for item in harness.items if item.slices == (task,)]


@pytest.mark.slow
def test_the_library_says_what_is_asked_and_marks_by_its_own_metrics(harness: Harness) -> None:
    assert harness.metrics == {"capitals": "exact_match by filter trimmed", "choices": "acc by filter none"}
    assert [item.id for item in items(harness, "capitals")] == [f"capitals/{at}" for at in range(10)]
    first = items(harness, "capitals")[0]
    assert (first.prompt, first.stop, first.tokens_max, first.scored) == ("France:", ("\n", "."), 7, ())
    assert [harness.mark(first, answer(text)) for text in (" paris\nItaly: Rome", "Paris. Or", "Lyon\nParis", "")] == [1, 1, 0, 0]
    choice = items(harness, "choices")[0]
    assert choice.scored == (("France:", " Paris"), ("France:", " Paris or another city"))
    assert harness.mark(choice, answer("", (-1.0, True), (-2.0, False))) == 1
    assert harness.mark(choice, answer("", (-3.0, True), (-2.0, False))) == 0
    with pytest.raises(TaskError, match="ValueError"):
        harness.mark(choice, answer("", (-3.0, True)))


@pytest.mark.slow
def test_answers_that_were_generated_are_compared_item_by_item_and_a_journal_goes_on(harness: Harness, tmp_path: Path) -> None:
    asked = items(harness, "capitals")
    right = {item.id: answer(f" {city}") for item, city in zip(asked, CAPITALS.values(), strict=True)}
    wrong = {name: answer(" nowhere") for name in right}
    for substitute, verdict, margin in ((right, "swap", "1/2"), (wrong, "keep", "1/4")):
        plan = Plan(tuple(asked), harness.sha256, Path(), Rule(Fraction(margin), len(asked)))
        pair = {"incumbent": FixedEngine("old", right), "substitute": FixedEngine("new", substitute)}
        path = tmp_path / verdict
        with Journal(path, plan.header(pair)) as journal:  # type: ignore[arg-type]
            found = run(plan, pair, None, journal, harness=harness)  # type: ignore[arg-type]
        assert found.comparison.verdict == verdict
        with Journal(path, plan.header(pair)) as journal:  # type: ignore[arg-type]
            assert run(plan, pair, None, journal) == found  # type: ignore[arg-type]  # nothing is marked again


@pytest.mark.slow
def test_choices_are_scored_by_the_models_themselves(harness: Harness, tmp_path: Path) -> None:
    """The longer of two continuations is less probable to a model of random weights, so `acc` is 1 for both."""
    pytest.importorskip("ctranslate2")
    from hanse.hedge.quantize.ct2 import convert
    from hanse.hedge.quantize.write import quantize

    save_tiny(tmp_path / "tiny")
    quantize(tmp_path / "tiny", "F32", tmp_path / "tiny.gguf", False, "test")
    convert(tmp_path / "tiny", tmp_path / "ct2", "test")
    asked, settings = items(harness, "choices"), Settings(threads=1)
    plan = Plan(tuple(asked), harness.sha256, Path(), Rule(Fraction(1, 2), len(asked)), settings)
    pair = {who: open_engine(str(tmp_path / name), settings, Access()) for who, name in
            (("incumbent", "tiny.gguf"), ("substitute", "ct2"))}  # fmt: skip
    try:
        with Journal(tmp_path / "journal", plan.header(pair)) as journal:  # type: ignore[arg-type]
            found = run(plan, pair, None, journal, harness=harness)  # type: ignore[arg-type]
    finally:
        for engine in pair.values():
            engine.close()
    assert (found.comparison.verdict, found.comparison.incumbent, found.comparison.substitute) == ("swap", 1.0, 1.0)
    first = found.measured[0]
    assert first.incumbent.text == first.task.scored[0][1]  # type: ignore[union-attr]
    both = zip(first.incumbent.scores, first.substitute.scores, strict=True)
    assert all(one[0] == pytest.approx(other[0], rel=0.05) for one, other in both)
    with Journal(tmp_path / "journal", plan.header(pair)) as journal:  # type: ignore[arg-type]
        assert journal.answers[first.task.id, "incumbent"] == first.incumbent


def test_who_tells_no_probabilities_is_refused_by_name() -> None:
    item = LmItem("arc/0", "a", (("a", "b"),), (), 0, ("arc",))
    with pytest.raises(InputError, match="old: arc asks how probable given continuations are, which no file of answers tells"):
        can_answer([item], FixedEngine("old", {}))
    can_answer([LmItem("arc/0", "a", (), (), 0, ("arc",))], FixedEngine("old", {}))


def test_an_answer_ends_at_the_first_stop() -> None:
    assert cut_at("a.b\nc", ("\n", ".")) == "a"
    assert cut_at("abc", ("\n",)) == cut_at("abc", ()) == "abc"


@pytest.mark.slow
def test_a_task_that_cannot_be_asked_is_named(folder: Path) -> None:
    said = {
        "sampled": "sampled: generation_kwargs has temperature: 0.7; engines are asked greedily",
        "again": "again: repeats is 3",
        "rolling": "rolling: output_type is loglikelihood_rolling; expected generate_until",
        "elsewhere": "elsewhere: cannot be loaded offline",
    }
    for task in ("sampled", "again", "rolling", "elsewhere"):
        with pytest.raises(TaskError, match=said[task]):
            load([task], str(folder))


@pytest.mark.slow
def test_the_command_takes_tasks_of_both_kinds(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(
        '{"id": "own", "prompt": "?", "check": {"kind": "accepted", "answers": ["yes"]}}\n', encoding="utf-8"
    )
    texts = {"own": "yes"} | {f"capitals/{at}": f" {city}\n" for at, city in enumerate(CAPITALS.values())}
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"id": id_, "text": text}) + "\n" for id_, text in texts.items()))
    given = [str(tmp_path / "a.jsonl")] * 2 + ["--lm-eval", "capitals", "--include-path", str(folder), "--margin", "1/2", "--json"]
    done = CliRunner().invoke(command, [*given, "--tasks", str(tmp_path / "tasks.jsonl")])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["verdict"], found["tasks"]["items"], found["incumbent"]) == ("swap", 11, 1.0)
    assert [one["name"] for one in found["slices"]] == ["capitals"]
    assert CliRunner().invoke(command, given[:2]).exit_code == 2
