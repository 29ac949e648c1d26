"""A small task: part numbers, told in several ways, asked in one more; and a run of `hanse tune` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.hedge.tune.tiny import tiny_base

COLORS, PARTS = ("blue", "red", "green", "black"), ("widget", "bolt", "wheel", "lamp")
ASKED = ("Part number of the {}?", "Which number has the {}?", "Number for one {}, please.")


def chats(colors: Sequence[str] = COLORS, parts: Sequence[str] = PARTS) -> list[dict[str, Any]]:
    return [
        {"messages": [{"role": "user", "content": asked.format(f"{color} {part}")},
                      {"role": "assistant", "content": f"{color[0].upper()}{part[0].upper()}-{len(color) * 7}{len(part)}"}]}
        for color in colors for part in parts for asked in ASKED
    ]  # fmt: skip


def preferences() -> list[dict[str, Any]]:
    return [{"prompt": f"{row['messages'][0]['content']} ", "chosen": row["messages"][1]["content"], "rejected": "I do not know."}
            for row in chats()]  # fmt: skip


def place(folder: Path, settings: str = "", rows: Sequence[Any] = (), **fields: Any) -> Path:
    """A folder with a tiny base, data and TUNE.toml; the settings' path."""
    folder.mkdir(exist_ok=True)
    tiny_base(folder / "base", **fields)
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows or chats()))
    path = folder / "TUNE.toml"
    path.write_text('base = "base"\ndata = "data.jsonl"\nthreads = 1\nsamples = 1\nsample_tokens = 4\n' + settings)
    return path


def start(config: Path, *words: str, launcher: Sequence[str] = (), **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, *launcher, "-m", "hanse.cli.main", "tune", str(config), *words]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"} | more, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)  # fmt: skip


def done(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    said, wrong = process.communicate(timeout=500)
    assert process.returncode == code, (process.returncode, said[-2000:], wrong[-3000:])
    return said, wrong
