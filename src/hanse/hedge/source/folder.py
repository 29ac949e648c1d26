"""A model's folder on this machine. Files are opened folder by folder without following symbolic links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import InputError, LockError, NotFound, Unavailable
from hanse.hedge.source.base import CHUNK, Listed, Listing

ENTRIES_MAX = 200_000
"""Files and folders in one model's folder: who points at a home directory by mistake hears of it soon."""
IGNORED = (".git", ".cache/huggingface", ".hanse-partial")
"""A client's own bookkeeping (`git clone`, `hf download --local-dir`, a killed `hanse mirror get`), no part of the model."""
_BENEATH = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_ALWAYS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FILE = _ALWAYS | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Without blocking: opening a pipe would wait for a writer for ever."""
_FOLDER = _ALWAYS | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True)
class Place:
    """A file on this machine."""

    folder: Path
    """Trusted as given: links above it are the owner's business."""
    path: str
    """Below the folder, with '/': no part of it may be a link."""


@dataclass(frozen=True)
class Found:
    """What lies in a folder."""

    files: dict[str, tuple[Place, int]]
    """By path in the model: where its bytes are, and how many."""
    odd: dict[str, str]
    """By path: what is no regular file, in words."""
    ignored: tuple[str, ...] = ()
    """Folders that were left out, of those in IGNORED."""


class FolderSource:
    """One model's folder, whatever repository and revision are asked for: the reader checks the bytes."""

    def __init__(self, text: str, beside: Path = Path()) -> None:
        if not text or "\0" in text:
            raise InputError(f"source {text!r}: expected hub, hub:URL, oci://..., a bucket's URL or a folder")
        self.text, self.folder = text, beside / text

    def look(self) -> Found:
        """Where its files are. Raises as `look`."""
        return look(self.folder)

    def listing(self, repository: str, revision: str) -> Listing:
        found = self.look()
        if found.odd:
            path, what = next(iter(sorted(found.odd.items())))
            more = f" (and {len(found.odd) - 1} more)" if len(found.odd) > 1 else ""
            raise InputError(f"{self.folder}: {path!r} is {what}{more}; a model's folder holds regular files only")
        return Listing("", tuple(Listed(path, size, None) for path, (_, size) in sorted(found.files.items())))

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        return read_place(Place(self.folder, path), offset)


def look(folder: Path) -> Found:
    """What lies in a folder, at any depth. Raises NotFound for no folder, InputError for far too many files."""
    if not folder.is_dir():
        raise NotFound(f"{folder}: no such folder")
    files: dict[str, tuple[Place, int]] = {}
    odd: dict[str, str] = {}
    ignored: list[str] = []
    todo, seen = [""], 0
    while todo:
        prefix = todo.pop()
        for entry in _entries(folder / prefix if prefix else folder):
            seen += 1
            if seen > ENTRIES_MAX:
                raise InputError(f"{folder}: more than {ENTRIES_MAX} files and folders: is it a model's folder?")
            path, found = f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                if path in IGNORED:
                    ignored.append(path)
                else:
                    todo.append(f"{path}/")
            elif stat.S_ISREG(found.st_mode):
                files[path] = (Place(folder, path), found.st_size)
            else:
                odd[path] = describe(Path(entry.path), found.st_mode)
    return Found(files, odd, tuple(sorted(ignored)))


def is_mirror(folder: Path) -> bool:
    """Whether a folder is a store that `hanse mirror keep` has filled, no model's folder."""
    return (folder / "mirror" / "models").is_dir() and (folder / "mirror" / "files").is_dir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        raise InputError(f"{folder}: cannot list: {error.strerror}") from error


def describe(path: Path, mode: int) -> str:
    """What stands there, with where a link points."""
    try:
        return f"{kind(mode)} to {os.readlink(path)!r}" if stat.S_ISLNK(mode) else kind(mode)
    except OSError:
        return kind(mode)


def kind(mode: int) -> str:
    """What a file is, in words."""
    names = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
             stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFREG: "a file"}  # fmt: skip
    return names.get(stat.S_IFMT(mode), "no regular file")


def read_place(place: Place, offset: int = 0) -> Iterator[bytes]:
    """A file's bytes from `offset`. Raises NotFound, InputError for what is no regular file, Unavailable."""
    name = f"{place.folder}: {place.path}"
    try:
        with open_place(place) as handle:
            os.lseek(handle, offset, os.SEEK_SET)
            while chunk := os.read(handle, CHUNK):
                yield chunk
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{name}: no such file") from error
    except LockError as error:
        raise InputError(f"{name}: {error}; a model's folder holds regular files only") from error
    except OSError as error:
        raise Unavailable(f"{name}: cannot be read: {error.strerror}") from error


@contextmanager
def open_place(place: Place) -> Iterator[int]:
    """A descriptor of a regular file, reached without following a link below its folder. Raises LockError saying what stands
    there instead, OSError when it cannot be opened."""
    handle = _open_beneath(place) if _BENEATH else _open_checked(place)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise LockError(f"is {kind(mode)}, expected a file")
        yield handle
    finally:
        os.close(handle)


def _open_beneath(place: Place) -> int:
    *folders, name = place.path.split("/")
    at = os.open(place.folder, _ALWAYS | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = _open_step(folder, _FOLDER, at)
            os.close(at)
            at = below
        return _open_step(name, _FILE, at)
    finally:
        os.close(at)


def _open_step(name: str, flags: int, at: int) -> int:
    if name in ("", ".", ".."):
        raise LockError(f"{name!r} is no name of a file")
    try:
        return os.open(name, flags, dir_fd=at)
    except OSError:
        mode = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
        wanted = stat.S_ISDIR(mode) if flags == _FOLDER else stat.S_ISREG(mode)
        if not wanted:
            raise LockError(f"{name} is {kind(mode)}") from None
        raise


def _open_checked(place: Place) -> int:  # where the system opens by whole path only
    at = place.folder
    for part in place.path.split("/"):
        at = at / part
        if part in ("", ".", "..") or at.is_symlink():
            raise LockError(f"{part!r} is a symbolic link, or no name of a file")
    return os.open(at, _FILE)
