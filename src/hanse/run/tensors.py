"""Tensors and states as safetensors bytes, for a site's own files and for snapshots. Never a source of identity."""

from __future__ import annotations

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hanse.errors import MalformedError
from hanse.run.codec import wire
from hanse.run.port import Weights
from hanse.run.state import State


def encode_tensors(tensors: Weights) -> bytes:
    """Safetensors bytes."""
    return bytes(save({name: np.ascontiguousarray(array) for name, array in tensors.items()}))


def decode_tensors(data: bytes) -> Weights:
    """Writable tensors. Raises MalformedError."""
    try:
        read: Weights = load(data)
    except SafetensorError as error:
        raise MalformedError(f"not safetensors: {error}") from error
    return {name: np.array(read[name]) for name in sorted(read)}  # safetensors gives them in no order


def state_pieces(state: State) -> list[bytes | memoryview]:
    """Weights and momentum as safetensors: the header, then each tensor's own memory, so that nothing is copied."""
    tensors = [(f"{group}.{name}", array) for group in ("weights", "momentum") for name, array in getattr(state, group).items()]
    header = wire.header([wire.Field(name, "F32", array.shape) for name, array in tensors])
    return [header, *(array.reshape(-1).astype("<f4", copy=False).data.cast("B") for _, array in tensors)]


def encode_state(state: State) -> bytes:
    """Weights and momentum, in one piece."""
    return b"".join(state_pieces(state))


def decode_state(data: bytes, number: int, attempt: int) -> State:
    """A state from its bytes. Raises MalformedError or IntegrityError."""
    tensors = decode_tensors(data)
    groups: dict[str, Weights] = {"weights": {}, "momentum": {}}
    for key, array in tensors.items():
        group, _, name = key.partition(".")
        if group not in groups:
            raise MalformedError(f"state with a tensor {key!r}")
        groups[group][name] = array
    return State(groups["weights"], groups["momentum"], number, attempt)
