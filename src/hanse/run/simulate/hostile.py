"""A member that means harm: it holds its own valid key, write access to the bucket, and no other member's key."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from hanse.errors import AlreadyExists, HanseError
from hanse.ledger.entry import Entry, Seen, Statement, Subject, segment, signed
from hanse.ledger.log import slot_name
from hanse.run import admit as admission
from hanse.run.codec import encode
from hanse.run.follow import Follower
from hanse.run.merge import merge_round_numpy
from hanse.run.replay import replay
from hanse.run.rounds import Rounds
from hanse.run.simulate.toy import ToyTrainer, toy_origin
from hanse.run.site.agent import Identity
from hanse.store.blobs import BlobRef, blob_name, put_blob, put_manifest


class Hostile:
    """One attack per `act`, drawn from everything it could think of."""

    def __init__(
        self, who: Identity, follower: Follower, trainer: ToyTrainer, clock: Callable[[], int], chance: random.Random
    ) -> None:
        self.who, self.follower, self.trainer, self.clock, self.chance = who, follower, trainer, clock, chance
        self.attacks: tuple[Callable[[Rounds], None], ...] = (
            self.junk_slot, self.oversized_slot, self.other_spelling, self.forged, self.false_seen, self.unknown_kind,
            self.replayed_entry, self.flood, self.corpus, self.honest_update, self.two_updates, self.wrong_base,
            self.broken_update, self.truncated_update, self.absent_update, self.oversized_update, self.copied_update,
            self.false_state, self.false_missing, self.future_tick, self.dispute, self.squat, self.large_update,
        )  # fmt: skip

    def act(self) -> None:
        """Do the worst it can think of today. Its own failures are its own problem."""
        self.follower.sync()
        if self.follower.fold.run is None:
            return
        try:
            self.chance.choice(self.attacks)(self.follower.fold.run)
        except HanseError:
            return

    # --- slots and entries

    def junk_slot(self, run: Rounds) -> None:
        self._put(self.chance.choice([b"", b"\n", b"{}\n", b"\xff\xfe\n", b"[" * 5000 + b"\n", b'{"a":1e400}\n']))

    def oversized_slot(self, run: Rounds) -> None:
        self._put(b"x" * 70_000)

    def other_spelling(self, run: Rounds) -> None:
        data = self._entry("tick", {}).data
        spellings = [data.replace(b",", b", ", 1), data[:-1] + b',"payload":""}', b" " + data]
        self._put(self.chance.choice(spellings) + b"\n")

    def forged(self, run: Rounds) -> None:
        victim = self.chance.choice(sorted(self.follower.fold.consortium.members))
        statement = self.follower.statement("tick", victim, {}, self.clock())
        self._put(segment([signed(statement, [self.who.key])]))

    def false_seen(self, run: Rounds) -> None:
        size = self.chance.randint(0, self.follower.fold.size + 2)
        statement = Statement("tick", self.who.log, Seen(size, b"\x07" * 32), self.clock(), self.who.member, {})
        self._put(segment([signed(statement, [self.who.key])]))

    def unknown_kind(self, run: Rounds) -> None:
        self._put(segment([self._entry(self.chance.choice(["seize-power", "genesis", "join", "rotate"]), {})]))

    def replayed_entry(self, run: Rounds) -> None:
        index = self.chance.randrange(self.follower.fold.size)
        self._put(self.follower.store.get(slot_name(index), 65_535))

    def flood(self, run: Rounds) -> None:
        for _ in range(20):
            self._put(segment([self._entry("tick", {})]))

    def future_tick(self, run: Rounds) -> None:
        statement = self.follower.statement("tick", self.who.member, {}, self.clock() + 10**8)
        self._put(segment([signed(statement, [self.who.key])]))

    def dispute(self, run: Rounds) -> None:
        self._put(segment([self._entry("dispute", {"round": 1, "attempt": 0, "claim": "because"})]))

    # --- updates

    def corpus(self, run: Rounds) -> None:
        body = self.trainer.prepare(run.plan, [], {}) | {"tokens": self.chance.randint(0, 2)}
        self._put(segment([self._entry("corpus", body)]))

    def honest_update(self, run: Rounds) -> None:
        parts, base = self._parts(run, 1.0)
        self._update(run, parts, base)

    def large_update(self, run: Rounds) -> None:
        """Sign-flipped and a thousand times too long: the norm bound's business."""
        parts, base = self._parts(run, -1000.0)
        self._update(run, parts, base)

    def two_updates(self, run: Rounds) -> None:
        self.honest_update(run)
        self.follower.sync()
        self.large_update(run)

    def wrong_base(self, run: Rounds) -> None:
        self._update(run, self._parts(run, 1.0)[0], "ab" * 32)

    def broken_update(self, run: Rounds) -> None:
        parts, base = self._parts(run, 1.0)
        data = bytearray(parts[0])
        for _ in range(self.chance.randint(1, 8)):  # among them: NaN scales, wrong headers, -128 codes
            data[self.chance.randrange(len(data))] = self.chance.choice([0x00, 0x7C, 0x80, 0xFF])
        self._update(run, [bytes(data), *parts[1:]], base)

    def truncated_update(self, run: Rounds) -> None:
        parts, base = self._parts(run, 1.0)
        self._update(run, [parts[0][: self.chance.randrange(len(parts[0]))], *parts[1:]], base)

    def absent_update(self, run: Rounds) -> None:
        """States a blob that is not there, or not what it says."""
        ref = BlobRef(self.chance.randbytes(32).hex(), 100)
        if self.chance.random() < 0.5:
            self.follower.store.put_once(blob_name(self.who.member, ref.sha256), b"other bytes")
        self._update_entry(run, ref, self._base(run))

    def oversized_update(self, run: Rounds) -> None:
        self._update_entry(run, BlobRef("cd" * 32, run.plan.limits.update_bytes + 1), self._base(run))

    def copied_update(self, run: Rounds) -> None:
        others = [c for c in run.current.updates.values() if c.member != self.who.member]
        if others:
            found = self.chance.choice(others).body.blob
            self._update_entry(run, BlobRef(found.sha256, found.size), self._base(run))

    # --- results

    def false_state(self, run: Rounds) -> None:
        item = run.rounds[self.chance.randrange(len(run.rounds))]
        ids = sorted(candidate.id for candidate in item.updates.values())
        admitted = self.chance.sample(ids, self.chance.randint(0, len(ids)))
        body = {
            "round": item.number,
            "attempt": 0,
            "admitted": sorted(admitted),
            "void": [],
            "state": self.chance.randbytes(32).hex(),
            "leaves": {"sha256": "00" * 32, "size": 1},
        }
        self._put(segment([self._entry("merged", body)]))

    def false_missing(self, run: Rounds) -> None:
        for candidate in list(run.current.updates.values()):
            body = {"round": run.current.number, "attempt": 0, "update": candidate.id}
            self._put(segment([self._entry("missing", body)]))

    def squat(self, run: Rounds) -> None:
        """Other members' folders are not ours to write, by bucket policy; our own we may litter."""
        name = f"heads/{self.who.member}/{self.chance.randint(0, 500):012d}"
        self.follower.store.put_once(name, b"not a tree head")

    # --- tools

    def _parts(self, run: Rounds, factor: float) -> tuple[list[bytes], str]:
        number = run.current.number if run.current.closed is None else run.current.number + 1
        spec = admission.spec_of(run.plan, min(max(number, 1), run.plan.total_rounds))
        start = toy_origin(run.plan, [])
        trained = self.trainer.train(start.weights, 1, 0, None)
        delta = {name: (array * np.float32(factor)).astype(np.float32) for name, array in trained.delta.items()}
        shards = admission.shards_of(run.plan, start.weights)
        return encode(spec, shards, {n: np.clip(a, -1.5, 1.5) for n, a in delta.items()}, None)[0], self._base(run)

    def _base(self, run: Rounds) -> str:
        """The base an honest site would train on: it follows the log like everybody else."""
        if run.current.closed is None:
            return run.current.base
        verdict = replay(self.follower.fold, self.follower.store, toy_origin, merge_round_numpy)
        return verdict.rounds[-1].state if verdict.rounds else "00" * 32

    def _update(self, run: Rounds, parts: list[bytes], base: str) -> None:
        refs = [put_blob(self.follower.store, self.who.member, data) for data in parts]
        self._update_entry(run, put_manifest(self.follower.store, self.who.member, refs), base)

    def _update_entry(self, run: Rounds, ref: BlobRef, base: str) -> None:
        number = run.current.number if run.current.closed is None else run.current.number + 1
        if not 1 <= number <= run.plan.total_rounds:
            return
        body = {
            "round": number,
            "attempt": 0,
            "base": base,
            "blob": {"sha256": ref.sha256, "size": ref.size},
            "steps": run.plan.at(number).steps,
            "tokens": self.chance.randint(0, 10**12),
            "before": "00" * 32,
            "after": "00" * 32,
        }
        self._put(segment([self._entry("update", body, (Subject("update", ref.sha256),))]))

    def _entry(self, kind: str, body: dict[str, Any], subjects: tuple[Subject, ...] = ()) -> Entry:
        statement = self.follower.statement(kind, self.who.member, body, self.clock(), subjects)
        return signed(statement, [self.who.key])

    def _put(self, data: bytes) -> None:
        """Append raw bytes as a hostile writer would: straight to the end of the log."""
        self.follower.sync()
        try:
            self.follower.store.put_once(slot_name(self.follower.fold.size), data)
        except AlreadyExists:
            return
        self.follower.sync()

