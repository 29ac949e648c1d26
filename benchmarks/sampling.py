"""Tokens per CPU-second of `hanse tune serve` for 16 requests of one sample each, sent at once as a recipe's rollouts are: joined,
and with `tokens_per_turn = 0` one by one. SmolLM2-135M, float32, one thread, real HTTP in one process.

    python -m benchmarks.sampling [--turns 3]

Requests ask for one prompt (a group's rollouts) or for sixteen of several lengths; the same seeds give the same tokens in all ways.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from tests.hedge.quantize.making import smollm2
from tests.hedge.tinker.serving import Served, serving
from tests.hedge.tune.tags import COLORS, PARTS

COUNT, TOKENS = 16, 16


def prompts(folder: Path) -> dict[str, list[list[int]]]:
    """Tokens of chats' questions."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = [f"Tag for {'very ' * (n % 7)}{COLORS[n % 8]} {PARTS[n // 8]}?" for n in range(COUNT)]
    made: list[list[int]] = [
        list(tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, return_dict=False))
        for text in asked
    ]
    return {"one prompt": made[:1] * COUNT, "sixteen prompts": made}


def ask(served: Served, prompts: Sequence[Sequence[int]]) -> tuple[float, list[list[int]]]:
    """CPU seconds of this process, and the tokens of each."""
    bodies: list[dict[str, Any]] = [
        {"base_model": "smollm2", "prompt": {"chunks": [{"type": "encoded_text", "tokens": list(ids)}]},
         "sampling_params": {"max_tokens": TOKENS, "seed": seed, "stop": []}} for seed, ids in enumerate(prompts)
    ]  # fmt: skip
    began = time.process_time()
    with ThreadPoolExecutor(COUNT) as pool:
        found = list(pool.map(lambda body: served.wait(served.post("asample", body)), bodies))
    return time.process_time() - began, [row["sequences"][0]["tokens"] for row in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary) / "smollm2"
        smollm2(folder)
        joined = stack.enter_context(serving(folder, Path(temporary) / "joined"))
        alone = stack.enter_context(serving(folder, Path(temporary) / "alone", tokens_per_turn=0))
        for name, asked in prompts(folder).items():
            speeds: dict[str, list[float]] = {"alone": [], "joined": []}
            tokens: list[list[list[int]]] = []
            for _ in range(turns):
                for way, served in (("alone", alone), ("joined", joined)):
                    seconds, found = ask(served, asked)
                    speeds[way].append(COUNT * TOKENS / seconds)
                    tokens.append(found)
            print(json.dumps({
                "bench": "sampling", "prompts": name, "turns": turns, "load": round(os.getloadavg()[0], 1),
                **{way: round(statistics.median(values), 1) for way, values in speeds.items()},
                "ratio": round(statistics.median(b / a for a, b in zip(speeds["alone"], speeds["joined"], strict=True)), 2),
                "same_tokens": all(found == tokens[0] for found in tokens),
            }))  # fmt: skip


if __name__ == "__main__":
    main()
