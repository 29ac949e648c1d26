"""Bodies of the entries a run writes: parsed strictly, because a body two readers read differently forks them.

    join     text: {counts: ref | null, evaluation: {dev, test, grams: ref} | null}
    corpus   {root, tokens, documents, dropped}         root over the tokenized shards (PROTOCOL rule 23)
    update   {round, attempt, base, blob: ref, steps, tokens, before, after}
    merged   {round, attempt, admitted: [id], void: [[id, reason]], state, leaves: ref}
    missing  {round, attempt, update: id}
    tick     {}
    dispute  {round, attempt, claim}
where ref = {sha256, size}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_HEX64 = re.compile(r"[0-9a-f]{64}")
_MAX = 2**53 - 1


class BadBody(Exception):
    """Internal to the fold: the reason why a body is void. Never leaves it."""


@dataclass(frozen=True)
class Ref:
    """A blob by digest and exact size in bytes."""

    sha256: str
    size: int

    def document(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "size": self.size}


@dataclass(frozen=True)
class Update:
    """A member's compressed pseudo-gradient for one round, as the log knows it."""

    round: int
    attempt: int
    base: str
    blob: Ref
    steps: int
    tokens: int
    before: str
    after: str


@dataclass(frozen=True)
class Merged:
    """What one member computed for a round."""

    round: int
    attempt: int
    admitted: tuple[str, ...]
    void: tuple[tuple[str, str], ...]
    state: str
    leaves: Ref


def fields(value: object, *names: str) -> dict[str, Any]:
    """`value` as an object with exactly these keys. Raises BadBody."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise BadBody(f"expected exactly the keys {', '.join(names)}")
    return value


def integer(value: object, name: str, low: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= _MAX:
        raise BadBody(f"{name}: expected an integer >= {low}")
    return value


def digest(value: object, name: str) -> str:
    if not isinstance(value, str) or not _HEX64.fullmatch(value):
        raise BadBody(f"{name}: expected 64 lowercase hex digits")
    return value


def ref(value: object, name: str) -> Ref:
    read = fields(value, "sha256", "size")
    return Ref(digest(read["sha256"], f"{name}.sha256"), integer(read["size"], f"{name}.size"))


def update(body: dict[str, Any]) -> Update:
    read = fields(body, "round", "attempt", "base", "blob", "steps", "tokens", "before", "after")
    return Update(
        round=integer(read["round"], "round", 1),
        attempt=integer(read["attempt"], "attempt"),
        base=digest(read["base"], "base"),
        blob=ref(read["blob"], "blob"),
        steps=integer(read["steps"], "steps", 1),
        tokens=integer(read["tokens"], "tokens"),
        before=digest(read["before"], "before"),
        after=digest(read["after"], "after"),
    )


def merged(body: dict[str, Any]) -> Merged:
    read = fields(body, "round", "attempt", "admitted", "void", "state", "leaves")
    if not isinstance(read["admitted"], list) or not isinstance(read["void"], list):
        raise BadBody("admitted and void: expected lists")
    admitted = tuple(digest(item, "admitted") for item in read["admitted"])
    if list(admitted) != sorted(set(admitted)):
        raise BadBody("admitted: expected sorted ids, each once")
    void = []
    for item in read["void"]:
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[1], str) or len(item[1]) > 300:
            raise BadBody("void: expected [id, reason] pairs, a reason of at most 300 characters")
        void.append((digest(item[0], "void"), item[1]))
    return Merged(
        round=integer(read["round"], "round"),
        attempt=integer(read["attempt"], "attempt"),
        admitted=admitted,
        void=tuple(void),
        state=digest(read["state"], "state"),
        leaves=ref(read["leaves"], "leaves"),
    )


def missing(body: dict[str, Any]) -> tuple[int, int, str]:
    """(round, attempt, update id)"""
    read = fields(body, "round", "attempt", "update")
    return integer(read["round"], "round", 1), integer(read["attempt"], "attempt"), digest(read["update"], "update")


def dispute(body: dict[str, Any]) -> tuple[int, int, str]:
    """(round, attempt, claim)"""
    read = fields(body, "round", "attempt", "claim")
    if not isinstance(read["claim"], str) or not 1 <= len(read["claim"]) <= 500:
        raise BadBody("claim: expected 1-500 characters")
    return integer(read["round"], "round", 1), integer(read["attempt"], "attempt"), read["claim"]


def corpus(body: dict[str, Any]) -> dict[str, Any]:
    read = fields(body, "root", "tokens", "documents", "dropped")
    digest(read["root"], "root")
    for name in ("tokens", "documents", "dropped"):
        integer(read[name], name)
    return read


def text(value: object) -> dict[str, Any]:
    """What a join says of its member's text."""
    read = fields(value, "counts", "evaluation")
    if read["counts"] is not None:
        ref(read["counts"], "counts")
    if read["evaluation"] is not None:
        evaluation = fields(read["evaluation"], "dev", "test", "grams")
        digest(evaluation["dev"], "dev")
        digest(evaluation["test"], "test")
        ref(evaluation["grams"], "grams")
    return read
