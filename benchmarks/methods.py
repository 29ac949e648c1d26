"""What is compared, each as one function from a setting to weights: alone, pooled, synchronous, joint, derivative.

Joint training runs in one process with the run's own codecs, clip factors, error feedback and merge; log and bucket change
none of its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from benchmarks.text import MEMBERS, Text

from hanse.demo.settings import Size, plan_of_size
from hanse.lm import model as models
from hanse.lm.schedule import cosine, wsd
from hanse.lm.train import Rate, Trainer
from hanse.run import admit as admission
from hanse.run.codec import decode_part, encode
from hanse.run.merge import clip_factors, merge_round, norm_squared
from hanse.run.plan import Plan, parse_plan
from hanse.run.state import State


@dataclass(frozen=True)
class Setting:
    """One model to train. Everything that changes its weights is here: equal settings are the same file."""

    method: str
    """alone, pooled, synchronous, joint or derivative."""
    seed: int = 0
    """Of initial weights and reading order."""
    member: str = ""
    """alone, derivative: whose text."""
    tokenizer: str = "shared"
    rate: str = "0.003"
    """Peak of the inner learning rate."""
    schedule: str = "wsd"
    share: str = "1"
    """alone, pooled, synchronous: length of the whole schedule, derivative: of its own part, as a share of the full one."""
    codec: str = ""
    """joint, derivative: kind of codec of the long rounds."""
    k: int = 64
    feedback: str = ""
    """Decay of the error feedback; empty: 0.95 for topk, 1 for 1bit, off for the dense ones."""
    warm: str = "1"
    """joint: outer learning rate of the one-step rounds, with momentum 0."""
    outer: tuple[str, str] = ("0.7", "0.6")
    reduce: str = "mean"
    steps: int = 10
    """joint: inner steps of a long round; the demo's 10, in as many rounds as make the same number of steps."""
    peak: str = "1"
    """derivative: its first learning rate, as a share of the joint one."""


@dataclass
class Trained:
    """Weights, and for a joint run what its derivatives start from."""

    weights: models.Weights
    branch: models.Weights
    moments: dict[str, bytes]
    wire_bytes: dict[str, int]
    """Of one member's updates: first round of one step ("warm"), first long round ("round"), all of them ("total")."""


