"""The site agent: one site's part in a run, one transition per `step`, killable at any instruction.

The same agent runs in a real site and in the simulator: store, disk, clock, trainer and key are arguments, and nothing
else touches the world. Each step reads the log, then does the first thing that is due:

    sign a tree head; commit to the text; compute the initial weights; merge a closed round and post the result;
    train the next round; publish the update (blob, then entry, the same bytes whatever happens); tick; or wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from hanse.errors import MalformedError, NotFound, ReplayError
from hanse.keys import SigningKey
from hanse.ledger.entry import Entry, Subject, signed
from hanse.run import admit as admission
from hanse.run.counts import read_counts
from hanse.run.fold import plan_of
from hanse.run.follow import Follower
from hanse.run.leaves import encode_leaves, first_different
from hanse.run.merge import Merger
from hanse.run.port import Clock, Origin, Start, Trainer
from hanse.run.rounds import Round, Rounds
from hanse.run.shards import Shard
from hanse.run.site.feedback import resolve
from hanse.run.site.files import SiteFiles
from hanse.run.site.training import train_round
from hanse.run.snapshot import drawn, latest_snapshot, put_snapshot
from hanse.run.state import State
from hanse.run.tensors import encode_state
from hanse.store.blobs import BlobRef, get_blob, put_blob, put_manifest


class Step(Enum):
    """What a call of `Agent.step` came to."""

    WORKED = "worked"
    """Something was done: call again at once."""
    WAITING = "waiting"
    """Nothing is due: call again after a pause."""
    COMPLETE = "complete"
    """The last round is agreed and signed."""


@dataclass(frozen=True)
class Identity:
    """Who an agent is."""

    member: str
    key: SigningKey
    log: str
    """Genesis digest, had out of band."""


@dataclass(frozen=True)
class Patience:
    """Local habits; they change nothing that others compute."""

    missing_seconds: int = 120
    """How long an update's bytes may be absent before this site says `missing`."""
    keep_rounds: int = 3
    """Rounds whose states and journals stay on disk, for `hanse rerun`."""
    branch_round: int = 0
    """Round after which state and trainer state are kept aside, for a derivative. 0: none."""


Report = Callable[[str, dict[str, Any]], None]
"""report(what, details): progress for people. An agent never depends on it."""


