"""A comparison from the first question to the verdict: both engines answer each item in the order drawn by seed, the answers are
marked, and it stops once the verdict stands.

An item whose check fails has no marks. It counts as the worst for whatever is to be said: "swap" must hold were the substitute
wrong and the incumbent right there, "keep" the other way around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hanse.errors import InputError, TaskError, Unavailable
from hanse.hedge.compare.checkers import Judge, mark, read_checker
from hanse.hedge.compare.harness import Harness, LmItem, can_answer
from hanse.hedge.compare.journal import WHO, Journal, Marks, Who
from hanse.hedge.compare.paired import Comparison, Outcome, Rule, Verdict, compare, decide, sequence
from hanse.hedge.compare.sandbox import Limits
from hanse.hedge.compare.tasks import Pairwise, Python, Task
from hanse.hedge.engine.base import Answer, Engine, Settings
from hanse.hedge.engine.opening import has_template


@dataclass(frozen=True)
class Plan:
    """What is compared, and how."""

    tasks: tuple[Task | LmItem, ...]
    tasks_sha256: str
    """Of their file, and of what lm-eval asks."""
    folder: Path
    """Of their file: where checkers lie."""
    rule: Rule
    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)

    def header(self, pair: Pair) -> dict[str, Any]:
        """What a journal must be of: everything that answers and order depend on."""
        settings = {key: value for key, value in asdict(self.settings).items() if key != "timeout_seconds"}
        rule = asdict(self.rule) | {"margin": str(self.rule.margin), "error": str(self.rule.error)}
        engines = {str(who): asdict(engine.identity) for who, engine in pair.items()}
        return {"tasks": self.tasks_sha256, "rule": rule, "settings": settings, **engines}


Pair = dict[Who, Engine]


@dataclass(frozen=True)
class Measured:
    """One item."""

    task: Task | LmItem
    incumbent: Answer
    substitute: Answer
    marks: Marks | None
    """Of the incumbent and the substitute; None when a check failed."""
    reason: str = ""
    """Why it failed."""

    def outcome(self, if_failed: Marks) -> Outcome:
        """Its marks, or those given instead."""
        incumbent, substitute = self.marks or if_failed
        return Outcome(self.task.id, incumbent, substitute, self.task.slices)


@dataclass(frozen=True)
class Result:
    """What came of it."""

    plan: Plan
    measured: tuple[Measured, ...]
    """In the order measured; at least one."""
    comparison: Comparison
    stopped: str = ""
    """Why it ended before the verdict and the last item; empty when it did not."""


AGAINST_SWAP: Marks = (1.0, 0.0)
AGAINST_KEEP: Marks = (0.0, 1.0)


def ready(plan: Plan, pair: Pair) -> None:
    """Raises InputError for what would only be found after hours: tasks an engine has no template for, checkers that are not
    there or are others."""
    for who, engine in pair.items():
        if any(task.messages for task in plan.tasks) and not has_template(engine):
            raise InputError(
                f"{engine.identity.name} ({who}): has no chat template, so it cannot be asked tasks with messages; add its "
                "template to the file, or write tasks with a prompt"
            )
        can_answer([task for task in plan.tasks if isinstance(task, LmItem)], engine)
    for task in plan.tasks:
        if isinstance(task, Task) and isinstance(task.check, Python):
            read_checker(task.check, plan.folder)


def run(
    plan: Plan, pair: Pair, judge: Judge | None, journal: Journal, progress: Callable[[int], None] = lambda done: None,
    harness: Harness | None = None,
) -> Result:  # fmt: skip
    """Compare. An engine that stops ends it early, and what was measured stands. Raises InputError for what is wrong with a
    file, a task or a question, Unavailable when an engine stopped before anything was measured."""
    ready(plan, pair)
    measured: list[Measured] = []
    stopped = ""
    try:
        for item in measure(plan, pair, judge, journal, harness):
            measured.append(item)
            progress(len(measured))
            if stands(measured, plan.rule) != "more":
                break
    except Unavailable as error:
        journal.add_spent()
        if not measured:
            raise
        stopped = str(error)
    names = {name for task in plan.tasks for name in task.slices}
    found = judged(measured, plan.rule, sorted(names))
    if found.verdict == "swap" and found.incumbent == found.substitute == 0:
        raise InputError(
            f"neither model has any of {found.items} items right, so that they are equal says nothing: look at the answers in the "
            "journal, then at the checks and at the length of an answer"
        )
    return Result(plan, tuple(measured), found, stopped)


def measure(plan: Plan, pair: Pair, judge: Judge | None, journal: Journal, harness: Harness | None) -> Iterator[Measured]:
    """One item after the other, from the journal what it has."""
    tasks = {task.id: task for task in plan.tasks}
    for name in sequence(tasks, plan.rule.seed):
        task = tasks[name]
        question = task.question()
        for who in WHO:
            if (name, who) not in journal.answers:
                journal.add_answer(name, who, pair[who].answer(question, plan.rule.seed))
        incumbent, substitute = journal.answers[name, "incumbent"], journal.answers[name, "substitute"]
        if name not in journal.marks:
            if isinstance(task, LmItem):
                found = marks_by(harness, task, incumbent, substitute)
            else:
                found = marks_of(task, incumbent.text, substitute.text, plan, judge)
            journal.add_marks(name, *found)
        yield Measured(task, incumbent, substitute, *journal.marks[name])


def marks_by(harness: Harness | None, item: LmItem, incumbent: Answer, substitute: Answer) -> tuple[Marks | None, str]:
    """Both marks by lm-eval, or why there are none."""
    if harness is None:
        raise TaskError(f"{item.id}: needs lm-eval")
    found = []
    for who, answer in zip(WHO, (incumbent, substitute), strict=True):
        try:
            found.append(harness.mark(item, answer))
        except TaskError as error:
            return None, f"{who}: {error}"
    return (found[0], found[1]), ""


def marks_of(task: Task, incumbent: str, substitute: str, plan: Plan, judge: Judge | None) -> tuple[Marks | None, str]:
    """Both marks, or why there are none."""
    if isinstance(task.check, Pairwise):
        if judge is None:
            raise TaskError(f"task {task.id}: needs a judge")
        try:
            better = judge.prefer(task, substitute, incumbent)
        except TaskError as error:
            return None, str(error)
        return (1 - better, better), ""
    found = [mark(task, text, plan.folder, plan.limits) for text in (incumbent, substitute)]
    reasons = [f"{who}: {one.reason}" for who, one in zip(WHO, found, strict=True) if one.mark is None]
    first, second = (one.mark for one in found)
    return ((first, second), "") if first is not None and second is not None else (None, "; ".join(reasons))


def stands(measured: Sequence[Measured], rule: Rule) -> Verdict:
    """The verdict that holds however failed items would have been marked."""
    if decide([item.outcome(AGAINST_SWAP).difference for item in measured], rule)[0] == "swap":
        return "swap"
    if decide([item.outcome(AGAINST_KEEP).difference for item in measured], rule)[0] == "keep":
        return "keep"
    return "more"


def judged(measured: Sequence[Measured], rule: Rule, slices: Sequence[str]) -> Comparison:
    """The comparison with failed items counted against what it says. Raises InputError where so many failed that nothing can be
    said."""
    against_swap = compare([item.outcome(AGAINST_SWAP) for item in measured], rule, slices)
    failed = [item for item in measured if item.marks is None]
    if not failed or against_swap.verdict == "swap":
        return against_swap
    against_keep = compare([item.outcome(AGAINST_KEEP) for item in measured], rule, slices)
    for found in (against_keep, against_swap):
        if found.verdict == "more" or (found.verdict == "keep" and found is against_keep):
            return found
    first = f"{failed[0].task.id}: {failed[0].reason}"
    raise InputError(f"{len(failed)} of {len(measured)} items have no marks, so nothing can be said; mend their checks; {first}")
