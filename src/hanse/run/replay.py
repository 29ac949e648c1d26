"""Replay: recompute every round's weights from the log and the updates, and compare with what the members agreed on.

The merge is the one a site runs. Nothing is taken on a member's word but its local training. Streams: one state is in
memory, and of a round's updates what `admit.read_update` keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hanse.errors import DigestMismatch, MalformedError, NotFound
from hanse.run import admit as admission
from hanse.run.counts import read_counts
from hanse.run.fold import Fold, plan_of
from hanse.run.leaves import encode_leaves, first_different
from hanse.run.merge import Merger
from hanse.run.port import Origin, Start
from hanse.run.rounds import Round
from hanse.run.shards import Shard
from hanse.run.snapshot import snapshot_at
from hanse.run.state import State
from hanse.store import Store
from hanse.store.blobs import BlobRef, get_blob


@dataclass(frozen=True)
class RoundVerdict:
    """What replay says of one round: replayed (recomputed here) or attested only (its updates are gone)."""

    round: int
    status: str
    state: str
    admitted: int


@dataclass
class Verdict:
    """What replay says of a run."""

    rounds: list[RoundVerdict] = field(default_factory=list)
    difference: str = ""
    """The first difference: round and tensor. Empty when there is none."""
    state: State | None = None
    """The last state that was recomputed, the different one if there is one."""
    start: Start | None = None

    @property
    def identical(self) -> bool:
        return not self.difference

    def document(self) -> dict[str, Any]:
        """Plain values for --json."""
        return {
            "verdict": "identical" if self.identical else "different",
            "difference": self.difference,
            "state": self.rounds[-1].state if self.rounds else "",
            "rounds": [{"round": r.round, "status": r.status, "state": r.state} for r in self.rounds],
        }


def replay(
    fold: Fold, store: Store, origin: Origin, merger: Merger, each: Callable[[State], None] = lambda state: None
) -> Verdict:
    """Recompute every agreed round, showing each state to `each`, which copies what it keeps. Stops at the first difference.

    Where updates are gone, a stored snapshot of an agreed state goes on; rounds between are "attested only".
    """
    plan, run = plan_of(fold), fold.run
    assert run is not None
    result = Verdict()
    if run.rounds[0].agreed is None:
        return result
    counts = read_counts(fold, store) if plan.tokenizer.kind == "counts" else []
    result.start = start = origin(plan, counts)
    shards = admission.shards_of(plan, start.weights)
    state: State | None = State.start(start.weights).copy()
    agreed = [item for item in run.rounds if item.agreed is not None]
    for item in agreed:
        assert item.agreed is not None
        if item.number:
            state = _next(fold, store, item, state, shards, merger) or snapshot_at(store, run, item, start.run)
        status = "attested only" if state is None or state.round != item.number else "replayed"
        if state is not None and status == "replayed":
            result.state = state
            digest = state.digest(start.run, shards)
            if digest != item.agreed.state:
                tensor = _tensor(store, item, encode_leaves(state, start.run, shards))
                result.difference = f"round {item.number}: {tensor}; computed {digest}, agreed {item.agreed.state}"
                result.rounds.append(RoundVerdict(item.number, "different", digest, len(item.agreed.admitted)))
                return result
            each(state)
        result.rounds.append(RoundVerdict(item.number, status, item.agreed.state, len(item.agreed.admitted)))
    return result


def _next(
    fold: Fold, store: Store, item: Round, state: State | None, shards: tuple[Shard, ...], merger: Merger
) -> State | None:
    """The state after `item`, or None when its updates (or the state before) are not to be had."""
    plan = plan_of(fold)
    if state is None or state.round != item.number - 1 or item.agreed is None:
        return None
    judged = admission.admit(plan, item.number, shards, item.candidates, admission.read_update(store))
    if judged.absent:
        return None
    return admission.next_state(plan, item.number, state, judged.admitted, merger)[0]


def _tensor(store: Store, item: Round, own: bytes) -> str:
    """Name the first tensor that differs from what an agreeing member posted."""
    assert item.agreed is not None
    for name in item.agreed.members:
        ref = item.merged[name].leaves
        try:
            return first_different(own, get_blob(store, name, BlobRef(ref.sha256, ref.size))) or "no tensor (leaves lie)"
        except (NotFound, MalformedError, DigestMismatch):
            continue
    return "a tensor (no member's leaves can be read)"

