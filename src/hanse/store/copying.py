"""A bucket seen through a node's copy: blobs are fetched once, what is written is remembered.

The copy has the bucket's layout, so that any node can go on elsewhere (`hanse move`), and `egress.jsonl` lists every
object this node ever wrote, with size and digest (`hanse site egress`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hanse.errors import AlreadyExists, NotFound, TooLarge
from hanse.store.base import Stat, Store
from hanse.store.disk import Disk

EGRESS_FILE = "egress.jsonl"
_IMMUTABLE = ("blobs/", "heads/", "snapshots/")


class CopyingStore:
    """`inner` with a local copy on `disk`. Counts bytes that cross the wire."""

    def __init__(self, inner: Store, disk: Disk, record: Path | None = None) -> None:
        self.inner, self.disk, self.record = inner, disk, record
        self.bytes_up = 0
        self.bytes_down = 0

    @property
    def url(self) -> str:
        return self.inner.url

    def put_once(self, name: str, data: bytes) -> None:
        """As the bucket's; what was created is kept and recorded, also when only the reply had been lost."""
        try:
            self.inner.put_once(name, data)
        except AlreadyExists:
            if self._is_ours(name, data):  # a crash or a lost reply came between the write and its record
                self._keep(name, data)
            raise
        self.bytes_up += len(data)
        self._keep(name, data)

    def _is_ours(self, name: str, data: bytes) -> bool:
        if self.record is None:
            return False
        try:
            if self.inner.get(name, len(data)) != data:
                return False
        except (NotFound, TooLarge):
            return False
        return name not in {row["name"] for row in read_egress(self.record)}

    def _keep(self, name: str, data: bytes) -> None:
        if name.startswith(_IMMUTABLE):
            self.disk.write(name, data)
        if self.record is not None:
            line = {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            with open(self.record, "a+b") as file:
                file.seek(max(0, file.tell() - 1))
                torn = file.read() not in (b"", b"\n")
                file.write((b"\n" if torn else b"") + json.dumps(line, sort_keys=True).encode() + b"\n")

    def get(self, name: str, limit: int) -> bytes:
        """From the copy when it is a blob whose bytes still have its digest, else from the bucket."""
        if name.startswith("blobs/"):
            kept = self.disk.read(name)
            if kept is not None and len(kept) <= limit and hashlib.sha256(kept).hexdigest() == name.rsplit("/", 1)[1]:
                return kept
        data = self.inner.get(name, limit)
        self.bytes_down += len(data)
        if name.startswith(_IMMUTABLE):
            self.disk.write(name, data)
        return data

    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        return self.inner.list(prefix, after)

    def stat(self, name: str) -> Stat:
        return self.inner.stat(name)


def read_egress(record: Path) -> list[dict[str, str | int]]:
    """Every object a node wrote, oldest first. A line torn by a crash is left out: its object is recorded again."""
    if not record.exists():
        return []
    rows = []
    for line in record.read_bytes().splitlines():
        with suppress(ValueError):
            rows.append(json.loads(line))
    return rows
