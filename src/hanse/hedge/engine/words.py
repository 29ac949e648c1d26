"""A folder's own tokenizer by transformers, for the engines that hold one; only imported in their process (`inside`)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.engine.base import Question


class Words:
    """Text to ids and back, for a model that has room for `room` tokens."""

    def __init__(self, path: Path, room: int) -> None:
        transformers: Any = import_module("transformers")
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        self.room = room

    def ids(self, question: Question) -> list[int]:
        """A chat by the folder's template, whose text has its own special tokens; a prompt as the tokenizer begins a text, but
        where it begins so already. Raises InputError where there is no room for an answer."""
        if question.messages:
            messages = list(question.messages)
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            found = self.encode(text, False)
        else:
            bos = self._tokenizer.bos_token
            doubled = bool(bos) and (question.prompt or "").startswith(bos)
            found = self.encode(question.prompt or "", not doubled)
        self.check(len(found) + 1, len(found), question.id)
        return found

    def encode(self, text: str, begins: bool) -> list[int]:
        """`begins`: as the tokenizer begins a text."""
        return list(self._tokenizer(text, add_special_tokens=begins)["input_ids"])

    def check(self, needed: int, count: int, item: str) -> None:
        """Raises InputError where there is no room for so many."""
        if needed > self.room:
            raise InputError(f"item {item}: {count} tokens, more than there is room for ({self.room}); see --context")

    def text(self, ids: list[int]) -> str:
        """Without special tokens."""
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def spelled(self, ids: list[int]) -> list[str]:
        """Each as the vocabulary spells it."""
        return list(self._tokenizer.convert_ids_to_tokens(ids))

    @property
    def all(self) -> Any:
        """The tokenizer itself."""
        return self._tokenizer

    @property
    def bos(self) -> int | None:
        """Its id."""
        found: int | None = self._tokenizer.bos_token_id
        return found

    @property
    def eos(self) -> int | None:
        """Its id."""
        found: int | None = self._tokenizer.eos_token_id
        return found

    @property
    def pad(self) -> int:
        """An id to fill up with."""
        found = (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id)
        return next((token for token in found if token is not None), 0)
