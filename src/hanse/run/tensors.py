"""Tensors and states as safetensors bytes, for a site's own files and for snapshots. Never a source of identity."""

from __future__ import annotations

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hanse.errors import MalformedError
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


def encode_state(state: State) -> bytes:
    """Weights and momentum."""
    tensors = {f"weights.{name}": array for name, array in state.weights.items()}
    return encode_tensors(tensors | {f"momentum.{name}": array for name, array in state.momentum.items()})


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
