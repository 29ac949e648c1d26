"""What Hanse asks of a bucket: four verbs. Objects are written once and never change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hanse.errors import InputError

_SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9_.=-]{0,199}")


@dataclass(frozen=True)
class Stat:
    """An object's name and size in bytes."""

    name: str
    size: int


class Store(Protocol):
    """A bucket or folder."""

    @property
    def url(self) -> str:
        """Where it is, for people."""

    def put_once(self, name: str, data: bytes) -> None:
        """Create the object. Raises AlreadyExists when there is one, Unavailable when retries ran out."""

    def get(self, name: str, limit: int) -> bytes:
        """The object's bytes, read to `limit` at most. Raises NotFound, TooLarge, Unavailable."""

    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        """Objects whose names start with `prefix` (a folder with its '/') and sort after `after`, in name order."""

    def stat(self, name: str) -> Stat:
        """Name and size. Raises NotFound, Unavailable."""


class MutableStore(Store, Protocol):
    """A store whose objects may be mended and collected: what keeps copies needs it, the log never does."""

    def overwrite(self, name: str, data: bytes) -> None:
        """Create or replace the object, at once and whole. Raises Unavailable, StoreError."""

    def remove(self, name: str) -> None:
        """Delete the object; nothing happens when there is none. Raises Unavailable, StoreError."""


def check_name(name: str) -> str:
    """`name` when every store can hold it: relative, plain ASCII segments. Raises InputError otherwise."""
    if len(name) > 500 or not all(_SEGMENT.fullmatch(segment) for segment in name.split("/")):
        raise InputError(f"object name {name[:80]!r}: expected segments of A-Z a-z 0-9 . _ = - joined by '/'")
    return name
