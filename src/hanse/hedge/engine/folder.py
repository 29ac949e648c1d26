"""A Hugging Face folder by transformers; only imported in the process that holds the model (`inside`). Safetensors alone: nothing
is unpickled, and no code of the folder runs."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.engine.base import Question, Settings, split_pair
from hanse.hedge.engine.words import Words


class Folder:
    """A loaded model."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._torch: Any = import_module("torch")
        transformers: Any = import_module("transformers")
        if settings.threads:
            self._torch.set_num_threads(settings.threads)
        given = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._model = transformers.AutoModelForCausalLM.from_pretrained(path, use_safetensors=True, dtype="auto", **given)
            room = getattr(self._model.config, "max_position_embeddings", None) or (1 << 62)
            self._words = Words(path, min(settings.context, room))
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise InputError(f"{path.name}: transformers cannot load it: {str(error)[:400]}") from error
        self._model.eval()
        self._settings = settings
        self._stepping = transformers.generation.streamers.BaseStreamer

    def answer(self, question: Question, seed: int) -> dict[str, Any]:
        """The fields of an `Answer` that it knows."""
        began = time.perf_counter()
        ids = self._words.ids(question)
        most = min(question.tokens_max or self._settings.tokens_max, self._words.room - len(ids))
        clock = _clock(self._stepping)
        asked = self._torch.tensor([ids])
        self._torch.manual_seed(seed % (1 << 63))
        stops = {"stop_strings": list(question.stop), "tokenizer": self._words.all} if question.stop else {}
        made = self._model.generate(
            asked, attention_mask=self._torch.ones_like(asked), max_new_tokens=most, do_sample=False, num_beams=1,
            temperature=None, top_p=None, top_k=None, streamer=clock, pad_token_id=self._words.pad, **stops,
        )  # fmt: skip
        new = made[0][len(ids) :].tolist()
        ends = self._model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return {
            "text": self._words.text(new),
            "tokens_in": len(ids),
            "tokens_out": len(new),
            "first_byte_seconds": (clock.first or time.perf_counter()) - began,
            "is_cut": len(new) >= most and new[-1] not in ends,
        }

    def score(self, context: str, continuation: str, item: str) -> tuple[float, bool, int]:
        """As `Engine.answer` says of `scored`, and how many tokens it read."""
        ids, told = split_pair(context, continuation, self._words.encode, self._words.bos or self._words.eos)
        self._words.check(len(ids) + len(told), len(ids) + len(told), item)
        with self._torch.no_grad():
            logits = self._model(self._torch.tensor([ids + told])).logits[0, len(ids) - 1 : -1]
        logs = logits.float().log_softmax(-1)
        wanted = self._torch.tensor(told)
        total = float(logs.gather(1, wanted[:, None]).sum())
        return total, bool((logs.argmax(-1) == wanted).all()), len(ids) + len(told)


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
