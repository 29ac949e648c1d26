"""What joining is compared with, at equal local compute: alone, derivative, one-shot average, pooled text.

Each is one task for a process pool and one safetensors file on disk, so an interrupted demo trains nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hanse.lm import model as models
from hanse.lm.pack import Packed
from hanse.lm.schedule import cosine, wsd
from hanse.lm.tokenizer import Tokenizer
from hanse.lm.train import Rate, Trainer
from hanse.run.plan import Plan, parse_plan
from hanse.run.tensors import decode_state, decode_tensors, encode_tensors
from hanse.store.disk import replace_file


@dataclass(frozen=True)
class Task:
    """One model to train. Plain values, so that it crosses to another process."""

    kind: str
    """alone, shared (alone with the shared tokenizer, for the average), derivative or pooled."""
    member: str
    plan: dict[str, object]
    tokenizer: Path
    tokens: Path
    order: int
    out: Path
    steps: int
    branch_step: int = 0
    branch: Path | None = None
    """derivative: folder with the site's `state` and `trainer` of the branch round."""
    workers: int = 1
    """pooled: how many members' batches one step holds."""


def run_task(task: Task) -> str:
    """Train one model and write its weights; nothing to do when they are there."""
    if task.out.exists():
        return f"{task.kind} {task.member}"
    torch.set_num_threads(1)
    plan = parse_plan(task.plan, "demo plan")
    tokenizer = Tokenizer(task.tokenizer.read_bytes())
    packed = Packed(task.tokens, tokenizer, plan.data.sequence_length, task.order)
    if task.kind == "alone":
        weights = alone(plan, tokenizer, packed, task.steps)
    elif task.kind == "shared":
        weights = shared(plan, tokenizer, packed, task.steps)
    elif task.kind == "derivative":
        assert task.branch is not None
        base = decode_state((task.branch / "state").read_bytes(), 0, 0).weights
        moments = (task.branch / "trainer").read_bytes()
        weights = derivative(plan, tokenizer, packed, base, moments, task.branch_step, task.steps)
    else:
        weights = pooled(plan, tokenizer, packed, task.steps, task.workers)
    replace_file(task.out, encode_tensors(weights), fsync=False)
    return f"{task.kind} {task.member}"


def read_weights(path: Path) -> models.Weights:
    return decode_tensors(path.read_bytes())


def trainer_for(plan: Plan, tokenizer: Tokenizer, packed: Packed, rate: Rate | None = None) -> Trainer:
    """A trainer from the plan's initial weights."""
    rows = plan.tokenizer.vocab_size if plan.tokenizer.kind == "counts" else tokenizer.size
    return Trainer(models.build(plan.model, rows), plan.train, packed, torch.device("cpu"), rate)


def alone(plan: Plan, tokenizer: Tokenizer, packed: Packed, steps: int) -> models.Weights:
    """One member with its own text and tokenizer, at most `steps` as in the joint run, as it does best on dev text
    (docs/joining.md): half the peak rate, three quarters of the steps, the last quarter of these decaying."""
    used = steps * 3 // 4
    train = plan.train.model_copy(update={"decay_start": used * 3 // 4, "decay_steps": used - used * 3 // 4})
    trainer = trainer_for(plan, tokenizer, packed, lambda step: wsd(train, step) / 2)
    trainer.steps(used, 0)
    return trainer.weights()


def shared(plan: Plan, tokenizer: Tokenizer, packed: Packed, steps: int) -> models.Weights:
    """One member alone with the shared tokenizer, from the common start: a part of the one-shot average."""
    trainer = trainer_for(plan, tokenizer, packed, lambda step: cosine(plan.train, step, steps))
    trainer.steps(steps, 0)
    return trainer.weights()


def derivative(
    plan: Plan, tokenizer: Tokenizer, packed: Packed, base: models.Weights, moments: bytes, first: int, steps: int
) -> models.Weights:
    """From the undecayed joint weights, with the member's own moments: `steps` on its own text, decaying to the end."""
    peak, low = plan.train.learning_rate.float, plan.train.decay_to.float
    trainer = trainer_for(plan, tokenizer, packed, lambda step: peak * (1 - (1 - low) * (step - first + 1) / steps))
    trainer.restore(moments)
    trainer.load(base)
    trainer.steps(steps, first, rewarm=False)
    return trainer.weights()


def pooled(plan: Plan, tokenizer: Tokenizer, packed: Packed, steps: int, workers: int) -> models.Weights:
    """All text in one place: the ceiling. A step holds every member's batch, so steps and tokens are equal."""
    train = plan.train.model_copy(update={"batch_sequences": plan.train.batch_sequences * workers})
    trainer = trainer_for(plan.model_copy(update={"train": train}), tokenizer, packed)
    trainer.steps(steps, 0)
    return trainer.weights()


def average(found: Sequence[Mapping[str, object]]) -> models.Weights:
    """One-shot average of models trained alone from the same start."""
    return {name: np.mean([np.asarray(one[name]) for one in found], axis=0, dtype=np.float32) for name in found[0]}
