"""A file on its way into a mirror: the bytes taken so far, hashed, and cut into parts that are being written."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from hanse.errors import AlreadyExists, DigestMismatch, MalformedError, NotFound, TooLarge
from hanse.hedge.mirror.layout import (
    PARTS,
    RECORD_BYTES_MAX,
    Record,
    part_name,
    read_part_name,
    record_name,
)
from hanse.hedge.mirror.parts import PIECE, Buffers, PartStore, read_part
from hanse.store.base import MutableStore, Stat

WRITERS = 6
BUFFERS = 7
"""Parts in memory at once: one being filled per file, the others being written."""


class Stopped(Exception):
    """The run is being ended: by an interrupt, or because the mirror's own store failed."""


class Bench:
    """What the files of one run share: the store, the buffers, the threads that write."""

    def __init__(self, store: MutableStore, hear: Callable[[int], None], part_bytes: int) -> None:
        self.store, self.hear, self.parts, self.part_bytes = store, hear, PartStore(store), part_bytes
        self.buffers = Buffers(BUFFERS, part_bytes)
        self.writers = ThreadPoolExecutor(WRITERS)
        self.stopped = threading.Event()

    def close(self) -> None:
        """Let the writers end. No file may be filling any more."""
        self.writers.shutdown(wait=True)


class Filling:
    """One file. `origins` says where its bytes came from. One thread's; the writing is done by the bench's."""

    def __init__(self, bench: Bench, sha256: str, size: int) -> None:
        self.bench, self.sha256, self.size = bench, sha256, size
        self.at = 0
        """Bytes taken."""
        self.origins: set[str] = set()
        self.made = hashlib.sha256()
        self._prefixes: list[str] = []
        self._reused = 0
        self._buffer: memoryview | None = None
        self._writes: deque[Future[None]] = deque()

    @property
    def full(self) -> bool:
        """Whether all bytes were taken."""
        return self.at >= self.size

    @property
    def right(self) -> bool:
        """Whether all bytes were taken and are those of the digest."""
        return self.full and self.made.hexdigest() == self.sha256

    def standing(self) -> Record | None:
        """The file's record, when it and all that it names stand in the store. What they hold is for `verify`."""
        try:
            record = Record.decode(self.sha256, self.bench.store.get(record_name(self.sha256), RECORD_BYTES_MAX))
        except (NotFound, MalformedError, TooLarge):
            return None
        sizes = {found.name: found.size for found in self._listed()} if record.prefixes else {}
        wanted = {record.part(index): record.part_size(index) for index in range(len(record.prefixes))}
        whole = record.size == self.size and all(sizes.get(name) == size for name, size in wanted.items())
        return record if whole else None

    def resume(self, origin: str) -> bool:
        """Take the parts that a run before this one left, as far as they follow from each other; whether it left any."""
        by_index: dict[int, list[Stat]] = {}
        step = self.bench.part_bytes
        listed = self._listed()
        for found in listed:
            named = read_part_name(found.name)
            if named is not None and found.size == min(step, self.size - named[1] * step):
                by_index.setdefault(named[1], []).append(found)
        while not self.full:
            followed = [
                (found, made) for found in by_index.get(len(self._prefixes), ()) if (made := self._follow(found))
            ]
            if len(followed) != 1:  # none, or a wrong source's beside the right one's: then the bytes are fetched
                break
            found, self.made = followed[0]
            self._prefixes.append(self.made.hexdigest())
            self._reused += 1
            self.at += found.size
            self.origins.add(origin)
            self.bench.hear(found.size)
        return bool(listed)

    def take(self, chunk: bytes, origin: str) -> None:
        """Take a chunk's bytes, as many as the file still has. Raises Stopped, StoreError of an earlier part."""
        left = memoryview(chunk)[: self.size - self.at]
        while left:
            room = self.room()
            size = min(len(room), len(left))
            room[:size] = left[:size]
            self.took(size, origin)
            left = left[size:]

    def room(self) -> memoryview:
        """Where the next bytes go: `took` says how many were put there. Raises Stopped."""
        if self.bench.stopped.is_set():
            raise Stopped
        if self._buffer is None:
            self._buffer = self.bench.buffers.take()
        step, low = self.bench.part_bytes, self.at % self.bench.part_bytes
        return self._buffer[low : low + min(PIECE, step - low, self.size - self.at)]

    def took(self, size: int, origin: str) -> None:
        """`size` bytes were put into `room`. Raises StoreError of an earlier part."""
        low, buffer = self.at % self.bench.part_bytes, self._buffer
        assert buffer is not None
        self.origins.add(origin)
        self.made.update(buffer[low : low + size])
        self.at += size
        self.bench.hear(size)
        if low + size == self.bench.part_bytes or self.full:
            self._buffer = None
            self._write(buffer, low + size)

    def finish(self) -> Record:
        """Wait until every part is in the store, then write the record: only now the file is here. The record that stands
        then, which may be another run's. Raises StoreError."""
        while self._writes:
            self._writes.popleft().result()
        record = Record(self.sha256, self.size, tuple(self._prefixes), self.bench.part_bytes)
        for index in range(self._reused):  # whoever wrote them may have died before they were durable
            self.bench.parts.settle(record.part(index))
        if self._prefixes:
            self.bench.parts.settle_names(record.part(0))
        try:
            self.bench.store.put_once(record.name, record.encode())
        except AlreadyExists:
            if found := self.standing():  # another run's, perhaps of parts of another size
                return found
            self.bench.store.overwrite(record.name, record.encode())
        return record

    def drop_others(self, record: Record) -> None:
        """Remove parts that a wrong source left under this file's name: once the record stands, nobody needs them."""
        named = {record.part(index) for index in range(len(record.prefixes))}
        for found in self._listed():
            if found.name not in named and read_part_name(found.name) is not None:
                self.bench.store.remove(found.name)

    def release(self) -> None:
        """Give back what is held."""
        if self._buffer is not None:
            self.bench.buffers.give(self._buffer)
            self._buffer = None

    def _write(self, buffer: memoryview, size: int) -> None:
        bench = self.bench
        self._prefixes.append(self.made.hexdigest())
        name = part_name(self.sha256, len(self._prefixes) - 1, self._prefixes[-1])

        def write() -> None:
            try:
                bench.parts.put(name, buffer, size)
            finally:
                bench.buffers.give(buffer)
            bench.parts.settle(name)  # the disk's wait is long and needs no buffer

        self._writes.append(bench.writers.submit(write))
        while self._writes and self._writes[0].done():
            self._writes.popleft().result()

    def _follow(self, found: Stat) -> hashlib._Hash | None:
        """The hash after a part that follows from the bytes taken; None for one that does not."""
        named, made = read_part_name(found.name), self.made.copy()
        try:
            for piece in read_part(self.bench.store, found.name, found.size):
                made.update(piece)
        except (NotFound, DigestMismatch):
            return None
        return made if named is not None and made.hexdigest() == named[2] else None

    def _listed(self) -> list[Stat]:
        return list(self.bench.store.list(f"{PARTS}{self.sha256}/"))


def put_right(store: MutableStore, name: str, data: bytes) -> None:
    """Have `data` under a name that says what it must be: other bytes there are replaced. Raises StoreError."""
    try:
        store.put_once(name, data)
    except AlreadyExists:
        try:
            if store.get(name, len(data)) == data:
                return
        except (NotFound, TooLarge):
            pass
        store.overwrite(name, data)
