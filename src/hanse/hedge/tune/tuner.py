"""A model, its optimizer and its data: one step, one evaluation, and the whole state to go on from.

On several processes (torchrun) the model is sharded by FSDP2; every process has its own part of each step and of the state.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor, nn

from hanse.errors import IntegrityError, TuneError
from hanse.hedge.tune.defaults import Settings
from hanse.hedge.tune.losses import Even, Scored, Weigh, dpo, sums, weights_of
from hanse.hedge.tune.rows import Item, Micro, Step, micros, padded, steps
from hanse.lm.schedule import cosine
from hanse.lm.spec import Decimal32, TrainSpec

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class World:
    """The processes of a run."""

    rank: int = 0
    size: int = 1

    def total(self, value: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            torch.distributed.all_reduce(value)
        return value

    def least(self, value: int, device: torch.device) -> int:
        """The least of what the processes say."""
        if self.size == 1:
            return value
        said = torch.tensor(value, device=device)
        torch.distributed.all_reduce(said, torch.distributed.ReduceOp.MIN)
        return int(said)


@dataclass(frozen=True)
class Learned:
    """Beside the settings, what the objective needs."""

    clip: float
    beta: float
    seed: int


class Tuner:
    """Trains what of `model` asks for a gradient."""

    def __init__(
        self, model: Any, train: Sequence[Item], held: Sequence[Item], settings: Settings, how: Learned, device: torch.device,
        world: World = World(),
    ) -> None:  # fmt: skip
        self.train, self.held, self.settings, self.how = train, held, settings, how
        self.device, self.world = device, world
        self.scored = Scored(model.to(device))
        self.reference: dict[int, Tensor] = {}
        """Row sums of the base by the item's `id`, for DPO."""
        if settings.activation_checkpoints:
            self.scored.causal.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if world.size > 1:
            _shard(self.scored, device, world)
        named = sorted((name, tensor) for name, tensor in self.scored.named_parameters() if tensor.requires_grad)
        self._named = dict(named)
        fused = world.size == 1 and device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.AdamW(list(self._named.values()), lr=0.0, betas=(0.9, 0.95), weight_decay=0.0, fused=fused)
        rate = Decimal32(f"{settings.learning_rate:.12f}".rstrip("0"))
        self._spec = TrainSpec(learning_rate=rate, warmup_steps=settings.warmup_steps)
        self.step = 0
        """Steps done."""
        self._epoch, self._begins, self._plan = -1, 0, list[Step]()

    def rate(self, step: int) -> float:
        """Learning rate of a step, the first being 0."""
        return cosine(self._spec, step, self.settings.steps)

    def refer(self) -> None:
        """Take the row sums of the model as it is now, the base, for DPO."""
        for item in (*self.train, *self.held):
            self.reference[id(item)] = torch.zeros(2)
        for found in (self.train, self.held):
            for micro in self._own(micros(found, self.settings.micro_tokens, self.world.size)):
                made = self._sums(found, micro)
                for at, pair in zip(micro, made.reshape(-1, 2), strict=False):
                    self.reference[id(found[at])] = pair
        if self.world.size > 1:
            for item in (*self.train, *self.held):
                self.world.total(self.reference[id(item)])

    def do_step(self) -> tuple[Tensor, int]:
        """One optimizer step: (its loss, tokens read by all processes)."""
        self.scored.train()
        step = self._step(self.step)
        count = sum(self._units(self.train[at]) for micro in step for at in micro)
        loss = torch.zeros((), device=self.device)
        for micro in self._own(step):
            weigh, value = self._weigh(self.train, micro, count)
            ids, counted = self._tensors(self.train, micro)
            with self._autocast():
                objective, logprobs = self.scored(ids, counted, weigh)
            (objective * self.world.size).backward()  # FSDP takes the mean over processes
            loss += value(logprobs)
        if self.how.clip:
            torch.nn.utils.clip_grad_norm_(self._named.values(), self.how.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return self.world.total(loss), sum(self.train[at].tokens for micro in step for at in micro)

    @torch.no_grad()
    def evaluate(self) -> float:
        """Mean loss of what is held out."""
        self.scored.eval()
        count = sum(self._units(item) for item in self.held)
        loss = torch.zeros((), device=self.device)
        for micro in self._own(micros(self.held, self.settings.micro_tokens, self.world.size)):
            _, value = self._weigh(self.held, micro, count)
            ids, counted = self._tensors(self.held, micro)
            with self._autocast():
                loss += value(self.scored(ids, counted, None)[1])
        return float(self.world.total(loss))

    def weights(self) -> Arrays:
        """Copies of what is trained, this process's part, float32."""
        return {name: _array(tensor) for name, tensor in self._named.items()}

    def load(self, weights: Arrays) -> None:
        """Take them back. Raises IntegrityError for another model's."""
        if {name: array.shape for name, array in weights.items()} != {n: tuple(_local(t).shape) for n, t in self._named.items()}:
            raise IntegrityError("the checkpoint's weights are not this model's; remove the output's work folder to start again")
        with torch.no_grad():
            for name, tensor in self._named.items():
                _local(tensor).copy_(torch.from_numpy(weights[name]))

    def state(self, told: dict[str, Any]) -> bytes:
        """Moments, step and random state as safetensors bytes, with what the loop has to remember."""
        tensors: dict[str, Any] = {"rng": torch.get_rng_state().numpy()}
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state(self.device).numpy()
        for name, tensor in self._named.items():
            if kept := self.optimizer.state.get(tensor):
                tensors[f"first.{name}"], tensors[f"second.{name}"] = _array(kept["exp_avg"]), _array(kept["exp_avg_sq"])
        return bytes(save(tensors, {"hanse": json.dumps({"step": self.step, "told": told}, sort_keys=True)}))

    def restore(self, data: bytes) -> dict[str, Any]:
        """Take a saved state; what the loop had to remember. Raises IntegrityError when the bytes are no such state."""
        try:
            tensors = load(data)
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            meta = json.loads(header["__metadata__"]["hanse"])
            for name, tensor in self._named.items() if meta["step"] else ():
                kept = {"step": torch.tensor(float(meta["step"]), device=self.device if self._is_fused else "cpu")}
                for key, part in (("exp_avg", "first"), ("exp_avg_sq", "second")):
                    kept[key] = torch.zeros_like(tensor, requires_grad=False)
                    _local(kept[key]).copy_(torch.from_numpy(tensors[f"{part}.{name}"].copy()))
                self.optimizer.state[tensor] = kept
            torch.set_rng_state(torch.from_numpy(tensors["rng"].copy()))
            if self.device.type == "cuda":
                torch.cuda.set_rng_state(torch.from_numpy(tensors["rng_cuda"].copy()), self.device)
            self.step = int(meta["step"])
            told: dict[str, Any] = meta["told"]
        except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise IntegrityError(f"the checkpoint's state cannot be read: {error}; remove it to use an older one") from error
        return told

    def whole(self) -> dict[str, Tensor]:
        """What is trained, of all processes, on the CPU; every process must ask."""
        return {name: (tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor).detach().cpu()
                for name, tensor in self._named.items()}  # fmt: skip

    @property
    def _is_fused(self) -> bool:
        return bool(self.optimizer.defaults["fused"])

    def _step(self, number: int) -> Step:
        if self._epoch < 0:
            self._enter(0)
        while number >= self._begins + len(self._plan):
            self._enter(self._epoch + 1)
        return self._plan[number - self._begins]

    def _enter(self, epoch: int) -> None:
        self._begins = 0 if epoch == 0 else self._begins + len(self._plan)
        self._epoch = epoch
        of = self.settings
        self._plan = steps(self.train, of.batch_tokens, of.micro_tokens, (self.how.seed, epoch), self.world.size)

    def _own(self, step: Step) -> Iterable[Micro]:
        return step[self.world.rank :: self.world.size]

    def _units(self, item: Item) -> int:
        """What a mean loss is taken over: counted tokens, or pairs."""
        return 1 if self.settings.objective == "dpo" else item.counted

    def _tensors(self, found: Sequence[Item], micro: Micro) -> tuple[Tensor, Tensor]:
        ids, counted = padded(found, micro)
        return torch.from_numpy(ids).to(self.device), torch.from_numpy(counted).to(self.device)

    @torch.no_grad()
    def _sums(self, found: Sequence[Item], micro: Micro) -> Tensor:
        self.scored.eval()
        ids, counted = self._tensors(found, micro)
        with self._autocast():
            return sums(self.scored(ids, counted, None)[1], counted).cpu()

    def _weigh(self, found: Sequence[Item], micro: Micro, count: int) -> tuple[Weigh, Any]:
        """How the objective weighs the log-probabilities of these items, and what the loss is of them."""
        if self.settings.objective == "sft":
            return Even(count), lambda logprobs: -logprobs.sum() / count
        counted = torch.from_numpy(padded(found, micro)[1]).to(self.device)
        pairs = [self.reference[id(found[at])] for at in micro]
        reference = torch.cat(pairs).to(self.device) if pairs else torch.zeros(len(counted), device=self.device)

        def loss(logprobs: Tensor) -> Tensor:
            if not pairs:
                return logprobs.sum()
            return dpo(sums(logprobs, counted), reference, self.how.beta).sum() / count

        return weights_of(loss), loss

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")


def check_finite(loss: float, step: int) -> None:
    """Raises TuneError naming the step."""
    if not math.isfinite(loss):
        raise TuneError(f"training diverged: the loss of step {step} is {loss}; lower learning_rate")


def _shard(scored: Scored, device: torch.device, world: World) -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (world.size,))
    count = scored.causal.config.num_hidden_layers
    for module in scored.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            for layer in module:
                fully_shard(layer, mesh=mesh)
    fully_shard(scored, mesh=mesh)


def _local(tensor: Any) -> Any:
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def _array(tensor: Any) -> npt.NDArray[np.float32]:
    made: npt.NDArray[np.float32] = _local(tensor.detach()).float().cpu().numpy().copy()
    return made
