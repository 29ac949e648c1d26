"""Tasks as JSON lines, one item a line, UTF-8, each line ended by a line feed:

{"id": "capital-fr", "prompt": "Capital of France?", "check": {"kind": "accepted", "answers": ["Paris"]}, "slices": ["geography"]}
{"id": "sum", "messages": [{"role": "user", "content": "2+2?"}], "check": {"kind": "number", "value": "4", "absolute": "0"}}

A line is exactly what `json.dumps(item, ensure_ascii=False)` prints, keys in the order of the classes below, defaults left
out: one item has one spelling, so the file's digest speaks of its items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hanse.errors import MissingExtraError, TaskError
from hanse.hedge.engine.base import Question

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
Number = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?$")]
"""A decimal number as text, so that it is exact."""
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Accepted(_Strict):
    """Right when it is one of these."""

    kind: Literal["accepted"]
    answers: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    normalize: Literal["exact", "trimmed", "words"] = "trimmed"
    """Of both, before they are compared. exact: as they are. trimmed: Unicode NFC, white space at both ends off. words: NFKC,
    case folded, everything but letters, digits and marks to one space, spaces at both ends off."""


class Regex(_Strict):
    """Right when this is found anywhere in it (Python's `re.search`; anchor it to match all of it)."""

    kind: Literal["regex"]
    pattern: Text

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return value


class Numeric(_Strict):
    """Right when the last number in it is near enough; commas between groups of three digits are read over."""

    kind: Literal["number"]
    value: Number
    absolute: Number | None = None
    """At most so far off: |answer - value| <= absolute."""
    relative: Number | None = None
    """Or as a share: |answer - value| <= relative * |value|."""

    @model_validator(mode="after")
    def _one(self) -> Numeric:
        given = [text for text in (self.absolute, self.relative) if text is not None]
        if len(given) != 1 or Decimal(given[0]) < 0:
            raise ValueError("expected one of absolute and relative, at least 0")
        return self


class Schema(_Strict):
    """Right when all of it is JSON that this JSON Schema (2020-12 unless it says otherwise) holds for. Nothing is fetched."""

    kind: Literal["schema"]
    schema_: Annotated[dict[str, Any] | bool, Field(alias="schema")]

    @field_validator("schema_")
    @classmethod
    def _is_schema(cls, value: dict[str, Any] | bool) -> dict[str, Any] | bool:
        try:
            from jsonschema import Draft202012Validator, SchemaError
            from jsonschema.validators import validator_for
        except ImportError as error:
            raise MissingExtraError("a task with a JSON schema", "hedge") from error
        try:
            validator_for(value, default=Draft202012Validator).check_schema(value)
        except SchemaError as error:
            raise ValueError(f"is no JSON Schema: {error.message[:200]}") from error
        return value


class Python(_Strict):
    """Marked by a Python file's `check(answer, item)`, in a `sandbox`."""

    kind: Literal["python"]
    file: Text
    """Path, relative to the tasks' file."""
    sha256: Sha256
    """Of the file: another one is refused."""


class Pairwise(_Strict):
    """Both models' answers are given to a judge, who prefers one."""

    kind: Literal["judge"]
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    """OpenAI-compatible base URL."""
    model: Text
    criterion: Text
    """What the better answer is."""


Check = Annotated[Accepted | Regex | Numeric | Schema | Python | Pairwise, Field(discriminator="kind")]


class Message(_Strict):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Task(_Strict):
    """One item."""

    id: Name
    prompt: Text | None = None
    """To complete; or:"""
    messages: Annotated[tuple[Message, ...] | None, Field(min_length=1, strict=False)] = None
    """A chat to answer."""
    check: Check
    slices: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Tags, sorted: a verdict also tells in which of them the substitute is worse."""

    @model_validator(mode="after")
    def _whole(self) -> Task:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("expected one of prompt and messages")
        if list(self.slices) != sorted(set(self.slices)):
            raise ValueError("slices: expected sorted, none twice")
        return self

    def question(self) -> Question:
        """As engines are asked it."""
        return Question(self.id, self.prompt, tuple({"role": m.role, "content": m.content} for m in self.messages or ()))

    def asked(self) -> dict[str, Any]:
        """What a checker is told of it: all but the check."""
        return self.model_dump(mode="json", exclude={"check"}, exclude_none=True)


def print_tasks(tasks: Sequence[Task]) -> str:
    """The file's text."""
    return "".join(_line(task) + "\n" for task in tasks)


def parse_tasks(text: str, name: str) -> tuple[Task, ...]:
    """The tasks in a file's text: exactly what `print_tasks` gives. Raises TaskError naming the file and the line."""
    if not text:
        raise TaskError(f"{name}: is empty; expected one task a line")
    if not text.endswith("\n"):
        raise TaskError(f"{name}: the last line is not ended; was the file cut off?")
    lines: dict[str, int] = {}
    tasks = []
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        task = _parse_line(line, f"{name}:{number}")
        if task.id in lines:
            raise TaskError(f"{name}:{number}: id {task.id} stands on line {lines[task.id]} already")
        lines[task.id] = number
        tasks.append(task)
    return tuple(tasks)


def read_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks in a file. Raises TaskError naming the file and the line."""
    try:
        return parse_tasks(path.read_bytes().decode("utf-8"), str(path))
    except OSError as error:
        raise TaskError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: not UTF-8 at byte {error.start}") from error


def _line(task: Task) -> str:
    return json.dumps(task.model_dump(mode="json", by_alias=True, exclude_defaults=True), ensure_ascii=False)


def _parse_line(line: str, where: str) -> Task:
    try:
        task = Task.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{where}: {at}{': ' if at else ''}{first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{where}: not JSON: {error}") from error
    if (printed := _line(task)) != line:
        raise TaskError(f"{where}: not as it is printed; expected {printed}")
    return task