def plan_for(size: Size, setting: Setting) -> Plan:
    """The demo's plan with this setting's numbers."""
    document: dict[str, Any] = plan_of_size(size).document()
    document["model"]["seed"] = setting.seed
    document["train"]["learning_rate"] = setting.rate
    if setting.method in ("joint", "derivative"):
        decay = setting.feedback or {"topk": "0.95", "1bit": "1"}.get(setting.codec, "0")
        codec = {"kind": setting.codec, "k": setting.k, "feedback_decay": decay}
        outer = {"learning_rate": setting.outer[0], "momentum": setting.outer[1], "reduce": setting.reduce}
        warm = {"learning_rate": setting.warm, "momentum": "0"}
        first, second = document["phase"]
        document["phase"] = [
            {"rounds": first["rounds"], "steps": 1, "outer": warm, "codec": {"kind": "int8"}},
            {"rounds": second["rounds"] * second["steps"] // setting.steps, "steps": setting.steps, "outer": outer, "codec": codec},
        ]
    return parse_plan(document, str(setting))


def train(size: Size, text: Text, setting: Setting, parent: Trained | None = None) -> Trained:
    """The setting's model. `parent`: the joint run of a derivative."""
    torch.set_num_threads(1)
    plan = plan_for(size, setting)
    if setting.method == "joint":
        branch_round = size.warm_rounds + (size.branch_step - size.warm_rounds) // setting.steps
        return joint(plan, text, setting.seed, branch_round)
    if setting.method == "derivative":
        assert parent is not None
        return Trained(derivative(plan, text, setting, parent, size), {}, {}, {})
    steps = int(Fraction(setting.share) * size.total_steps)
    spec = plan.train.model_copy(update={"decay_start": steps * 3 // 4, "decay_steps": steps - steps * 3 // 4})
    rate: Rate = (lambda s: cosine(spec, s, steps)) if setting.schedule == "cosine" else (lambda s: wsd(spec, s))
    packed: Any = text.packed(setting.member or "pooled", setting.tokenizer, setting.seed)
    if setting.method != "alone":
        spec = spec.model_copy(update={"batch_sequences": spec.batch_sequences * len(MEMBERS)})
        packed = text.all_members(setting.seed) if setting.method == "synchronous" else packed
    runner = Trainer(models.build(plan.model, plan.tokenizer.vocab_size), spec, packed, torch.device("cpu"), rate)
    runner.steps(steps, 0)
    return Trained(runner.weights(), {}, {}, {})


def joint(plan: Plan, text: Text, seed: int, branch_round: int) -> Trained:
    """The members' rounds one after another: encode with feedback, norms, clip, merge; as a site would, minus the bucket."""
    runners = {member: _trainer(plan, text, member, seed, None) for member in MEMBERS}
    state = State.start(runners[MEMBERS[0]].weights())
    shards = admission.shards_of(plan, state.weights)
    feedback: dict[str, models.Weights] = {member: {} for member in MEMBERS}
    result = Trained({}, {}, {}, {"total": 0})
    for number in range(1, plan.total_rounds + 1):
        spec, outer = admission.spec_of(plan, number), admission.outer_of(plan, number)
        steps, first = plan.at(number).steps, plan.first_step(number)
        parts, norms = [], []
        for member, runner in runners.items():
            runner.load(state.weights)
            runner.steps(steps, first)
            after = runner.weights()
            delta = {name: after[name] - state.weights[name] for name in after}
            data, rest = encode(spec, shards, delta, feedback[member] or None)
            feedback[member] = rest if spec.feedback_decay else {}
            parts.append([decode_part(spec, shard, part) for shard, part in zip(shards, data, strict=True)])
            norms.append(sum(norm_squared(part) for part in parts[-1]))
            if member == MEMBERS[0]:
                wire = sum(len(part) for part in data)
                result.wire_bytes["total"] += wire
                result.wire_bytes.setdefault("warm" if steps == 1 else "round", wire)
        clips = clip_factors(norms, plan.clip_factor.value)
        merge_round(shards, state, lambda s, p=parts, c=clips: [(1, c[m], p[m][s]) for m in range(len(p))], outer)  # type: ignore[misc]
        if number == branch_round:
            result.branch = {name: array.copy() for name, array in state.weights.items()}
            result.moments = {member: runner.state() for member, runner in runners.items()}
    return replace(result, weights=state.weights)


def derivative(plan: Plan, text: Text, setting: Setting, parent: Trained, size: Size) -> models.Weights:
    """From the undecayed joint weights with the member's own moments, decaying over its share of the last quarter."""
    first = size.branch_step
    steps = int(Fraction(setting.share) * (size.total_steps - first))
    peak = plan.train.learning_rate.float * float(Fraction(setting.peak))
    low = plan.train.decay_to.float
    spec = plan.train.model_copy(update={"warmup_steps": 0})

    def linear(step: int) -> float:
        return peak * (1 - (1 - low) * (step - first + 1) / steps)

    def half_cosine(step: int) -> float:
        return cosine(spec, step - first, steps) * float(Fraction(setting.peak))

    runner = _trainer(plan, text, setting.member, setting.seed, half_cosine if setting.schedule == "cosine" else linear)
    runner.restore(parent.moments[setting.member])
    runner.load(parent.branch)
    runner.steps(steps, first, rewarm=False)
    return runner.weights()


def average(found: list[models.Weights]) -> models.Weights:
    """One-shot average of models trained alone from the same start."""
    return {name: np.mean([one[name] for one in found], axis=0, dtype=np.float32) for name in found[0]}


def _trainer(plan: Plan, text: Text, member: str, seed: int, rate: Rate | None) -> Trainer:
    model = models.build(plan.model, plan.tokenizer.vocab_size)
    return Trainer(model, plan.train, text.packed(member, "shared", seed), torch.device("cpu"), rate)
