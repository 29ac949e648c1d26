"""Opening a log to read it: from a bucket, a node's copy, or a SITE.toml."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hanse.charter.schema import parse_charter
from hanse.errors import CharterError, ForkError, InputError, KeyFileError
from hanse.keys import PublicKey
from hanse.ledger import dsse
from hanse.ledger.chain import Slot, parse_slot
from hanse.ledger.entry import Entry
from hanse.ledger.log import check_digest, read_slot
from hanse.ledger.parallel import Job, check_ahead
from hanse.run.fold import Fold
from hanse.run.follow import Follower, check_genesis
from hanse.run.settings import SiteConfig, load_site
from hanse.store import Store, open_store
from hanse.store.disk import MemoryDisk


def open_log(where: str) -> tuple[Store, str, SiteConfig | None]:
    """(store, log digest or '', site settings) of a bucket URL, a folder, a node's folder, or a SITE.toml."""
    if where.endswith(".toml"):
        site = load_site(Path(where))
        return open_store(site.store_url), site.log, site
    path = Path(where)
    if "://" not in where and (path / "copy" / "log").is_dir():
        return open_store(str(path / "copy")), "", None
    return open_store(where), "", None


def genesis_of(store: Store) -> str:
    """Digest of the entry 0 a bucket holds. Raises InputError when it holds no log."""
    first = parse_slot(_first_slot(store))[0]
    if isinstance(first, str):
        raise InputError(f"{store.url}: entry 0 is no entry: {first}")
    return first.id


def check_log(store: Store, log: str) -> None:
    """Raise ForkError when the bucket holds another log than `log`: asked before anything of it is copied or written."""
    check_digest(log)
    check_genesis(_first_slot(store), log, store.url)


def _first_slot(store: Store) -> Slot:
    slot = read_slot(store, 0)
    if slot is None:
        raise InputError(f"{store.url}: holds no log (no entry 0); check the URL")
    return slot


def follow(store: Store, log: str = "") -> Follower:
    """A follower in memory that has read everything."""
    follower = Follower(store, MemoryDisk(), check_digest(log) if log else genesis_of(store))
    follower.sync()
    follower.read_heads()
    return follower


def read_all(store: Store, progress: Callable[[int], None] = lambda done: None) -> list[Slot]:
    """Every slot of a log. Raises InputError when there is none."""
    genesis_of(store)
    slots: list[Slot] = []
    while (slot := read_slot(store, len(slots))) is not None:
        slots.append(slot)
        if len(slots) % 1000 == 0:
            progress(len(slots))
    return slots


def fold_parallel(slots: list[Slot], log: str, processes: int | None = None) -> Fold:
    """The fold of a whole log, signatures checked on all cores. Raises ForkError when it is another log than `log`."""
    if log:
        check_digest(log)
    count = processes if processes is not None else os.cpu_count() or 1
    state = Fold(check_ahead(_jobs(slots), count))
    for slot in slots:
        state.apply(slot)
    if log and state.chain.genesis != log:
        raise ForkError(f"another log: expected genesis {log}, found {state.chain.genesis or 'none that stands'}")
    return state


def _jobs(slots: list[Slot]) -> list[Job]:
    """Every signature whose key the log names somewhere; whether the key was in force is the fold's question."""
    entries = [entry for slot in slots for entry in parse_slot(slot) if isinstance(entry, Entry)]
    keys: dict[str, bytes] = {}
    for entry in entries:
        body = entry.statement.body
        texts: list[object] = [body.get("key")] if entry.statement.kind in ("join", "rotate") else []
        if entry.statement.kind == "genesis":
            try:
                texts = [member.officer for member in parse_charter(body.get("charter"), "genesis").member]
            except CharterError:
                texts = []
        for text in texts:
            try:
                key = PublicKey.parse(str(text))
            except KeyFileError:
                continue
            keys[key.id] = key.raw
    return [
        (keys[key_id], signature, dsse.pae(entry.envelope.payload))
        for entry in entries
        for key_id, signature in entry.envelope.signatures
        if key_id in keys
    ]
