"""What a teacher is asked: plain text, or a chat that ends with the user; and the tokens a student reads of it with an answer.

{"prompt": "...", "answer": "..."}                                      `answer` and `id` may be left out
{"messages": [{"role": "user", "content": "..."}], "answer": "..."}     as `hanse compare` has them; or, as `hanse tune` does,
                                                                        ending with the assistant, whose text is the answer
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from hanse.errors import TuneError
from hanse.hedge.engine.base import Message, Question
from hanse.hedge.offline import offline
from hanse.hedge.tune.chat import Tokens, check_messages, encode_chat, encode_prompt
from hanse.lm.tokenizer import Tokenizer

EXPECTED = "expected an object with a text `prompt` or a chat of `messages`, at most a text `answer`, and an `id`"
Chat = tuple[Mapping[str, str], ...]
"""Messages that end with the user's."""


@dataclass(frozen=True)
class Prompt:
    """What is asked, and the right answer where one is known."""

    id: str
    """The row's, else its number: how recorded answers are found."""
    asked: str | Chat
    answer: str | None = None

    @property
    def key(self) -> str:
        """What makes it another prompt, and decides its part."""
        return self.asked if isinstance(self.asked, str) else json.dumps(self.asked)

    @property
    def texts(self) -> list[str]:
        """What people wrote in it."""
        return [self.asked] if isinstance(self.asked, str) else [message["content"] for message in self.asked]

    def question(self) -> Question:
        """As an engine is asked."""
        if isinstance(self.asked, str):
            return Question(self.id, self.asked)
        return Question(self.id, messages=cast(tuple[Message, ...], self.asked))

    def row(self) -> dict[str, Any]:
        """As a line of JSON has it."""
        return {"prompt": self.asked} if isinstance(self.asked, str) else {"messages": list(self.asked)}


Pairs = list[tuple[Prompt, str]]
"""Prompts with an answer each."""
Encode = Callable[[Prompt, str], Tokens]
"""Of a prompt with an answer: tokens that end with the end of text, and which of them are the answer's."""


def read_prompts(paths: Iterable[Path]) -> list[Prompt]:
    """Rows of JSONL files, each prompt once. Raises TuneError naming file and line: broken, empty, or with and without answers."""
    found: dict[str, Prompt] = {}
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise TuneError(f"{path}: cannot read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = _row(f"{path}:{number}", str(number), line)
                found.setdefault(row.key, row)
    if not found:
        raise TuneError(f"{', '.join(map(str, paths)) or 'prompts'}: no prompts; give at least one file with rows")
    without = [row.texts[-1] for row in found.values() if row.answer is None]
    if without and len(without) < len(found):
        few = f"{len(without)} of {len(found)} have no answer, as {without[0][:60]!r}"
        raise TuneError(f"prompts: {few}; give all an `answer`, or none")
    return list(found.values())


def _row(where: str, number: str, line: str) -> Prompt:
    try:
        row: Any = json.loads(line)
        extra = sorted(row.keys() - {"prompt", "messages", "answer", "id"})
        if extra or ("prompt" in row) == ("messages" in row):
            raise ValueError(f"no such key: {extra[0]}" if extra else "one of prompt and messages")
        asked, answer = (row["prompt"], row.get("answer")) if "prompt" in row else _chat(row["messages"], row.get("answer"))
        texts = [asked] if isinstance(asked, str) else [message["content"] for message in asked]
        texts += [] if answer is None else [answer]
        if not all(isinstance(text, str) and text for text in (asked if "prompt" in row else "chat", *texts)):
            raise ValueError("not text")
        "".join(texts).encode()
    except TuneError as error:
        raise TuneError(f"{where}: {error}") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise TuneError(f"{where}: {EXPECTED}: {error!r}") from error
    return Prompt(str(row.get("id", number)), asked, answer)


def _chat(messages: Any, answer: Any) -> tuple[Chat, Any]:
    """A chat that ends with the user, and the answer. Raises TuneError for roles out of turn."""
    if not messages or any(item.keys() != {"role", "content"} or not isinstance(item["content"], str) for item in messages):
        raise ValueError("not messages of role and content")
    if messages[-1]["role"] == "assistant":
        if answer is not None:
            raise ValueError("messages end with the answer, and there is another")
        *messages, last = messages
        answer = last["content"]
    check_messages(messages, "user")
    return tuple({"role": item["role"], "content": item["content"]} for item in messages), answer


def encoder(tokenizer: Tokenizer, chat: Any) -> Encode:
    """How a student reads: plain text as it is; a chat by `chat`, the base's tokenizer with its template, whose text has its own
    special tokens."""
    end = tokenizer.end_id

    def encode(prompt: Prompt, answer: str) -> Tokens:
        if isinstance(prompt.asked, str):
            first, second = tokenizer.encode([prompt.asked, answer])
            return Tokens([*first, *second, end], [False] * len(first) + [True] * (len(second) + 1))
        try:
            ids, mask = encode_chat(chat, [*prompt.asked, {"role": "assistant", "content": answer}], last=True)
        except TuneError as error:
            raise TuneError(f"prompt {prompt.id}: {error}") from error
        return Tokens(ids, mask) if ids[-1] == end else Tokens([*ids, end], [*mask, False])

    return encode


def check_chats(prompts: Iterable[Prompt], base: Path | None) -> Any:
    """Before anything is asked: the base's `template_of`, where there are chats. Raises TuneError for chats that the student cannot
    be taught."""
    chats = [prompt for prompt in prompts if not isinstance(prompt.asked, str)]
    if not chats:
        return None
    if base is None:
        raise TuneError("prompts: messages need a student that starts from a base with a chat template: set student, or give "
                        "prompt instead")  # fmt: skip
    tokenizer = template_of(base)
    for prompt in chats:
        assert not isinstance(prompt.asked, str)
        try:
            encode_prompt(tokenizer, prompt.asked)
        except TuneError as error:
            raise TuneError(f"prompt {prompt.id}: {error}") from error
    return tokenizer


def template_of(base: Path) -> Any:
    """A base's tokenizer by transformers. Raises TuneError."""
    transformers: Any = import_module("transformers")
    try:
        with offline():
            return transformers.AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise TuneError(f"{base.name}: transformers cannot load its tokenizer: {str(error)[:400]}") from error
