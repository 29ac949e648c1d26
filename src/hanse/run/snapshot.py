"""Snapshots: the agreed state as blobs, so that a late joiner replays less (PROTOCOL rule 18).

A member drawn by the round's number stores state/<r> as a manifest of parts and says so in `snapshots/<member>/<r>`, a
pointer object. Nobody needs to trust it: the state's digest must be the one the log agreed on.
"""

from __future__ import annotations

import json

from hanse.errors import IntegrityError, MalformedError, NotFound, StoreError
from hanse.run.rounds import Round, Rounds
from hanse.run.shards import shard_map
from hanse.run.state import State
from hanse.run.tensors import decode_state
from hanse.store import Store
from hanse.store.blobs import PART_BYTES_MAX, BlobRef, get_blob, get_manifest, put_blob, put_manifest

POINTER_BYTES_MAX = 1024


def drawn(run: Rounds, number: int) -> str:
    """The member whose turn it is to store the state after round `number`; empty when it is nobody's."""
    every = run.plan.snapshot_rounds
    if not every or number % every or not run.rounds[number].roll:
        return ""
    roll = run.rounds[number].roll
    return roll[number // every % len(roll)]


def put_snapshot(store: Store, member: str, number: int, data: bytes) -> None:
    """Store a state's bytes (`tensors.encode_state`) for whoever comes late."""
    parts = [put_blob(store, member, data[at : at + PART_BYTES_MAX]) for at in range(0, len(data), PART_BYTES_MAX)]
    manifest = put_manifest(store, member, parts)
    pointer = json.dumps({"sha256": manifest.sha256, "size": manifest.size}, sort_keys=True).encode()
    name = f"snapshots/{member}/{number:06d}"
    try:
        store.put_once(name, pointer)
    except StoreError:
        store.stat(name)  # stored by an earlier try; anything else is an error worth raising


def latest_snapshot(store: Store, run: Rounds, identity: str) -> State | None:
    """The latest agreed state that some member stored, verified; None when there is none."""
    found = (snapshot_at(store, run, item, identity) for item in reversed(run.rounds))
    return next((state for state in found if state is not None), None)


def snapshot_at(store: Store, run: Rounds, item: Round, identity: str) -> State | None:
    """The agreed state after one round, if the member drawn for it stored it and it is what was agreed."""
    member = drawn(run, item.number) if item.agreed is not None and item.number else ""
    if not member or item.agreed is None:
        return None
    try:
        state = decode_state(_read(store, member, item.number), item.number, item.attempt)
    except (NotFound, MalformedError, IntegrityError):
        return None  # not stored, or not what it claims: an earlier one, or the start, serves as well
    shards = shard_map({name: array.shape for name, array in state.weights.items()}, run.plan.shard_elements)
    return state if state.digest(identity, shards) == item.agreed.state else None


def _read(store: Store, member: str, number: int) -> bytes:
    try:
        pointer = json.loads(store.get(f"snapshots/{member}/{number:06d}", POINTER_BYTES_MAX))
        ref = BlobRef(str(pointer["sha256"]), int(pointer["size"]))
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError(f"snapshots/{member}/{number:06d}: expected sha256 and size") from error
    parts = get_manifest(store, member, ref, 100_000, 1 << 42)
    return b"".join(get_blob(store, member, part) for part in parts)
