"""What a lock, a record and the routes say together: for every model the tree from the locked base to what serves it, and what is
missing or contradicts. Pure.

A file's origin is the last step that made it (train, tune, distill, quantize), else the last lock step that has it. A base is a
locked model no file of which was made by a step, or one that was trained from random weights. Files are known by digest alone;
names are for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hanse.hedge.lock.schema import Lock
from hanse.hedge.record.chain import Chain
from hanse.hedge.record.line import Line
from hanse.hedge.record.made import (
    CompareFacts,
    DistillFacts,
    DrillFacts,
    LockFacts,
    Made,
    QuantizeFacts,
    TrainFacts,
    TuneFacts,
    TurnFacts,
)

MAKING = ("train", "tune", "distill", "quantize")
SHOWN = 12
"""Digits of a digest that people are shown."""


@dataclass(frozen=True)
class Turn:
    """The last swap or rollback of a route, as the router's own state has it."""

    what: str
    after: str
    verdict: str


@dataclass(frozen=True)
class Served:
    """What a route leads to now."""

    route: str
    target: str
    sha256: str = ""
    """Of the file, as the target's lock has it; empty for an endpoint."""
    name: str = ""
    """The file's, or model@url."""
    turn: Turn | None = None
    """None: never swapped."""


@dataclass(frozen=True)
class Node:
    """A model, a file, a verdict, a drill or a route."""

    kind: str
    """lock, train, tune, distill, quantize, compare, drill, route; unknown for a file without origin."""
    name: str
    sha256: str
    says: str
    problems: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kind": self.kind, "name": self.name, "sha256": self.sha256, "says": self.says, "problems": list(self.problems),
            "children": [child.row() for child in self.children],
        }  # fmt: skip

    def all(self) -> Iterator[Node]:
        """It and everything below it."""
        yield self
        for child in self.children:
            yield from child.all()


@dataclass(frozen=True)
class Status:
    """The whole picture."""

    models: tuple[Node, ...]
    head: str
    """Digest of the record's last line: keep it elsewhere, so that lines taken from the end are seen."""
    lines: int
    problem: str
    """Of the record itself; what is drawn is what stands before it."""

    def problems(self) -> list[str]:
        """Everything that is missing or contradicts, each once."""
        found = [self.problem] if self.problem else []
        found += [problem for model in self.models for node in model.all() for problem in node.problems]
        return list(dict.fromkeys(found))

    def row(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "format": "hanse-hedge-status/1", "head": self.head, "lines": self.lines, "problems": self.problems(),
            "models": [model.row() for model in self.models],
        }  # fmt: skip


def status(lock: Lock, record: Chain, routes: Sequence[Served] = ()) -> Status:
    """Draw the chain of every model."""
    found = _Steps([item.line for item in record.lines])
    trees = _Trees(found, lock, routes)
    return Status(tuple(trees.roots()), record.head, len(record.lines), record.problem)


@dataclass
class _Steps:
    """The record's steps by what they made."""

    lines: list[Line]
    origins: dict[str, int] = field(default_factory=dict)
    """Digest -> number of the step that it comes from."""
    given: dict[int, set[str]] = field(default_factory=dict)
    """Number of each such step -> digests that it gave."""
    locks: dict[str, int] = field(default_factory=dict)
    """Model's name -> number of its last lock step."""

    def __post_init__(self) -> None:
        for kinds in (("lock",), MAKING):  # a file that was made, then locked, comes from where it was made
            for number, line in enumerate(self.lines):
                if line.made.kind in kinds:
                    self.origins |= dict.fromkeys(line.made.outputs(), number)
                    self.given[number] = set(line.made.outputs())
                if isinstance(line.made.facts, LockFacts):
                    self.locks[line.made.facts.model] = number

    def parents(self, number: int) -> tuple[list[int], list[str]]:
        """Steps that a step's files come from, and names of those that come from nowhere."""
        made = self.lines[number].made
        if made.kind == "lock":
            return self._known(made.outputs(), number)[0], []
        names = {item.sha256: item.name for item in made.materials}
        parents, missing = self._known(made.origins(), number)
        if not made.origins() and made.kind != "train":
            missing.append("a base")
        return parents, [names.get(digest, digest[:SHOWN]) for digest in missing]

    def _known(self, digests: Iterable[str], number: int) -> tuple[list[int], list[str]]:
        """Steps by what they gave. A step that gave all of it is the only one, and of lock steps, the last that gave all that
        comes from any: models share small files, a tuned one those of its base."""
        found = {digest: self.origins.get(digest) for digest in digests}
        gave_all = [at for at, given in self.given.items() if found and given >= set(found) and at != number]
        alone = [at for at in gave_all if self.lines[at].made.kind in MAKING] or gave_all
        if alone and self.lines[number].made.kind != "lock":
            return alone[-1:], []
        from_locks = {digest for digest, at in found.items() if at is not None and self.lines[at].made.kind == "lock"}
        whole = (at for at, given in reversed(self.given.items()) if self.lines[at].made.kind == "lock" and from_locks <= given)
        if from_locks and (at := next(whole, None)) is not None:
            found |= dict.fromkeys(from_locks, at)
        parents = {at for at in found.values() if at is not None and at != number}
        return sorted(parents), [digest for digest, at in found.items() if at is None]


