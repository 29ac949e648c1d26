"""Everything that is measured, into docs/benchmarks.md: `make bench`, or `python -m benchmarks.run [--only SECTION ...]`.

Each section leaves its figures in the work folder (.bench); the page is written from them, so a section that was not
measured again keeps its figures and its date.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.page import render

SECTIONS: dict[str, list[str]] = {
    "kernels": ["-m", "benchmarks.kernels", "--repeats", "15"],
    "memory": ["-m", "benchmarks.memory"],
    "log": ["-m", "benchmarks.log"],
    "rounds": ["-m", "benchmarks.rounds"],
    "scan": ["-m", "benchmarks.scan"],
    "lock": ["-m", "benchmarks.lock"],
    "mirror": ["-m", "benchmarks.mirror"],
    "route": ["-m", "benchmarks.route"],
    "quantized": ["-m", "benchmarks.quantized"],
    "tune": ["-m", "benchmarks.tune"],
    "sampling": ["-m", "benchmarks.sampling"],
    "distill": ["-m", "benchmarks.distill"],
    "games": ["-m", "benchmarks.games"],
    "case": ["-m", "benchmarks.case"],
    "simulate": ["-m", "hanse.cli.main", "simulate", "--seeds", "2000", "--json"],
    "chaos": ["-m", "benchmarks.chaos", "--seeds", "30"],
    "training": ["-m", "benchmarks.training"],
}
"""Quiet ones first: the last three take an hour or more."""
PAGE = Path("docs/benchmarks.md")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[0], 2),
    }


def measure(section: str, folder: Path) -> None:
    """Run one section and keep what it printed."""
    found = machine()
    command = [sys.executable, *SECTIONS[section]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=section not in ("chaos", "simulate"))
    kept = {"machine": found, "exit": done.returncode, "output": documents(done.stdout)}
    (folder / f"{section}.section.json").write_text(json.dumps(kept, indent=1))


def documents(text: str) -> list[Any]:
    """The JSON values in a program's output, one after another; other lines are for people."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        if text[at] in "{[" and (at == 0 or text[at - 1] == "\n"):
            try:
                value, at = decoder.raw_decode(text, at)
                found.append(value)
                continue
            except ValueError:
                pass
        at += 1
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=Path(".bench"))
    options.add_argument("--only", action="append", choices=[*SECTIONS, "page"], help="measure only this; page: none")
    chosen = options.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    for section in SECTIONS:
        if chosen.only is None or section in chosen.only:
            print(f"{section} ...", flush=True)
            measure(section, chosen.folder)
    found = {
        section: json.loads(path.read_text())
        for section in SECTIONS
        if (path := chosen.folder / f"{section}.section.json").exists()
    }
    PAGE.write_text(render(found, PAGE.read_text() if PAGE.exists() else ""))
    print(f"{PAGE} written from {', '.join(found)}")


if __name__ == "__main__":
    main()
