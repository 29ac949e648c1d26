"""Four real sites in four processes on a tiny model: what a round costs beside its compute, and what replay costs.

    python -m benchmarks.rounds [--rounds 60]

A round lasts from one agreement to the next (times of the log's objects); the slowest member's compute is what its own
metrics say. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from hanse.demo.corpora import DOMAINS
from hanse.demo.runner import Place, found_and_join, open_place, sites, train, write_corpora
from hanse.demo.settings import Size
from hanse.ledger.log import slot_name
from hanse.run.follow import Follower
from hanse.run.merge import merge_round, merge_round_numpy
from hanse.run.origin import LmOrigin
from hanse.run.replay import replay
from hanse.store import open_store
from hanse.store.copying import EGRESS_FILE, read_egress
from hanse.store.disk import MemoryDisk


def measure(rounds: int, folder: Path) -> dict[str, Any]:
    """Run, replay, and read the clock of the bucket's objects."""
    size = Size("bench", 30_000, 32, 1, 320, 2, 1, 2, rounds)
    place = open_place(folder, size, fresh=True)
    write_corpora(place)
    log = found_and_join(place, lambda line: None)
    began = time.perf_counter()
    follower = train(place, log, lambda follower, progress: None)
    seconds = time.perf_counter() - began
    run = follower.fold.run
    assert run is not None
    agreed = [(item.number, item.agreed.index) for item in run.rounds if item.agreed is not None]
    clock = {number: (place.bucket / slot_name(index)).stat().st_mtime for number, index in agreed}
    ends = {run.plan.first_step(n) + run.plan.at(n).steps: n for n in range(1, run.plan.total_rounds + 1)}
    compute: dict[int, float] = {}
    trained = 0.0
    for domain in DOMAINS:
        for line in (place.site(domain.member) / "metrics.jsonl").read_text().splitlines():
            row = json.loads(line)
            if "seconds" in row:
                compute[ends[row["step"]]] = max(compute.get(ends[row["step"]], 0.0), row["seconds"])
                trained += row["seconds"]
    overhead = [clock[b] - clock[a] - compute[b] for a, b in pairwise(sorted(clock)) if a >= 1]
    times = {}
    for name, merger in (("numba", partial(merge_round, threads=1)), ("numpy", merge_round_numpy)):
        began = time.perf_counter()
        verdict = replay(follower.fold, follower.store, LmOrigin(), merger)
        times[name] = time.perf_counter() - began
        assert verdict.identical
    sent = {d.member: sum(int(row["size"]) for row in read_egress(place.site(d.member) / EGRESS_FILE)) for d in DOMAINS}
    return {
        "members": len(DOMAINS),
        "rounds": len(overhead),
        "seconds": seconds,
        "entries": follower.fold.size,
        "overhead_median": statistics.median(overhead),
        "overhead_p95": sorted(overhead)[int(0.95 * len(overhead))],
        "compute_median": statistics.median(compute.values()),
        "replay_seconds": times,
        "replay_share_of_training": times["numba"] / trained,
        "bytes_per_member_per_round": statistics.fmean(sent.values()) / (rounds + 1),
        "idle_cpu_percent": idle(place, log),
    }


def idle(place: Place, log: str, seconds: float = 10.0) -> float:
    """CPU of one site that waits for three others that never come, in percent of one core."""
    waiting = open_place(place.folder.with_name("idle"), place.size, fresh=True)
    write_corpora(waiting)
    waiting_log = found_and_join(waiting, lambda line: None)
    with sites(waiting) as running:
        first, *others = running.values()
        for process in others:
            process.kill()
        watcher = Follower(open_store(str(waiting.bucket)), MemoryDisk(), waiting_log)
        end = time.monotonic() + 120
        while watcher.fold.run is None or not watcher.fold.run.rounds[0].merged:
            assert time.monotonic() < end, "the site never came to wait"
            time.sleep(0.2)
            watcher.sync()
        time.sleep(2)
        before = cpu_seconds(first.pid)
        time.sleep(seconds)
        return 100 * (cpu_seconds(first.pid) - before) / seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=60)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(chosen.rounds, Path(folder) / "demo"), indent=1))


if __name__ == "__main__":
    main()
