"""`hanse scan` of 10,000 files against reading the same files. Prints one JSON line per round.

    python -m benchmarks.scan [--files 10000] [--rounds 3] [--processes N]

Half of the files are the labeled sample over and over, the other half the modules of Python's own library, so that most have
no model in them, as in a real repository. Every scan starts a process of its own; reading is with as many processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "tests" / "hedge" / "scan" / "sample"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        size = fill(tree, given.files)
        for _ in range(given.rounds):
            print(json.dumps(measure(tree, size, given.processes)), flush=True)


def fill(tree: Path, count: int) -> int:
    """Write the tree; bytes written."""
    library = Path(sysconfig.get_paths()["stdlib"])
    modules = [
        p for p in sorted(library.rglob("*.py")) if "site-packages" not in p.parts and p.stat().st_size < 40_000
    ]
    sample = [p for p in sorted(SAMPLE.rglob("*")) if p.is_file() and not p.is_symlink() and p.stat().st_size < 200_000]
    size = 0
    for source, root in ((modules, library), (sample, SAMPLE)):
        for number, path in enumerate(islice(cycle(source), count // 2)):
            target = tree / f"{root.name}-{number // len(source)}" / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            size += path.stat().st_size
    return size


def measure(tree: Path, size: int, processes: int) -> dict[str, object]:
    """One round: read, then scan."""
    paths = [str(path) for path in tree.rglob("*") if path.is_file()]
    start = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        read = sum(pool.map(read_all, [paths[i::processes] for i in range(processes)]))
    reading = time.perf_counter() - start
    assert read == size, (read, size)
    out = tree.parent / "found.json"
    command = [sys.executable, "-m", "hanse.cli.main", "scan", str(tree), "--json", "--out", str(out)]
    start = time.perf_counter()
    subprocess.run([*command, "--processes", str(processes)], check=True)
    scanning = time.perf_counter() - start
    return {
        "bench": "scan",
        "files": len(paths),
        "megabytes": round(size / 1e6, 1),
        "processes": processes,
        "findings": len(json.loads(out.read_text())),
        "read_s": round(reading, 2),
        "scan_s": round(scanning, 2),
        "times_reading": round(scanning / reading, 1),
        "load": round(os.getloadavg()[0], 2),
    }


def read_all(paths: list[str]) -> int:
    """Bytes of these files."""
    return sum(len(Path(path).read_bytes()) for path in paths)


if __name__ == "__main__":
    main()
