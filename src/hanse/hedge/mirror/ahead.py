"""The parts of a file one after the other, each being read while the one before it is used."""

from __future__ import annotations

import errno
import os
import queue
import random
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import DigestMismatch, NotFound, StoreError
from hanse.hedge.mirror.layout import PART_BYTES, Record
from hanse.hedge.mirror.parts import PIECE, SECTOR, aligned, check_size, folder_of, read_part, read_soon
from hanse.store.base import Store, check_name

AHEAD_BUCKET, AHEAD_FOLDER = 1, 2
"""Parts of a file in memory beside the one in use. A disk wants two questions at once; a bucket's answers are copied on the
way, so they take more room, and there are never more than so many under way:"""
FETCHES = 3

Pieces = Iterable[memoryview]


@dataclass(frozen=True)
class Ask:
    """A part, and which of its bytes are wanted."""

    index: int
    name: str
    size: int
    start: int
    end: int


@dataclass
class _Loaded:
    """A part in memory, and the buffer that it is in."""

    pieces: list[memoryview]
    buffer: memoryview | None = None


class Ahead:
    """Reads parts of one store. Safe from several threads."""

    def __init__(self, store: Store) -> None:
        self.store, self.folder = store, folder_of(store)
        self._ahead = AHEAD_BUCKET if self.folder is None else AHEAD_FOLDER
        self._fetches = threading.BoundedSemaphore(FETCHES)
        self._spare: queue.SimpleQueue[memoryview] = queue.SimpleQueue()

    def parts(self, record: Record, start: int, end: int, once: bool) -> Iterator[tuple[int, Pieces]]:
        """Parts by index with the bytes wanted of each, in pieces that hold until the next is asked for. With `once` the
        bytes are for one reading: what a folder's system has not in memory is read past it, which spares it the work and
        leaves room for what is read often. Raises NotFound, DigestMismatch for a part of another size, Unavailable."""
        step, waiting = record.part_bytes, deque[tuple[Ask, Future[_Loaded] | None]]()
        with ThreadPoolExecutor(self._ahead + 1) as pool:
            for index in range(start // step, -(-end // step)) if start < end else ():
                low, size = index * step, record.part_size(index)
                ask = Ask(index, record.part(index), size, max(0, start - low), min(size, end - low))
                waiting.append((ask, self._begin(pool, ask, once)))
                if len(waiting) > self._ahead:
                    yield from self._end(*waiting.popleft())
            while waiting:
                yield from self._end(*waiting.popleft())

    def _begin(self, pool: ThreadPoolExecutor, ask: Ask, once: bool) -> Future[_Loaded] | None:
        if self.folder is None:
            return pool.submit(self._fetch, ask)
        if (
            once
            and (ask.start, ask.end) == (0, ask.size)
            and ask.size <= PART_BYTES
            and _is_cold(self.folder / ask.name)
        ):
            return pool.submit(self._load, self.folder, ask)
        read_soon(self.store, ask.name)
        return None

    def _end(self, ask: Ask, future: Future[_Loaded] | None) -> Iterator[tuple[int, Pieces]]:
        if future is None:
            yield ask.index, read_part(self.store, ask.name, ask.size, ask.start, ask.end)
            return
        loaded = future.result()
        yield ask.index, loaded.pieces
        if loaded.buffer is not None:
            self._spare.put(loaded.buffer)

    def _fetch(self, ask: Ask) -> _Loaded:
        with self._fetches:
            return _Loaded(list(read_part(self.store, ask.name, ask.size, ask.start, ask.end)))

    def _load(self, folder: Path, ask: Ask) -> _Loaded:
        try:
            buffer = self._spare.get_nowait()
        except queue.Empty:
            buffer = aligned(PART_BYTES)
        try:
            handle = _open_direct(folder / check_name(ask.name))
            try:
                check_size(self.store, ask.name, os.fstat(handle).st_size, ask.size)
                _read(handle, buffer, ask.size)
            finally:
                os.close(handle)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{self.store.url}: no object {ask.name}") from error
        except EOFError as error:
            raise DigestMismatch(f"{self.store.url}: {ask.name} became shorter while it was read") from error
        except OSError as error:
            raise StoreError(f"{self.store.url}: cannot read {ask.name}: {error.strerror}") from error
        return _Loaded([buffer[at : min(at + PIECE, ask.size)] for at in range(0, ask.size, PIECE)], buffer)


def _is_cold(path: Path) -> bool:
    """Whether a file is not in the system's memory, by one byte of it; False where the system does not tell."""
    if not hasattr(os, "RWF_NOWAIT") or not hasattr(os, "O_DIRECT"):
        return False
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(
                handle, 0, 0, os.POSIX_FADV_RANDOM
            )  # asking may bring one page in, and should bring no more:
            at = random.randrange(
                max(1, os.fstat(handle).st_size)
            )  # nor be answered by the page that the last one brought
            os.preadv(handle, [bytearray(1)], at, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
    return False


def _open_direct(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECT)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
        return os.open(path, os.O_RDONLY)


def _read(handle: int, buffer: memoryview, size: int) -> None:
    """Fill the buffer's first `size` bytes. Raises EOFError when there are fewer."""
    at, padded = 0, -(-size // SECTOR) * SECTOR
    while at < size:
        count = os.readv(handle, [buffer[at:padded]])
        if not count:
            raise EOFError
        at += count
