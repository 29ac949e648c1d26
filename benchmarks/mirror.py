"""The mirror: speed against hashing the same bytes, memory, and what a killed run leaves. Prints JSON lines.

    python -m benchmarks.mirror [--megabytes 1000] [--rounds 5] [--kills 50] [--sparse-megabytes 300]

Each round hashes the files with all cores, keeps them in a new mirror (durably), verifies it, and writes the same bytes
durably without hashing, then hashes what was written: what the disk allows. The files that are kept stand in the system's memory,
what was just written past it does not. Ratios are of one round, so that other work on the machine hits both sides.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.hedge.mirror.killed import seconds_of_a_run, torture
from tests.hedge.mirror.made import model, noise, write_files, write_lock
from tests.store.tiny_s3 import TinyS3, running

from hanse.hedge.lock.hashing import Digest, hash_places
from hanse.hedge.lock.schema import LockedFile, LockedLicense, LockedModel
from hanse.hedge.mirror.filling import WRITERS
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import PART_BYTES
from hanse.hedge.mirror.parts import PartStore
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.verify import verify
from hanse.hedge.opening import open_source
from hanse.hedge.source.folder import Place
from hanse.store import open_store

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--sparse-megabytes", type=int, default=300)
    chosen = options.parse_args()
    print(json.dumps({"cpus": os.cpu_count(), "load": os.getloadavg()[0]}))
    with tempfile.TemporaryDirectory() as made:
        for files in (1, 8) if chosen.rounds else ():
            speed(Path(made) / f"speed{files}", files, chosen.megabytes * 1_000_000 // files, chosen.rounds)
        if chosen.sparse_megabytes:
            memory(Path(made) / "memory", chosen.sparse_megabytes * 1_000_000)
        if chosen.kills:
            kills(Path(made) / "kills", chosen.kills)


def speed(folder: Path, files: int, size: int, rounds: int) -> None:
    source = folder / "source"
    source.mkdir(parents=True)
    for number in range(files):
        with open(source / f"w{number}", "wb") as file:
            for _ in range(size // 1_000_000):
                file.write(os.urandom(1_000_000))
    places = [(Place(source, path.name), path.stat().st_size) for path in sorted(source.iterdir())]
    locked = lock_of(places, source)
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        to = folder / f"mirror{number}"
        store = open_store(str(to), create=True)
        order = Order((locked,))
        hashed = timed(lambda: hash_places(places), found, "hash")
        timed(lambda: keep(store, order, open_source, lambda: 1), found, "keep")  # noqa: B023
        timed(lambda: verify(Mirror(store)), found, "verify_first")  # noqa: B023
        timed(lambda: verify(Mirror(store)), found, "verify_again")  # noqa: B023
        timed(lambda: write_only(folder / "disk", locked.size), found, "disk")
        parts = (path for path in (folder / "disk").rglob("*") if path.is_file())
        written = [(Place(path.parent, path.name), path.stat().st_size) for path in parts]
        cold = timed(lambda: hash_places(written), found, "hash_cold")  # noqa: B023
        hashed = (hashed + timed(lambda: hash_places(places), found, "hash")) / 2
        for name in ("keep", "verify_first", "verify_again", "disk"):
            found.setdefault(f"{name}_times_hash", []).append(found[name][-1] / hashed)
        found.setdefault("keep_times_disk", []).append(found["keep"][-1] / found["disk"][-1])
        found.setdefault("verify_first_times_cold", []).append(found["verify_first"][-1] / cold)
        shutil.rmtree(to)
        shutil.rmtree(folder / "disk")
    told = {name: round(statistics.median(values), 3) for name, values in found.items()}
    print(json.dumps({"what": "speed", "files": files, "bytes": locked.size, "rounds": rounds, **told}), flush=True)
    shutil.rmtree(folder)


def timed(work: Callable[[], object], found: dict[str, list[float]], name: str) -> float:
    began, used = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - began
    found.setdefault(name, []).append(seconds)
    found.setdefault(f"{name}_cpu", []).append(time.process_time() - used)
    return seconds


def lock_of(places: list[tuple[Place, int]], source: Path) -> LockedModel:
    digests = hash_places(places)
    files = []
    for place, size in places:
        digest = digests[place]
        assert isinstance(digest, Digest)
        files.append(LockedFile(path=place.path, sha256=digest.sha256, size=size))
    terms = LockedLicense(id="", path="", sha256="")
    return LockedModel(
        name="bench", repository="", revision="", locked="2026-11-25", license=terms, file=tuple(files),
        sources=(str(source),),
    ).sealed()  # fmt: skip


def write_only(folder: Path, size: int) -> None:
    """The same bytes, durably, in parts, by as many threads as a mirror has writers; nothing is read or hashed."""
    put = PartStore(open_store(str(folder), create=True))
    buffer = memoryview(mmap.mmap(-1, PART_BYTES))
    buffer[:] = os.urandom(PART_BYTES)

    def write(number: int) -> None:
        put.put(f"mirror/parts/{number}", buffer, min(PART_BYTES, size - number * PART_BYTES))
        put.settle(f"mirror/parts/{number}")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(-(-size // PART_BYTES))))


def memory(folder: Path, size: int) -> None:
    """Peak resident size of the commands on eight sparse files, into a folder and into S3."""
    source, places = folder / "source", []
    source.mkdir(parents=True)
    for number in range(8):
        with open(source / f"w{number}", "wb") as file:
            file.truncate(size // 8 + number)
        places.append((Place(source, f"w{number}"), size // 8 + number))
    lock = write_lock(folder / "models.lock", lock_of(places, source))
    with running(TinyS3()) as tiny:
        for kind, url in (("folder", str(folder / "mirror")), ("s3", tiny.url)):
            for name, arguments in (
                ("keep", [str(lock), "--to", url]),
                ("verify", [url]),
                ("get", ["bench", "--from", url, "--to", str(folder / kind)]),
            ):
                command = [sys.executable, "-m", "hanse.cli.main", "mirror", name, *arguments]
                done = subprocess.run(
                    [sys.executable, "-c", MEASURED, *command], stdout=subprocess.PIPE, text=True, check=True
                )
                code, peak = done.stdout.split()[-2:]
                told: dict[str, Any] = {
                    "what": "memory",
                    "command": name,
                    "store": kind,
                    "bytes": size,
                    "exit": int(code),
                }
                print(json.dumps(told | {"peak_megabytes": round(int(peak) / 1_000_000, 1)}), flush=True)


def kills(folder: Path, count: int) -> None:
    """Random moments, five to a mirror; every second mirror has a run beside it that is left alone."""
    files = {f"w{number}.bin": noise((24 << 20) + number, number) for number in range(5)}
    files |= {f"{number}.json": noise(500 + number, number) for number in range(20)}
    source = write_files(folder / "source", files)
    locked = model(files, sources=(str(source),))
    lock = write_lock(folder / "models.lock", locked)
    seconds = seconds_of_a_run(lock, folder / "whole")
    done, during, problems = 0, 0, []
    for seed in range(-(-count // 5)):
        to = folder / f"mirror{seed}"
        told = torture(lock, to, locked, min(5, count - done), seconds, seed, racing=seed % 2 == 1)
        done, during, problems = done + told.kills, during + told.during, problems + told.problems
        shutil.rmtree(to)
    row = {"what": "kills", "kills": done, "before_it_ended": during, "seconds_of_a_run": round(seconds, 2)}
    print(json.dumps(row | {"problems": problems}), flush=True)


if __name__ == "__main__":
    main()
