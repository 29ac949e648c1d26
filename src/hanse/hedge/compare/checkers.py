"""Mark an answer. What a task's author wrote as a program (a regular expression, a JSON schema, Python) runs in the sandbox: it
may take forever on an answer nobody thought of. A check that fails gives no mark and its reason; a wrong answer has mark 0."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from hanse.errors import DigestMismatch, TaskError
from hanse.hedge.compare.sandbox import Limits, run
from hanse.hedge.compare.tasks import Accepted, Numeric, Pairwise, Python, Regex, Schema, Task

CHECKER_BYTES_MAX = 1 << 20
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,12}|[0-9]{1,40})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?(?!\w)")
"""Without lengths that would take forever to compute with."""
_SEARCH = """
import re
def check(answer, item):
    return re.search(item["pattern"], answer) is not None
"""
_HOLDS = """
import json, sys
sys.modules["rfc3987_syntax"] = None  # takes seconds to import, for formats, which are not asserted
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from referencing import Registry
def check(answer, item):
    try:
        value = json.loads(answer)
    except ValueError:
        return False
    schema = item["schema"]
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry()).is_valid(value)
"""


@dataclass(frozen=True)
class Marked:
    """What a check gave."""

    mark: float | None
    """From 0, wrong, to 1, right; None when the check failed."""
    reason: str = ""
    """Why it failed."""


class Judge(Protocol):
    """Who prefers one of two answers."""

    def prefer(self, task: Task, first: str, second: str) -> float:
        """1 for the first, 0 for the second, 1/2 for neither. Raises InputError or Unavailable where none can be had."""
        ...


def mark(task: Task, answer: str, folder: Path, limits: Limits) -> Marked:
    """Mark one answer; `folder` is that of the tasks' file. Raises TaskError or DigestMismatch for a checker's file that cannot
    be read or is another, InputError where nothing holds a checker, TaskError for a task that only a judge can mark."""
    check = task.check
    if isinstance(check, Accepted):
        wanted = {normalized(text, check.normalize) for text in check.answers}
        return Marked(float(normalized(answer, check.normalize) in wanted))
    if isinstance(check, Numeric):
        return Marked(float(is_near(answer, check)))
    if isinstance(check, Regex):
        held = run(_SEARCH, "regex", answer, {"pattern": check.pattern}, limits)
    elif isinstance(check, Schema):
        held = run(_HOLDS, "schema", answer, {"schema": check.schema_}, limits)
    elif isinstance(check, Python):
        held = run(read_checker(check, folder), check.file, answer, task.asked(), limits)
    else:
        assert isinstance(check, Pairwise)
        raise TaskError(f"task {task.id}: its answers are compared in pairs by a judge; one alone has no mark")
    return Marked(held.mark, held.reason)


def read_checker(check: Python, folder: Path) -> str:
    """The source of a checker. Raises TaskError where it cannot be read, DigestMismatch where it is not the one that was meant."""
    path = folder / check.file
    try:
        if path.stat().st_size > CHECKER_BYTES_MAX:
            raise TaskError(f"{path}: larger than {CHECKER_BYTES_MAX} bytes")
        data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != check.sha256:
            raise DigestMismatch(f"{path}: SHA-256 {found}, the tasks say {check.sha256}; review the file, then its digest there")
        return data.decode("utf-8")
    except OSError as error:
        raise TaskError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TaskError(f"{path}: not UTF-8 at byte {error.start}") from error


def normalized(text: str, how: str) -> str:
    """See `Accepted.normalize`."""
    if how == "exact":
        return text
    if how == "trimmed":
        return unicodedata.normalize("NFC", text).strip()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = (letter if unicodedata.category(letter)[0] in "LNM" else " " for letter in folded)
    return " ".join("".join(kept).split())


def is_near(answer: str, check: Numeric) -> bool:
    """Whether the last number in an answer is near enough; exactly computed."""
    found = NUMBER.findall(answer)
    if not found:
        return False
    off = abs(Fraction(Decimal(found[-1].replace(",", ""))) - Fraction(check.value))
    if check.absolute is not None:
        return off <= Fraction(check.absolute)
    return off <= Fraction(check.relative or "0") * abs(Fraction(check.value))
