"""Rules about what the words of a charter refer to, and about days that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from hanse.charter.lint.subject import Found, Subject
from hanse.charter.schema import Charter

_CLAUSE = re.compile(r"\{([a-z0-9_.-]+)\}")
_SECTION = re.compile(r"(?:\b(?:[Ss]ections?|[Aa]rticles?|[Pp]aragraphs?)|§) ?\d+(?:[.(]?\w+\)?)*+(?! (?:of|[A-Z]))")


def dangling_reference(of: Subject) -> Iterator[Found]:
    """What the parser cannot see: {clause} in prose, clauses that are not to change, and numbers of sections, which a charter does
    not have."""
    for at, name in enumerate(of.charter.amendment.fixed if of.charter.amendment is not None else ()):
        if not stands(of.charter, name):
            yield Found(f"amendment.fixed.{at}", f"{name!r} is no clause of the charter", "write the key of one that is")
    for where, text in _texts(of.charter):
        for name in _CLAUSE.findall(text):
            if not stands(of.charter, name):
                yield Found(
                    where,
                    f"{{{name}}} refers to a clause that the charter does not have",
                    "correct it, or add the clause",
                )
        for number in _SECTION.findall(text):
            yield Found(where, f"{number!r}: clauses have no numbers before they are printed", "write {clause} instead")


def stands(charter: Charter, name: str) -> bool:
    """Whether a dotted name leads to something in the charter: a key, a key of a table, a row by number or by its name."""
    value: Any = charter
    for part in name.split("."):
        if isinstance(value, BaseModel):
            value = getattr(value, part) if part in type(value).model_fields else None
        elif isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, tuple):
            rows = dict(enumerate(value)) | {getattr(row, "name", at): row for at, row in enumerate(value)}
            value = rows.get(int(part) if part.isdigit() else part)
        else:
            return False
        if value is None or value in ((), {}):
            return False
    return True


def _texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a charter with its key."""
    if isinstance(value, str):
        yield where, value
        return
    items: Any = ()
    if isinstance(value, BaseModel):
        items = [(key, getattr(value, key)) for key in type(value).model_fields]
    elif isinstance(value, dict):
        items = value.items()
    elif isinstance(value, tuple):
        items = enumerate(value)
    for key, item in items:
        yield from _texts(item, f"{where}.{key}" if where else str(key))


def contradictory_dates(of: Subject) -> Iterator[Found]:
    """Beside those the parser refuses: days after which nothing is left to happen."""
    term = of.charter.term
    if term is None:
        return
    for at, veto in enumerate(of.charter.veto):
        if veto.until is not None and veto.until <= term.start:
            yield Found(
                f"veto.{at}.until",
                f"{veto.until} is before the term starts, {term.start}",
                "remove the veto or move the day",
            )
    last = [
        ("withdrawal.locked_until", of.charter.withdrawal.locked_until if of.charter.withdrawal is not None else None),
        ("assurance.by", of.charter.assurance.by if of.charter.assurance is not None else None),
    ]
    for where, day in last:
        if day is not None and day > term.end:
            yield Found(where, f"{day} is after the term ends, {term.end}", "move the day into the term")
