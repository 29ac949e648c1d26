"""A judge of pairs that is itself an endpoint: asked twice, with the answers in either order, so that a liking for the first place
cancels out (Zheng et al., "Judging LLM-as-a-judge", 2023, section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hanse.errors import TaskError
from hanse.hedge.compare.tasks import Pairwise, Task
from hanse.hedge.engine.base import Engine, Question

TOKENS_MAX = 16
_SAID = re.compile(r"\W*(A|B|TIE)\b", re.IGNORECASE)
_VALUE = {"A": 1.0, "B": 0.0, "TIE": 0.5}
_ASK = """Two answers to the same question. {criterion}

<question>
{question}
</question>
<answer name="A">
{first}
</answer>
<answer name="B">
{second}
</answer>

Which answer is better? Say one word: A, B or TIE."""


def judges(tasks: Iterable[Task]) -> set[tuple[str, str]]:
    """Base URL and model of every judge that tasks name."""
    return {(task.check.endpoint, task.check.model) for task in tasks if isinstance(task.check, Pairwise)}


@dataclass(frozen=True)
class EndpointJudge:
    """Asks the endpoint that a task names; `engines` has them by base URL and model."""

    engines: Mapping[tuple[str, str], Engine]
    seed: int = 0

    def prefer(self, task: Task, first: str, second: str) -> float:
        """See `checkers.Judge`. Raises TaskError where the judge's words are no preference."""
        return (self._once(task, first, second) + 1 - self._once(task, second, first)) / 2

    def _once(self, task: Task, first: str, second: str) -> float:
        check = task.check
        assert isinstance(check, Pairwise)
        turns = "\n".join(f"{message.role}: {message.content}" for message in task.messages or ())
        text = _ASK.format(criterion=check.criterion, question=task.prompt or turns, first=first, second=second)
        question = Question(task.id, None, ({"role": "user", "content": text},))
        said = self.engines[check.endpoint, check.model].answer(question, self.seed).text
        found = _SAID.match(said)
        if found is None:
            raise TaskError(f"task {task.id}: the judge {check.model} said {said[:80]!r}, expected A, B or TIE")
        return _VALUE[found[1].upper()]
