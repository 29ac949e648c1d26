"""Real sites as real processes, killed (SIGKILL) at random moments; afterwards every replay must give the same bits.

    python -m benchmarks.chaos [--seeds 30] [--first 0] [--kills 6]

Per seed: three members found, join, train; `--kills` times a random site is killed and started again. Then the log is
replayed with numba on one and two threads and with numpy, and no update may be lost or doubled. One JSON line per seed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.consortium_on_disk import Consortium

CODECS = ("int8", "1bit", "fixed32", "topk")
REPLAYS = (("numba", "1"), ("numba", "2"), ("numpy", "1"))


def run(seed: int, kills: int, folder: Path) -> dict[str, object]:
    """One consortium. Raises AssertionError at the first thing that is wrong."""
    chance = random.Random(seed)
    consortium = Consortium(folder, rounds=chance.randint(5, 9), codec=CODECS[seed % len(CODECS)])
    began = time.monotonic()
    killed = 0
    try:
        consortium.found()
        for member in consortium.members:
            consortium.join(member)
        for member in consortium.members:
            consortium.start(member)
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 5.0))
            alive = [member for member in consortium.members if consortium.running[member].poll() is None]
            if not alive:
                break
            victim = chance.choice(alive)
            consortium.running[victim].kill()
            consortium.running[victim].wait()
            killed += 1
            consortium.start(victim)
        consortium.wait(300)
        states = set()
        for implementation, threads in REPLAYS:
            verdict = consortium.replay("--implementation", implementation, "--threads", threads)
            assert verdict["verdict"] == "identical", verdict
            states.add(verdict["state"])
        assert len(states) == 1, states
        rows = [row for row in consortium.rows() if row["kind"] == "update"]
        stands = [(row["member"], row["round"]) for row in rows if not row["reason"]]
        assert len(stands) == len(set(stands)) == len(consortium.members) * (consortium.rounds + 2), stands
        for member in consortium.members:
            assert f"complete: state {states.copy().pop()}" in consortium.output(member)
        return {"seed": seed, "codec": consortium.codec, "rounds": consortium.rounds + 2, "killed": killed,
                "state": states.pop(), "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
    finally:
        consortium.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=30)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--kills", type=int, default=6)
    chosen = options.parse_args()
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(json.dumps(run(seed, chosen.kills, Path(folder))), flush=True)
            except AssertionError as error:
                failed += 1
                print(json.dumps({"seed": seed, "failed": str(error)[:2000]}), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
