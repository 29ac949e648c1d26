"""Parts in and out of a store. In a folder they are written past the page cache and read in small pieces: the bytes are hashed
while they are copied, and the copying must not cost more than the hashing does."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import queue
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hanse.errors import AlreadyExists, DigestMismatch, NotFound, StoreError, TooLarge
from hanse.store.base import MutableStore, Store, check_name
from hanse.store.disk import sync, sync_folders

PIECE = 1 << 20
"""Bytes read at a time: what a core's own cache holds."""
LARGE_PAGE = 2 << 20
SECTOR = 4096
"""What direct writes are aligned to."""


def aligned(size: int) -> memoryview:
    """A buffer of its own, in large pages where the system has them: a disk is told a few addresses instead of thousands."""
    room = mmap.mmap(-1, size + LARGE_PAGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # not on this system
            room.madvise(mmap.MADV_HUGEPAGE)
    start = -ctypes.addressof(ctypes.c_char.from_buffer(room)) % LARGE_PAGE
    return memoryview(room)[start : start + size]


class Buffers:
    """A fixed number of part-sized buffers, aligned to pages: all the memory that copying takes."""

    def __init__(self, count: int, part_bytes: int) -> None:
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(aligned(part_bytes))

    def take(self) -> memoryview:
        """A buffer that is nobody's; waits for one."""
        return self._free.get()

    def give(self, buffer: memoryview) -> None:
        """Give one back."""
        self._free.put(buffer)


class PartStore:
    """The objects of one store, as parts. Safe from several threads."""

    def __init__(self, store: MutableStore) -> None:
        self.store = store
        self.folder = folder_of(store)
        self._durable = set() if self.folder is None else {self.folder}

    def put(self, name: str, buffer: memoryview, size: int) -> bool:
        """Have the first `size` bytes of `buffer` under `name`. True when they were written, False when just these bytes
        were there; others there are replaced: the name says what they must be. Durable once settled. Raises StoreError."""
        try:
            if self.folder is None or not self._create(self.folder, name, buffer, size):
                self.store.put_once(name, bytes(buffer[:size]))
        except AlreadyExists:
            if self._holds(name, buffer, size):
                return False
            self.store.overwrite(name, bytes(buffer[:size]))
        except OSError as error:
            raise StoreError(f"{self.store.url}: cannot write {name}: {error.strerror}") from error
        return True

    def settle(self, name: str) -> None:
        """Make a part's bytes durable, whoever wrote them. Raises StoreError."""
        self._sync(name, sync)

    def settle_names(self, name: str) -> None:
        """Make durable that this part and those beside it stand there. Raises StoreError."""
        self._sync(name, lambda path: sync_folders(path.parent, self._durable))

    def _sync(self, name: str, how: Callable[[Path], None]) -> None:
        if self.folder is None or not getattr(self.store, "fsync", True):
            return
        try:
            how(self.folder / check_name(name))
        except OSError as error:
            raise StoreError(f"{self.store.url}: cannot make {name} durable: {error.strerror}") from error

    def _holds(self, name: str, buffer: memoryview, size: int) -> bool:
        at = 0
        try:
            for piece in read_part(self.store, name, size):
                if piece != buffer[at : at + len(piece)]:
                    return False
                at += len(piece)
        except (DigestMismatch, NotFound):  # of another size, or gone again
            return False
        return at == size

    def _create(self, folder: Path, name: str, buffer: memoryview, size: int) -> bool:
        """Create the file. False where the system has no hard links; raises AlreadyExists, OSError."""
        path = folder / check_name(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path) as (temporary, handle):
            _write(handle, buffer, size, temporary)
            try:
                os.link(temporary, path)
            except FileExistsError as error:
                raise AlreadyExists(f"{self.store.url}: {name} exists already") from error
            except OSError as error:
                if error.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                    return False
                raise
        return True


def read_part(store: Store, name: str, size: int, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
    """Bytes `start` to `end` of a part of `size` bytes, in pieces that hold until the next one is asked for. Raises NotFound;
    DigestMismatch when the object has another size; Unavailable."""
    end, folder = size if end is None else end, folder_of(store)
    if folder is None:
        try:
            data = memoryview(store.get(name, size))
        except TooLarge as error:
            raise DigestMismatch(f"{store.url}: {name} has more than {size} bytes") from error
        check_size(store, name, len(data), size)
        yield from (data[at : min(at + PIECE, end)] for at in range(start, end, PIECE))
        return
    try:
        with open(folder / check_name(name), "rb", buffering=0) as file:
            check_size(store, name, os.fstat(file.fileno()).st_size, size)
            buffer = memoryview(bytearray(min(PIECE, end - start)))
            file.seek(start)
            while start < end:
                count = file.readinto(buffer[: end - start])
                if not count:
                    raise DigestMismatch(f"{store.url}: {name} became shorter while it was read")
                start += count
                yield buffer[:count]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{store.url}: no object {name}") from error
    except OSError as error:
        raise StoreError(f"{store.url}: cannot read {name}: {error.strerror}") from error


def read_soon(store: Store, name: str) -> None:
    """Tell the system that a part is read next: its disk works while the part before it is hashed."""
    folder = folder_of(store)
    if folder is None or not hasattr(os, "posix_fadvise"):
        return
    with suppress(OSError):  # whoever reads it hears of it
        handle = os.open(folder / check_name(name), os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(handle)


def folder_of(store: Store) -> Path | None:
    """The folder of a folder's store; None for any other."""
    from hanse.store.objects import ObjectStore

    return store.folder if isinstance(store, ObjectStore) else None


def check_size(store: Store, name: str, found: int, size: int) -> None:
    """Raise DigestMismatch for an object of another size than its name promises."""
    if found != size:
        raise DigestMismatch(f"{store.url}: {name} has {found} bytes, expected {size}")


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, int]]:
    """A file beside `path`, gone afterwards. Its '#' hides it from a store's listing, as obstore's own temporaries are."""
    temporary = path.with_name(f"{path.name}#{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o644)
    try:
        yield temporary, handle
    finally:
        os.close(handle)
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write(handle: int, buffer: memoryview, size: int, path: Path) -> None:
    if not _write_direct(buffer, size, path):
        at = 0
        while at < size:
            at += os.write(handle, buffer[at:size])
    os.ftruncate(handle, size)


def _write_direct(buffer: memoryview, size: int, path: Path) -> bool:
    """Write whole sectors, the last one padded with what stands in the buffer. False where the system cannot."""
    padded = -(-size // SECTOR) * SECTOR
    if not hasattr(os, "O_DIRECT") or padded > len(buffer):
        return False
    try:
        handle = os.open(path, os.O_WRONLY | os.O_DIRECT)
    except OSError:
        return False
    try:
        return os.write(handle, buffer[:padded]) == padded
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTSUP):
            return False
        raise
    finally:
        os.close(handle)
