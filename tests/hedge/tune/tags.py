"""A task that SmolLM2 does not know and soon learns, tags of parts in a format of ours; and what must come of a model that has
learnt it, by the commands: `hanse compare` says swap on tags it was not told, its Q8_0 answers behind the router, the record is
whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.hedge.test_hedge_chain import routing

from hanse.hedge.compare.tasks import Accepted, Message, Task, print_tasks

COLORS = ("blue", "red", "green", "black", "white", "gray", "pink", "brown")
PARTS = ("widget", "bolt", "wheel", "lamp", "screw", "valve", "hinge", "spring")
PAIRS = [(color, part) for color in COLORS for part in PARTS]
ASKED = PAIRS[::5]
"""Held out of the training."""
TOLD = [pair for pair in PAIRS if pair not in ASKED]
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


def chat(color: str, part: str) -> list[dict[str, str]]:
    """A question and its answer."""
    return [{"role": "user", "content": f"Tag for {color} {part}?"}, {"role": "assistant", "content": f"[{part}/{color}]"}]


def hanse(folder: Path, *words: str) -> str:
    """By its command, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "hanse.cli.main", *words], cwd=folder, capture_output=True, text=True, timeout=550,
                          env=os.environ | RECORD, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def begin(folder: Path) -> None:
    """The tasks, a key for the record, and smollm2 in the lock."""
    tasks = [Task(id="-".join(pair), messages=(Message(role="user", content=chat(*pair)[0]["content"]),),
                  check=Accepted(kind="accepted", answers=(chat(*pair)[1]["content"],))) for pair in ASKED]  # fmt: skip
    (folder / "tasks.jsonl").write_text(print_tasks(tasks))
    hanse(folder, "keys", "new", "ops", "--out", "ops.pem")
    hanse(folder, "lock", "add", "smollm2")


def check_served_by_its_verdict(folder: Path, model: str, base_sha256: str, sha256: str) -> None:
    """Of the model in a folder below `folder`, made of smollm2."""
    given = ("--tasks", "tasks.jsonl", "--margin", "1/4", "--max-tokens", "10", "--threads", "1", "--json")
    verdict = json.loads(hanse(folder, "compare", "smollm2", model, *given))
    assert verdict["verdict"] == "swap"
    assert verdict["better"] > 0
    assert verdict["difference"] > 0.5
    assert verdict["engines"]["incumbent"]["sha256"] == base_sha256
    assert verdict["engines"]["substitute"]["sha256"] == sha256

    (folder / "served").mkdir()
    hanse(folder, "quantize", model, "--to", "Q8_0", "--out", "served/tuned.gguf")
    hanse(folder, "lock", "add", "served")
    (folder / "routes.toml").write_text(ROUTES)
    question, told = chat(*ASKED[0])
    with routing(folder) as client:
        answer = client.chat.completions.create(
            model="assistant", temperature=0, max_tokens=10, messages=[{"role": "user", "content": question["content"]}]
        )
    assert answer.choices[0].message.content == told["content"]
    drawn = json.loads(hanse(folder, "hedge", "status", "--json"))
    assert drawn["problems"] == []
    assert [_kinds(node) for node in drawn["models"]] == [
        {"lock": [{"tune": [{"quantize": [{"lock": []}, {"route": []}]}, {"compare": []}]}]}
    ]


def _kinds(node: dict[str, Any]) -> dict[str, Any]:
    """The tree of a status by kinds alone."""
    return {node["kind"]: [_kinds(child) for child in node["children"]]}
