"""Moving on: a new bucket from any node's copy; a URL is not an identity (PROTOCOL rule 2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hanse.errors import AlreadyExists, ForkError, InputError
from hanse.ledger.log import OVERSIZED, read_copied, slot_name
from hanse.store import Store
from hanse.store.disk import Disk

FOLDERS = ("blobs/", "heads/", "snapshots/")


def publish_copy(disk: Disk, store: Store, progress: Callable[[str], None] = lambda name: None) -> tuple[int, int]:
    """Write a copy's log and blobs into `store`: (entries in the copy, objects written). Blobs first, then the log.

    May run again, and from several nodes at once: what is there already is compared. Raises ForkError naming the first
    entry that differs.
    """
    written = 0
    for folder in FOLDERS:
        for name in list(disk.names(folder)):
            written += _put(store, name, disk.read(name) or b"")
            progress(name)
    index = 0
    while (slot := read_copied(disk, index)) is not None:
        data = slot.data if slot.data is not None else b"\0" * slot.size  # only an oversized slot's size is hashed
        try:
            store.put_once(slot_name(index), data)
            written += 1
        except AlreadyExists as error:
            there = store.stat(slot_name(index)).size
            if there != slot.size or (slot.data is not None and store.get(slot_name(index), slot.size) != slot.data):
                raise ForkError(
                    f"{store.url}: entry {index} differs from this node's copy; another member moved first with "
                    "another tail: compare the copies, go on from the one with the larger final prefix"
                ) from error
        progress(slot_name(index))
        index += 1
    return index, written


def _put(store: Store, name: str, data: bytes) -> int:
    try:
        store.put_once(name, data)
    except AlreadyExists:
        return 0
    return 1


def copied_disk(folder: Path) -> Disk:
    """The copy below a node's folder, by bucket names. Raises InputError when it has none."""
    from hanse.store.disk import FolderDisk

    if not (folder / "copy" / slot_name(0)).exists():
        raise InputError(f"{folder}: holds no copy of a log to go on from; correct `folder` in the site file")
    return FolderDisk(folder / "copy")


__all__ = ["FOLDERS", "OVERSIZED", "copied_disk", "publish_copy"]
