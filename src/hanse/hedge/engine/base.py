"""What every engine is: it answers a question, greedily, and says what that took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from hanse.errors import InputError

Message = dict[Literal["role", "content"], str]


@dataclass(frozen=True)
class Question:
    """What is asked: one of prompt, messages and scored."""

    id: str
    prompt: str | None = None
    messages: tuple[Message, ...] = ()
    scored: tuple[tuple[str, str], ...] = ()
    """Contexts and their continuations: how probable is each? Only of engines in `SCORING`."""
    stop: tuple[str, ...] = ()
    """Texts at which an answer ends; it may hold one."""
    tokens_max: int = 0
    """Of this answer; 0: as the settings say."""


@dataclass(frozen=True)
class Settings:
    """How it is asked, the same of both models."""

    tokens_max: int = 256
    """Of an answer; a longer one is cut."""
    context: int = 4096
    """Tokens of question and answer that a local engine makes room for."""
    threads: int = 0
    """Of a local engine; 0: as many as the engine likes."""
    timeout_seconds: float = 600.0
    """For one answer; to load a model ten times as long."""


@dataclass(frozen=True)
class Answer:
    """What came, and what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    """From asking to the last byte."""
    first_byte_seconds: float
    """From asking to the first token, or byte of the answer."""
    is_cut: bool
    """Whether it was longer than allowed."""
    logprob: float | None = None
    """Of the answer's tokens together, in nats, where the engine tells."""
    cpu_seconds: float | None = None
    """Of a local engine, for this answer."""
    memory_bytes: int | None = None
    """Of a local engine, the most so far."""
    scores: tuple[tuple[float, bool], ...] = ()
    """Of each continuation that was to be scored: the logarithm of its probability, in nats, and whether the model would have
    said it by itself, greedily."""


def answer_of(row: dict[str, Any]) -> Answer:
    """From `asdict` and JSON. Raises TypeError or ValueError for anything else."""
    scores = tuple((float(total), bool(greedy)) for total, greedy in row.get("scores", ()))
    return Answer(**row | {"scores": scores})


def whole(text: str) -> str:
    """Text that is UTF-8: halves of a letter that came in two pieces are joined, what has no other half becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Identity:
    """Which model answered: what a comparison stands on."""

    kind: Literal["gguf", "folder", "ctranslate2", "endpoint", "answers"]
    name: str
    sha256: str = ""
    """Of the file, or of a folder's list of digests; empty for an endpoint."""
    template_sha256: str = ""
    """Of the chat template; empty without, or where it is not known."""
    engine: str = ""
    """Library and version."""


SCORING = frozenset({"gguf", "folder", "ctranslate2"})
"""Kinds that tell probabilities of a given continuation."""


def split_pair(
    context: str, continuation: str, encode: Callable[[str, bool], list[int]], first: int | None = None
) -> tuple[list[int], list[int]]:
    """Ids of a context and of its continuation, as lm-eval's `_encode_pair` has them: spaces between the two are the
    continuation's; without a context it is the token `first`. `encode` takes a text and whether it begins one. Raises
    InputError where nothing comes before the continuation, or no token is left of it."""
    if not context:
        ids, told = encode("", True) or ([] if first is None else [first]), encode(continuation, False)
    else:
        kept = context.rstrip()
        ids = encode(kept, True)
        told = encode(context + continuation, True)[len(ids) :]
    if not ids or not told:
        raise InputError(f"continuation {continuation[:80]!r}: no tokens of its own after {context[-80:]!r}")
    return ids, told


class Engine(Protocol):
    """Use it as a context manager: a local one has a process."""

    @property
    def identity(self) -> Identity:
        """Which model answers."""
        ...

    def answer(self, question: Question, seed: int) -> Answer:
        """For `scored`: `Answer.scores`, and as text the most probable continuation. Raises InputError for a question that cannot
        be put to it, Unavailable when it stopped."""
        ...

    def close(self) -> None:
        """Let go of its process, if it has one."""
        ...
