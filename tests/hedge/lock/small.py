"""Small models in folders, and their locks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from hanse.hedge.lock.kept import save_lock
from hanse.hedge.lock.schema import Lock, LockedFile, LockedLicense, LockedModel
from hanse.hedge.lock.take import Taken, Wanted, take
from hanse.hedge.opening import open_source

LICENSE = b"Permission is hereby granted to everybody.\n"
FILES: dict[str, bytes] = {
    "LICENSE": LICENSE,
    "README.md": b"---\nlicense: apache-2.0\nbase_model: org/base\n---\n# A model\n",
    "config.json": b'{"model_type": "tiny"}',
    "model-00001-of-00002.safetensors": bytes(range(256)) * 20,
    "model-00002-of-00002.safetensors": bytes(reversed(range(256))) * 20,
    "onnx/decoder.onnx": b"\x08\x07" * 700,
    "tokenizer.json": b'{"version": "1.0"}',
}


def write(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """A model's folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def locked(lock: Path, *names: str, files: Mapping[str, bytes] = FILES) -> Lock:
    """Models in folders beside a lock, and the lock written."""
    found = Lock()
    texts: dict[str, bytes] = {}
    for name in names:
        write(lock.parent / name, files)
        taken = taken_from(lock.parent, name)
        found, texts = found.replaced(taken.model), texts | taken.texts
    save_lock(lock, found, "", texts)
    return found


def taken_from(beside: Path, folder: str) -> Taken:
    """The entry of a folder beside a lock."""
    return take(Wanted(folder, "", "", (folder,), "2026-11-25"), open_source(folder, beside))


def model(name: str = "m", files: Mapping[str, bytes] = FILES, **more: object) -> LockedModel:
    """An entry without anything on disk."""
    made = tuple(
        LockedFile(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for path, data in sorted(files.items())
    )
    values: dict[str, object] = {
        "name": name, "repository": "org/m", "revision": "1" * 40, "locked": "2026-11-25", "sources": ("hub",),
        "license": LockedLicense(id="mit", path="", sha256=""), "file": made,
    }  # fmt: skip
    return LockedModel(**{**values, **more}).sealed()  # type: ignore[arg-type]
