"""Training on one site: AdamW over packed text, its whole state saved and restored, the same bits after a restart."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch.nn import functional

from hanse.errors import IntegrityError
from hanse.lm import model as models
from hanse.lm.pack import Packed
from hanse.lm.schedule import rewarmed, wsd
from hanse.lm.spec import TrainSpec

Rate = Callable[[int], float]
"""Learning rate of a global step."""


@dataclass(frozen=True)
class Stats:
    """What some steps came to."""

    loss: float
    """Mean over the steps, nats per token."""
    tokens: int
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


def pick_device(wanted: str = "auto") -> torch.device:
    """The device named, or the best there is."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Trainer:
    """A model, its optimizer, and a cursor into packed text.

    `rate` replaces the plan's WSD schedule (the benchmark's cosine baseline). Raises IntegrityError when the loss is not
    finite: nothing of that step is kept by a caller who saves states only after `steps`.
    """

    def __init__(
        self, model: torch.nn.Module, spec: TrainSpec, packed: Packed, device: torch.device, rate: Rate | None = None
    ) -> None:
        self.model, self.spec, self.packed, self.device = model.to(device), spec, packed, device
        self.rate = rate or (lambda step: wsd(spec, step))
        named = sorted(model.named_parameters())
        self._names = [name for name, _ in named]
        decayed = [tensor for _, tensor in named if tensor.ndim >= 2]
        others = [tensor for _, tensor in named if tensor.ndim < 2]
        groups = [
            {"params": decayed, "weight_decay": spec.weight_decay.float},
            {"params": others, "weight_decay": 0.0},
        ]
        betas = (spec.beta1.float, spec.beta2.float)
        self.optimizer = torch.optim.AdamW(groups, lr=0.0, betas=betas, fused=device.type in ("cpu", "cuda"))
        self.cursor = 0
        """Sequences read so far."""
        self.own_steps = 0
        """Steps since the moments were fresh."""
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
        self._bf16 = spec.precision == "bf16" or (spec.precision == "auto" and fast)

    def load(self, weights: models.Weights) -> None:
        """Take weights; moments and cursor stay."""
        models.load_weights(self.model, weights)

    def weights(self) -> models.Weights:
        """Copies of the weights, float32."""
        return models.weights(self.model)

    def steps(self, count: int, first_step: int, rewarm: bool = True) -> Stats:
        """`count` optimizer steps, the first at global step `first_step`."""
        self.model.train()
        began, losses = time.perf_counter(), []
        for step in range(first_step, first_step + count):
            rate = self.rate(step)
            if rewarm and self.own_steps < step:  # joined late, or lost its moments
                rate = rewarmed(self.spec, rate, self.own_steps)
            losses.append(self._step(rate))
        tokens = count * self.spec.batch_sequences * self.packed.length
        loss = float(torch.stack(losses).mean())
        if not np.isfinite(loss):
            raise IntegrityError(
                f"training diverged: the loss of steps {first_step} to {first_step + count - 1} is {loss}; lower "
                "train.learning_rate or look for broken text"
            )
        return Stats(loss, tokens, time.perf_counter() - began)

    def _step(self, rate: float) -> torch.Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        micro = self.spec.batch_sequences // self.spec.accumulation
        total = torch.zeros((), device=self.device)
        for _ in range(self.spec.accumulation):
            rows = torch.from_numpy(self.packed.batch(self.cursor, micro)).to(self.device)
            self.cursor += micro
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                logits = self.model(input_ids=rows[:, :-1], use_cache=False).logits
            loss = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten()) / self.spec.accumulation
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        if self.spec.clip.value:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.spec.clip.float)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.own_steps += 1
        return total

    def state(self) -> bytes:
        """Moments, cursor, own steps and RNG as safetensors bytes; weights are not in it (the round's base is)."""
        tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {"rng": torch.get_rng_state().numpy()}
        named = dict(self.model.named_parameters())
        for name in self._names:
            kept = self.optimizer.state.get(named[name])
            if kept:
                tensors[f"first.{name}"] = kept["exp_avg"].float().cpu().numpy()
                tensors[f"second.{name}"] = kept["exp_avg_sq"].float().cpu().numpy()
        meta = {"cursor": self.cursor, "own_steps": self.own_steps}
        return bytes(save(tensors, {"hanse": json.dumps(meta, sort_keys=True)}))

    def restore(self, data: bytes | None) -> None:
        """Take a saved state; None starts afresh. Raises IntegrityError when the bytes are no such state."""
        self.optimizer.state.clear()
        self.cursor = self.own_steps = 0
        if data is None:
            return
        try:
            tensors = load(data)
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            meta = json.loads(header["__metadata__"]["hanse"])
            self.cursor, self.own_steps = int(meta["cursor"]), int(meta["own_steps"])
            torch.set_rng_state(torch.from_numpy(tensors["rng"].copy()))
        except (SafetensorError, KeyError, ValueError) as error:
            raise IntegrityError(f"trainer state cannot be read: {error}; remove it to start with fresh moments") from error
        named = dict(self.model.named_parameters())
        for name in self._names:
            if f"first.{name}" in tensors:
                self.optimizer.state[named[name]] = {
                    "step": torch.tensor(float(self.own_steps)),
                    "exp_avg": torch.from_numpy(tensors[f"first.{name}"].copy()).to(self.device),
                    "exp_avg_sq": torch.from_numpy(tensors[f"second.{name}"].copy()).to(self.device),
                }
