"""Files of a lock: `models.lock` itself, and beside it `models.lock.d/<sha256>.txt` with every license text and statement it
ever spoke of. Each is written to a temporary file, made durable and moved into place: whoever is interrupted leaves the old
ones. Texts go before the lock that names them, and none is ever removed: terms that were accepted once stay provable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from hanse.errors import LockError
from hanse.hedge.lock.schema import FILE, LICENSES, Lock, parse_lock, print_lock
from hanse.store.disk import FolderDisk

_NAME = re.compile(r"([0-9a-f]{64})\.txt")


def shelf(lock: Path) -> Path:
    """The folder of a lock's texts."""
    return lock.with_name(LICENSES if lock.name == FILE else f"{lock.name}.d")


def open_lock(path: Path) -> tuple[Lock, str]:
    """A lock and its text as it stands, or an empty one where there is no file. Raises LockError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Lock(), ""
    except OSError as error:
        raise LockError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LockError(f"{path}: not UTF-8 at byte {error.start}") from error
    return parse_lock(text, str(path)), text


def save_lock(path: Path, lock: Lock, before: str, texts: Mapping[str, bytes]) -> None:
    """Write a lock and its new texts. `before` is the text it was made from: raises LockError, and writes no lock, when another
    process has changed the file meanwhile, or when nothing can be written."""
    made = print_lock(lock)
    parse_lock(made, str(path))  # what cannot be read back is never written
    try:
        for digest, data in texts.items():
            keep_text(path, digest, data)
        if open_lock(path)[1] != before:
            raise LockError(f"{path}: was changed by another process meanwhile; run again")
        FolderDisk(path.parent).write(path.name, made.encode())
    except OSError as error:
        raise LockError(f"{path}: cannot write: {error.strerror}") from error


def keep_text(lock: Path, digest: str, data: bytes) -> None:
    """Put a text beside a lock. One that was edited there is put right."""
    if hashlib.sha256(data).hexdigest() != digest:
        raise LockError(f"{digest}: is not the SHA-256 of the text that is to be kept")
    if read_text(lock, digest) != data:
        FolderDisk(shelf(lock)).write(f"{digest}.txt", data)


def read_text(lock: Path, digest: str) -> bytes | None:
    """A kept text as it stands; None when there is none. Whoever needs it right compares its digest."""
    path = shelf(lock) / f"{digest}.txt"
    try:
        return None if path.is_symlink() else path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LockError(f"{path}: cannot read: {error.strerror}") from error


def kept_texts(lock: Path) -> list[str]:
    """Digests of all texts that are kept, those of earlier days too."""
    found = (_NAME.fullmatch(item.name) for item in shelf(lock).glob("*"))
    return sorted(item[1] for item in found if item)
