"""Every answer and mark on disk before the next question is asked, as JSON lines: a run that was killed goes on from here and finds
the same. The first line says what is compared; a journal of anything else is refused."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from hanse.errors import InputError
from hanse.hedge.engine.base import Answer, answer_of
from hanse.hedge.engine.endpoint import Budget
from hanse.store.disk import sync

FORMAT = "hanse-compare-journal/1"
Who = Literal["incumbent", "substitute"]
WHO: tuple[Who, Who] = ("incumbent", "substitute")
Marks = tuple[float, float]


class Journal:
    """Use as a context manager. Without a path it is kept in memory alone. What `budget` has spent is kept with each line, and
    taken up again."""

    def __init__(self, path: Path | None, header: dict[str, Any], budget: Budget | None = None) -> None:
        self.answers: dict[tuple[str, Who], Answer] = {}
        self.marks: dict[str, tuple[Marks | None, str]] = {}
        self._budget, self._handle = budget or Budget(), -1
        if path is not None:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                self._open(path, {"format": FORMAT, **header})
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def add_answer(self, item: str, who: Who, answer: Answer) -> None:
        """Keep an answer."""
        self.answers[item, who] = answer
        self._append({"item": item, "who": who, "answer": asdict(answer)})

    def add_marks(self, item: str, marks: Marks | None, reason: str) -> None:
        """Keep the marks of both answers, or why there are none."""
        self.marks[item] = marks, reason
        self._append({"item": item, "marks": marks, "reason": reason})

    def add_spent(self) -> None:
        """Keep what was spent since the last line: on requests that had no answer."""
        if self._budget.spent:
            self._append({})

    def _append(self, row: dict[str, Any]) -> None:
        if self._handle >= 0:
            spent = {"spent": str(self._budget.spent)} if self._budget.spent else {}
            data = json.dumps(row | spent).encode() + b"\n"
            while data:
                data = data[os.write(self._handle, data) :]
            os.fsync(self._handle)

    def _open(self, path: Path, header: dict[str, Any]) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f"{path}: another run writes to it") from error
        with open(path, "rb") as file:
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]  # what follows was being written when the run was killed
        lines = whole.splitlines()
        if data and (not lines or _row(path, 1, lines[0]).get("format") != FORMAT):
            raise InputError(f"{path}: is no journal of `hanse compare`; choose another file")
        if not data:
            self._append(header)
            with suppress(OSError):  # some systems cannot; then a new file may be gone after a loss of power
                sync(path.absolute().parent)
            return
        self._same(path, _row(path, 1, lines[0]), json.loads(json.dumps(header)))
        for number, line in enumerate(lines[1:], start=2):
            self._take(path, number, _row(path, number, line))
        os.ftruncate(self._handle, len(whole))
        os.lseek(self._handle, 0, os.SEEK_END)

    @staticmethod
    def _same(path: Path, there: dict[str, Any], header: dict[str, Any]) -> None:
        for key, value in header.items():
            if there.get(key) != value:
                was, now = json.dumps(there.get(key))[:300], json.dumps(value)[:300]
                another = f"is the journal of another comparison: {key} is {was} there, {now} here"
                raise InputError(f"{path}: {another}; choose another file")

    def _take(self, path: Path, number: int, row: dict[str, Any]) -> None:
        try:
            if "answer" in row:
                self.answers[row["item"], row["who"]] = answer_of(row["answer"])
            elif "marks" in row:
                self.marks[row["item"]] = (tuple(row["marks"]) if row["marks"] else None), row["reason"]
            elif "spent" not in row:
                raise KeyError("spent")
            self._budget.spent = max(self._budget.spent, Fraction(row.get("spent", 0)))
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise InputError(f"{path}:{number}: is no line of a journal") from error


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        row = json.loads(line)
        if isinstance(row, dict):
            return row
    raise InputError(f"{path}:{number}: is no line of a journal")
