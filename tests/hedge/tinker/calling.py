"""What the calls of `conformance.py` share: the client, a way to enter a call, and what calls leave to later ones."""

from __future__ import annotations

import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")
sys.path += sys.argv[2:]

import tinker  # noqa: E402
from tinker import types  # noqa: E402

NEW = tuple(int(part) for part in tinker.__version__.split(".")[:2]) >= (0, 25)
IDS = [5, 6, 7, 8, 9, 10, 11, 12]
CALLS: dict[str, Any] = {}
LOCAL = {"get_telemetry", "get_console_url", "holder", "create", "on_queue_state_change", "create_rest_client"}
"""Public names that ask the server nothing."""


def call(name: str, since: bool | None = None) -> Any:
    """Enter a call; `since`: only the protobuf era has it (True), only the JSON era (False)."""

    def enter(function: Any) -> Any:
        if since is None or since == NEW:
            CALLS[name] = function
        return function

    return enter


def got(found: Any) -> Any:
    """What a call gives at once in one era and as a future in the other."""
    return found.result() if hasattr(type(found), "result") else found


def prompt(ids: list[int]) -> types.ModelInput:
    return types.ModelInput.from_ints(ids)


def datum(**inputs: list[float]) -> types.Datum:
    return types.Datum(model_input=prompt(IDS[:-1]), loss_fn_inputs={"target_tokens": IDS[1:], **inputs})


def weighted() -> types.Datum:
    return datum(weights=[1.0] * 7)


class Told(Exception):
    """The client has it, but did not do what it is for."""


def expect(truth: bool, why: str = "wrong answer") -> None:
    if not truth:
        raise Told(why)


def near(one: list[float], other: list[float], within: float = 1e-4) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


class World:
    """Clients that later calls go on with."""

    service: tinker.ServiceClient
    base: str
    train: tinker.TrainingClient
    sampler: tinker.SamplingClient
    rest: Any
    state = named = external = ""

    def logprobs(self) -> list[float]:
        return list(self.train.forward([weighted()], "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data)

    def learn(self, loss: str = "cross_entropy", config: Any = None, **inputs: list[float]) -> float:
        first = self.train.forward_backward([datum(**inputs)] * 2, loss, config)
        step = self.train.optim_step(types.AdamParams(learning_rate=1e-3))
        found = first.result().metrics["loss:sum"]
        expect(step.result().metrics["grad_l2:mean"] > 0)
        return float(found)

    def run_of(self, path: str) -> str:
        return path.split("/")[2]
