"""What every model is worth on text it has not seen: a model at a time in each process of a pool, on one thread each. Threads would
share one small model between them, and wait for each other for most of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import torch

from hanse.demo.corpora import DOMAINS
from hanse.demo.runner import Place
from hanse.lm import model as models
from hanse.lm.evaluate import score
from hanse.lm.text import documents
from hanse.lm.tokenizer import Tokenizer
from hanse.run.fold import plan_of
from hanse.run.follow import Follower
from hanse.run.origin import vocab_size
from hanse.run.plan import parse_plan
from hanse.run.state import State

Texts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Sitting:
    """One model and the text it is scored on. Plain values, so that it crosses to another process."""

    plan: dict[str, object]
    tokenizer: bytes
    weights: models.Weights
    texts: Texts
    """By domain."""


def run_sitting(sitting: Sitting) -> dict[str, float]:
    """Bits per byte by domain."""
    torch.set_num_threads(1)
    plan, tokenizer = parse_plan(sitting.plan, "demo plan"), Tokenizer(sitting.tokenizer)
    model = models.build(plan.model, vocab_size(plan, tokenizer))
    models.load_weights(model, sitting.weights)
    length = plan.data.sequence_length
    return {name: round(score(model, tokenizer, texts, length).bits_per_byte, 5) for name, texts in sitting.texts.items()}


def held_out(place: Place, part: str) -> dict[str, list[str]]:
    """Every member's documents of dev or test, by domain."""
    return {d.name: [x.text for x in documents(place.text(d.member) / f"{part}.jsonl")] for d in DOMAINS}


def scores(
    place: Place, follower: Follower, tokenizer: Tokenizer, state: State, found: dict[str, models.Weights], pool: Executor
) -> dict[str, Any]:
    """Bits per byte of every model on every member's test text, and what each member gained at home."""
    plan, tests = plan_of(follower.fold).document(), held_out(place, "test")

    def own(member: str) -> bytes:
        return (place.folder / "baselines" / f"tokenizer-{member}.json").read_bytes()

    sat = {"joint": (state.weights, tokenizer.data)}
    sat |= {name: (found[f"{name}/all"], tokenizer.data) for name in ("average", "pooled")}
    sat |= {f"alone/{d.member}": (found[f"alone/{d.member}"], own(d.member)) for d in DOMAINS}
    sat |= {f"derivative/{d.member}": (found[f"derivative/{d.member}"], tokenizer.data) for d in DOMAINS}
    sittings = [Sitting(plan, words, weights, tests) for weights, words in sat.values()]
    of = dict(zip(sat, pool.map(run_sitting, sittings), strict=True))
    final: dict[str, Any] = {name: of[name] for name in ("joint", "average", "pooled")}
    final |= {kind: {d.member: of[f"{kind}/{d.member}"] for d in DOMAINS} for kind in ("alone", "derivative")}
    gain = {}
    for domain in DOMAINS:
        member, name = domain.member, domain.name
        alone, derived = final["alone"][member][name], final["derivative"][member][name]
        gain[member] = {
            "domain": name,
            "alone_home": alone,
            "joint_home": final["joint"][name],
            "derivative_home": derived,
            "percent": round(100 * (alone - derived) / alone, 2),
        }
    tuning = "settings were chosen on dev text beforehand (docs/joining.md); test text is read once, here"
    return {"final": final, "gain": gain, "tuning": tuning}


def curve(
    place: Place, follower: Follower, tokenizer: Tokenizer, states: Mapping[int, State], pool: Executor
) -> list[dict[str, Any]]:
    """The joint model on dev text over the rounds."""
    plan, dev = plan_of(follower.fold), held_out(place, "dev")
    numbers = sorted(states)
    sittings = [Sitting(plan.document(), tokenizer.data, states[number].weights, dev) for number in numbers]
    points = []
    for number, found in zip(numbers, pool.map(run_sitting, sittings), strict=True):
        tokens = plan.first_step(number + 1) * plan.train.batch_sequences * plan.data.sequence_length * len(DOMAINS)
        points.append({"round": number, "tokens": tokens, "bits_per_byte": found})
    return points
