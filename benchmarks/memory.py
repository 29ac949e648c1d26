"""Peak memory of judging and merging one round as a site does it, from updates in a folder. Prints one JSON line.

    python -m benchmarks.memory [--parameters 100000000] [--members 8] [--codec int8] [--threads 2]

The updates are written by this process; another one, with everything compiled and loaded beforehand, reads and merges
them. What counts is its peak above that start, weights and outer momentum included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.kernels import llama_shapes, random_tensors, size_of

from hanse.run import admit as admission
from hanse.run import bodies
from hanse.run.codec import encode
from hanse.run.merge import merge_round
from hanse.run.plan import Plan, parse_plan
from hanse.run.rounds import Candidate
from hanse.run.shards import shard_map
from hanse.run.state import State
from hanse.store import open_store
from hanse.store.blobs import put_blob, put_manifest

UPDATES = "updates.json"


def plan_of(codec: str) -> Plan:
    document = {
        "name": "memory", "model": {}, "tokenizer": {"kind": "given", "sha256": "0" * 64}, "data": {}, "train": {},
        "phase": [{"rounds": 1, "steps": 1}], "codec": {"kind": codec},
    }  # fmt: skip
    return parse_plan(document, "benchmarks/memory.py")


def write(folder: Path, plan: Plan, shapes: dict[str, tuple[int, ...]], members: int) -> None:
    """Every member's update into the bucket."""
    store = open_store(str(folder / "bucket"), create=True, fsync=False)
    shards = shard_map(shapes, plan.shard_elements)
    rows = []
    for number in range(members):
        parts, _ = encode(admission.spec_of(plan, 1), shards, random_tensors(shapes, number, 1e-3), None)
        blob = put_manifest(store, f"m{number}", [put_blob(store, f"m{number}", data) for data in parts])
        rows.append({"sha256": blob.sha256, "size": blob.size})
    (folder / UPDATES).write_text(json.dumps(rows))


def candidates(rows: list[dict[str, Any]]) -> list[Candidate]:
    none = "00" * 32
    found = []
    for number, row in enumerate(rows):
        body = {"round": 1, "attempt": 0, "base": none, "blob": row, "steps": 1, "tokens": 1, "before": none, "after": none}
        found.append(Candidate(f"{number:064x}", f"m{number}", 1, number, bodies.update(body)))
    return found


def merge(folder: Path, plan: Plan, shapes: dict[str, tuple[int, ...]], threads: int) -> State:
    state = State.start({name: np.full(shape, 0.02, np.float32) for name, shape in shapes.items()})
    rows = json.loads((folder / UPDATES).read_text())
    read = admission.read_update(open_store(str(folder / "bucket")))
    judged = admission.admit(plan, 1, shard_map(shapes, plan.shard_elements), candidates(rows), read)
    after, moved = admission.next_state(plan, 1, state, judged.admitted, partial(merge_round, threads=threads))
    assert moved
    assert len(judged.admitted) == len(rows)
    return after


def memory_bytes(field: str) -> int:
    """VmRSS (now) or VmHWM (peak) of this process (Linux). Not getrusage, whose peak a child inherits."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--parameters", type=int, default=100_000_000)
    options.add_argument("--members", type=int, default=8)
    options.add_argument("--codec", default="int8")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--read", type=Path, help="folder written before: measure here")
    chosen = options.parse_args()
    plan, shapes, tiny = plan_of(chosen.codec), llama_shapes(chosen.parameters), {"w": (8, 4096), "b": (64,)}
    with tempfile.TemporaryDirectory() as place:
        if chosen.read is None:
            write(Path(place), plan, shapes, chosen.members)
            flags = [f"--{name}={getattr(chosen, name)}" for name in ("parameters", "members", "codec", "threads")]
            subprocess.run([sys.executable, "-m", "benchmarks.memory", *flags, "--read", place], check=True)
            return
        write(Path(place), plan, tiny, chosen.members)
        merge(Path(place), plan, tiny, chosen.threads)
        before = memory_bytes("VmRSS")
        state = merge(chosen.read, plan, shapes, chosen.threads)
        used = memory_bytes("VmHWM") - before
        count = size_of({name: array.shape for name, array in state.weights.items()})
        print(json.dumps({"bench": "memory", "codec": chosen.codec, "members": chosen.members, "parameters": count,
                          "threads": chosen.threads, "times_the_weights": round(used / (4 * count), 3)}))  # fmt: skip


if __name__ == "__main__":
    main()
