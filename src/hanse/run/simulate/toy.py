"""A toy language model for the simulator: two small tensors that drift, with training that never repeats itself.

Real training on a GPU gives other bits when it is repeated; so does this one, from its own stream of noise. A protocol
that survives only repeatable training would pass a kinder toy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hanse.run.plan import Plan
from hanse.run.port import Start, Trained, Weights


def toy_origin(plan: Plan, counts: list[dict[str, int]]) -> Start:
    """Initial weights of the toy: the same for every reader."""
    stream = np.random.Generator(np.random.Philox(plan.model.seed))
    weights: Weights = {
        "toy.matrix": stream.integers(-1000, 1000, (16, 24)).astype(np.float32) * np.float32(1 / 1024),
        "toy.norm": np.ones(24, np.float32),
    }
    return Start(plan.digest, weights)


class ToyTrainer:
    """A site that pulls the weights towards its own target. `noise` is the world's stream."""

    def __init__(self, member: str, noise: np.random.Generator) -> None:
        self.member, self.noise = member, noise
        self.target = float(sum(member.encode()) % 17) / 17

    def prepare(self, plan: Plan, counts: list[dict[str, int]], grams: Mapping[str, bytes]) -> dict[str, Any]:
        return {"root": self.member.encode().hex().ljust(64, "0")[:64], "tokens": 1000, "documents": 10, "dropped": 0}

    def train(self, weights: Weights, steps: int, first_step: int, state: bytes | None) -> Trained:
        done = int(state or b"0") + steps
        delta = {
            name: (
                (self.target - array) * np.float32(0.01 * steps)
                + self.noise.normal(0, 0.001, array.shape).astype(np.float32)
            ).astype(np.float32)
            for name, array in weights.items()
        }
        return Trained(delta, str(done).encode(), 100 * steps, 1.0, 0.0)
