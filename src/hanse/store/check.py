"""Does a bucket keep its promises? Create-if-absent under a race, lost replies, order, ranges (PROTOCOL rule 14).

Some servers accept the condition and ignore it. Integrity never rests on it (an append counts once another member's head
covers it), but two writers that both believe they won cost everybody time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hanse.errors import AlreadyExists, NotFound, StoreError, TooLarge
from hanse.store.base import Store

CREATORS = 32


@dataclass(frozen=True)
class Finding:
    """One promise: kept, broken, or only information (`required` False)."""

    name: str
    kept: bool
    required: bool
    detail: str


def check(store: Store, scratch: str) -> list[Finding]:
    """Try every promise below `check/<scratch>/`. Raises Unavailable when the bucket cannot be reached at all."""
    prefix = f"check/{scratch}"
    return [
        _race(store, f"{prefix}/race"),
        _second_put(store, f"{prefix}/once"),
        _read_back(store, f"{prefix}/read"),
        _limit(store, f"{prefix}/limit"),
        _absent(store, f"{prefix}/absent"),
        _order(store, f"{prefix}/order/"),
    ]


def _race(store: Store, name: str) -> Finding:
    """32 writers of one object: exactly one wins, and its bytes are the ones that stay."""
    bodies = [f"writer {number}".encode() for number in range(CREATORS)]

    def put(body: bytes) -> bool:
        try:
            store.put_once(name, body)
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(CREATORS) as pool:
        won = list(pool.map(put, bodies))
    winners = [body for body, win in zip(bodies, won, strict=True) if win]
    kept = store.get(name, 100)
    good = len(winners) == 1 and kept == winners[0]
    detail = f"{len(winners)} of {CREATORS} writers were told they won; the object holds {kept.decode(errors='replace')!r}"
    return Finding("create if absent, 32 at once", good, True, detail)


def _second_put(store: Store, name: str) -> Finding:
    """A lost reply, seen from the server: the same object again, same bytes and others. Both must be refused."""
    store.put_once(name, b"first")
    refused = 0
    for body in (b"first", b"other"):
        try:
            store.put_once(name, body)
        except AlreadyExists:
            refused += 1
    kept = store.get(name, 100)
    detail = f"{refused} of 2 refused, the object holds {kept.decode(errors='replace')!r}"
    return Finding("second create refused", refused == 2 and kept == b"first", True, detail)


def _read_back(store: Store, name: str) -> Finding:
    body = bytes(range(256)) * 4096
    store.put_once(name, body)
    good = store.get(name, len(body)) == body and store.stat(name).size == len(body)
    return Finding("read after write", good, True, f"{len(body):,} bytes")


def _limit(store: Store, name: str) -> Finding:
    store.put_once(name, b"x" * 1000)
    try:
        store.get(name, 999)
    except TooLarge:
        return Finding("limits honored", True, True, "1,000 bytes refused at a limit of 999")
    return Finding("limits honored", False, True, "1,000 bytes read past a limit of 999")


def _absent(store: Store, name: str) -> Finding:
    try:
        store.get(name, 10)
    except NotFound:
        return Finding("absent objects said to be absent", True, True, "not found")
    return Finding("absent objects said to be absent", False, True, "an object nobody wrote was read")


def _order(store: Store, prefix: str) -> Finding:
    names = [f"{prefix}{number:03d}" for number in (3, 1, 2)]
    for name in names:
        store.put_once(name, b"x")
    listed = [found.name for found in store.list(prefix)]
    after = [found.name for found in store.list(prefix, f"{prefix}001")]
    good = listed == sorted(names) and after == sorted(names)[1:]
    return Finding("listing complete and in order", good, True, f"{len(listed)} of 3 listed")


def can_overwrite(put: Callable[[], None]) -> Finding:
    """Whether these credentials may overwrite: refusal is a help, not the proof."""
    try:
        put()
    except StoreError:
        return Finding("overwriting refused", True, False, "refused with these credentials: a help")
    return Finding("overwriting refused", False, False, "possible with these credentials: a bucket policy can forbid it")