class _Trees:
    """Nodes of the steps, each below what it was made from."""

    def __init__(self, steps: _Steps, lock: Lock, routes: Sequence[Served]) -> None:
        self._steps, self._lock = steps, {item.name: item for item in lock.model}
        self._below: dict[int, list[int]] = {}
        self._missing: dict[int, list[str]] = {}
        making = [at for at, line in enumerate(steps.lines) if line.made.kind in MAKING]
        self._kept = [*making, *sorted(steps.locks.values())]
        for number in self._kept:  # locks last: one that holds what was made from it stays above
            parents, self._missing[number] = steps.parents(number)
            for parent in parents:
                if parent not in self._descendants(number):
                    self._below.setdefault(parent, []).append(number)
        self._leaves: dict[int, list[Node]] = {}
        self._loose: list[Node] = []
        for node, at in (*self._verdicts(), *self._drills(), *(self._route(item) for item in routes)):
            (self._loose if at is None else self._leaves.setdefault(at, [])).append(node)

    def roots(self) -> Iterator[Node]:
        """Locked bases first, then what has no base, then models of the lock that the record has no line of."""
        under = {number for numbers in self._below.values() for number in numbers}
        shown = {*self._kept, *self._below, *self._leaves}  # older lock steps, too, where something hangs on them
        for number in sorted(shown - under):
            yield self._node(number)
        for name, model in self._lock.items():
            if name not in self._steps.locks:
                problem = f"{name}: is in the lock, but the record has no line of it; `hanse hedge add {name}` adds one"
                yield Node("unknown", name, model.entry, "in the lock", (problem,))
        yield from self._loose

    def _descendants(self, number: int) -> set[int]:
        """Steps drawn below one, itself included."""
        found, todo = set[int](), [number]
        while todo:
            found.add(at := todo.pop())
            todo += self._below.get(at, [])
        return found

    def _node(self, number: int) -> Node:
        made = self._steps.lines[number].made
        children = (*(self._node(child) for child in self._below.get(number, ())), *self._leaves.get(number, ()))
        problems = [f"{made.name}: comes from {name}, which no line of the record has" for name in self._missing.get(number, ())]
        if isinstance(made.facts, LockFacts):
            is_last = self._steps.locks[made.facts.model] == number
            is_served = any(node.kind == "route" for child in children for node in child.all())
            problems += self._moved(made.facts, is_last, is_served)
        first = made.outputs()[0]
        return Node(made.kind, made.name, first, says(made), tuple(problems), children)

    def _moved(self, facts: LockFacts, is_last: bool, is_served: bool) -> list[str]:
        """What of an entry is not so any more. That a later line replaced it, or that it was taken out of the lock, is in order
        unless something is served of it."""
        now = self._lock.get(facts.model)
        if not is_served and (now is None or not is_last):
            return []
        if now is None:
            return [f"{facts.model}: was locked with entry {facts.entry[:SHOWN]}, and is not in the lock any more"]
        if now.entry != facts.entry:
            return [f"{facts.model}: the record has it with entry {facts.entry[:SHOWN]}, the lock has {now.entry[:SHOWN]} now"]
        return []

    def _verdicts(self) -> Iterator[tuple[Node, int | None]]:
        """Under the substitute; the last of each pair of models and tasks."""
        last = {}
        for line in self._steps.lines:
            if isinstance(facts := line.made.facts, CompareFacts):
                last[facts.incumbent, facts.substitute, facts.tasks] = line.made
        for made in last.values():
            assert isinstance(made.facts, CompareFacts)
            node = Node("compare", f"{made.facts.incumbent.name} or {made.facts.substitute.name}", made.facts.document, says(made))
            yield node, self._steps.origins.get(made.facts.substitute.sha256)

    def _drills(self) -> Iterator[tuple[Node, int | None]]:
        """The last of each model, under its lock step."""
        last: dict[str, tuple[str, Made]] = {}
        for line in self._steps.lines:
            if isinstance(line.made.facts, DrillFacts):
                last |= {name: (entry, line.made) for name, entry in line.made.facts.models.items()}
        for name, (entry, made) in last.items():
            at = self._steps.locks.get(name)
            facts = None if at is None else self._steps.lines[at].made.facts
            if isinstance(facts, LockFacts) and facts.entry == entry:
                yield Node("drill", "drill", made.subjects[0].sha256, says(made)), at

    def _route(self, served: Served) -> tuple[Node, int | None]:
        """Under the file that is served."""
        node = Node("route", served.route, served.sha256, f"target {served.target}: {served.name}")
        problems = list(self._turned(served))
        if not served.sha256:
            return replace(node, says=f"{node.says}, an endpoint: its file is known to who runs it", problems=tuple(problems)), None
        origin = self._steps.origins.get(served.sha256)
        if origin is None or not self._based(origin, frozenset()):
            what = "no line of the record has it" if origin is None else "it does not come from a locked base"
            problems.append(f"{served.route}: serves {served.name} ({served.sha256[:SHOWN]}): {what}")
        return replace(node, problems=tuple(problems)), origin

    def _based(self, number: int, above: frozenset[int]) -> bool:
        """Whether all that a step's files come from is known, down to locked bases."""
        if number in above:  # a lock that holds what was made from it
            return True
        parents, missing = self._steps.parents(number)
        return not missing and all(self._based(parent, above | {number}) for parent in parents)

    def _turned(self, served: Served) -> Iterator[str]:
        """What the last swap or rollback, by the router's state and by the record, do not agree on."""
        turns = [line.made for line in self._steps.lines if isinstance(line.made.facts, TurnFacts)]
        last = next((made for made in reversed(turns) if made.facts.route == served.route), None)  # type: ignore[union-attr]
        if last is None or not isinstance(last.facts, TurnFacts):
            if served.turn is not None:
                yield f"{served.route}: was swapped to {served.target}, and the record has no line of it"
            return
        facts, turn = last.facts, served.turn
        recorded = (last.kind, facts.after, facts.verdict)
        if (turn.what, turn.after, turn.verdict) != recorded if turn else facts.after != served.target:
            yield (f"{served.route}: the record ends with a {last.kind} to {facts.after}, the router's state with "
                   f"{f'a {turn.what} to {turn.after}' if turn else served.target}")  # fmt: skip
            return
        if facts.file != served.sha256:
            yield (f"{served.route}: {facts.after} was {facts.file[:SHOWN] or 'an endpoint'} at its {last.kind}, and is "
                   f"{served.sha256[:SHOWN] or 'an endpoint'} now")  # fmt: skip
        if last.kind == "swap" and facts.verdict:
            yield from self._followed(served, facts)

    def _followed(self, served: Served, facts: TurnFacts) -> Iterator[str]:
        verdicts = [line.made.facts for line in self._steps.lines if isinstance(line.made.facts, CompareFacts)]
        verdict = next((item for item in verdicts if item.document == facts.verdict), None)
        if verdict is None:
            yield f"{served.route}: was swapped by the verdict {facts.verdict[:SHOWN]}, which the record has no line of"
        elif verdict.verdict != "swap":
            yield f"{served.route}: was swapped by a verdict that says {verdict.verdict}"
        elif verdict.substitute.sha256 != served.sha256 or (not served.sha256 and verdict.substitute.name != served.name):
            yield (f"{served.route}: was swapped by a verdict about {verdict.substitute.name} "
                   f"({verdict.substitute.sha256[:SHOWN] or 'an endpoint'}), and serves {served.name} "
                   f"({served.sha256[:SHOWN] or 'an endpoint'})")  # fmt: skip


