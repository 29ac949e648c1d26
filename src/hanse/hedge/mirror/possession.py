"""Proof that somebody has locked files, without fetching them: for random ranges of random files, SHA-256(nonce || bytes).

Who has not the bytes cannot answer, and an answer says nothing for another nonce. What it proves is that the answerer could
get at those bytes when asked: a partner who fetches them from somebody else at that moment passes too.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hanse import canonical
from hanse.errors import CanonicalError, InputError, IntegrityError, MalformedError, NotFound
from hanse.hedge.lock.schema import LockedModel, Sha256
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.source.folder import Place, read_place

RANGE_BYTES = 64 << 10
RANGE_BYTES_MAX = 1 << 20
RANGES_MAX = 10_000
"""In one challenge: whoever answers a stranger's questions works no more than that."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Question(_Strict):
    """Ranges of one file."""

    file: Sha256
    nonce: Sha256
    """Random: 32 bytes in hex."""
    ranges: Annotated[tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1, le=RANGE_BYTES_MAX)]], ...],
                      Field(min_length=1)]  # fmt: skip
    """(offset, length) in bytes."""


class Questions(_Strict):
    """What the partner is sent."""

    question: tuple[Question, ...]

    @model_validator(mode="after")
    def _few(self) -> Questions:
        if sum(len(item.ranges) for item in self.question) > RANGES_MAX:
            raise ValueError(f"more than {RANGES_MAX} ranges")
        return self

    def id(self) -> str:
        """Which challenge this is."""
        return canonical.digest(self.model_dump(mode="json"))


class Answers(_Strict):
    """What the partner sends back."""

    challenge: Sha256
    """Which one this answers."""
    answer: dict[Sha256, Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]]
    """By file; empty for one that is not there."""


class Private(_Strict):
    """What the challenger keeps: the questions, the right answers, and what the files are called."""

    questions: Questions
    answers: Answers
    names: dict[Sha256, str]


Read = TypeVar("Read", Questions, Answers, Private)
Reader = Callable[[str, int, int], Iterable[bytes | memoryview]]
"""Bytes from an offset to an end of a file by its digest. Raises HanseError when they cannot be had."""


@dataclass(frozen=True)
class Judged:
    """One file's answer."""

    file: str
    name: str
    """As the lock calls it: model: path."""
    verdict: str
    """right, wrong, or missing (the partner says that it is not there)."""


def challenge(
    models: tuple[LockedModel, ...], reader: Reader, count: int, draw: Callable[[int], int], nonce: Callable[[], str]
) -> Private:
    """Questions on `count` ranges of the models' files, drawn by bytes: a file twice as large is asked twice as often.
    `draw(n)` gives a random number below n, `nonce()` 64 random hex digits. Raises InputError for nothing to ask, and as
    the reader."""
    named = {item.sha256: f"{model.name}: {item.path}" for model in models for item in model.file}
    sizes = {item.sha256: item.size for model in models for item in model.file if item.size}
    if not sizes:
        raise InputError("nothing to ask: the lock names no file that has bytes")
    if not 1 <= count <= RANGES_MAX:
        raise InputError(f"{count} ranges: expected 1 to {RANGES_MAX}")
    digests = sorted(sizes)
    ends = list(itertools.accumulate(sizes[digest] for digest in digests))
    drawn: dict[str, set[tuple[int, int]]] = {}
    for _ in range(count):
        at = draw(ends[-1])
        index = bisect.bisect_right(ends, at)
        digest = digests[index]
        size, offset = sizes[digest], at - (ends[index - 1] if index else 0)
        length = min(RANGE_BYTES, size)
        drawn.setdefault(digest, set()).add((max(0, min(offset - length // 2, size - length)), length))
    asked = tuple(Question(file=d, nonce=nonce(), ranges=tuple(sorted(drawn[d]))) for d in sorted(drawn))
    questions = Questions(question=asked)
    answers = Answers(challenge=questions.id(), answer={item.file: _digest(item, reader) for item in asked})
    return Private(questions=questions, answers=answers, names={digest: named[digest] for digest in drawn})


def answer(questions: Questions, reader: Reader) -> tuple[Answers, list[str]]:
    """Answers to each question, and why some are empty. Raises Unavailable when the store cannot be asked."""
    given, reasons = {}, []
    for item in questions.question:
        try:
            given[item.file] = _digest(item, reader)
        except (NotFound, IntegrityError, MalformedError, InputError) as error:
            given[item.file] = ""
            reasons.append(str(error))
    return Answers(challenge=questions.id(), answer=given), reasons


def judge(private: Private, answers: Answers) -> list[Judged]:
    """Each file's answer against the right one. Raises InputError for answers to another challenge."""
    if answers.challenge != private.questions.id():
        text = f"these answers are to challenge {answers.challenge[:16]}, not to {private.questions.id()[:16]}"
        raise InputError(f"{text}: answers to other nonces prove nothing; ask for answers to these questions")
    found = []
    for file, right in sorted(private.answers.answer.items()):
        given = answers.answer.get(file, "")
        verdict = "right" if given == right else "wrong" if given else "missing"
        found.append(Judged(file, private.names.get(file, file), verdict))
    return found


def in_mirror(mirror: Mirror) -> Reader:
    """Reads from a mirror."""
    return lambda sha256, start, end: mirror.pieces(mirror.record(sha256), start, end)


def in_folder(places: dict[str, Place]) -> Reader:
    """Reads ranges of local files, by digest."""

    def read(sha256: str, start: int, end: int) -> Iterator[bytes]:
        if sha256 not in places:
            raise NotFound(f"file {sha256} is not in this folder")
        for chunk in read_place(places[sha256], start):
            yield chunk[: end - start]
            start += len(chunk)
            if start >= end:
                return

    return read


def checked_first(reader: Reader, check: Callable[[str], None]) -> Reader:
    """`reader`, whose files are each checked before they are first read: answers from a copy that rots would accuse a
    partner whose copy does not."""
    checked: set[str] = set()

    def read(sha256: str, start: int, end: int) -> Iterable[bytes | memoryview]:
        if sha256 not in checked:
            check(sha256)
            checked.add(sha256)
        return reader(sha256, start, end)

    return read


def parse(kind: type[Read], data: bytes, name: str) -> Read:
    """A questions, answers or private file. Raises InputError naming it."""
    data = data.strip()
    try:
        canonical.decode(data)
        return kind.model_validate_json(data)
    except (CanonicalError, ValidationError) as error:
        text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"{name}: no {kind.__name__.lower()} file of `hanse mirror challenge`: {text}") from error


def encode(value: Questions | Answers | Private) -> bytes:
    """What `parse` reads back."""
    return canonical.encode(value.model_dump(mode="json"))


def _digest(question: Question, reader: Reader) -> str:
    made = hashlib.sha256(bytes.fromhex(question.nonce))
    for offset, length in question.ranges:
        got = 0
        for piece in reader(question.file, offset, offset + length):
            made.update(piece)
            got += len(piece)
        if got != length:
            raise InputError(f"file {question.file}: has no {length} bytes from {offset}")
    return made.hexdigest()
