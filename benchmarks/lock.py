"""`hanse lock verify` against hashing the same bytes on all cores in the same run, and its peak memory. Prints JSON lines.

    python -m benchmarks.lock [--bytes 1000000000] [--repeats 5] [--folder DIR]

Two layouts: a few large files as model repositories have them, and ten thousand small ones. The yardstick is the shortest
program that does it: `hashlib.file_digest` on a thread per core, large files first. Both are timed one after the other,
several times; the medians are compared. Memory is that of the command as a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hanse.hedge.lock.hashing import available_cores
from hanse.hedge.lock.kept import save_lock
from hanse.hedge.lock.schema import Lock
from hanse.hedge.lock.take import Wanted, take
from hanse.hedge.lock.verify import verify_lock
from hanse.hedge.opening import open_source


def write(folder: Path, sizes: Sequence[int]) -> None:
    """Files of random bytes."""
    block = os.urandom(1 << 20)
    for number, size in enumerate(sizes):
        path = folder / "model" / f"part-{number // 1000:02}" / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.write(os.urandom(min(size, 64)))
            for at in range(64, size, len(block)):
                file.write(block[: min(len(block), size - at)])


def yardstick(folder: Path) -> None:
    """Hash every file on all cores."""

    def one(path: Path) -> str:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    found = [(entry.stat().st_size, entry) for entry in folder.rglob("*") if entry.is_file()]
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(one, (path for _, path in sorted(found, reverse=True))))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(folder: Path, layout: str, sizes: Sequence[int], repeats: int) -> None:
    """One layout: write, lock, verify."""
    folder.mkdir()
    write(folder, sizes)
    lock = folder / "models.lock"
    wanted = Wanted("model", "", "", ("model",), "2026-01-01")
    taken = take(wanted, open_source("model", folder))
    save_lock(lock, Lock().replaced(taken.model), "", taken.texts)
    hashed, verified, commanded = [], [], []
    for _ in range(repeats):
        hashed.append(seconds(lambda: yardstick(folder / "model")))
        verified.append(seconds(lambda: verify_lock(lock, {})))
        command = [sys.executable, "-m", "hanse.cli.main", "lock", "verify", "--json", "--lock", str(lock)]
        commanded.append(seconds(lambda: subprocess.run(command, check=True, capture_output=True)))  # noqa: B023
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    a, b, c = (statistics.median(times) for times in (hashed, verified, commanded))
    row = {
        "what": "lock verify", "layout": layout, "files": len(sizes), "bytes": sum(sizes), "cores": available_cores(),
        "hash_seconds": round(a, 3), "verify_seconds": round(b, 3), "ratio": round(b / a, 3),
        "command_seconds": round(c, 3), "peak_mb": round(usage / (1024 if sys.platform != "darwin" else 1 << 20), 1),
    }  # fmt: skip
    print(json.dumps(row), flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bytes", type=int, default=1_000_000_000)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--folder", type=Path, help="Where to write. Off: a temporary folder.")
    chosen = options.parse_args()
    print(json.dumps({"cpus": os.cpu_count(), "load": os.getloadavg()[0]}))
    total = chosen.bytes
    layouts = {
        "large": [total // 5] * 4 + [total // 10] + [total // 100] * 9 + [total // 1000] * 10,
        "ten thousand": [total // 10_000] * 10_000,
    }
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for name, sizes in layouts.items():
            measure(Path(folder) / name.replace(" ", "-"), name, sizes, chosen.repeats)


if __name__ == "__main__":
    main()
