"""What a site must not lose: one small index, and the tensors it names (PROTOCOL rule 15).

    site.json            {round, trained}: the last merged round, the last round trained; written last, atomically
    state/<r>            weights and outer momentum after round r; kept until a later round is agreed
    feedback/<r>         error feedback after round r was merged
    trainer/<r>          inner moments, cursor, RNG after training for round r
    journal/<r>/...      update.json, delta, residual, part-<i>, envelope: the round's own update, step by step
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hanse.run.port import Weights
from hanse.run.state import State
from hanse.run.tensors import decode_state, decode_tensors, encode_tensors, state_pieces
from hanse.store.disk import Disk

INDEX = "site.json"


@dataclass
class SiteFiles:
    """Typed access to a site's disk."""

    disk: Disk

    def index(self) -> dict[str, Any]:
        """The site's position: {"round": last merged or -1, "trained": last trained or 0}."""
        data = self.disk.read(INDEX)
        return {"round": -1, "trained": 0} if data is None else dict(json.loads(data))

    def write_index(self, **changes: Any) -> None:
        self.disk.write(INDEX, json.dumps(self.index() | changes, sort_keys=True).encode())

    def write_state(self, state: State) -> None:
        self.disk.write(f"state/{state.round:06d}", *state_pieces(state))

    def read_state(self, number: int, attempt: int) -> State | None:
        """The state after round `number`, or None when it is not kept."""
        data = self.disk.read(f"state/{number:06d}")
        return None if data is None else decode_state(data, number, attempt)

    def write_feedback(self, number: int, feedback: Weights) -> None:
        self.disk.write(f"feedback/{number:06d}", encode_tensors(feedback))

    def read_feedback(self, number: int) -> Weights:
        """Error feedback after round `number`; empty when there is none (yet, any more, or after a lost disk)."""
        data = self.disk.read(f"feedback/{number:06d}")
        return {} if data is None else decode_tensors(data)

    def read_trainer(self, number: int) -> bytes | None:
        """Trainer state after training for round `number`; None before the first."""
        return self.disk.read(f"trainer/{number:06d}") if number else None

    def digest(self, trainer_round: int, feedback: Weights) -> str:
        """Commitment to what the next round's training starts from (PROTOCOL rule 23)."""
        trainer = self.read_trainer(trainer_round) or b""
        return commitment(trainer, feedback)

    def journal(self, number: int) -> dict[str, Any] | None:
        """The update trained for round `number`, once training is done."""
        data = self.disk.read(f"journal/{number:06d}/update.json")
        return None if data is None else dict(json.loads(data))

    def journal_tensors(self, number: int, what: str) -> Weights:
        return decode_tensors(self.disk.read(f"journal/{number:06d}/{what}") or encode_tensors({}))

    def write_journal(self, number: int, what: str, data: bytes) -> None:
        self.disk.write(f"journal/{number:06d}/{what}", data)

    def read_journal(self, number: int, what: str) -> bytes | None:
        return self.disk.read(f"journal/{number:06d}/{what}")

    def keep_branch(self, number: int, state: State) -> None:
        """Keep weights and trainer state after round `number` aside: where a derivative grows from."""
        self.disk.write("branch/state", *state_pieces(state))
        self.disk.write("branch/trainer", self.read_trainer(self.index()["trained"]) or b"")

    def forget(self, agreed: int, keep_rounds: int) -> None:
        """Delete what no step can need once round `agreed` is agreed; the rest stays `keep_rounds`."""
        for name in list(self.disk.names("feedback/")):
            if int(name.rsplit("/", 1)[1]) < agreed - 1:
                self.disk.delete(name)
        for folder in ("state/", "trainer/", "journal/"):
            for name in list(self.disk.names(folder)):
                if int(name.split("/")[1]) < agreed - keep_rounds:
                    self.disk.delete(name)


def commitment(trainer: bytes, feedback: Weights) -> str:
    """SHA-256 over trainer state and error feedback."""
    digest = hashlib.sha256(hashlib.sha256(trainer).digest())
    for name in sorted(feedback):
        digest.update(name.encode() + b"\0" + hashlib.sha256(feedback[name].astype("<f4").tobytes()).digest())
    return digest.hexdigest()
