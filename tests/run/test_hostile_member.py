"""One member of a real consortium does its worst, three real sites go on: every trick is void, with its reason in the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.consortium_on_disk import Consortium

from hanse.errors import AlreadyExists
from hanse.keys import SigningKey
from hanse.ledger.entry import Entry, Seen, Statement, Subject, segment, signed
from hanse.ledger.log import slot_name
from hanse.run import admit as admission
from hanse.run.codec import encode
from hanse.run.counts import read_counts
from hanse.run.fold import plan_of
from hanse.run.follow import Follower
from hanse.run.origin import LmOrigin
from hanse.run.port import Start
from hanse.store import open_store
from hanse.store.blobs import BlobRef, put_blob, put_manifest
from hanse.store.disk import MemoryDisk


class Mallory:
    """Member dan, with dan's valid site key, dan's officer key and write access to the bucket."""

    def __init__(self, consortium: Consortium) -> None:
        self.store = open_store(str(consortium.bucket))
        self.follower = Follower(self.store, MemoryDisk(), consortium.log)
        self.key = SigningKey.load(consortium.folder / "sites" / "dan" / "site.pem")
        self.start: Start | None = None
        self.stranger = SigningKey("ada/site-1", b"\x05" * 32)
        self.tricks: tuple[tuple[str, Callable[[], None]], ...] = (
            ("scale 0x7E00", self.nan_scale),
            ("bytes, expected exactly", self.truncated),
            ("bytes, expected exactly", self.trailing),
            ("wrong base", self.wrong_base),
            ("second update", self.two_updates),
            ("copied", self.copied),
            ("oversized update", self.oversized_update),
            ("wrong key", self.forged),
            ("false seen", self.false_seen),
            ("unknown kind", self.unknown_kind),
            ("duplicate", self.repeated),
            ("not in canonical form", self.other_spelling),
            ("oversized", self.oversized_slot),
        )

    @property
    def run(self) -> Any:
        assert self.follower.fold.run is not None
        return self.follower.fold.run

    def round(self) -> int:
        self.follower.sync()
        return int(self.run.current.number) if self.run.current.closed is None else 0

    # --- tricks with bytes

    def nan_scale(self) -> None:
        data = bytearray(self.parts()[0])
        start = 8 + int.from_bytes(data[:8], "little")  # the first tensor of an int8 part is its scales
        data[start : start + 2] = (0x7E00).to_bytes(2, "little")
        self.update([bytes(data)])

    def truncated(self) -> None:
        self.update([self.parts()[0][:-7]])

    def trailing(self) -> None:
        self.update([self.parts()[0] + b"\0"])

    # --- tricks with entries, each followed by an honest update so that the round does not wait for its deadline

    def wrong_base(self) -> None:
        self.update(self.parts(), base="ab" * 32)
        self.update(self.parts())

    def two_updates(self) -> None:
        """Both in one slot; the first may close the round, and the second is no less a second one."""
        self.put(segment([self.update_entry(self.blob(self.parts(salt))) for salt in (0, 7)]))

    def copied(self) -> None:
        while not (others := [c for c in self.run.current.updates.values() if c.member != "dan"]):
            time.sleep(0.05)
            self.follower.sync()
        blob = others[0].body.blob
        self.put(segment([self.update_entry(BlobRef(blob.sha256, blob.size))]))
        self.update(self.parts())

    def oversized_update(self) -> None:
        self.put(segment([self.update_entry(BlobRef("cd" * 32, self.run.plan.limits.update_bytes + 1))]))
        self.update(self.parts())

    def forged(self) -> None:
        self.put(segment([signed(self.follower.statement("tick", "ada", {}, int(time.time())), [self.stranger])]))
        self.update(self.parts())

    def false_seen(self) -> None:
        statement = Statement("tick", self.follower.log, Seen(2, b"\x07" * 32), int(time.time()), "dan", {})
        self.put(segment([signed(statement, [self.key])]))
        self.update(self.parts())

    def unknown_kind(self) -> None:
        self.put(segment([self.entry("seize-power", {})]))
        self.update(self.parts())

    def repeated(self) -> None:
        self.put(self.store.get(slot_name(self.follower.fold.size - 1), 65_535))
        self.update(self.parts())

    def other_spelling(self) -> None:
        self.put(self.entry("tick", {}).data.replace(b",", b", ", 1) + b"\n")
        self.update(self.parts())

    def oversized_slot(self) -> None:
        self.put(b"x" * 70_000)
        self.update(self.parts())

    # --- tools

    def parts(self, salt: int = 0) -> list[bytes]:
        """A well-formed update for the open round, of noise."""
        plan = plan_of(self.follower.fold)
        if self.start is None:
            self.start = LmOrigin()(plan, read_counts(self.follower.fold, self.store))
        start = self.start
        rng = np.random.default_rng([self.run.current.number, salt])
        delta = {n: rng.normal(0, 1e-4, a.shape).astype(np.float32) for n, a in start.weights.items()}
        spec = admission.spec_of(plan, self.run.current.number)
        return list(encode(spec, admission.shards_of(plan, start.weights), delta, None)[0])

    def update(self, parts: list[bytes], **changes: Any) -> None:
        self.put(segment([self.update_entry(self.blob(parts), **changes)]))

    def blob(self, parts: list[bytes]) -> BlobRef:
        return put_manifest(self.store, "dan", [put_blob(self.store, "dan", data) for data in parts])

    def update_entry(self, ref: BlobRef, **changes: Any) -> Entry:
        now = self.run.current
        body = {"round": now.number, "attempt": 0, "base": now.base, "blob": {"sha256": ref.sha256, "size": ref.size},
                "steps": self.run.plan.at(now.number).steps, "tokens": 64, "before": "00" * 32, "after": "00" * 32}  # fmt: skip
        return self.entry("update", body | changes, (Subject("update", ref.sha256),))

    def entry(self, kind: str, body: dict[str, Any], subjects: tuple[Subject, ...] = ()) -> Entry:
        return signed(self.follower.statement(kind, "dan", body, int(time.time()), subjects), [self.key])

    def put(self, data: bytes) -> None:
        """Append raw bytes, until the race for a slot is won."""
        while True:
            self.follower.sync()
            try:
                self.store.put_once(slot_name(self.follower.fold.size), data)
            except AlreadyExists:
                continue
            self.follower.sync()
            return


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[Consortium]:
    made = Consortium(tmp_path, members=("ada", "bob", "cyd", "dan"), deadline=600)  # no round closes without dan
    yield made
    made.stop()


@pytest.mark.slow
def test_every_trick_is_void_with_its_reason_and_the_others_finish(consortium: Consortium) -> None:
    consortium.rounds = 13
    consortium.found()
    for member in consortium.members:
        consortium.join(member)
    mallory = Mallory(consortium)
    for member in ("ada", "bob", "cyd"):
        consortium.start(member)
    left = list(mallory.tricks)
    committed, last, end = False, 0, time.monotonic() + 600
    while time.monotonic() < end and last < consortium.rounds + 2:
        mallory.follower.sync()
        run = mallory.follower.fold.run
        if run is not None and run.rounds[0].closed is not None and not committed:
            mallory.put(segment([mallory.entry("corpus", {"root": "11" * 32, "tokens": 64, "documents": 1, "dropped": 0})]))
            committed = True
        number = mallory.round() if committed else 0
        if number > last:
            left.pop(0)[1]() if left else mallory.update(mallory.parts())
            last = number
        time.sleep(0.02)
    assert not left, f"no round left for {left}"
    consortium.wait()
    reasons = [str(row["reason"]) for row in consortium.rows() if row["reason"]]
    for expected, _ in mallory.tricks:
        assert any(expected in reason for reason in reasons), (expected, reasons)
    assert sum(reason.startswith("malformed update") for reason in reasons) == 3
    assert consortium.replay()["verdict"] == "identical"
    assert consortium.replay("--implementation", "numpy")["verdict"] == "identical"
