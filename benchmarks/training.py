"""Does joining pay, and what does each codec cost? Equal tuning budget per method on dev text; test text read once.

    python -m benchmarks.training [--size small] [--folder .bench] [--seeds 3]

Every method has the same number of settings, tried on seed 0 and judged on dev text: a member alone by its own text (and
twice as many, because its own tokenizer counts too), a shared model by the mean over the four members' texts. The best one
is trained with each seed and scored on test text. Codecs are compared with each other: three outer optimizers each, on shorter
rounds. Interrupt and run again at will: a model is trained once.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.methods import Setting, plan_for
from benchmarks.tasks import Workshop
from benchmarks.text import MEMBERS

from hanse.lm.evaluate import Score

RATES = ("0.0015", "0.003")
SCHEDULES = ("cosine", "wsd")
SHARES = ("1/2", "3/4", "1")
BUDGET = len(RATES) * len(SCHEDULES) * len(SHARES)
DENSE = (("0.7", "0.6"), ("0.7", "0.8"), ("1", "0"))
SPARSE = (("0.5", "0"), ("0.7", "0"), ("1", "0"))
WARM = ("1", "1.4")
CODEC_STEPS = 2
"""Inner steps of a long round where codecs are compared: top-k needs many rounds before every parameter had its turn."""
CODECS = {"fp32": ("fixed32", 64), "int8": ("int8", 64), "1bit": ("1bit", 64), "topk 256": ("topk", 256), "topk 64": ("topk", 64)}
SHARED = ("joint", *CODECS, "pooled", "synchronous")
"""Methods that give one model for all members."""
PEAKS = ("1", "1/2")
DRAWS = 2000
Scores = Mapping[str, Score]


def grid(method: str, member: str = "", tokenizer: str = "shared") -> list[Setting]:
    """The settings a method that trains in one place may choose from."""
    return [Setting(method, member=member, tokenizer=tokenizer, rate=rate, schedule=schedule, share=share)
            for rate, schedule, share in product(RATES, SCHEDULES, SHARES)]  # fmt: skip


def joint_grid() -> list[Setting]:
    """The settings the joint model may choose from: the demo's rounds and codec."""
    return [Setting("joint", rate=rate, codec="int8", warm=warm, outer=outer)
            for rate, warm, outer in product(RATES, WARM, DENSE)]  # fmt: skip


def codec_grid(joint: Setting, codec: str) -> list[Setting]:
    """The outer optimizers a codec may choose from; everything else is the joint model's, on shorter rounds."""
    kind, k = CODECS[codec]
    outers, reduce = (SPARSE, "sum") if kind == "topk" else (DENSE, "mean")
    return [replace(joint, codec=kind, k=k, outer=outer, reduce=reduce, steps=CODEC_STEPS) for outer in outers]


def derivative_grid(joint: Setting, member: str) -> list[Setting]:
    """The settings a member's derivative may choose from."""
    return [replace(joint, method="derivative", member=member, schedule=schedule, share=share, peak=peak)
            for peak, schedule, share in product(PEAKS, SCHEDULES, SHARES)]  # fmt: skip


def mean(scores: Scores) -> float:
    return statistics.fmean(score.bits_per_byte for score in scores.values())


def choose(shop: Workshop, settings: Sequence[Setting], members: Sequence[str] = MEMBERS) -> Setting:
    """The best on dev text of these members."""
    found = shop.scores(settings, "dev", members)
    return min(settings, key=lambda setting: mean(found[setting]))


def tune(shop: Workshop) -> dict[str, Any]:
    """The chosen setting of every method, from seed 0 and dev text only."""
    alone = {m: grid("alone", m) for m in MEMBERS}
    own = {m: grid("alone", m, m) for m in MEMBERS}
    shop.train([s for group in (*alone.values(), *own.values()) for s in group])
    chosen: dict[str, Any] = {
        "alone": {m: choose(shop, [*alone[m], *own[m]], (m,)) for m in MEMBERS},
        "alone, shared tokenizer": {m: choose(shop, alone[m], (m,)) for m in MEMBERS},
    }
    chosen["joint"] = choose(shop, joint_grid())
    shop.train([setting for name in CODECS for setting in codec_grid(chosen["joint"], name)])
    for name in CODECS:
        chosen[name] = choose(shop, codec_grid(chosen["joint"], name))
    chosen["derivative"] = {m: choose(shop, derivative_grid(chosen["joint"], m), (m,)) for m in MEMBERS}
    for method in ("pooled", "synchronous"):
        chosen[method] = choose(shop, grid(method))
    groups = [[replace(setting, member=m) for m in MEMBERS] for setting in grid("alone")]
    chosen["average"] = min(groups, key=lambda group: mean(shop.average(group, "dev")))
    return chosen


