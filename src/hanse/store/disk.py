"""A node's own durable files: what a site must not lose in a crash, and the copy of the log it can move on from.

`write` is atomic and durable on return (temporary file, fsync, rename, fsync of the folder): a reader after a crash finds
the old bytes or the new ones. `MemoryDisk` is the simulator's, and survives its owner's crash like a disk does.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hanse.errors import ConfigError


class Disk(Protocol):
    """Named byte strings. Names are relative paths with '/'."""

    def read(self, name: str) -> bytes | None:
        """The bytes, or None when there is no such file."""

    def write(self, name: str, *pieces: bytes | memoryview) -> None:
        """Replace the file by `pieces`, end to end, atomically and durably."""

    def delete(self, name: str) -> None:
        """Remove the file; nothing happens when there is none."""

    def names(self, prefix: str) -> Iterator[str]:
        """Names below `prefix` (a folder, with its '/'), sorted."""


class FolderDisk:
    """A folder."""

    def __init__(self, folder: Path, fsync: bool = True) -> None:
        self.folder, self.fsync = folder, fsync
        self._durable = {folder}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot make the node's folder: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, *pieces: bytes | memoryview) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, *pieces, fsync=self.fsync)
        if self.fsync:
            sync_folders(path.parent, self._durable)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Iterator[str]:
        base = self.folder / prefix
        if not base.is_dir():
            return
        found = (p.relative_to(self.folder).as_posix() for p in base.rglob("*") if p.is_file() and p.suffix != ".tmp")
        yield from sorted(found)


class MemoryDisk:
    """A dictionary."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, *pieces: bytes | memoryview) -> None:
        self.files[name] = b"".join(pieces)

    def delete(self, name: str) -> None:
        self.files.pop(name, None)

    def names(self, prefix: str) -> Iterator[str]:
        yield from sorted(name for name in self.files if name.startswith(prefix))


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex, read a piece at a time. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, *pieces: bytes | memoryview, fsync: bool = True) -> None:
    """Put a whole file in place at once: a reader sees the old one or the new one. Raises OSError, and leaves the old one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.writelines(pieces)
            if fsync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        name_file(error, path)
        raise


def name_file(error: OSError, path: Path) -> None:
    """Say of which file a write that failed was: the system names what cannot be opened, and no more."""
    if error.errno is not None and error.filename is None:
        error.filename = str(path)


def sync(path: Path) -> None:
    """Make a file's bytes, or a folder's entries, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folders(folder: Path, durable: set[Path]) -> None:
    """Make the entries of `folder` durable, and once those above it: a new folder is an entry of its parent."""
    sync(folder)
    while folder not in durable:
        durable.add(folder)
        folder = folder.parent
        sync(folder)