def says(made: Made) -> str:
    """A step's facts in a few words."""
    match made.facts:
        case LockFacts() as facts:
            where = f"{facts.repository or 'a folder'}{f'@{facts.revision[:SHOWN]}' if facts.revision else ''}"
            return f"locked from {where}, license {facts.license or 'not declared'}, {len(made.subjects) - 1} files"
        case TrainFacts() as facts:
            return ", ".join([f"trained {facts.method}", *(f"{name} {value}" for name, value in facts.figures.items())])
        case TuneFacts() as facts:
            return ", ".join([f"tuned by {facts.method}", *(f"{name} {value}" for name, value in facts.figures.items())])
        case DistillFacts() as facts:
            figures = (f"{name} {value}" for name, value in facts.figures.items())
            return ", ".join([f"distilled by {facts.method} from {facts.teacher_name}", *figures])
        case QuantizeFacts() as facts:
            types = ", ".join(f"{count} {name}" for name, count in facts.types.items())
            return f"quantized: {types}; {facts.bits_per_weight} bits a weight"
        case CompareFacts() as facts:
            return f"{facts.verdict}: after {facts.items} of {facts.items_max} items, margin {facts.margin}"
        case TurnFacts() as facts:
            return f"{made.kind} of {facts.route}: {facts.before} to {facts.after}"
        case DrillFacts() as facts:
            return f"drilled on {facts.date}: {'passed' if facts.passed else 'FAILED'}"
