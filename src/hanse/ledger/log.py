"""The log over a store: slot N is the object `log/<N>`, written once; it ends at the first missing index.

A node reads slots into its own copy, in order, and never again; the copy has the bucket's layout, so that any complete
copy can become the next bucket (`hanse move`).
"""

from __future__ import annotations

import re

from hanse.errors import ForkError, InputError, NotFound, TooLarge
from hanse.ledger.chain import Slot
from hanse.ledger.entry import SLOT_BYTES_MAX
from hanse.store import Store
from hanse.store.disk import Disk

OVERSIZED = "oversized/"
"""In a copy: the sizes of slots whose bodies are never read."""


def check_digest(text: str) -> str:
    """`text` when it may be the digest of a log. Raises InputError."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise InputError(f"log {text[:80]!r}: expected 64 lower-case hex digits, as `hanse found publish` prints them")
    return text


def slot_name(index: int) -> str:
    """Object name of slot `index`: twelve digits, so that listings come in order."""
    return f"log/{index:012d}"


def read_slot(store: Store, index: int) -> Slot | None:
    """Slot `index` of the bucket, or None past its end."""
    name = slot_name(index)
    try:
        return Slot.of(store.get(name, SLOT_BYTES_MAX))
    except NotFound:
        return None
    except TooLarge:
        return Slot(None, store.stat(name).size)


def read_copied(disk: Disk, index: int) -> Slot | None:
    """Slot `index` of a node's copy, or None past its end."""
    data = disk.read(slot_name(index))
    if data is not None:
        return Slot.of(data)
    size = disk.read(f"{OVERSIZED}{index:012d}")
    return None if size is None else Slot(None, int(size))


def copy_slot(disk: Disk, index: int, slot: Slot) -> None:
    """Keep a slot durably. An oversized one is kept as its size: its leaf needs no more."""
    if slot.data is None:
        disk.write(f"{OVERSIZED}{index:012d}", str(slot.size).encode())
    else:
        disk.write(slot_name(index), slot.data)


def check_same(store: Store, disk: Disk, index: int) -> None:
    """Raise ForkError when the bucket's slot `index` is not the one this node verified; NotFound's kin say 'gone'."""
    kept, there = read_copied(disk, index), read_slot(store, index)
    if there is None:
        raise ForkError(
            f"{store.url}: entry {index}, which this node has verified, is gone from the bucket; "
            "`hanse move` goes on elsewhere from this node's copy"
        )
    if kept is not None and kept != there:
        raise ForkError(
            f"{store.url}: entry {index} differs from the one this node has verified: the bucket was rewritten; "
            "keep both, and go on elsewhere with `hanse move`"
        )
