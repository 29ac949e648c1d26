"""What the site agent needs of whoever trains: three calls, so that the simulator's toy and torch drive one protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from hanse.run.plan import Plan

Weights: TypeAlias = dict[str, npt.NDArray[np.float32]]
"""Tensors by Hugging Face parameter name."""


@dataclass(frozen=True)
class Start:
    """Where a run starts: a pure function of the plan and the members' word counts."""

    run: str
    """Identity of the run, 64 hex digits: plan and tokenizer. Enters every state digest."""
    weights: Weights


@dataclass(frozen=True)
class Trained:
    """What one round of local steps gave."""

    delta: Weights
    """Local weights minus the round's base."""
    state: bytes
    """Inner moments, data cursor, RNG: all that the next round needs."""
    tokens: int
    loss: float
    """Mean training loss over the round, nats per token."""
    seconds: float


class Origin(Protocol):
    """Pure: every reader of the log computes the same start."""

    def __call__(self, plan: Plan, counts: list[dict[str, int]]) -> Start: ...


class Trainer(Protocol):
    """One site's training. It sees weights and text, and nothing of the consortium."""

    def prepare(self, plan: Plan, counts: list[dict[str, int]], grams: Mapping[str, bytes]) -> dict[str, Any]:
        """Tokenize and pack the site's text; the body of its `corpus` entry."""

    def train(self, weights: Weights, steps: int, first_step: int, state: bytes | None) -> Trained:
        """`steps` inner steps from `weights`, the first at global step `first_step`; `state` None starts afresh."""


Clock: TypeAlias = Callable[[], int]
"""Unix seconds."""
