"""What a source is: it lists a model's files at a revision, and reads one from an offset. Nothing here trusts what it says
about digests: whoever reads checks the bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from hanse.errors import DigestMismatch, Unavailable

CHUNK = 1 << 20
"""Bytes a source gives at a time, at most."""
TRIES = 5
"""Cuts in a row, without a byte between them, after which `read_on` gives up."""


@dataclass(frozen=True)
class Listed:
    """A file as a source lists it."""

    path: str
    """Inside the model, with '/': as given, so whoever writes it checks it with `lock.schema.check_path`."""
    size: int | None
    sha256: str | None
    """When the source states one; None otherwise (git blobs of small hub files have none)."""


@dataclass(frozen=True)
class Listing:
    """A model at one revision."""

    revision: str
    """Full commit or digest; empty when the source has no such thing."""
    files: tuple[Listed, ...]
    """In order of path."""
    gated: bool = False
    """Whether its publisher lets only those read it who accepted its terms."""
    moved: str = ""
    """Its name there now, when the source answers to another than the one asked for; empty otherwise."""


class Source(Protocol):
    """One place that has models."""

    @property
    def text(self) -> str:
        """How a lock names it: hub, hub:URL, oci://registry/..., a bucket's URL, a folder."""

    def listing(self, repository: str, revision: str) -> Listing:
        """Files at a revision (a branch, a tag or a commit; empty is the newest). Raises NotFound, Unavailable,
        InputError for refused access, with what to do."""

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        """A file's bytes from `offset` in chunks of at most CHUNK. Raises as `listing`; Unavailable when the line is cut:
        whoever reads can go on from where it was."""


def kind_of(text: str) -> Literal["hub", "oci", "bucket", "folder"]:
    """What a source's text names. A folder may hold a model or a mirror: that is seen when it is opened."""
    if text == "hub" or text.startswith("hub:"):
        return "hub"
    if text.startswith("oci://"):
        return "oci"
    return "bucket" if "://" in text else "folder"


def read_on(
    source: Source, repository: str, revision: str, item: Listed, sleep: Callable[[float], None] = time.sleep
) -> Iterator[bytes]:
    """A file's bytes to the end, going on after cuts. Raises as `Source.read`; Unavailable after TRIES cuts in a row;
    DigestMismatch when there are fewer or more bytes than the source listed."""
    at, cuts = 0, 0
    while True:
        try:
            for chunk in source.read(repository, revision, item.path, at):
                at += len(chunk)
                cuts = 0
                if item.size is not None and at > item.size:
                    raise DigestMismatch(
                        f"{source.text}: {item.path}: listed with {item.size} bytes, but more are sent"
                    )
                yield chunk
            if item.size is None or at == item.size:
                return
            raise DigestMismatch(f"{source.text}: {item.path}: listed with {item.size} bytes, but {at} are sent")
        except Unavailable:
            cuts += 1
            if cuts >= TRIES:
                raise
            sleep(0.2 * 2**cuts)
