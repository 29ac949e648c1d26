"""`hanse case`: many draws of fifty members, the first answer on the ten-member example, advice. Prints one JSON line per part.

    python -m benchmarks.case [--draws 100000]

Each part has a process of its own. The measure that a slow or busy machine does not move much is the ratio: times drawing as many
standard normal numbers as there are draws, years and members, with as many threads, in the same process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.memory import memory_bytes

import hanse.charter

EXAMPLES = Path(hanse.charter.__file__).parent / "examples"
ANSWER_DRAWS = 10_000
THREADS = os.cpu_count() or 1


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--draws", type=int, default=100_000)
    options.add_argument("--part", choices=sorted(PARTS))
    given = options.parse_args()
    if given.part is None:
        for part in PARTS:
            subprocess.run([sys.executable, "-m", "benchmarks.case", f"--draws={given.draws}", "--part", part], check=True)
        return
    normal = normals(given.draws)
    start, used = time.perf_counter(), time.process_time()
    found = PARTS[given.part](given.draws)
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    print(json.dumps({"what": given.part, "seconds": round(seconds, 2), "cpu_s": round(cpu, 2), "threads": THREADS,
                      "times_normals": round(seconds / normal, 1), "normals_s": round(normal, 3),
                      "peak_mb": memory_bytes("VmHWM") // 10**6, **found}), flush=True)  # fmt: skip


def normals(draws: int) -> float:
    """Seconds for one normal number per draw, year and member, fifty members, in pieces of a thousandth."""
    import numpy as np

    from hanse.case.terms import YEARS

    pieces = 1000

    def piece(seed: int) -> float:
        return float(np.random.default_rng(seed).standard_normal(draws * YEARS * 50 // pieces)[0])

    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(piece, range(pieces)))
    return time.perf_counter() - start


def fifty(draws: int) -> dict[str, object]:
    """One charter, everything an outcome has."""
    from hanse.case.outcome import gather
    from hanse.case.private import Private
    from hanse.case.simulation import run
    from hanse.case.stability import terms_under
    from hanse.charter.schema import load_charter

    charter = load_charter(EXAMPLES / "fifty.toml")
    terms = terms_under(charter, charter, Private(preset="heavy"))
    outcome = gather("fifty", terms, 1, run(terms, draws, 1))
    return {"draws": outcome.draws, "members": terms.members, "founded": round(outcome.founded, 3)}


def first(_: int) -> dict[str, object]:
    """What a report on ten members is made of."""
    from hanse.case.levers import effects
    from hanse.case.outcome import gather
    from hanse.case.private import Private
    from hanse.case.sensitivity import sensitivity
    from hanse.case.simulation import run
    from hanse.case.stability import stability, terms_under
    from hanse.charter.schema import load_charter

    charter, private = load_charter(EXAMPLES / "ten-equal.toml"), Private(preset="heavy")
    terms = terms_under(charter, charter, private)
    start = time.perf_counter()
    outcome = gather("ten", terms, 1, run(terms, ANSWER_DRAWS, 1))
    year = stability(terms)
    outcome_s = time.perf_counter() - start
    changes = effects(charter, private, 4096, 1)
    effects_s = time.perf_counter() - start - outcome_s
    influences = sensitivity(terms, 256)
    sensitivity_s = time.perf_counter() - start - outcome_s - effects_s
    return {"draws": ANSWER_DRAWS, "members": terms.members, "founded": round(outcome.founded, 3), "levers": len(changes),
            "rules": len(year.sharing), "factors": len(influences), "outcome_s": round(outcome_s, 2),
            "effects_s": round(effects_s, 2), "sensitivity_s": round(sensitivity_s, 2)}  # fmt: skip


def advice(_: int) -> dict[str, object]:
    """The whole search and its confirmation."""
    from hanse.case.advise import advise
    from hanse.case.private import Private
    from hanse.charter.schema import load_charter

    found = advise(load_charter(EXAMPLES / "ten-equal.toml"), Private(preset="heavy"), 1)
    return {"draws": found.draws, "tried": found.tried, "near_before": round(found.near_before, 4),
            "near": round(found.near, 4), "error": round(found.error, 4), "changes": len(found.changes)}  # fmt: skip


PARTS: dict[str, Callable[[int], dict[str, object]]] = {"fifty": fifty, "first": first, "advise": advice}


if __name__ == "__main__":
    main()
