"""Shapley values of fifty members from 20,000 antithetic orders, against sorting as many orders in the same run.

    python benchmarks/games.py [--members 50] [--orders 20000] [--repeats 7]

One process, numpy on one thread; minima over repeats, interleaved. Also the dues rules on a chunk of draws. One JSON line each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hanse.case.games.game import Aligned, Fixed, Types, listed
from hanse.case.games.nucleolus import nucleolus
from hanse.case.games.shapley import exact, sampled
from hanse.case.sharing import RULES, Basis, shares

DRAWS = 4096


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def games(members: int, rng: np.random.Generator) -> dict[str, Fixed | Aligned]:
    """Lognormal benefits, a fixed cost of half of them; the second with four wanted coordinates."""
    benefit = rng.lognormal(3, 1, members)
    fixed = Fixed(benefit, 0.05 * benefit, 0.5 * benefit.sum())
    wanted = rng.normal(size=(members, 4))
    return {"fixed": fixed, "aligned": Aligned(benefit, fixed.own_cost, fixed.fixed, wanted, 0.05)}


def measure_shapley(members: int, orders: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.random((orders, members))
    for name, game in games(members, rng).items():
        times, sorts = [], []
        for _ in range(repeats):
            times.append(seconds(lambda game=game: sampled(game, orders // 2, np.random.default_rng(1))))
            sorts.append(seconds(lambda: np.sort(matrix, axis=1)))
        found = sampled(game, orders // 2, np.random.default_rng(1))
        worth = float(game.values(np.ones((1, members)))[0])
        print(json.dumps({
            "bench": "shapley", "game": name, "members": members, "orders": found.orders, "seconds": round(min(times), 4),
            "sort_seconds": round(min(sorts), 4), "times_sorting": round(min(times) / min(sorts), 1),
            "standard_error_percent": round(100 * float(found.standard_error.max()) / worth, 4),
        }))  # fmt: skip


def measure_kinds(repeats: int) -> None:
    """Five kinds of ten members: exact values and nucleolus over 161,051 coalitions."""
    one = games(5, np.random.default_rng(2))["aligned"]
    game = Types(replace(one, fixed=10 * one.fixed), np.repeat(np.arange(5), 10))
    rows = listed(game)
    assert rows is not None
    print(json.dumps({
        "bench": "kinds", "coalitions": len(rows.values),
        "list_seconds": round(min(seconds(lambda: listed(game)) for _ in range(repeats)), 3),
        "shapley_seconds": round(min(seconds(lambda: exact(rows)) for _ in range(repeats)), 3),
        "nucleolus_seconds": round(min(seconds(lambda: nucleolus(rows)) for _ in range(repeats)), 3),
    }))  # fmt: skip


def measure_sharing(members: int, repeats: int) -> None:
    rng = np.random.default_rng(3)
    budget, present = rng.lognormal(0, 0.3, DRAWS), rng.random((members, DRAWS)) < 0.9
    of = {name: rng.lognormal(0, 1.5, members) for name in ("class_dues", "base", "tokens", "key")}
    basis = Basis(**of, rate=0.01, floor=0.005, cap=0.1, ceiling=0.25)
    for rule in RULES:
        best = min(seconds(lambda rule=rule: shares(rule, budget, basis, present)) for _ in range(2 * repeats))
        print(json.dumps({"bench": "sharing", "rule": rule, "members": members, "draws": DRAWS, "ms": round(1000 * best, 2)}))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--members", type=int, default=50)
    options.add_argument("--orders", type=int, default=20_000)
    options.add_argument("--repeats", type=int, default=7)
    chosen = options.parse_args()
    measure_shapley(chosen.members, chosen.orders, chosen.repeats)
    measure_kinds(chosen.repeats)
    measure_sharing(chosen.members, chosen.repeats)


if __name__ == "__main__":
    main()
