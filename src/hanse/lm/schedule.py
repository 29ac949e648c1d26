"""Learning rates as pure functions of the global step."""

from __future__ import annotations

import math

from hanse.lm.spec import TrainSpec


def wsd(spec: TrainSpec, step: int) -> float:
    """Warm-up, constant, linear decay (Hu et al. 2024, arXiv 2404.06395) at global step `step`, the first being 0."""
    rate = spec.learning_rate.float
    if step < spec.warmup_steps:
        return rate * (step + 1) / spec.warmup_steps
    if not spec.decay_steps or step < spec.decay_start:
        return rate
    done = min(1.0, (step - spec.decay_start + 1) / spec.decay_steps)
    return rate * (1 - (1 - spec.decay_to.float) * done)


def cosine(spec: TrainSpec, step: int, total: int) -> float:
    """Warm-up, then a half cosine to `decay_to` of the peak at `total`: the usual baseline for a known length."""
    rate = spec.learning_rate.float
    if step < spec.warmup_steps:
        return rate * (step + 1) / spec.warmup_steps
    share = min(1.0, (step - spec.warmup_steps) / max(1, total - spec.warmup_steps))
    low = spec.decay_to.float
    return rate * (low + (1 - low) * (1 + math.cos(math.pi * share)) / 2)


def rewarmed(spec: TrainSpec, rate: float, own_step: int) -> float:
    """`rate` for a site whose moments are `own_step` steps old: fresh moments make large, wrong steps."""
    return rate * min(1.0, (own_step + 1) / spec.rewarm_steps) if spec.rewarm_steps else rate
