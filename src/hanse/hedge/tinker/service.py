"""What the handlers share: who is here, what is in memory, and what a client is told about what no longer is."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hanse.hedge.tinker.adapters import Adapter, Model
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tinker.shelf import Checkpoint, RunRecord, Session, Shelf
from hanse.hedge.tinker.turns import Failure, Future, Futures, Joint, Line, Log, Turns
from hanse.hedge.tune.lora import Lora, Targets

RESTARTED = "the server was started anew"


@dataclass
class Live:
    """A run whose adapter is in memory, or about to be."""

    record: RunRecord
    line: Line
    adapter: Adapter | None = None

    def need(self) -> Adapter:
        """Its adapter. Raises Refused when making it has failed."""
        if self.adapter is None:
            raise Refused(f"{self.record.id} was not made; see what its first request was told")
        return self.adapter


@dataclass(frozen=True)
class Around:
    """What a service is given from outside."""

    now: Callable[[], float]
    """Seconds since 1970."""
    random: Callable[[int], bytes]
    log: Log
    """Hears what happens; no text and no key is among it."""
    decode: Callable[[list[int]], str]
    ends: frozenset[int]
    """Tokens that end a text, unless a client says otherwise."""
    context: int
    """Tokens of a sequence at most."""
    arch: str


@dataclass
class Service:
    """All state. Handlers run on the event loop's thread, `work` of futures on the worker's."""

    model: Model
    shelf: Shelf
    serving: Serving
    around: Around
    turns: Turns
    futures: Futures = field(default_factory=Futures)
    live: dict[str, Live] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """Why a run is no longer in memory."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    seen: dict[str, float] = field(default_factory=dict)
    """When a session was last heard of."""
    _loaded: OrderedDict[str, tuple[float, Adapter]] = field(default_factory=OrderedDict)

    def open_session(self, session_id: str, owner: str) -> Session:
        """An owner's session that has not ended; it was heard of now. Raises Refused, 410 when it has."""
        session = self.shelf.session(session_id, owner)
        if session.finished:
            raise Refused(f"session {session_id} has ended; make a new client", 410)
        self.seen[session_id] = self.around.now()
        return session

    def end_session(self, session: Session, why: str) -> None:
        """Let go of all it has in memory, and of samplers that nobody gave a name. Raises OSError."""
        self.shelf.put_session(session.model_copy(update={"finished": True}))
        self.seen.pop(session.id, None)
        for run_id in [run_id for run_id, live in self.live.items() if live.record.session == session.id]:
            self.end_run(run_id, why)
        self.futures.drop(f"{session.id}:sample:", why)
        for run in [run for run in self.shelf.runs.values() if run.session == session.id]:
            self.trim(run.id, 0)

    def sweep(self) -> None:
        """End sessions that are not heard of, remove weights that have expired. Raises OSError."""
        now = self.around.now()
        for session in list(self.shelf.sessions.values()):
            last = self.seen.get(session.id)
            if not session.finished and last is not None and now - last > self.serving.idle_seconds:
                self.end_session(session, f"its client was not heard of for {self.serving.idle_seconds} s")
        self.shelf.sweep(now)

    def trim(self, run_id: str, kept: int) -> None:
        """Remove a run's oldest samplers without a name. Raises OSError."""
        unnamed = [item for item in self.shelf.of_run(run_id, self.around.now()) if not item.named]
        for item in unnamed[kept:]:
            self.shelf.remove(item)

    def begin_run(self, record: RunRecord) -> Live:
        """Make room for a run. Raises Refused when its owner has as many as it may."""
        mine = sum(live.record.owner == record.owner for live in self.live.values())
        if mine >= self.serving.adapters_max:
            raise Refused(f"{mine} adapters of this key are in memory, the most it may have: close a client, or "
                          "let its session end")  # fmt: skip
        live = Live(record, Line(self.turns, record.owner, self.serving.gap_seconds))
        self.live[record.id] = live
        return live

    def end_run(self, run_id: str, why: str) -> None:
        """Let go of a run's adapter."""
        live = self.live.pop(run_id, None)
        if live is not None:
            self.ended[run_id] = why
            live.line.close(why)
            self.futures.drop(f"{run_id}:", why)

    def live_run(self, run_id: str, owner: str) -> Live:
        """An owner's run in memory. Raises Refused saying what is lost and how to go on."""
        record = self.shelf.runs.get(run_id)
        live = self.live.get(run_id)
        if live is not None and live.record.owner == owner:
            self.seen[live.record.session] = self.around.now()
            return live
        if record is None or record.owner != owner:
            raise Refused(f"{run_id[:100]}: this key has no such training run", 404)
        raise Refused(self.lost(record))

    def lost(self, record: RunRecord) -> str:
        """What a client of a run hears that is no longer in memory."""
        why = self.ended.get(record.id, RESTARTED)
        saved = next((item for item in self.shelf.of_run(record.id, self.around.now()) if item.kind == "weights"), None)
        if saved is None:
            return f"{record.id} is no longer in memory: {why}; nothing of it was saved, so what it had learned is lost"
        return (f"{record.id} is no longer in memory: {why}; what it learned after {saved.path} is lost. Go on with "
                f"create_training_client_from_state_with_optimizer({saved.path!r})")  # fmt: skip

    def lora(self, record: RunRecord) -> Lora:
        """An adapter's shape."""
        both = record.train_attn and record.train_mlp
        targets: Targets = "all-linear" if both else "attention" if record.train_attn else "mlp"
        return Lora(
            rank=record.rank, alpha=record.alpha, targets=targets, unembed=record.train_unembed, seed=record.seed
        )

    def loaded(self, checkpoint: Checkpoint) -> Adapter:
        """A saved adapter to sample from. On the worker's thread. Raises Refused, OSError."""
        key = checkpoint.path
        found = self._loaded.get(key)
        if found is None or found[0] != checkpoint.created:
            record = self.shelf.runs[checkpoint.run]
            found = checkpoint.created, self.model.load(self.shelf.place(checkpoint), self.lora(record), False, True)
        self._loaded[key] = found
        self._loaded.move_to_end(key)
        while len(self._loaded) > self.serving.loaded_max:
            self._loaded.popitem(last=False)
        return found[1]

    def begin(self, request_id: str, owner: str, digest: str, work: Callable[[Future], Any] | Joint) -> Future:
        """A request that waits for no earlier one. Raises Refused when the queue is full."""
        self.turns.check(owner)
        future = self.futures.add(Future(request_id, owner, digest, work))
        self.turns.put(future)
        return future


def digest_of(*parts: bytes | str) -> str:
    """Of a request: what tells it from another of the same number."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
        found.update(b"\x00")
    return found.hexdigest()


def failure_json(failure: Failure) -> Mapping[str, str]:
    """As clients of both eras read it."""
    return {"error": failure.text, "category": failure.category}
