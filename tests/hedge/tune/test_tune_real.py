"""The main path on a real model: SmolLM2-135M learns a format of ours, `hanse compare` says swap, within the memory it may take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.quantize.making import smollm2

from hanse.hedge.compare.tasks import Accepted, Message, Task, print_tasks

COLORS = ("blue", "red", "green", "black", "white", "gray", "pink", "brown")
PARTS = ("widget", "bolt", "wheel", "lamp", "screw", "valve", "hinge", "spring")
ASKED = "Tag for {}?"


def hanse(folder: Path, *words: str) -> Any:
    """By its command, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "hanse.cli.main", *words], cwd=folder, capture_output=True, text=True, timeout=550,
                          env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_smollm2_learns_our_format_and_may_be_swapped_in(tmp_path: Path) -> None:
    smollm2(tmp_path / "smollm2")
    pairs = [(color, part) for color in COLORS for part in PARTS]
    asked = [pair for at, pair in enumerate(pairs) if at % 5 == 0]
    told = [pair for pair in pairs if pair not in asked]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"messages": [
        {"role": "user", "content": ASKED.format(f"{color} {part}")}, {"role": "assistant", "content": f"[{part}/{color}]"},
    ]}) + "\n" for color, part in told))  # fmt: skip
    (tmp_path / "tasks.jsonl").write_text(print_tasks([
        Task(id=f"{color}-{part}", messages=(Message(role="user", content=ASKED.format(f"{color} {part}")),),
             check=Accepted(kind="accepted", answers=(f"[{part}/{color}]",)))
        for color, part in asked
    ]))  # fmt: skip
    (tmp_path / "TUNE.toml").write_text(
        'base = "smollm2"\ndata = "data.jsonl"\nevaluation = "tasks.jsonl"\nsteps = 8\nbatch_tokens = 150\n'
        "threads = 1\nheld_permille = 0\n"
        "samples = 1\nsample_tokens = 8\n"
    )
    tuned = hanse(tmp_path, "tune", "TUNE.toml", "--json")
    assert tuned["data"]["examples"] == len(told)
    assert tuned["data"]["overlapping"] == 0
    assert tuned["result"]["peak_memory_bytes"] < 2.2e9
    given = ("--tasks", "tasks.jsonl", "--margin", "1/4", "--max-tokens", "10", "--threads", "1", "--json")
    verdict = hanse(tmp_path, "compare", "smollm2", "tuned/model", *given)
    assert verdict["verdict"] == "swap"
    assert verdict["better"] > 0
    assert verdict["difference"] > 0.5
    assert verdict["engines"]["incumbent"]["sha256"] == tuned["base"]["sha256"]
    assert verdict["engines"]["substitute"]["sha256"] == tuned["result"]["model_sha256"]
