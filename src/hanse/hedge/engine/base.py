"""What every engine is: it answers a question, greedily, and says what that took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Message = dict[Literal["role", "content"], str]


@dataclass(frozen=True)
class Question:
    """What is asked: one of prompt and messages."""

    id: str
    prompt: str | None = None
    messages: tuple[Message, ...] = ()


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


def whole(text: str) -> str:
    """Text that is UTF-8: halves of a letter that came in two pieces are joined, what has no other half becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Identity:
    """Which model answered: what a comparison stands on."""

    kind: Literal["gguf", "folder", "endpoint", "answers"]
    name: str
    sha256: str = ""
    """Of the file, or of a folder's list of digests; empty for an endpoint."""
    template_sha256: str = ""
    """Of the chat template; empty without, or where it is not known."""
    engine: str = ""
    """Library and version."""


class Engine(Protocol):
    """Use it as a context manager: a local one has a process."""

    @property
    def identity(self) -> Identity:
        """Which model answers."""
        ...

    def answer(self, question: Question, seed: int) -> Answer:
        """Raises InputError for a question that cannot be put to it, Unavailable when it stopped."""
        ...

    def close(self) -> None:
        """Let go of its process, if it has one."""
        ...
