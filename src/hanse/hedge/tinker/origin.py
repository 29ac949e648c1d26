"""Saved weights as seen by who merges them: where they stand, and what the server knows of how they were trained. Only reads: a
server may be at work in the folder.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from hanse.errors import InputError
from hanse.hedge.record.made import Resource
from hanse.hedge.tinker.adapters import ADAPTER
from hanse.hedge.tinker.shelf import RECORD, RUN_RECORD, Checkpoint, RunRecord, place_of
from hanse.hedge.tune.step import Learned
from hanse.store.disk import file_digest

METHOD = "lora, steps by a Tinker client; the server keeps neither data nor losses"


def adapter_of(folder: Path, path: str) -> Path:
    """Of weights as clients name them, tinker://..., below a server's folder. Raises InputError."""
    place = place_of(folder, path)
    if place is None or not (place / RECORD).is_file():
        raise InputError(f"{path}: {folder} has no such weights; expected the path that saving them gave, and the server's --data")
    return place / ADAPTER


def learned(adapter: Path) -> Learned | None:
    """What stands beside the adapter of saved weights; None: it is no server's. Raises InputError for files that were damaged."""
    place = adapter.absolute().parent
    checkpoint, run = place / RECORD, place.parent.parent / RUN_RECORD
    if not checkpoint.is_file() or not run.is_file():
        return None
    try:
        saved = Checkpoint.model_validate_json(checkpoint.read_bytes())
        shape = RunRecord.model_validate_json(run.read_bytes())
    except ValidationError as error:
        raise InputError(f"{adapter.parent}: {RECORD} or {RUN_RECORD} is damaged: {error.errors()[0]['msg']}") from error
    settings = file_digest(run)
    beside = (Resource.of(saved.path, file_digest(checkpoint)), Resource.of(RUN_RECORD, settings))
    figures = {"steps": saved.steps, "rank": shape.rank, "alpha": shape.alpha}
    return Learned(METHOD, {}, settings, {name: str(value) for name, value in figures.items()}, beside)
