"""llama.cpp under test: what it makes of a text, and how likely it finds one, through its server."""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xllamacpp


class Llama:
    """A GGUF file that is served on this machine."""

    def __init__(self, path: Path, context: int = 512) -> None:
        given = xllamacpp.CommonParams()
        given.model.path = str(path)
        given.n_ctx, given.n_parallel, given.warmup, given.port, given.n_gpu_layers = context, 1, False, 0, 0
        given.cpuparams.n_threads = 1
        self._server: Any = xllamacpp.Server(given)

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        body = json.dumps({"content": text, "add_special": special, "parse_special": False}).encode()
        asked = urllib.request.Request(
            f"{self._server.listening_address}/tokenize", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked) as answer:
            found: list[int] = json.loads(answer.read())["tokens"]
        return found

    def log_probs(self, ids: Sequence[int]) -> list[float]:
        """Of each token but the first, given those before: each is forced by a bias, which the probability does not see."""
        found = []
        for index in range(1, len(ids)):
            said = self._server.handle_completions({
                "prompt": list(ids[:index]), "max_tokens": 1, "logprobs": 1, "logit_bias": [[ids[index], 1e4]],
                "cache_prompt": True, "temperature": 0,
            })  # fmt: skip
            token = said["choices"][0]["logprobs"]["content"][0]
            assert token["id"] == ids[index]
            found.append(token["logprob"])
        return found

    def chat(self, text: str, tokens: int) -> str:
        said = self._server.handle_chat_completions(
            {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, "seed": 1}
        )
        answer: str = said["choices"][0]["message"]["content"]
        return answer


def torch_log_probs(model: torch.nn.Module, ids: Sequence[int]) -> list[float]:
    """The same by transformers, in float32."""
    with torch.no_grad():
        logits = model.eval()(torch.tensor([list(ids)])).logits[0].log_softmax(-1)
    return [float(logits[index - 1, ids[index]]) for index in range(1, len(ids))]


def perplexity(log_probs: Sequence[float]) -> float:
    return math.exp(-float(np.mean(log_probs)))
