"""The page's section about the case of a charter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.table import table, verdict

SAYS = {
    "fifty": "{draws:,} draws of 8 years, {members} members, every figure of the outcome",
    "first": "first answer on {members} members: {draws:,} draws, stability, {levers} changes of clauses, {factors} factors",
    "advise": "advice on ten members: {tried} charters tried, confirmed on {draws:,} fresh draws",
}
SECONDS = {"fifty": 20, "first": 10, "advise": 120}
MEGABYTES = {"fifty": 2000}


def case(output: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = []
    for row in output:
        what = row["what"]
        bar, most = SECONDS[what], MEGABYTES.get(what)
        good = row["seconds"] < bar and (most is None or row["peak_mb"] < most)
        rows.append((SAYS[what].format(**row), row["seconds"], row["cpu_s"], row["times_normals"], row["peak_mb"],
                     f"{bar} s" + (f", {most:,} MB" if most else ""), verdict(good)))  # fmt: skip
    head = ("what", "s", "CPU-seconds", "times drawing normals", "peak MB", "bar, on 2 cores", "")
    return [
        "Examples `fifty` and `ten-equal` with the preset heavy, a thread per core. Drawing normals: one for every draw, year and "
        "member of the first row, on as many threads, in the same process.",
        table(head, rows),
    ]
