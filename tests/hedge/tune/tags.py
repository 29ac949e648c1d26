"""A task that SmolLM2 does not know and soon learns, tags of parts in a format of ours; and what must come of a model that has
learned it, by the commands: `hanse compare` says swap on tags it was not told, its Q8_0 answers behind the router, the record is
whole.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests import warm
from tests.hedge.test_hedge_chain import routing

from hanse.hedge.compare.tasks import Accepted, Message, Task, print_tasks

COLORS = ("blue", "red", "green", "black", "white", "gray", "pink", "brown")
PARTS = ("widget", "bolt", "wheel", "lamp", "screw", "valve", "hinge", "spring")
PAIRS = [(color, part) for color in COLORS for part in PARTS]
ASKED = PAIRS[::5]
"""Held out of the training."""
TOLD = [pair for pair in PAIRS if pair not in ASKED]
RECORD = {"OMP_NUM_THREADS": "1", "HANSE_RECORD": "models.intoto.jsonl", "HANSE_RECORD_KEY": "ops.pem"}
ROUTES = "".join(
    f"[target.{name}]\nlock = 'models.lock'\nlocked = 'served'\nfolder = 'served'\nfile = '{name}.gguf'\ncontext = 256\n"
    "parallel = 1\nthreads = 1\n"
    for name in ("smollm2", "tuned")
)


def chat(color: str, part: str) -> list[dict[str, str]]:
    """A question and its answer."""
    return [{"role": "user", "content": f"Tag for {color} {part}?"}, {"role": "assistant", "content": f"[{part}/{color}]"}]


def hanse(folder: Path, *words: str) -> str:
    """By its command, in a process of its own."""
    done = warm.run(words, folder, os.environ | RECORD, timeout=550)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def begin(folder: Path) -> None:
    """The tasks, a key for the record, and smollm2 in the lock."""
    tasks = [Task(id="-".join(pair), messages=(Message(role="user", content=chat(*pair)[0]["content"]),),
                  check=Accepted(kind="accepted", answers=(chat(*pair)[1]["content"],))) for pair in ASKED]  # fmt: skip
    (folder / "tasks.jsonl").write_text(print_tasks(tasks))
    hanse(folder, "keys", "new", "ops", "--out", "ops.pem")
    hanse(folder, "lock", "add", "smollm2")


def serve(folder: Path, model: str) -> None:
    """Q8_0 files of smollm2, which answers, and of a model below `folder` that was made of it."""
    (folder / "served").mkdir()
    for made, name in (("smollm2", "smollm2"), (model, "tuned")):
        hanse(folder, "quantize", made, "--to", "Q8_0", "--out", f"served/{name}.gguf")
    hanse(folder, "lock", "add", "served")
    (folder / "routes.toml").write_text(ROUTES + "[route.assistant]\ntarget = 'smollm2'\n")


def check_verdict(folder: Path, incumbent: str, substitute: str) -> dict[str, Any]:
    """Swap, on tags that were not told; the document stays in verdict.json."""
    given = ("--tasks", "tasks.jsonl", "--margin", "1/4", "--max-tokens", "10", "--context", "256", "--threads", "1", "--json")
    text = hanse(folder, "compare", incumbent, substitute, *given)
    (folder / "verdict.json").write_text(text)
    verdict = dict(json.loads(text))
    assert verdict["verdict"] == "swap"
    assert verdict["better"] > 0
    assert verdict["difference"] > 0.5
    return verdict


def check_swapped(folder: Path, *by: str) -> list[Any]:
    """The model answers behind the router once it is swapped in; what `hanse hedge status` draws, by kinds, is whole."""
    hanse(folder, "route", "swap", "assistant", "tuned", *by)
    question, told = chat(*ASKED[0])
    with routing(folder) as client:
        answer = client.chat.completions.create(
            model="assistant", temperature=0, max_tokens=10, messages=[{"role": "user", "content": question["content"]}]
        )
    assert answer.choices[0].message.content == told["content"]
    drawn = json.loads(hanse(folder, "hedge", "status", "--json"))
    assert drawn["problems"] == []
    return [_kinds(node) for node in drawn["models"]]


def _kinds(node: dict[str, Any]) -> dict[str, Any]:
    """The tree of a status by kinds alone."""
    return {node["kind"]: [_kinds(child) for child in node["children"]]}
