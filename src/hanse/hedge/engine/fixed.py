"""Answers that were recorded elsewhere, as JSON lines: {"id": "capital-fr", "text": "Paris"}, and where they are known "tokens_in",
"tokens_out", "seconds". For systems that no engine here can ask, and for tests."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.engine.base import Answer, Identity, Question, whole

_KEYS = {"id": str, "text": str, "tokens_in": int, "tokens_out": int, "seconds": int | float}


@dataclass(frozen=True)
class FixedEngine:
    """An engine of fixed answers."""

    name: str
    answers: dict[str, Answer]
    sha256: str = ""

    @property
    def identity(self) -> Identity:
        """The file."""
        return Identity("answers", self.name, self.sha256)

    def answer(self, question: Question, seed: int) -> Answer:
        """The recorded one. Raises InputError where there is none."""
        if question.id not in self.answers:
            raise InputError(f"{self.name}: no answer to item {question.id}")
        return self.answers[question.id]

    def close(self) -> None:
        """Nothing to let go of."""


def read_answers(path: Path) -> FixedEngine:
    """Raises InputError naming the file and the line."""
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error
    answers: dict[str, Answer] = {}
    for number, line in enumerate(lines, start=1):
        row = _row(line, f"{path}:{number}")
        if row["id"] in answers:
            raise InputError(f"{path}:{number}: id {row['id']} stands there twice")
        seconds = float(row.get("seconds", 0))
        answers[row["id"]] = Answer(whole(row["text"]), row.get("tokens_in", 0), row.get("tokens_out", 0), seconds, seconds, False)
    if not answers:
        raise InputError(f"{path}: is empty; expected one answer a line")
    return FixedEngine(path.name, answers, hashlib.sha256(data).hexdigest())


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict) or not {"id", "text"} <= set(row) <= set(_KEYS):
        raise InputError(f"{where}: expected an object with id and text, and of {', '.join(_KEYS)} no other key")
    for key, value in row.items():
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool) or (isinstance(value, int | float) and not value >= 0):
            raise InputError(f"{where}: {key} is {value!r:.80}, expected {getattr(_KEYS[key], '__name__', 'a number')}")
    return row