class Agent:
    """One site's part in a run. Raises ForkError, ReplayError and StoreError; a restart goes on where it stopped."""

    def __init__(
        self,
        who: Identity,
        follower: Follower,
        trainer: Trainer,
        origin: Origin,
        merger: Merger,
        clock: Clock,
        report: Report = lambda what, details: None,
        patience: Patience = Patience(),
    ) -> None:
        self.who, self.follower, self.trainer, self.origin, self.merger = who, follower, trainer, origin, merger
        self.clock, self.report, self.patience = clock, report, patience
        self.files = SiteFiles(follower.disk)
        self.start: Start | None = None
        self.shards: tuple[Shard, ...] = ()
        self.state: State | None = None
        self.absent_since: dict[str, int] = {}
        self.prepared = False

    @property
    def run(self) -> Rounds:
        """The run so far. Raises CharterError when the log has no genesis that stands."""
        plan_of(self.follower.fold)
        assert self.follower.fold.run is not None
        return self.follower.fold.run

    def step(self) -> Step:
        """Do the first thing that is due."""
        self.follower.sync()
        run = self.run
        if self.follower.cosign(self.who.member, self.who.key, self.clock):
            self.follower.read_heads()
            return Step.WORKED
        standing = self.follower.fold.consortium.members.get(self.who.member)
        if standing is None or standing.site_key is None or standing.site_key.id != self.who.key.public.id:
            return Step.WAITING  # the officer has not named this key, or names another now
        if run.rounds[0].closed is None:
            return self._tick(run)
        if not self.prepared:
            return self._prepare(run)
        if self.state is None:
            self.state = self._restore(run)
            return Step.WORKED
        self._check_agreed(run)
        self._after_agreement(run)
        if self.state.round + 1 < len(run.rounds) and run.rounds[self.state.round + 1].closed is not None:
            return self._merge(run, run.rounds[self.state.round + 1])
        if self._reconsider(run):
            return Step.WORKED
        if run.complete is not None and self.state.round == run.plan.total_rounds:
            return Step.COMPLETE
        return self._take_part(run)

    # --- before the first round

    def _prepare(self, run: Rounds) -> Step:
        """Tokenizer, packed text, initial weights; then the commitment to the text."""
        counts = read_counts(self.follower.fold, self.follower.store) if run.plan.tokenizer.kind == "counts" else []
        body = self.trainer.prepare(run.plan, counts, self._grams())
        if self.start is None:
            self.start = self.origin(run.plan, counts)
            self.shards = admission.shards_of(run.plan, self.start.weights)
        if self.who.member not in run.corpora and not self._post("corpus", body):
            return Step.WAITING
        self.prepared = True
        return Step.WORKED

    def _grams(self) -> dict[str, bytes]:
        """Hashes of the others' evaluation sets, by member; a site's own text was split by itself."""
        found: dict[str, bytes] = {}
        for name, standing in self.follower.fold.consortium.members.items():
            if name != self.who.member and standing.text is not None and standing.text["evaluation"] is not None:
                ref = standing.text["evaluation"]["grams"]
                found[name] = get_blob(self.follower.store, name, BlobRef(ref["sha256"], ref["size"]))
        return found

    def _restore(self, run: Rounds) -> State:
        """The last state on disk, a snapshot from the bucket for a late joiner, or the initial weights."""
        assert self.start is not None
        index = self.files.index()
        if index["round"] >= 0:
            state = self.files.read_state(index["round"], run.rounds[min(index["round"], len(run.rounds) - 1)].attempt)
            if state is not None:
                return state
        state = latest_snapshot(self.follower.store, run, self.start.run)
        if state is None:
            state = State.start(self.start.weights)
        self.start = replace(self.start, weights={})  # the state is on disk from here on; one copy in memory is enough
        self.files.write_state(state)
        self.files.write_index(round=state.round)
        return state

    # --- merging

    def _merge(self, run: Rounds, item: Round) -> Step:
        """Merge a closed round; wait, or say what is missing, when bytes cannot be had."""
        assert self.state is not None
        judged = admission.admit(
            run.plan, item.number, self.shards, item.candidates, admission.read_update(self.follower.store)
        )
        if judged.absent:
            return self._missing(item, judged.absent)
        before, self.state = self.state, None  # merged in its own arrays: after an error the disk has the last whole state
        after, moved = admission.next_state(run.plan, item.number, before, judged.admitted, self.merger)
        feedback = resolve(self.files, run, item, self.who.member, judged)
        self.files.write_feedback(item.number, feedback)
        self.files.write_state(after)
        ids = sorted(one.candidate.id for one in judged.admitted)
        self.files.write_index(round=item.number, admitted=ids, void=sorted(judged.void))
        self.state = after
        merged = {"members": [one.candidate.member for one in judged.admitted], "roll": len(item.roll)}
        self.report("merged", merged | {"round": item.number, "void": judged.void, "barren": not moved})
        if item.number >= run.current.number - 1:
            self._post_merged(run)
        return Step.WORKED

    def _post_merged(self, run: Rounds) -> bool:
        """Post what this site computed for its round, from disk, unless the log has it; whether there was a need."""
        assert self.start is not None and self.state is not None
        state, item, kept = self.state, run.rounds[self.state.round], self.files.index()
        digest, ids, void = self._digest(state), kept.get("admitted", []), kept.get("void", [])
        mine = item.merged.get(self.who.member)
        same = mine is not None and (mine.state, list(mine.admitted)) == (digest, ids)
        if same or self.who.member not in item.roll or kept["round"] != item.number:
            return False
        leaves = put_blob(self.follower.store, self.who.member, encode_leaves(state, self.start.run, self.shards))
        body = {
            "round": item.number,
            "attempt": item.attempt,
            "admitted": ids,
            "void": void,
            "state": digest,
            "leaves": {"sha256": leaves.sha256, "size": leaves.size},
        }
        self._post("merged", body, (Subject("leaves", leaves.sha256),))
        return True

    def _reconsider(self, run: Rounds) -> bool:
        """Merge again when a round's candidates changed after this site merged it, or its word got lost."""
        assert self.state is not None
        item = run.rounds[self.state.round] if self.state.round < len(run.rounds) else None
        if item is None or item.agreed is not None or self.who.member not in item.roll:
            return False
        if not item.unavailable.intersection(self.files.index().get("admitted", [])):
            return self._post_merged(run)
        before = self.files.read_state(item.number - 1, item.attempt)
        if before is None:
            return False
        self.state = before
        return True

    def _check_agreed(self, run: Rounds) -> None:
        """Stop this site when the others agreed on another state than its own (PROTOCOL rule 10)."""
        assert self.state is not None
        item = run.rounds[self.state.round] if self.state.round < len(run.rounds) else None
        if item is None or item.agreed is None or item.agreed.state == self._digest(self.state):
            return
        before = self.files.read_state(item.number - 1, item.attempt) if item.number else None
        if before is not None and item.unavailable.intersection(self.files.index().get("admitted", [])):
            self.state = before  # an update was dropped after this site had merged it: merge again, without
            return
        self._name_difference(run, item)

    def _name_difference(self, run: Rounds, item: Round) -> None:
        assert self.state is not None and item.agreed is not None
        assert self.start is not None
        own = encode_leaves(self.state, self.start.run, self.shards)
        tensor = "a tensor (the others' leaves cannot be read)"
        for name in item.agreed.members:
            ref = item.merged[name].leaves
            try:
                theirs = get_blob(self.follower.store, name, BlobRef(ref.sha256, ref.size))
            except (NotFound, MalformedError):
                continue
            tensor = first_different(own, theirs) or tensor
            break
        raise ReplayError(
            f"round {item.number}: this site's weights differ from the state {len(item.agreed.members)} members agreed on, "
            f"first in {tensor}. This site stops; the others go on. Run `hanse replay` on this copy, then remove "
            "state/ and site.json below the site's folder to start again from the log"
        )

    def _missing(self, item: Round, absent: list[str]) -> Step:
        now = self.clock()
        # only what stays away counts: an update that was read in between is there, whatever a store hides for a moment
        self.absent_since = {update_id: self.absent_since.get(update_id, now) for update_id in absent}
        for update_id, since in self.absent_since.items():
            said = self.who.member in item.missing.get(update_id, set())
            if now - since >= self.patience.missing_seconds and not said and item.agreed is None:
                body = {"round": item.number, "attempt": item.attempt, "update": update_id}
                return Step.WORKED if self._post("missing", body) else Step.WAITING
        self.report("absent", {"round": item.number, "updates": absent})
        return Step.WAITING

    def _after_agreement(self, run: Rounds) -> None:
        """Once, for each agreed round: store a snapshot when drawn, delete what no step can need."""
        assert self.state is not None
        done, number = self.files.index().get("settled", 0), self.state.round
        if number <= done or number >= len(run.rounds) or run.rounds[number].agreed is None:
            return
        if drawn(run, number) == self.who.member:
            put_snapshot(self.follower.store, self.who.member, number, encode_state(self.state))
        if number == self.patience.branch_round:
            self.files.keep_branch(number, self.state)
        self.files.forget(number, self.patience.keep_rounds)
        self.files.write_index(settled=number)

    # --- taking part

    def _take_part(self, run: Rounds) -> Step:
        """Train the next round, publish its update, or wait."""
        assert self.state is not None
        number = self.state.round + 1
        if number > run.plan.total_rounds:
            return Step.WAITING
        opened = run.rounds[number] if number < len(run.rounds) else None
        mine = opened.updates.get(self.who.member) if opened is not None else None
        roll = opened.roll if opened is not None else self.follower.fold.consortium.active
        if mine is not None or self.who.member not in roll:
            return self._tick(run)
        journal = self.files.journal(number)
        if journal is not None and journal["base"] == self._digest(self.state):
            return self._publish(run, number, journal)
        if journal is not None and self.files.read_journal(number, "envelope") is not None:
            return self._tick(run)  # signed for another base: never a second update for one round
        if not self._join_is_final():
            signed = sum(1 for heads in self.follower.heads.values() if heads)
            self.report("unsigned", {"signed": signed, "needed": self.follower.cosigners_needed})
            return self._tick(run)
        self.report("train", {"round": number, "steps": run.plan.at(number).steps})
        trained = train_round(run.plan, number, self.state, self._digest(self.state), self.files, self.trainer)
        figures = {"loss": trained.loss, "tokens": trained.tokens, "seconds": trained.seconds}
        self.report("trained", {"round": number, "of": run.plan.total_rounds} | figures)
        return Step.WORKED

    def _publish(self, run: Rounds, number: int, journal: dict[str, Any]) -> Step:
        """Blobs, then the entry: signed once, the same bytes for ever."""
        envelope = self.files.read_journal(number, "envelope")
        if envelope is None:
            parts = []
            for index in range(journal["parts"]):
                data = self.files.read_journal(number, f"part-{index}")
                assert data is not None  # written before update.json
                parts.append(put_blob(self.follower.store, self.who.member, data))
            manifest = put_manifest(self.follower.store, self.who.member, parts)
            body = {key: journal[key] for key in ("round", "attempt", "base", "steps", "tokens", "before", "after")}
            body["blob"] = {"sha256": manifest.sha256, "size": manifest.size}
            entry = self._sign("update", body, (Subject("update", manifest.sha256),))
            self.files.write_journal(number, "envelope", entry.data)
            return Step.WORKED
        entry = Entry.parse(envelope)
        if entry.id in self.follower.fold.chain.ids:
            return self._tick(run)  # in the log: pending, or void there
        if self.follower.append(entry):
            self.report("pushed", {"round": number, "bytes": journal["bytes"]})
            return Step.WORKED
        return Step.WAITING

    def _join_is_final(self) -> bool:
        """Whether the final prefix covers this site's joining (PROTOCOL rule 3)."""
        joined = self.follower.fold.consortium.members[self.who.member].joined
        if joined is None:
            return False
        if self.follower.final() <= joined:
            self.follower.read_heads()
        return self.follower.final() > joined

    def _tick(self, run: Rounds) -> Step:
        """Let log time pass a deadline that only time can meet (PROTOCOL rule 8)."""
        now, item = self.clock(), run.current
        if item.undecidable:
            states = len({merged.state for merged in item.merged.values()})
            self.report("undecided", {"round": item.number, "states": states})
        if run.complete is not None or item.closed is not None:
            return Step.WAITING
        limit = run.plan.gather_seconds if item.number == 0 else run.plan.deadline_seconds
        due = item.open_time + limit
        enough = item.number == 0 or run.quorum.passes(len(item.updates), len(item.roll))
        if enough and now >= due and self.follower.fold.consortium.stamps.get(self.who.member, 0) < due:
            return Step.WORKED if self._post("tick", {}) else Step.WAITING
        return Step.WAITING

    # --- for rerun

    def state_before(self, number: int) -> State | None:
        """The state round `number` started from, if this site still keeps it."""
        item = self.run.rounds[number]
        return self.files.read_state(number - 1, item.attempt)

    def prepare_again(self) -> str:
        """Prepare the trainer from the site's text; the root of its tokens now."""
        run, fold, store = self.run, self.follower.fold, self.follower.store
        counts = read_counts(fold, store) if run.plan.tokenizer.kind == "counts" else []
        root: str = self.trainer.prepare(run.plan, counts, self._grams())["root"]
        return root

    # --- small things

    def digest(self) -> str:
        """Digest of this site's weights and outer momentum, empty before it has any."""
        return "" if self.state is None else self._digest(self.state)

    def _post(self, kind: str, body: dict[str, Any], subjects: tuple[Subject, ...] = ()) -> bool:
        self.follower.sync()
        return self.follower.append(self._sign(kind, body, subjects))

    def _sign(self, kind: str, body: dict[str, Any], subjects: tuple[Subject, ...]) -> Entry:
        statement = self.follower.statement(kind, self.who.member, body, self.clock(), subjects)
        return signed(statement, [self.who.key])

    def _digest(self, state: State) -> str:
        assert self.start is not None
        return state.digest(self.start.run, self.shards)
