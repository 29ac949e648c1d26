"""Local checkpoints: weights, trainer state and step in one folder each, whole or not there.

    checkpoints/00000200/weights.safetensors
    checkpoints/00000200/trainer.safetensors   moments, cursor, RNG (`Trainer.state`)
    checkpoints/00000200/checkpoint.json       canonical: step, identity, SHA-256 of the two
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from safetensors.numpy import load, save

from hanse import canonical
from hanse.errors import CanonicalError, DigestMismatch, IntegrityError
from hanse.lm.model import Weights
from hanse.store.disk import name_file, sync

_WEIGHTS, _TRAINER, _INDEX = "weights.safetensors", "trainer.safetensors", "checkpoint.json"
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class Checkpoint:
    """What training goes on from."""

    step: int
    """Steps done."""
    weights: Weights
    trainer: bytes
    """As `Trainer.state` gave it."""


def write_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int = 2) -> Path:
    """Write one and remove all but the newest `keep`. Files and folder are forced to disk before the name appears.
    Raises OSError when the disk is full, and leaves those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{_PARTIAL}*"):  # of a process that died while writing
        shutil.rmtree(leftover)
    final = folder / f"{checkpoint.step:08d}"
    if final.exists():
        return final
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder))
    try:
        _fill(partial, checkpoint)
        partial.rename(final)
    except OSError as error:
        shutil.rmtree(partial)
        name_file(error, final)
        raise
    sync(folder)
    for old in _names(folder)[:-keep]:
        shutil.rmtree(folder / old)
    return final


def _fill(folder: Path, checkpoint: Checkpoint) -> None:
    files = {_WEIGHTS: save(checkpoint.weights), _TRAINER: checkpoint.trainer}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files[_INDEX] = canonical.encode({"step": checkpoint.step, "sha256": digests})
    for name, data in files.items():
        _write(folder / name, data)
    sync(folder)


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest one, or None. Raises IntegrityError when its bytes are not those that were written."""
    names = _names(folder)
    return read_checkpoint(folder / names[-1]) if names else None


def read_checkpoint(path: Path) -> Checkpoint:
    """One checkpoint, digests checked. Raises IntegrityError naming the file."""
    try:
        index = canonical.decode((path / _INDEX).read_bytes())
        data = {name: (path / name).read_bytes() for name in (_WEIGHTS, _TRAINER)}
        for name, found in data.items():
            if hashlib.sha256(found).hexdigest() != index["sha256"][name]:
                raise DigestMismatch(f"{path / name}: not the bytes that were written; remove {path} to use an older one")
        if not path.name.isdigit() or int(path.name) != index["step"]:
            raise IntegrityError(f"{path / _INDEX}: says step {index['step']}; remove {path} to use an older one")
        return Checkpoint(int(index["step"]), dict(sorted(load(data[_WEIGHTS]).items())), data[_TRAINER])
    except (OSError, CanonicalError, KeyError, TypeError) as error:
        raise IntegrityError(f"{path}: not a whole checkpoint ({error}); remove it to use an older one") from error


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = [entry.name for entry in folder.iterdir() if entry.name.isascii() and entry.name.isdigit() and entry.is_dir()]
    return sorted(found, key=int)


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
