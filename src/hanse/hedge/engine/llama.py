"""A GGUF file by llama.cpp; only in the process that holds the model (`inside`).

llama.cpp renders the file's own chat template and adds BOS where the file says so, once: it takes off the one a template
begins with. No answer depends on those before: the prompt cache is off, but between the tokens of one continuation.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.drill.gguf import read_head
from hanse.hedge.engine.base import Question, Settings, split_pair
from hanse.hedge.llama import serve

FORCED = 1e4
"""Bias by which a token is chosen whatever the model would say; the probability that is told does not have it."""


class Llama:
    """A loaded model."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._served = serve(path, settings.context, threads=settings.threads)
        self._settings = settings
        keys = read_head(path).keys
        first = keys.get("tokenizer.ggml.bos_token_id", keys.get("tokenizer.ggml.eos_token_id"))
        self._first = first if isinstance(first, int) else None

    def answer(self, question: Question, seed: int) -> dict[str, Any]:
        """The fields of an `Answer` that it knows."""
        asked = {"max_tokens": question.tokens_max or self._settings.tokens_max, "temperature": 0, "seed": seed % (1 << 31),
                 "cache_prompt": False, "stop": list(question.stop)}  # fmt: skip
        if question.messages:
            said = self._served.server.handle_chat_completions(
                {"messages": list(question.messages), **asked, "logprobs": True, "top_logprobs": 1}
            )
        else:
            said = self._complete({"prompt": question.prompt, **asked, "logprobs": 1}, question.id)
        _check(said, question.id)
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

    def score(self, context: str, continuation: str, item: str) -> tuple[float, bool, int]:
        """Each token is forced by a bias, one after the other, because the server tells probabilities only of what it chooses."""
        ids, told = split_pair(context, continuation, self._ids, self._first)
        if len(ids) + len(told) > self._settings.context:
            raise InputError(f"item {item}: {len(ids) + len(told)} tokens, more than there is room for; see --context")
        total, greedy = 0.0, True
        for at, token in enumerate(told):
            asked = {"prompt": ids + told[:at], "max_tokens": 1, "temperature": 0, "logprobs": 1, "cache_prompt": at > 0,
                     "logit_bias": [[token, FORCED]]}  # fmt: skip
            (made,) = self._complete(asked, item)["choices"][0]["logprobs"]["content"]
            total += made["logprob"]
            greedy = greedy and made["top_logprobs"][0]["id"] == token
        return total, greedy, len(ids) + len(told)

    def _complete(self, asked: dict[str, Any], item: str) -> Any:
        said = self._served.server.handle_completions(asked)
        _check(said, item)
        return said

    def _ids(self, text: str, begins: bool) -> list[int]:
        body = json.dumps({"content": text, "add_special": begins, "parse_special": True}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._served.key}"}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(f"{self._served.address}/tokenize", body, headers)) as answer:
            found: list[int] = json.loads(answer.read())["tokens"]
        return found


def _check(said: Any, item: str) -> None:
    if said.get("error"):
        raise InputError(f"item {item}: llama.cpp refuses it: {said['error'].get('message', said['error'])}")
