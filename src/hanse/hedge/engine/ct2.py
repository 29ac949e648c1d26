"""A folder of CTranslate2, as `hanse quantize --to ct2-int8` writes it; only imported in the process that holds the model
(`inside`). Tokens, template, room and ends are those of `folder`: by the tokenizer in the folder, and by what its config.json has
of the source's."""

from __future__ import annotations

import json
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from hanse.errors import InputError
from hanse.hedge.engine.base import Question, Settings, split_pair
from hanse.hedge.engine.words import Words


class CTranslate2:
    """A loaded model."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._library: Any = import_module("ctranslate2")
        try:
            config = json.loads((path / "config.json").read_bytes())
            self._words = Words(path, min(settings.context, config.get("max_position_embeddings") or (1 << 62)))
            self._model = self._library.Generator(str(path), device="cpu", intra_threads=settings.threads)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError) as error:
            raise InputError(f"{path.name}: CTranslate2 cannot load it: {str(error)[:400]}") from error
        ends = config.get("eos_token_id", self._words.eos)
        self._ends = [end for end in (ends if isinstance(ends, list) else [ends]) if end is not None]
        self._settings = settings

    def answer(self, question: Question, seed: int) -> dict[str, Any]:
        """The fields of an `Answer` that it knows."""
        began, first = time.perf_counter(), 0.0
        ids = self._words.ids(question)
        most = min(question.tokens_max or self._settings.tokens_max, self._words.room - len(ids))
        new: list[int] = []
        total, text = 0.0, ""
        steps = self._model.generate_tokens(
            self._words.spelled(ids), max_length=most, sampling_topk=1, return_log_prob=True, end_token=self._ends
        )
        for step in steps:
            first = first or time.perf_counter()
            new.append(step.token_id)
            total += step.log_prob
            text = self._words.text(new) if question.stop else ""
            if any(stop in text for stop in question.stop):
                steps.close()
                break
        is_stopped = any(stop in text for stop in question.stop)
        return {
            "text": self._words.text(new),
            "tokens_in": len(ids),
            "tokens_out": len(new),
            "first_byte_seconds": (first or time.perf_counter()) - began,
            "is_cut": not is_stopped and len(new) >= most and new[-1] not in self._ends,
            "logprob": total,
        }

    def score(self, context: str, continuation: str, item: str) -> tuple[float, bool, int]:
        """As `Engine.answer` says of `scored`, and how many tokens it read."""
        ids, told = split_pair(context, continuation, self._words.encode, self._words.bos or self._words.eos)
        self._words.check(len(ids) + len(told), len(ids) + len(told), item)
        view = self._model.forward_batch([self._words.spelled(ids + told)], return_log_probs=True)
        logs = np.asarray(view)[0, len(ids) - 1 : -1]
        total = float(logs[np.arange(len(told)), told].sum(dtype=np.float64))
        return total, bool((logs.argmax(-1) == told).all()), len(ids) + len(told)
