"""Models out of a mirror into a folder. A file appears whole, hashed and durable, or not at all; nothing is written through a
symbolic link, and what lies in the folder besides the model stays as it is."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import DigestMismatch, InputError
from hanse.hedge.lock.hashing import Digest, hash_places
from hanse.hedge.lock.schema import LockedFile, LockedModel
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.tally import Tally, unheard
from hanse.hedge.source.folder import Place
from hanse.store.disk import sync_folders

PARTIAL = ".hanse-partial"
"""Folder inside the model's folder where files are written before they are right."""
STALE_SECONDS = 24 * 3600
"""After which what a killed run left there is removed."""
THREADS = 3


@dataclass(frozen=True)
class Got:
    """What was done in the folder."""

    written: int
    """Files."""
    there: int
    """Files that were there with the right bytes."""
    bytes: int
    """Written."""


def get(
    mirror: Mirror,
    model: LockedModel,
    folder: Path,
    hear: Callable[[int], None] = unheard,
    now: Callable[[], float] = time.time,
) -> Got:
    """Have every file of a model in `folder`. `hear` is told the bytes done so far. Raises DigestMismatch
    for bytes that are not the locked ones, NotFound for files that the mirror lacks, InputError for a folder that cannot be
    used; files that were right until then stay."""
    for item in model.file:
        _check_way(folder, item)
    right = _right(folder, model)
    todo = sorted((item for item in model.file if item.path not in right), key=lambda item: -item.size)
    tally = Tally(hear)
    tally.add(model.size - sum(item.size for item in todo))
    with _partial(folder, now()) as partial, ThreadPoolExecutor(THREADS) as pool:
        records = [(item, mirror.record_of(item)) for item in todo]

        def one(job: int) -> None:
            item, record = records[job]
            temporary = partial / secrets.token_hex(16)
            try:
                _write(temporary, mirror.pieces(record), item, tally)
                _place(temporary, folder, item)
            finally:
                temporary.unlink(missing_ok=True)

        try:
            for _ in pool.map(one, range(len(records))):
                pass
        except OSError as error:
            raise InputError(f"{error.filename or folder}: cannot write: {error.strerror}") from error
    return Got(len(todo), len(right), sum(item.size for item in todo))


def _check_way(folder: Path, item: LockedFile) -> None:
    """Refuse what stands in the way before anything is written."""
    *folders, name = item.path.split("/")
    at = folder
    for part in folders:
        at = at / part
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            raise InputError(f"{at}: is a link or a file, where {item.path} needs a folder; choose another folder")
    if (at / name).is_dir() and not (at / name).is_symlink():
        raise InputError(f"{at / name}: is a folder, where {item.path} would stand; choose another folder")


def _right(folder: Path, model: LockedModel) -> set[str]:
    """Paths of files that are there as locked, and are no links."""
    places: dict[Place, LockedFile] = {}
    for item in model.file:
        with suppress(OSError):
            found = os.lstat(folder / item.path)
            if stat.S_ISREG(found.st_mode) and found.st_size == item.size:
                places[Place(folder, item.path)] = item
    digests = hash_places([(place, item.size) for place, item in places.items()])
    return {
        item.path
        for place, item in places.items()
        if isinstance(d := digests[place], Digest) and d.sha256 == item.sha256
    }


@contextmanager
def _partial(folder: Path, now: float) -> Iterator[Path]:
    """The folder of unfinished files; removed when it is empty. What a killed run left a day ago is removed."""
    partial = folder / PARTIAL
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if partial.is_symlink():
            raise InputError(f"{partial}: is a link; remove it")
        partial.mkdir(exist_ok=True)
        for left in partial.iterdir():
            with suppress(FileNotFoundError):
                if now - left.lstat().st_mtime > STALE_SECONDS:
                    left.unlink()
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot make the folder: {error.strerror}") from error
    try:
        yield partial
    finally:
        with suppress(OSError):  # another run's files are in it
            partial.rmdir()


def _write(temporary: Path, pieces: Iterator[memoryview], item: LockedFile, tally: Tally) -> None:
    made = hashlib.sha256()
    with open(temporary, "xb", buffering=0) as file:
        for piece in pieces:
            made.update(piece)
            tally.add(len(piece))
            while piece:
                piece = piece[file.write(piece) :]
        os.fsync(file.fileno())
    if made.hexdigest() != item.sha256:
        text = f"its bytes have the digest {made.hexdigest()}, the lock says {item.sha256}"
        raise DigestMismatch(f"{item.path}: {text}; the mirror is damaged: run `hanse mirror verify`")


def _place(temporary: Path, folder: Path, item: LockedFile) -> None:
    path = folder / item.path
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, path)
    sync_folders(path.parent, {folder.parent})
