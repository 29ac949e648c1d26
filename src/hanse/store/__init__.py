"""The bucket: four verbs over a folder, memory, S3, GCS or Azure. `open_store(url)` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hanse.store.base import Stat, Store

if TYPE_CHECKING:
    from hanse.store.objects import ObjectStore

__all__ = ["Stat", "Store", "open_store"]


def open_store(url: str, create: bool = False, fsync: bool = True) -> ObjectStore:
    """See `hanse.store.objects.open_store`; imported only when a bucket is opened."""
    from hanse.store import objects

    return objects.open_store(url, create, fsync)
