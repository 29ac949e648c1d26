"""Tasks of lm-eval (github.com/EleutherAI/lm-evaluation-harness) as items of a comparison. The library runs in a process of its own
(`harnessed`): it says what is to be asked, and marks what came by its own filters and metrics. It never sees a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from hanse import canonical
from hanse.errors import InputError, MissingExtraError, TaskError, Unavailable
from hanse.hedge.engine.base import SCORING, Answer, Engine, Question
from hanse.hedge.engine.process import Process

LOADING_SECONDS = 600.0
MARKING_SECONDS = 60.0


@dataclass(frozen=True)
class LmItem:
    """One document of a task."""

    id: str
    """Task and number of the document: "gsm8k/12"."""
    prompt: str
    """What is asked; of several contexts the first."""
    scored: tuple[tuple[str, str], ...]
    """Contexts and continuations whose probability is asked for; none: an answer is generated."""
    stop: tuple[str, ...]
    tokens_max: int
    """0: as the comparison's settings say."""
    slices: tuple[str, ...]
    """The task's name."""

    messages = None

    def question(self) -> Question:
        """As engines are asked it."""
        prompt = None if self.scored else self.prompt
        return Question(self.id, prompt, scored=self.scored, stop=self.stop, tokens_max=self.tokens_max)

    def asked(self) -> dict[str, Any]:
        """What the page says of it."""
        return {"id": self.id, "prompt": self.prompt, "slices": list(self.slices)}


class Harness:
    """Use as a context manager. Raises MissingExtraError without the library, InputError for a task that it does not find offline
    or that no engine can be asked greedily, naming it."""

    def __init__(self, tasks: Sequence[str], include_path: Path | None) -> None:
        if find_spec("lm_eval") is None:
            raise MissingExtraError("comparing on tasks of lm-eval", "lm-eval")
        job = {"tasks": list(tasks), "include_path": str(include_path) if include_path is not None else ""}
        self._process = Process("lm-eval", "hanse.hedge.compare.harnessed", job)
        try:
            said = self._process.hear(LOADING_SECONDS)
        except Unavailable as error:
            raise InputError(f"{', '.join(tasks)}: {error}") from error
        if "error" in said:
            self._process.close()
            raise InputError(f"lm-eval: {said['error']}")
        self.items = tuple(_item(row) for row in said["items"])
        self.metrics: dict[str, str] = said["metrics"]
        """Task -> metric that marks it, and by which filter."""
        self.sha256 = hashlib.sha256(canonical.encode([said["version"], self.metrics, said["items"]])).hexdigest()
        """Of everything that is asked and wanted."""

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def mark(self, item: LmItem, answer: Answer) -> float:
        """From 0 to 1, by the task's metric. Raises TaskError where the library gives none."""
        given = {"scores": answer.scores} if item.scored else {"text": cut_at(answer.text, item.stop)}
        said = self._process.ask({"item": item.id, **given}, MARKING_SECONDS)
        if "error" in said:
            raise TaskError(said["error"])
        return float(said["mark"])


def cut_at(text: str, stop: Sequence[str]) -> str:
    """The text before the first of these."""
    return text[: min((text.index(one) for one in stop if one in text), default=len(text))]


def can_answer(items: Sequence[LmItem], engine: Engine) -> None:
    """Raises InputError where items ask for probabilities that the engine does not tell."""
    scored = sorted({name for item in items if item.scored for name in item.slices})
    if scored and engine.identity.kind not in SCORING:
        raise InputError(
            f"{engine.identity.name}: {', '.join(scored)} asks how probable given continuations are, which no "
            f"{'endpoint' if engine.identity.kind == 'endpoint' else 'file of answers'} tells; name a model's file or folder, or "
            "tasks of the kind generate_until"
        )


def _item(row: dict[str, Any]) -> LmItem:
    scored = tuple((context, continuation) for context, continuation in row["scored"])
    return LmItem(row["id"], row["prompt"], scored, tuple(row["stop"]), row["tokens_max"], (row["task"],))
