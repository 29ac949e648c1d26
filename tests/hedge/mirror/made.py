"""Models, sources and mirrors for the tests: small parts, bytes from a seed."""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hanse.errors import NotFound, Unavailable
from hanse.hedge.lock.schema import Lock, LockedFile, LockedLicense, LockedModel, print_lock
from hanse.hedge.mirror.keep import Order, Summary, keep
from hanse.hedge.source.base import Listed, Listing, Source
from hanse.store.base import MutableStore

PART = 4096
"""Bytes of a part in most tests."""
NOW = 1_800_000_000
COMMIT = "12fd25f77366fa6b3b4b768ec3050bf629380bac"


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


FILES = {
    "config.json": b'{"a": 1}',
    "model.safetensors": noise(5 * PART + 100),
    "sub/empty": b"",
    "sub/exact": noise(2 * PART, 1),
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def model(
    files: Mapping[str, bytes] = FILES, name: str = "tiny", repository: str = "org/tiny", revision: str = COMMIT,
    sources: tuple[str, ...] = ("memory",), locked: str = "2026-11-25",
) -> LockedModel:  # fmt: skip
    return LockedModel(
        name=name, repository=repository, revision=revision, locked=locked, sources=sources,
        license=LockedLicense(id="apache-2.0", path="", sha256=""),
        file=tuple(LockedFile(path=path, sha256=sha256(data), size=len(data)) for path, data in sorted(files.items())),
    ).sealed()  # fmt: skip


def write_lock(path: Path, *models: LockedModel) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(print_lock(Lock(model=tuple(sorted(models, key=lambda item: item.name)))), encoding="utf-8")
    return path


def write_files(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@dataclass
class MemorySource:
    """A dictionary as a source. Each read takes the next of `cuts`: after so many bytes the line is cut."""

    files: Mapping[str, bytes] = field(default_factory=lambda: dict(FILES))
    text: str = "memory"
    cuts: deque[int] = field(default_factory=deque)
    reads: list[tuple[str, int]] = field(default_factory=list)
    chunk: int = 1000

    def listing(self, repository: str, revision: str) -> Listing:
        return Listing(revision, tuple(Listed(path, len(data), None) for path, data in sorted(self.files.items())))

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        self.reads.append((path, offset))
        if path not in self.files:
            raise NotFound(f"{self.text}: no file {path}")
        data, cut = self.files[path], self.cuts.popleft() if self.cuts else -1
        for at in range(offset, len(data), self.chunk):
            if 0 <= cut <= at - offset:
                raise Unavailable(f"{self.text}: cut after {at - offset} bytes")
            yield data[at : at + self.chunk]
        if cut >= 0:
            raise Unavailable(f"{self.text}: cut at the end")

    @property
    def bytes_asked(self) -> int:
        return sum(len(self.files.get(path, b"")) - offset for path, offset in self.reads)


def opener(*sources: MemorySource) -> Callable[[str], Source]:
    named: dict[str, Source] = {source.text: source for source in sources}

    def open_(text: str) -> Source:
        if text not in named:
            raise NotFound(f"no source {text}")
        return named[text]

    return open_


def kept(
    store: MutableStore, *models: LockedModel, sources: tuple[MemorySource, ...] = (), preferred: tuple[str, ...] = ()
) -> Summary:
    """Keep models with small parts, from memory, without waiting."""
    given = sources or (MemorySource(),)
    order = Order(models or (model(),), None, preferred)
    return keep(store, order, opener(*given), lambda: NOW, sleep=lambda seconds: None, part_bytes=PART)


def bytes_of(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of a memory store's mirror, by digest, put together from its parts."""
    from hanse.hedge.mirror.layout import FILES, Record

    found = {}
    for name, data in objects.items():
        if name.startswith(FILES):
            digest = name.removeprefix(FILES)
            record = Record.decode(digest, data)
            found[digest] = b"".join(objects[record.part(index)] for index in range(len(record.prefixes)))
    return found


def nothing_wrong_is_visible(objects: Mapping[str, bytes]) -> None:
    """Every record's file is whole and right, and every model's table has all its files."""
    from hanse.hedge.mirror.layout import MODELS, Kept

    files = bytes_of(objects)
    for digest, data in files.items():
        assert sha256(data) == digest
    for name, data in objects.items():
        if name.startswith(MODELS):
            assert {item.sha256 for item in Kept.decode(name, data).model.file} <= files.keys()
