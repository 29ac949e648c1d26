"""Collect what no lock names. Records go before parts, so that a record never stands without them; parts that have no record
may be of a file that somebody is writing, and go only when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hanse.errors import InputError, MalformedError, NotFound, TooLarge
from hanse.hedge.lock.schema import Lock
from hanse.hedge.mirror.layout import (
    FILES,
    MODELS,
    PARTS,
    RECORD_BYTES_MAX,
    TABLE_BYTES_MAX,
    Kept,
    Record,
    is_model_name,
    is_record_name,
    model_name,
    read_part_name,
    record_name,
)
from hanse.hedge.mirror.parts import folder_of
from hanse.hedge.mirror.tally import unheard
from hanse.store.base import MutableStore, Stat

UNFINISHED_SECONDS = 24 * 3600
"""Age from which a folder's leftover temporary files count as abandoned."""


@dataclass
class Plan:
    """What goes, in this order, and what stays."""

    models: list[Stat] = field(default_factory=list)
    """Tables of models that no lock names."""
    records: list[Stat] = field(default_factory=list)
    parts: list[Stat] = field(default_factory=list)
    """Of files that go, and of files that stay but do not name them (a wrong source's)."""
    abandoned: list[Stat] = field(default_factory=list)
    """Parts without a record: of files being written, or of runs that were given up."""
    kept_files: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """What a table that goes is called."""

    @property
    def bytes(self) -> int:
        """Freed by what goes without `--abandoned`."""
        return sum(stat.size for stat in (*self.models, *self.records, *self.parts))

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        return {
            "models": [self.names.get(stat.name, stat.name) for stat in self.models],
            "files": [stat.name.removeprefix(FILES) for stat in self.records],
            "parts": len(self.parts),
            "bytes": self.bytes,
            "abandoned_parts": len(self.abandoned),
            "abandoned_bytes": sum(stat.size for stat in self.abandoned),
            "files_kept": self.kept_files,
        }


def plan(store: MutableStore, locks: tuple[Lock, ...]) -> Plan:
    """What a sweep would remove. Raises InputError for locks that name no model: that would be everything."""
    models = [model for lock in locks for model in lock.model]
    if not models:
        raise InputError(
            "the given locks name no model, so all of the mirror would go; delete the folder or bucket instead"
        )
    files = {item.sha256 for model in models for item in model.file}
    files |= {digest for model in models for digest in (model.license.sha256, model.statement) if digest}
    tables, found = {model_name(model) for model in models}, Plan()
    for stat in store.list(MODELS):
        if is_model_name(stat.name) and stat.name not in tables:
            found.models.append(stat)
            found.names[stat.name] = _called(store, stat.name)
    records: set[str] = set()
    for stat in store.list(FILES):
        if is_record_name(stat.name):
            digest = stat.name.removeprefix(FILES)
            records.add(digest)
            if digest in files:
                found.kept_files += 1
            else:
                found.records.append(stat)
    _sort_parts(store, records, files, found)
    return found


def _sort_parts(store: MutableStore, records: set[str], files: set[str], found: Plan) -> None:
    named: tuple[str, frozenset[str] | None] = ("", None)
    for stat in store.list(PARTS):
        part = read_part_name(stat.name)
        if part is None:
            continue
        if part[0] not in records:
            found.abandoned.append(stat)
        elif part[0] not in files:
            found.parts.append(stat)
        else:
            if named[0] != part[0]:  # parts come file by file
                named = part[0], _parts_named(store, part[0])
            if named[1] is not None and stat.name not in named[1]:
                found.parts.append(stat)


def _parts_named(store: MutableStore, digest: str) -> frozenset[str] | None:
    """What a record names; None when it cannot be read: then nothing of the file goes."""
    try:
        record = Record.decode(digest, store.get(record_name(digest), RECORD_BYTES_MAX))
    except (MalformedError, NotFound, TooLarge):
        return None
    return frozenset(record.part(index) for index in range(len(record.prefixes)))


def _called(store: MutableStore, name: str) -> str:
    try:
        model = Kept.decode(name, store.get(name, TABLE_BYTES_MAX)).model
    except (MalformedError, NotFound, TooLarge):
        return name
    return f"{model.name}@{(model.revision or model.entry)[:12]}"


def carry_out(
    store: MutableStore, chosen: Plan, abandoned: bool, now: float, hear: Callable[[int], None] = unheard
) -> int:
    """Remove what a plan says, `abandoned` parts only when asked: then no `keep` may be running. How many objects went;
    `hear` is told how many so far. `now` is in Unix seconds."""
    gone = 0
    for stat in (*chosen.models, *chosen.records, *chosen.parts):
        store.remove(stat.name)
        gone += 1
        hear(gone)
    if abandoned:
        written: dict[str, bool] = {}
        for stat in chosen.abandoned:
            digest = stat.name.removeprefix(PARTS).partition("/")[0]
            if digest not in written:
                written[digest] = _has_record(store, digest)
            if not written[digest]:
                store.remove(stat.name)
                gone += 1
                hear(gone)
        _tidy(store, now)
    return gone


def _has_record(store: MutableStore, digest: str) -> bool:
    try:
        store.stat(record_name(digest))
    except NotFound:
        return False
    return True


def _tidy(store: MutableStore, now: float) -> None:
    """In a folder: temporary files of killed runs, and folders without a file."""
    folder = folder_of(store)
    for at, _, names in os.walk(folder / "mirror", topdown=False) if folder is not None else ():
        for name in names:
            with suppress(OSError):
                if "#" in name and now - os.lstat(os.path.join(at, name)).st_mtime > UNFINISHED_SECONDS:
                    os.unlink(os.path.join(at, name))
        with suppress(OSError):  # it is not empty
            os.rmdir(at)
