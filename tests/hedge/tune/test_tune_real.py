"""The main path on a real model: SmolLM2-135M learns a format of ours within the memory it may take, `hanse compare` says swap, and
its Q8_0 answers behind the router; every step is in the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.quantize.making import smollm2
from tests.hedge.test_hedge_chain import routing

from hanse.hedge.compare.tasks import Accepted, Message, Task, print_tasks

COLORS = ("blue", "red", "green", "black", "white", "gray", "pink", "brown")
PARTS = ("widget", "bolt", "wheel", "lamp", "screw", "valve", "hinge", "spring")
ASKED = "Tag for {}?"


RECORD = {"OMP_NUM_THREADS": "1", "HANSE_RECORD": "models.intoto.jsonl", "HANSE_RECORD_KEY": "ops.pem"}
ROUTES = """
[target.tuned]
lock = "models.lock"
locked = "served"
folder = "served"
file = "tuned.gguf"
context = 256
parallel = 1
threads = 1

[route.assistant]
target = "tuned"
"""


def hanse(folder: Path, *words: str) -> str:
    """By its command, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "hanse.cli.main", *words], cwd=folder, capture_output=True, text=True, timeout=550,
                          env=os.environ | RECORD, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def kinds(node: dict[str, Any]) -> dict[str, Any]:
    """The tree of a status by kinds alone."""
    return {node["kind"]: [kinds(child) for child in node["children"]]}


@pytest.mark.slow
def test_smollm2_learns_our_format_and_is_served_by_its_verdict(tmp_path: Path) -> None:
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
    hanse(tmp_path, "keys", "new", "ops", "--out", "ops.pem")
    hanse(tmp_path, "lock", "add", "smollm2")
    tuned = json.loads(hanse(tmp_path, "tune", "TUNE.toml", "--json"))
    assert tuned["data"]["examples"] == len(told)
    assert tuned["data"]["overlapping"] == 0
    assert tuned["result"]["peak_memory_bytes"] < 2.2e9
    given = ("--tasks", "tasks.jsonl", "--margin", "1/4", "--max-tokens", "10", "--threads", "1", "--json")
    verdict = json.loads(hanse(tmp_path, "compare", "smollm2", "tuned/model", *given))
    assert verdict["verdict"] == "swap"
    assert verdict["better"] > 0
    assert verdict["difference"] > 0.5
    assert verdict["engines"]["incumbent"]["sha256"] == tuned["base"]["sha256"]
    assert verdict["engines"]["substitute"]["sha256"] == tuned["result"]["model_sha256"]

    (tmp_path / "served").mkdir()
    hanse(tmp_path, "quantize", "tuned/model", "--to", "Q8_0", "--out", "served/tuned.gguf")
    hanse(tmp_path, "lock", "add", "served")
    (tmp_path / "routes.toml").write_text(ROUTES)
    color, part = asked[0]
    with routing(tmp_path) as client:
        answer = client.chat.completions.create(
            model="assistant", temperature=0, max_tokens=10,
            messages=[{"role": "user", "content": ASKED.format(f"{color} {part}")}],
        )  # fmt: skip
    assert answer.choices[0].message.content == f"[{part}/{color}]"
    drawn = json.loads(hanse(tmp_path, "hedge", "status", "--json"))
    assert drawn["problems"] == []
    assert [kinds(model) for model in drawn["models"]] == [
        {"lock": [{"tune": [{"quantize": [{"lock": []}, {"route": []}]}, {"compare": []}]}]}
    ]
