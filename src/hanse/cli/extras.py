"""Commands that need an optional dependency say so in one line."""

from __future__ import annotations

from importlib.util import find_spec

from hanse.errors import MissingExtraError


def need(command: str, extra: str, *modules: str) -> None:
    """Raise MissingExtraError unless every module can be imported. Imports none of them."""
    if any(find_spec(module) is None for module in modules):
        raise MissingExtraError(f"hanse {command}", extra)


def need_train(command: str) -> None:
    """For commands that train or merge."""
    need(command, "train", "numpy", "safetensors", "torch", "transformers", "tokenizers", "numba")
