"""Training on one site: AdamW over packed text, its whole state saved and restored, the same bits after a restart.

The same bits means: the same machine, torch build and device kind, any number of CPU threads (measured). Another CPU's
instruction set, or CUDA's atomics, give bits that differ in the last places.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch.nn import functional

from hanse.errors import ConfigError, CorpusError, IntegrityError
from hanse.lm import model as models
from hanse.lm.metrics import matmul_flops
from hanse.lm.pack import Packed
from hanse.lm.schedule import rewarmed, wsd
from hanse.lm.spec import TrainSpec

Rate = Callable[[int], float]
"""Learning rate of a global step."""
Loss = Callable[[torch.Tensor, torch.Tensor, npt.NDArray[np.int64]], torch.Tensor]
"""From logits [rows, length, vocabulary], targets [rows, length] and where each row begins in the token file, to the mean loss
of a token, nats."""


@dataclass(frozen=True)
class Stats:
    """What some steps came to."""

    loss: float
    """Mean over the steps, nats per token."""
    tokens: int
    """Targets trained on."""
    seconds: float
    """Wall clock."""
    cpu_seconds: float
    """Of this process, all threads together."""

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


def pick_device(wanted: str = "auto") -> torch.device:
    """The device named, or the best there is. Raises ConfigError when this machine lacks it."""
    if wanted != "auto":
        try:
            device = torch.device(wanted)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(f"device {wanted!r}: not to be had here: {str(error).splitlines()[0]}; try auto") from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Trainer:
    """A model, its optimizer, and a cursor into packed text.

    `rate` replaces the plan's WSD schedule (the benchmark's cosine baseline), `loss` the cross-entropy (distilling). Raises
    CorpusError when the text is smaller than one batch, ConfigError when model and tokenizer do not fit; `steps` raises
    IntegrityError when loss or weights are not finite: nothing of that is kept by a caller who saves states only after `steps`.
    """

    def __init__(
        self, model: torch.nn.Module, spec: TrainSpec, packed: Packed, device: torch.device, rate: Rate | None = None,
        loss: Loss | None = None,
    ) -> None:  # fmt: skip
        self.model, self.spec, self.packed, self.device = model.to(device), spec, packed, device
        self.rate = rate or (lambda step: wsd(spec, step))
        self._loss, self._peak = loss, 0.0
        if packed.sequences < spec.batch_sequences:
            raise CorpusError(
                f"the text makes {packed.sequences} sequences of {packed.length} tokens, a batch takes "
                f"{spec.batch_sequences}: add text, or lower train.batch_sequences or data.sequence_length"
            )
        causal: Any = model  # transformers models all have it
        rows = int(causal.get_input_embeddings().weight.shape[0])
        if rows < packed.rows:
            raise ConfigError(f"the tokenizer has ids up to {packed.rows - 1}, the model has {rows} rows")
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
        began, cpu, losses = time.perf_counter(), time.process_time(), []
        for step in range(first_step, first_step + count):
            rate = self.rate(step)
            if rewarm and self.own_steps < step:  # joined late, or lost its moments
                rate = rewarmed(self.spec, rate, self.own_steps)
            losses.append(self._step(rate))
        tokens = count * self.spec.batch_sequences * self.packed.length
        stacked = torch.stack(losses)
        self._check_finite(stacked, first_step)
        return Stats(float(stacked.mean()), tokens, time.perf_counter() - began, time.process_time() - cpu)

    def _check_finite(self, losses: torch.Tensor, first_step: int) -> None:
        """Once per call, so that a GPU is not waited for at every step. The last step's weights have no loss yet."""
        bad = torch.nonzero(~torch.isfinite(losses)).flatten().tolist()
        remedy = "lower train.learning_rate, raise train.warmup_steps, or look for broken text"
        if bad:
            value = float(losses[bad[0]])
            raise IntegrityError(f"training diverged: the loss of step {first_step + bad[0]} is {value}; {remedy}")
        sums = torch.stack([tensor.detach().sum() for tensor in self.model.parameters()])
        if not bool(torch.isfinite(sums).all()):
            step = first_step + len(losses) - 1
            raise IntegrityError(f"training diverged: the weights after step {step} are not finite; {remedy}")

    def utilization(self, stats: Stats) -> float:
        """Model FLOPs utilization: 6 x parameters x tokens over what this device's matrix product reaches (PaLM, app. B)."""
        if not self._peak:
            self._peak = matmul_flops(device=self.device.type, bf16=self._bf16)
        parameters = sum(tensor.numel() for tensor in self.model.parameters())
        return round(6 * parameters * stats.tokens / stats.seconds / self._peak, 4) if stats.seconds else 0.0

    def _step(self, rate: float) -> torch.Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        micro = self.spec.batch_sequences // self.spec.accumulation
        total = torch.zeros((), device=self.device)
        for _ in range(self.spec.accumulation):
            rows = torch.from_numpy(self.packed.batch(self.cursor, micro)).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                logits = self.model(input_ids=rows[:, :-1], use_cache=False).logits
            if self._loss is None:
                loss = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())
            else:
                loss = self._loss(logits.float(), rows[:, 1:], self.packed.starts(self.cursor, micro))
            self.cursor += micro
            loss = loss / self.spec.accumulation
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        if self.spec.clip.value:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.spec.clip.float)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.own_steps += 1
        return total

    def state(self) -> bytes:
        """Moments, cursor, own steps and RNG as safetensors bytes; weights are not in it (the round's base is).

        Equal states have equal bytes.
        """
        tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {"rng": torch.get_rng_state().numpy()}
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state(self.device).numpy()
        named = dict(self.model.named_parameters())
        for name in self._names:
            kept = self.optimizer.state.get(named[name])
            if kept:
                tensors[f"first.{name}"] = kept["exp_avg"].float().cpu().numpy()
                tensors[f"second.{name}"] = kept["exp_avg_sq"].float().cpu().numpy()
        meta = {"cursor": self.cursor, "own_steps": self.own_steps}
        return bytes(save(tensors, {"hanse": json.dumps(meta, sort_keys=True)}))

    def state_digest(self) -> str:
        """SHA-256 of `state`: what an update commits to before and after (PROTOCOL rule 23)."""
        return hashlib.sha256(self.state()).hexdigest()

    def restore(self, data: bytes | None) -> None:
        """Take a saved state; None starts afresh. Raises IntegrityError when the bytes are no such state."""
        if data is None:
            self.optimizer.state.clear()
            self.cursor = self.own_steps = 0
            torch.manual_seed(self.packed.seed)  # dropout, where a model has it: the same in every process
            return
        try:
            tensors = load(data)
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            meta = json.loads(header["__metadata__"]["hanse"])
            cursor, own_steps = int(meta["cursor"]), int(meta["own_steps"])
            moments = self._moments(tensors, own_steps)
            torch.set_rng_state(torch.from_numpy(tensors["rng"].copy()))
            if self.device.type == "cuda" and "rng_cuda" in tensors:
                torch.cuda.set_rng_state(torch.from_numpy(tensors["rng_cuda"].copy()), self.device)
        except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise IntegrityError(f"trainer state cannot be read: {error}; remove it to start with fresh moments") from error
        self.cursor, self.own_steps = cursor, own_steps
        self.optimizer.state.clear()
        self.optimizer.state.update(moments)

    def _moments(self, tensors: dict[str, Any], own_steps: int) -> dict[torch.Tensor, dict[str, torch.Tensor]]:
        """AdamW's state of every tensor; none before the first step. Raises KeyError or ValueError for another model's."""
        found: dict[torch.Tensor, dict[str, torch.Tensor]] = {}
        named = dict(self.model.named_parameters())
        for name in self._names if own_steps else []:
            first, second = tensors[f"first.{name}"], tensors[f"second.{name}"]
            if first.shape != tuple(named[name].shape) or second.shape != first.shape:
                raise ValueError(f"the moments of {name} have shape {first.shape}, the model has {tuple(named[name].shape)}")
            found[named[name]] = {
                "step": torch.tensor(float(own_steps), device=self.device),  # fused AdamW wants it beside the moments
                "exp_avg": torch.from_numpy(first.copy()).to(self.device),
                "exp_avg_sq": torch.from_numpy(second.copy()).to(self.device),
            }
        return found
