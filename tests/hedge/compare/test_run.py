"""A comparison with engines of fixed answers: its verdicts, what failed checks do to them, and that a run killed anywhere goes on
to the same comparison."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path

import pytest

from hanse.errors import InputError, TaskError, Unavailable
from hanse.hedge.compare.journal import Journal, Who
from hanse.hedge.compare.judge import EndpointJudge
from hanse.hedge.compare.paired import Rule
from hanse.hedge.compare.run import Pair, Plan, Result, run
from hanse.hedge.compare.tasks import Accepted, Pairwise, Python, Task, print_tasks
from hanse.hedge.engine.base import Answer, Engine, Identity, Question
from hanse.hedge.engine.endpoint import Budget
from hanse.hedge.engine.fixed import FixedEngine

ITEMS = 60
RULE = Rule(Fraction(1, 4), ITEMS, seed=3)


def fixed(name: str, texts: dict[str, str]) -> FixedEngine:
    return FixedEngine(name, {item: Answer(text, 1, 1, 0.5, 0.25, False) for item, text in texts.items()}, name * 4)


def names() -> list[str]:
    return [f"t{number}" for number in range(ITEMS)]


def some_wrong(share: float, seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    return {name: "no" if chance.random() < share else "yes" for name in names()}


def plan(check: Accepted | Pairwise | None = None, rule: Rule = RULE) -> Plan:
    check = check or Accepted(kind="accepted", answers=("yes",))
    tasks = tuple(
        Task(id=name, prompt="?", check=check, slices=("even",) if at % 2 == 0 else ()) for at, name in enumerate(names())
    )
    return Plan(tasks, "ab" * 32, Path(), rule)


def pair(incumbent: dict[str, str], substitute: dict[str, str]) -> Pair:
    return {"incumbent": fixed("old", incumbent), "substitute": fixed("new", substitute)}


def compared(given: Pair, journal: Path | None = None) -> Result:
    made = plan()
    with Journal(journal, made.header(given)) as opened:
        return run(made, given, None, opened)


RIGHT = some_wrong(0, 0)


def test_it_stops_once_the_verdict_stands() -> None:
    same = compared(pair(RIGHT, RIGHT))
    assert same.comparison.verdict == "swap"
    assert same.comparison.decided_at == len(same.measured) < ITEMS
    worse = compared(pair(RIGHT, some_wrong(1, 0)))
    assert worse.comparison.verdict == "keep"
    assert worse.comparison.decided_at == len(worse.measured) < ITEMS
    open_ = compared(pair(RIGHT, some_wrong(0.25, 1)))
    assert (open_.comparison.verdict, len(open_.measured), open_.stopped) == ("more", ITEMS, "")


def test_two_models_that_know_nothing_are_not_swapped() -> None:
    nothing = some_wrong(1, 0)
    with pytest.raises(InputError, match="neither model has any of"):
        compared(pair(nothing, nothing))
    first = compared(pair(RIGHT, RIGHT)).measured[0].task.id
    barely = {**nothing, first: "yes"}
    assert compared(pair(barely, barely)).comparison.verdict == "swap"


class Dies:
    """An engine that stops after some answers."""

    def __init__(self, inner: Engine, after: int) -> None:
        self.identity: Identity = inner.identity
        self._inner, self._left = inner, after
        self.asked: list[str] = []

    def answer(self, question: Question, seed: int) -> Answer:
        if self._left == 0:
            raise Unavailable("it stopped")
        self._left -= 1
        self.asked.append(question.id)
        return self._inner.answer(question, seed)

    def close(self) -> None:
        pass


def test_a_run_killed_after_any_answer_goes_on_to_the_same_comparison(tmp_path: Path) -> None:
    given = pair(some_wrong(0.1, 5), some_wrong(0.15, 6))
    whole = compared(given)
    for after in (0, 1, 2, 7, len(whole.measured) - 1):
        for who in ("incumbent", "substitute"):
            path = tmp_path / f"{after}-{who}.jsonl"
            dying: Pair = {**given, who: Dies(given[who], after)}  # type: ignore[misc]
            try:
                part = compared(dying, path)
                assert part.stopped == "it stopped"
                assert len(part.measured) == after
            except Unavailable:
                assert after == 0
            counted: Pair = {**given, who: (second := Dies(given[who], 10**6))}  # type: ignore[misc]
            again = compared(counted, path)
            assert again == Result(again.plan, whole.measured, whole.comparison)
            assert len(second.asked) == len(whole.measured) - after


def test_a_journal_cut_off_at_any_byte_goes_on_to_the_same_comparison(tmp_path: Path) -> None:
    given = pair(RIGHT, RIGHT)
    path, cut = tmp_path / "j", tmp_path / "cut"
    whole = compared(given, path)
    data = path.read_bytes()
    begin = data.index(b"\n") + 1
    for at in [begin, *range(begin, len(data), 1999), len(data) - 1]:
        cut.write_bytes(data[:at])
        assert compared(given, cut) == whole
        assert cut.read_bytes() == data


def test_another_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j"
    given = pair(RIGHT, RIGHT)
    compared(given, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="another comparison: substitute is"):
        compared(pair(RIGHT, RIGHT) | {"substitute": fixed("other", RIGHT)}, path)
    for other in (Rule(Fraction(1, 5), ITEMS, seed=3), Rule(Fraction(1, 4), ITEMS, seed=4)):
        with pytest.raises(InputError, match="another comparison: rule is"), Journal(path, plan(rule=other).header(given)):
            pass
    with Journal(path, plan().header(given)), pytest.raises(InputError, match="another run writes to it"):
        Journal(path, plan().header(given))
    assert path.read_bytes() == before
    for text in ("my notes", "my notes\n", '{"a": 1}\n'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"journal"):
            Journal(path, plan().header(given))
        assert path.read_text() == text
    for line in ("[]", "{", '{"item": "a"}', '{"item": "a", "who": "incumbent", "answer": {"no": 1}}'):
        path.write_bytes(before + line.encode() + b"\n")
        with pytest.raises(InputError, match=r":\d+: is no line of a journal"):
            Journal(path, plan().header(given))


def test_what_was_spent_is_taken_up_again(tmp_path: Path) -> None:
    header = plan().header(pair(RIGHT, RIGHT))
    first, second = Budget(), Budget()
    with Journal(tmp_path / "j", header, first) as journal:
        first.spent = Fraction(1, 3)
        journal.add_answer("t0", "incumbent", Answer("yes", 1, 1, 0.5, 0.25, False))
        first.spent += Fraction(1, 7)
        journal.add_spent()
    with Journal(tmp_path / "j", header, second) as journal:
        assert second.spent == first.spent
        assert set(journal.answers) == {("t0", "incumbent")}


def with_failures(failed: set[str], given: Pair) -> Result:
    """The comparison where these items' checks had failed."""
    made = plan()
    journal = Journal(None, {})
    for name in failed:
        journal.marks[name] = None, "ran longer than 10 seconds"
    return run(made, given, None, journal)


