"""A GGUF file by llama.cpp, out of the wheel `xllamacpp`; only imported in the process that holds the model (`inside`).

llama.cpp renders the file's own chat template and adds BOS where the file says so, once: it takes off the one a template
begins with. No answer depends on those before: the prompt cache is off.
"""

from __future__ import annotations

import secrets
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.engine.base import Question, Settings


class Llama:
    """A loaded model."""

    def __init__(self, path: Path, settings: Settings) -> None:
        xllamacpp: Any = import_module("xllamacpp")
        given = xllamacpp.CommonParams()
        given.model.path = str(path)
        given.n_ctx, given.n_parallel, given.warmup, given.verbosity = settings.context, 1, False, 1
        given.use_jinja, given.offline = True, True
        given.api_keys = [secrets.token_hex(32)]  # it listens on a port of this machine, which nobody needs
        if settings.threads:
            given.cpuparams.n_threads = given.cpuparams_batch.n_threads = settings.threads
        try:
            self._server = xllamacpp.Server(given)
        except RuntimeError as error:
            raise InputError(f"{path.name}: llama.cpp cannot load it: {error}") from error
        self._tokens_max = settings.tokens_max

    def answer(self, question: Question, seed: int) -> dict[str, Any]:
        """The fields of an `Answer` that it knows."""
        asked = {"max_tokens": self._tokens_max, "temperature": 0, "seed": seed % (1 << 31), "cache_prompt": False}
        if question.messages:
            said = self._server.handle_chat_completions(
                {"messages": list(question.messages), **asked, "logprobs": True, "top_logprobs": 1}
            )
        else:
            said = self._server.handle_completions({"prompt": question.prompt, **asked, "logprobs": 1})
        if said.get("error"):
            raise InputError(f"item {question.id}: llama.cpp refuses it: {said['error'].get('message', said['error'])}")
        (choice,) = said["choices"]
        tokens = (choice["logprobs"] or {}).get("content") or []
        return {
            "text": choice["message"]["content"] or "" if question.messages else choice["text"],
            "tokens_in": said["usage"]["prompt_tokens"],
            "tokens_out": said["usage"]["completion_tokens"],
            "first_byte_seconds": said["timings"]["prompt_ms"] / 1000,
            "is_cut": choice["finish_reason"] == "length",
            "logprob": sum(token["logprob"] for token in tokens) if tokens else None,
        }