def measure(shop: Workshop, chosen: dict[str, Any], seeds: Sequence[int]) -> dict[str, Any]:
    """Test scores of the chosen settings over the seeds; every document's loss is averaged over them."""
    def homes(name: str) -> Scores:
        found = {}
        for member, setting in chosen[name].items():
            runs = [replace(setting, seed=seed) for seed in seeds]
            scores = shop.scores(runs, "test", (member,))
            found[member] = pooled_seeds([scores[run][member] for run in runs])
        return found

    def shared(setting: Setting) -> tuple[Scores, list[float]]:
        runs = [replace(setting, seed=seed) for seed in seeds]
        scores = shop.scores(runs, "test")
        merged = {m: pooled_seeds([scores[run][m] for run in runs]) for m in MEMBERS}
        return merged, [mean(scores[run]) for run in runs]

    every: list[Setting] = []
    for name in ("alone", "alone, shared tokenizer", "derivative"):
        every += [replace(setting, seed=seed) for setting in chosen[name].values() for seed in seeds]
    every += [replace(chosen[name], seed=seed) for name in SHARED for seed in seeds]
    shop.train(every)
    result: dict[str, dict[str, Score]] = {name: dict(homes(name)) for name in ("alone", "alone, shared tokenizer", "derivative")}
    by_seed = {}
    for name in SHARED:
        found, by_seed[name] = shared(chosen[name])
        result[name] = dict(found)
    averages = [shop.average([replace(s, seed=seed) for s in chosen["average"]], "test") for seed in seeds]
    result["average"] = {m: pooled_seeds([one[m] for one in averages]) for m in MEMBERS}
    by_seed["average"] = [mean(one) for one in averages]
    return {"scores": result, "by_seed": by_seed}


def pooled_seeds(scores: Sequence[Score]) -> Score:
    """One score of several seeds' models on the same documents."""
    nats = tuple(statistics.fmean(values) for values in zip(*(score.nats for score in scores), strict=True))
    return Score(nats, scores[0].byte_counts)


def gain(base: Score, new: Score) -> dict[str, float]:
    """Percent by which `new` needs fewer bits than `base`, with a 95% bootstrap interval over documents, paired."""
    chance = np.random.default_rng(0)
    old, fresh = np.array(base.nats), np.array(new.nats)
    rows = chance.integers(0, old.size, (DRAWS, old.size))
    draws = 100 * (1 - fresh[rows].sum(1) / old[rows].sum(1))
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"percent": 100 * (1 - math.fsum(new.nats) / math.fsum(base.nats)), "low": float(low), "high": float(high)}


def summary(shop: Workshop, chosen: dict[str, Any], measured: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Plain values for docs/benchmarks.md."""
    scores: dict[str, dict[str, Score]] = measured["scores"]
    bits = {name: {m: round(s.bits_per_byte, 4) for m, s in found.items()} for name, found in scores.items()}
    gains = {m: gain(scores["alone"][m], scores["derivative"][m]) for m in MEMBERS}
    fp32 = mean(scores["fp32"])
    wire = {name: shop.wire_bytes(chosen[name]) for name in CODECS}
    return {
        "size": shop.size,
        "seeds": seeds,
        "budget": BUDGET,
        "min_count": shop.dimensions.min_count,
        "codec_rounds": _rounds(shop, chosen["fp32"]),
        "documents": {m: len(scores["alone"][m].nats) for m in MEMBERS},
        "bits_per_byte": bits,
        "mean": {name: round(mean(found), 4) for name, found in scores.items()},
        "by_seed": {name: [round(value, 4) for value in values] for name, values in measured["by_seed"].items()},
        "gain": gains,
        "gain_mean": statistics.fmean(item["percent"] for item in gains.values()),
        "against": {
            name: {
                "fp32_percent": 100 * (mean(scores[name]) / fp32 - 1),
                "synchronous_percent": 100 * (mean(scores[name]) / mean(scores["synchronous"]) - 1),
                "pooled_percent": 100 * (mean(scores[name]) / mean(scores["pooled"]) - 1),
                "wire": wire[name],
                "ratio": wire["fp32"]["round"] / wire[name]["round"],
            }
            for name in CODECS
        },
        "chosen": {name: _plain(value) for name, value in chosen.items()},
    }


def _rounds(shop: Workshop, setting: Setting) -> str:
    first, second = plan_for(shop.dimensions, setting).phase
    return f"{first.rounds} of one step with int8, then {second.rounds} of {second.steps} steps with the codec"


def _plain(value: Any) -> Any:
    if isinstance(value, Setting):
        defaults = asdict(Setting(""))
        return {key: item for key, item in asdict(value).items() if item != defaults[key] and key != "member"}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return _plain(value[0])  # the average's parts differ in the member only


def run(folder: Path, size: str, seeds: int, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Tune, measure, summarize; also written to `folder`/training.json."""
    shop = Workshop(folder, size)
    say(f"tuning on dev text, {BUDGET} settings a method")
    chosen = tune(shop)
    say(f"measuring on test text, {seeds} seeds")
    result = summary(shop, chosen, measure(shop, chosen, range(seeds)), seeds)
    (folder / "training.json").write_text(json.dumps(result, indent=1))
    return result


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=Path(".bench"))
    options.add_argument("--size", default="small")
    options.add_argument("--seeds", type=int, default=3)
    chosen = options.parse_args()
    print(json.dumps(run(chosen.folder, chosen.size, chosen.seeds), indent=1))


if __name__ == "__main__":
    main()
