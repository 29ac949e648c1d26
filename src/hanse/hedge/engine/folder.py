"""A Hugging Face folder by transformers; only imported in the process that holds the model (`inside`). Safetensors alone: nothing
is unpickled, and no code of the folder runs."""

from __future__ import annotations

import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.drill.generate import OFFLINE
from hanse.hedge.engine.base import Question, Settings


class Folder:
    """A loaded model."""

    def __init__(self, path: Path, settings: Settings) -> None:
        os.environ.update(OFFLINE)
        self._torch: Any = import_module("torch")
        transformers: Any = import_module("transformers")
        if settings.threads:
            self._torch.set_num_threads(settings.threads)
        given = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(path, **given)
            self._model = transformers.AutoModelForCausalLM.from_pretrained(path, use_safetensors=True, dtype="auto", **given)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise InputError(f"{path.name}: transformers cannot load it: {str(error)[:400]}") from error
        self._model.eval()
        self._settings = settings
        self._stepping = transformers.generation.streamers.BaseStreamer

    def answer(self, question: Question, seed: int) -> dict[str, Any]:
        """The fields of an `Answer` that it knows."""
        began = time.perf_counter()
        ids = self._ids(question)
        room = min(self._settings.context, getattr(self._model.config, "max_position_embeddings", None) or (1 << 62))
        if len(ids) + 1 > room:
            raise InputError(f"item {question.id}: {len(ids)} tokens, more than there is room for ({room}); see --context")
        most = min(self._settings.tokens_max, room - len(ids))
        clock = _clock(self._stepping)
        asked = self._torch.tensor([ids])
        self._torch.manual_seed(seed % (1 << 63))
        made = self._model.generate(
            asked, attention_mask=self._torch.ones_like(asked), max_new_tokens=most, do_sample=False, num_beams=1,
            temperature=None, top_p=None, top_k=None, streamer=clock, pad_token_id=self._pad(),
        )  # fmt: skip
        new = made[0][len(ids) :].tolist()
        ends = self._model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return {
            "text": self._tokenizer.decode(new, skip_special_tokens=True),
            "tokens_in": len(ids),
            "tokens_out": len(new),
            "first_byte_seconds": (clock.first or time.perf_counter()) - began,
            "is_cut": not new or new[-1] not in ends,
        }

    def _ids(self, question: Question) -> list[int]:
        """A chat by the folder's template, whose text has its own special tokens; a prompt as the tokenizer begins a text, but
        where it begins so already."""
        if question.messages:
            messages = list(question.messages)
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        bos = self._tokenizer.bos_token
        doubled = bool(bos) and (question.prompt or "").startswith(bos)
        return list(self._tokenizer(question.prompt, add_special_tokens=not doubled)["input_ids"])

    def _pad(self) -> int:
        found = (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id)
        return next((token for token in found if token is not None), 0)


def _clock(base: Any) -> Any:
    """A streamer that only looks at the clock when the first token comes: it is given the question's tokens before."""

    class Clock(base):  # type: ignore[misc]
        puts, first = 0, 0.0

        def put(self, value: Any) -> None:
            self.puts += 1
            if self.puts == 2:
                self.first = time.perf_counter()

        def end(self) -> None:
            pass

    return Clock()
