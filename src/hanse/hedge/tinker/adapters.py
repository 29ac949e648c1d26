"""One base in memory and many adapters over it.

peft holds one adapter per shape (rank and layers): a slot. A run's own tensors are put into the slot of its shape before they are
used, which copies nothing; so a run costs its tensors, and users never share any. Everything here belongs to one thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from hanse.errors import TuneError
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tune.base import Base
from hanse.hedge.tune.lora import Lora, attach, read_adapter, save

OPTIMIZER = "optimizer.safetensors"
ADAPTER = "adapter"
"""Below a checkpoint: peft's folder."""


@dataclass
class Adapter:
    """One run's tensors, or those of a saved adapter."""

    lora: Lora
    tensors: dict[str, torch.nn.Parameter]
    """By peft's names."""
    optimizer: torch.optim.AdamW | None = None
    """Absent: of a sampler."""
    steps: int = 0


class Model:
    """The base with its slots."""

    def __init__(self, base: Base, model: Any, device: str) -> None:
        self.base, self.device = base, device
        self.model = model.eval().requires_grad_(False)
        self.plain = self.model
        """transformers' model; the slots are put into it."""
        self.vocabulary = int(self.plain.get_input_embeddings().weight.shape[0])
        self._slots: dict[Lora, dict[str, tuple[Any, str]]] = {}
        self._names: dict[Lora, str] = {}
        self._in: Lora | None = None
        self._check: Callable[[], None] = _go_on
        self._layers = _layers(self.plain)
        for layer in self._layers:
            layer.register_forward_pre_hook(self._before)
        self._whole = not self._head_alone()
        self.pads = not self._whole and "position_ids" in signature(self.plain.base_model.forward).parameters
        """Whether it can read prompts of several lengths together."""

    def fresh(self, lora: Lora) -> Adapter:
        """An adapter that changes nothing yet (Hu et al. 2021: A drawn by the seed, B zero). Raises Refused."""
        draw = torch.Generator().manual_seed(lora.seed)
        tensors = {}
        for name, (module, slot) in self._slot(lora).items():
            value = torch.zeros_like(module[slot].weight, device="cpu")
            if ".lora_A." in name:
                torch.nn.init.kaiming_uniform_(value, a=math.sqrt(5), generator=draw)
            tensors[name] = torch.nn.Parameter(value.to(self.device))
        return Adapter(lora, tensors, torch.optim.AdamW(tensors.values()))

    def load(self, folder: Path, lora: Lora, optimizer: bool, sampler: bool) -> Adapter:
        """A saved adapter, to sample from or to train on, with its optimizer's state when that is asked for. Raises Refused."""
        try:
            found = read_adapter(folder / ADAPTER, self.base)
        except TuneError as error:
            raise Refused(str(error)) from error
        made = self.fresh(lora)
        self._fill(made.tensors, found, folder)
        if sampler:
            return replace(made, optimizer=None)
        if optimizer:
            self._restore(made, folder)
        return made

    def save(self, adapter: Adapter, folder: Path, optimizer: bool) -> None:
        """Write it below a folder that is there. Raises OSError."""
        from safetensors.torch import save as to_bytes

        with self.using(adapter):
            save(self.model, folder / ADAPTER, self.base, self._names[_shape(adapter.lora)])
        if optimizer and adapter.optimizer is not None:
            state = adapter.optimizer.state
            kept = {f"{name}.{key}": value.detach().cpu().contiguous() for name, tensor in adapter.tensors.items()
                    for key, value in state[tensor].items()}  # fmt: skip
            (folder / OPTIMIZER).write_bytes(to_bytes(kept, metadata={"steps": str(adapter.steps)}))

    @contextmanager
    def using(self, adapter: Adapter | None) -> Iterator[None]:
        """The model with this adapter, or the base alone, for as long as the block runs."""
        if adapter is None:
            if not self._slots:
                yield
                return
            with self.model.disable_adapter():
                self._in = None
                yield
            return
        slot = self._slot(adapter.lora)
        shape = _shape(adapter.lora)
        if self._in != shape:
            self.model.set_adapter(self._names[shape])
            self._in = shape
        for name, (module, key) in slot.items():
            module[key].weight = adapter.tensors[name]
        yield

    @contextmanager
    def watched(self, check: Callable[[], None]) -> Iterator[None]:
        """Call `check` before every layer and every piece of logits, in the backward pass too, as long as the block runs: what it
        raises ends the pass there."""
        self._check = check
        try:
            yield
        finally:
            self._check = _go_on

    @contextmanager
    def thrifty(self) -> Iterator[None]:
        """Keep only what goes into each layer, and compute the rest of it again for its gradient, as long as the block runs. The
        layers' parts stay in evaluation: nothing is dropped out."""

        def kept(run: Callable[..., Any], *given: Any) -> Any:
            def again(*given: Any) -> Any:
                self._check()
                return run(*given)

            return checkpoint(again, *given, use_reentrant=False)

        for layer in self._layers:
            layer._gradient_checkpointing_func = kept
            layer.gradient_checkpointing = layer.training = True
        try:
            yield
        finally:
            for layer in self._layers:
                layer.gradient_checkpointing = layer.training = False

    def states(self, ids: torch.Tensor, cache: Any = None, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, Any]:
        """(what `head` makes logits of, the cache): of tokens (rows, length), after those in the cache; False: no cache. `mask`
        (rows, all lengths): 0 for what only fills a shorter row up, to its left; only where `pads`."""
        given = {
            "input_ids": ids,
            "use_cache": cache is not False,
            "past_key_values": None if cache is False else cache,
        }
        if mask is not None:
            places = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            given |= {"attention_mask": mask, "position_ids": places}
        made = self.plain(**given) if self._whole else self.plain.base_model(**given)
        return made[0], getattr(made, "past_key_values", None)

    def head(self, states: torch.Tensor) -> torch.Tensor:
        """Logits, float32."""
        self._check()
        return (states if self._whole else self.plain.get_output_embeddings()(states)).float()

    def _before(self, layer: Any, given: tuple[Any, ...]) -> None:
        """Before a layer, and where it is not computed again, before its gradient."""
        self._check()
        if given and given[0].requires_grad and not layer.gradient_checkpointing:
            given[0].register_hook(lambda grad: self._check())

    def _head_alone(self) -> bool:
        """Whether logits are the output layer of the last states: some models scale or cap them, and are then run whole."""
        probe = torch.arange(min(8, self.vocabulary), device=self.device)[None]
        self._whole = False
        with torch.no_grad():
            logits = self.plain(input_ids=probe).logits.float()
            return bool(torch.equal(self.head(self.states(probe, False)[0]), logits))

    def _slot(self, lora: Lora) -> dict[str, tuple[Any, str]]:
        shape = _shape(lora)
        if shape not in self._slots:
            name = f"slot{len(self._slots)}"
            try:
                self.model = attach(self.model, shape, name)
            except TuneError as error:
                raise Refused(f"lora_config: {error}") from error
            self._names[shape], self._in = name, None
            self.model.eval()
            found: dict[str, tuple[Any, str]] = {}
            for path, module in self.model.named_modules():
                for part in ("lora_A", "lora_B"):
                    if path.endswith(f".{part}") and name in module:
                        found[f"{path}.weight"] = module, name
            self._slots[shape] = found
        return self._slots[shape]

    def _fill(self, tensors: Mapping[str, torch.nn.Parameter], found: Mapping[str, torch.Tensor], folder: Path) -> None:
        if {name: value.shape for name, value in tensors.items()} != {
            name: value.shape for name, value in found.items()
        }:
            raise Refused(
                f"{folder.name}: its tensors are not those of its configuration: it was damaged, or written by another version"
            )
        with torch.no_grad():
            for name, value in found.items():
                tensors[name].copy_(value)

    def _restore(self, adapter: Adapter, folder: Path) -> None:
        from safetensors import safe_open

        path = folder / OPTIMIZER
        if not path.is_file():
            raise Refused(
                f"{folder.name}: saved without an optimizer's state: load it with create_training_client_from_state"
            )
        assert adapter.optimizer is not None
        with safe_open(path, "pt") as file:
            adapter.steps = int((file.metadata() or {}).get("steps", "0"))
            for key in file.keys():  # noqa: SIM118
                name, _, part = key.rpartition(".")
                value = file.get_tensor(key)
                adapter.optimizer.state[adapter.tensors[name]][part] = (
                    value if part == "step" else value.to(self.device)
                )


def _go_on() -> None:
    """Nobody asks for the end."""


def _layers(model: Any) -> list[Any]:
    from transformers.modeling_layers import GradientCheckpointingLayer

    return [item for item in model.modules() if isinstance(item, GradientCheckpointingLayer)]


def _shape(lora: Lora) -> Lora:
    return replace(lora, seed=0)
