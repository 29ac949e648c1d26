"""Metrics as JSON lines, and to the tracker people already use when one is configured."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hanse.errors import MissingExtraError

Tracker = Literal["", "trackio", "wandb", "tensorboard"]


class Metrics:
    """Appends one JSON object per record to `path`; None writes nothing."""

    def __init__(self, path: Path | None = None, tracker: Tracker = "", run: str = "hanse") -> None:
        self.path = path
        self._log = _tracker(tracker, run, path.parent if path is not None else Path())
        self._peak = 0.0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, record: dict[str, Any]) -> None:
        """One record: numbers by name."""
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(record, sort_keys=True) + "\n")
        self._log(record)

    def utilization(self, weights: Mapping[str, npt.NDArray[np.float32]], tokens: int, seconds: float) -> float:
        """Model FLOPs utilization: 6 x parameters x tokens over what this machine's matrix product reaches (PaLM, app. B)."""
        if not self._peak:
            self._peak = matmul_flops()  # what the CPU reaches; Trainer.utilization knows its device
        parameters = sum(array.size for array in weights.values())
        return round(6 * parameters * tokens / seconds / self._peak, 4) if seconds else 0.0


def matmul_flops(size: int = 0, repeats: int = 5, device: str = "cpu", bf16: bool = False) -> float:
    """Floating-point operations a second of a square matrix product with the threads torch has now; size 0: 512, or 4,096
    off the CPU."""
    import torch

    side = size or (512 if device == "cpu" else 4096)
    left = torch.ones(side, side, device=device, dtype=torch.bfloat16 if bf16 else torch.float32)
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        float((left @ left)[0, 0])  # reading one element waits for the device
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best


def _tracker(name: Tracker, run: str, folder: Path) -> Any:
    """A function that logs one record. Raises MissingExtraError naming the package."""
    if name == "":
        return lambda record: None
    try:
        if name == "trackio":
            import trackio

            trackio.init(project=run)
            return _stepped(trackio.log)
        if name == "wandb":
            import wandb

            return _stepped(wandb.init(project=run).log)
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(f"tracker = {name!r}", name) from error
    writer = SummaryWriter(log_dir=str(folder / "tensorboard" / run))

    def log(record: dict[str, Any]) -> None:
        for key, value in record.items():
            if isinstance(value, int | float):
                writer.add_scalar(key, value, int(record.get("step", 0)))
        writer.flush()

    return log


def _stepped(send: Any) -> Any:
    """Both take the step beside the record; inside it, Trackio renames it and draws no axis from it."""

    def log(record: dict[str, Any]) -> None:
        send({key: value for key, value in record.items() if key != "step"}, step=record.get("step"))

    return log
