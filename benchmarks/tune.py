"""Tokens per CPU-second of `hanse tune`'s steps against a bare peft loop on SmolLM2-135M, in one process, turn by turn, one thread.

    python -m benchmarks.tune [--turns 6]

Both do the same work: LoRA of rank 8 on all linear layers, float32, two rows of 128 tokens at once, every token but the first of a
row counted, AdamW after 512 tokens, the norm clipped. The peak is that of a process of its own that only takes our steps.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.hedge.quantize.making import smollm2

from hanse.hedge.drill.inside import peak_memory
from hanse.hedge.tune.base import load, open_base
from hanse.hedge.tune.defaults import Settings
from hanse.hedge.tune.lora import Lora, attach
from hanse.hedge.tune.rows import Item, Row
from hanse.hedge.tune.tuner import Learned, Tuner

LENGTH, ROWS, BATCH = 128, 2, 512


def model(folder: Path) -> Any:
    return attach(load(open_base(str(folder)))[0], Lora(8, 32))


def rows() -> list[Any]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, 49_000, LENGTH).astype(np.int32) for _ in range(64)]


def tuner(folder: Path) -> Tuner:
    items = [Item((Row(ids, np.arange(LENGTH) > 0),)) for ids in rows()]
    settings = Settings("lora", "sft", 8, 1e-3, 1, 1000, 1, BATCH, ROWS * LENGTH, LENGTH, "float32", False, 1000, 1000)
    return Tuner(model(folder), items, [], settings, Learned(1.0, 0.1, 0), torch.device("cpu"))


class Bare:
    """The loop that one would write by hand."""

    def __init__(self, folder: Path) -> None:
        self.model, self.rows, self.at = model(folder).train(), rows(), 0
        self.trained = [tensor for tensor in self.model.parameters() if tensor.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-3)

    def do_step(self) -> int:
        parts = BATCH // (ROWS * LENGTH)
        for _ in range(parts):
            ids = torch.from_numpy(np.stack([self.rows[(self.at + row) % len(self.rows)] for row in range(ROWS)]).astype(np.int64))
            self.at += ROWS
            (self.model(input_ids=ids, labels=ids).loss / parts).backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return BATCH


def timed(work: Any) -> tuple[int, float]:
    began = time.process_time()
    done = work()
    return (done if isinstance(done, int) else done[1]), time.process_time() - began


def peak(folder: Path, pipe: Any) -> None:
    torch.set_num_threads(1)
    ours = tuner(folder)
    for _ in range(2):
        ours.do_step()
    pipe.send(peak_memory())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=6)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "smollm2"
        smollm2(folder)
        hear, tell = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(target=peak, args=(folder, tell))
        process.start()
        memory = hear.recv()
        process.join()
        ours, bare = tuner(folder), Bare(folder)
        ours.do_step(), bare.do_step()
        speeds: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(turns):
            for name, work in (("ours", ours.do_step), ("bare", bare.do_step)):
                tokens, seconds = timed(work)
                speeds[name].append(tokens / seconds)
    middle = {name: statistics.median(values) for name, values in speeds.items()}
    print(json.dumps({
        "bench": "tune", "turns": turns, "ours": round(middle["ours"], 1), "bare": round(middle["bare"], 1),
        "ratio": round(statistics.median(a / b for a, b in zip(speeds["ours"], speeds["bare"], strict=True)), 3),
        "peak_bytes": memory, "load": round(os.getloadavg()[0], 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
