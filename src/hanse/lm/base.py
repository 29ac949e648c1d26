"""An adopted base: an open model's safetensors, every file checked against the plan's digest before it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from safetensors import SafetensorError

from hanse.errors import InputError
from hanse.lm.spec import BaseModelSpec
from hanse.store.disk import file_digest


def base_config(spec: BaseModelSpec, folder: Path | None, vocab_size: int) -> Any:
    """The base's own transformers config. Raises InputError: no such folder, another digest, too few rows."""
    with _only_checked(spec, folder) as checked:
        try:
            config = transformers.AutoConfig.from_pretrained(checked, trust_remote_code=False, local_files_only=True)
        except (OSError, ValueError) as error:
            raise InputError(f"base {folder}: config.json is not one transformers reads: {error}") from error
    if -(-config.vocab_size // 32) * 32 < vocab_size:  # callers round up to 32, bases such as GPT-2 do not
        raise InputError(
            f"base {folder}: its embedding has {config.vocab_size} rows, the tokenizer needs {vocab_size}; "
            "give the plan the base's own tokenizer (tokenizer.kind = \"given\")"
        )
    return config


def base_weights(spec: BaseModelSpec, folder: Path | None) -> dict[str, npt.NDArray[np.float32]]:
    """All trainable tensors as float32 (exact from bfloat16 and float16), by name, tied ones once.

    transformers reads them, so shards, prefixes and renamed tensors of older folders are understood. Raises InputError.
    """
    auto: Any = transformers.AutoModelForCausalLM
    with _only_checked(spec, folder) as checked, quiet():
        try:
            model, found = auto.from_pretrained(
                checked,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise InputError(f"base {folder}: its safetensors cannot be read: {error}") from error
    missing = sorted(found["missing_keys"])
    if missing:
        raise InputError(f"base {folder}: its safetensors lack {missing[0]}, which the model needs; the plan must name all")
    named = {name: tensor.detach().float().numpy().copy() for name, tensor in model.named_parameters()}
    return dict(sorted(named.items()))


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars of transformers."""
    logging: Any = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _only_checked(spec: BaseModelSpec, folder: Path | None) -> Iterator[str]:
    """A folder of links to the named files, each with the digest the plan wants, and to nothing else."""
    if folder is None:
        raise InputError(f"the plan starts from {spec.name}: name its folder with `base` in the site file")
    with tempfile.TemporaryDirectory(prefix="hanse-base-") as checked:
        for name, wanted in sorted(spec.files.items()):
            path = folder / name
            try:
                found = file_digest(path)
            except OSError as error:
                raise InputError(f"base {path}: {error.strerror}; the plan wants it with SHA-256 {wanted}") from error
            if found != wanted:
                raise InputError(f"base {path}: SHA-256 {found}, the plan wants {wanted}; get that very revision")
            (Path(checked) / name).symlink_to(path.resolve())
        yield checked
