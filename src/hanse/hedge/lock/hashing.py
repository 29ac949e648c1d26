"""SHA-256 of many files on all cores: one thread per core (hashlib works without the interpreter's lock), each with a buffer of
its own, large files first, so that no core is left with the largest at the end.

A file is opened folder by folder without following symbolic links, must be a regular one, and must be the same before and
after it is read: what was hashed is what stood there.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import LockError
from hanse.hedge.source.folder import IGNORED, Place, open_place
from hanse.store.disk import file_digest

BUFFER = 1 << 20
"""Bytes each thread reads at a time: all the memory it needs."""


@dataclass(frozen=True)
class Digest:
    """What a file holds."""

    sha256: str
    size: int
    """In bytes."""


@dataclass(frozen=True)
class Refusal:
    """Why a file has no digest: a link, no regular file, changed while it was read, not readable."""

    text: str


def hash_places(
    places: Iterable[tuple[Place, int]], progress: Callable[[int], None] | None = None, threads: int | None = None
) -> dict[Place, Digest | Refusal]:
    """Digest of each (file, its size in bytes as far as known), or why it has none. `progress` hears the bytes done so far."""
    todo = sorted(dict(places).items(), key=lambda item: item[1], reverse=True)
    run = _Run(deque(place for place, _ in todo), progress)
    workers = min(threads or available_cores(), max(1, len(todo)))
    with ThreadPoolExecutor(workers) as pool:
        try:
            for ended in [pool.submit(run.work) for _ in range(workers)]:
                ended.result()
        except BaseException:  # an interrupt: the threads stop at their next buffer, not after the last large file
            run.stopped.set()
            raise
    return run.found


def listed_digest(digests: Mapping[str, str]) -> str:
    """SHA-256 over the lines of `sha256sum` of a folder's files ("sha256  path", folder after folder): one digest for all."""
    lines = (f"{digests[path]}  {path}\n" for path in sorted(digests, key=lambda path: path.split("/")))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a model's folder by path. Links are followed (a hub's cache is made of them), a client's own
    bookkeeping is left out. Raises OSError for a file that cannot be read."""
    files = {item.relative_to(folder).as_posix(): item for item in sorted(folder.rglob("*")) if item.is_file()}
    return {path: file_digest(item) for path, item in files.items() if not any(path.startswith(f"{name}/") for name in IGNORED)}


def folder_digest(folder: Path) -> str:
    """`listed_digest` of all of them."""
    return listed_digest(folder_digests(folder))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Run:
    """What the threads of one call share."""

    def __init__(self, todo: deque[Place], progress: Callable[[int], None] | None) -> None:
        self.stopped = threading.Event()
        self.found: dict[Place, Digest | Refusal] = {}
        self._todo, self._progress, self._done, self._lock = todo, progress, 0, threading.Lock()

    def work(self) -> None:
        """One thread: the next file, until there is none."""
        buffer = memoryview(bytearray(BUFFER))
        while not self.stopped.is_set():
            try:
                place = self._todo.popleft()
            except IndexError:
                return
            self.found[place] = self._hash(place, buffer)

    def _hash(self, place: Place, buffer: memoryview) -> Digest | Refusal:
        try:
            with open_place(place) as handle:
                return self._read(handle, buffer)
        except LockError as error:
            return Refusal(str(error))
        except OSError as error:
            return Refusal(f"cannot be read: {error.strerror}")

    def _read(self, handle: int, buffer: memoryview) -> Digest:
        before, made, size = os.fstat(handle), hashlib.sha256(), 0
        with open(handle, "rb", buffering=0, closefd=False) as file:
            while count := file.readinto(buffer):
                made.update(buffer[:count])
                size += count
                self._tell(count)
                if size > before.st_size or self.stopped.is_set():  # it grows: there might be no end
                    break
        if size != before.st_size or _same(os.fstat(handle)) != _same(before):
            raise LockError("changed while it was read: let whatever writes it finish, and run again")
        return Digest(made.hexdigest(), size)

    def _tell(self, count: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._done += count
                self._progress(self._done)


def _same(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