def test_failed_checks_never_make_a_verdict() -> None:
    first = {item.task.id for item in compared(pair(RIGHT, RIGHT)).measured}
    with pytest.raises(InputError, match=f"{len(first)} of 60 items have no marks"):
        with_failures(first, pair(RIGHT, RIGHT))
    early = {compared(pair(RIGHT, RIGHT)).measured[0].task.id}
    few = with_failures(early, pair(RIGHT, RIGHT))
    assert few.comparison.verdict == "swap"
    assert few.comparison.worse == 1  # counted against what is said
    kept = with_failures(early, pair(RIGHT, some_wrong(1, 0)))
    assert kept.comparison.verdict == "keep"
    assert kept.comparison.better == 1
    with pytest.raises(InputError, match=r"60 of 60 items have no marks.*ran longer"):
        with_failures(set(names()), pair(RIGHT, RIGHT))


def test_tasks_are_checked_before_anything_is_asked(tmp_path: Path) -> None:
    silent = Dies(fixed("old", RIGHT), 0)
    silent.identity = Identity("gguf", "old.gguf")
    chat = Task.model_validate_json(
        '{"id": "a", "messages": [{"role": "user", "content": "?"}], "check": {"kind": "accepted", "answers": ["x"]}}'
    )
    rule = Rule(Fraction(1, 4), 1)
    with pytest.raises(InputError, match=r"old\.gguf \(incumbent\): has no chat template"):
        run(Plan((chat,), "", tmp_path, rule), pair(RIGHT, RIGHT) | {"incumbent": silent}, None, Journal(None, {}))
    check = Python(kind="python", file="none.py", sha256="0" * 64)
    with pytest.raises(TaskError, match=r"none\.py"):
        run(Plan((Task(id="a", prompt="?", check=check),), "", tmp_path, rule), pair(RIGHT, RIGHT), None, Journal(None, {}))


class Judging:
    """Prefers "yes", but says A whenever it does not care."""

    identity = Identity("endpoint", "judge")

    def answer(self, question: Question, seed: int) -> Answer:
        text = question.messages[0]["content"]
        first, second = (part.split("\n")[1] for part in text.split("<answer")[1:])
        said = "A" if first in (second, "yes") else "B" if second == "yes" else "hm"
        return Answer(f"**{said}**.", 1, 1, 0.0, 0.0, False)

    def close(self) -> None:
        pass


def test_a_judge_is_asked_in_both_orders() -> None:
    check = Pairwise(kind="judge", endpoint="http://localhost/v1", model="j", criterion="Which agrees?")
    judge = EndpointJudge({("http://localhost/v1", "j"): Judging()})
    made = plan(check)
    same = run(made, pair(RIGHT, RIGHT), judge, Journal(None, {}))
    assert {item.marks for item in same.measured} == {(0.5, 0.5)}
    worse = run(made, pair(RIGHT, some_wrong(1, 0)), judge, Journal(None, {}))
    assert (worse.comparison.verdict, worse.measured[0].marks) == ("keep", (1.0, 0.0))
    better = run(made, pair(some_wrong(1, 0), RIGHT), judge, Journal(None, {}))
    assert (better.comparison.verdict, better.measured[0].marks) == ("swap", (0.0, 1.0))
    odd = {name: f"odd {name}" for name in names()}
    with pytest.raises(InputError, match="expected A, B or TIE"):
        run(made, pair(odd, dict.fromkeys(names(), "other")), judge, Journal(None, {}))


def test_the_digest_of_the_tasks_is_in_the_journal(tmp_path: Path) -> None:
    made = plan()
    assert json.loads(json.dumps(made.header(pair(RIGHT, RIGHT))))["tasks"] == made.tasks_sha256
    assert print_tasks(made.tasks)
    who: Who = "incumbent"
    assert made.header(pair(RIGHT, RIGHT))[who]["name"] == "old"
