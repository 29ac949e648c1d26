"""`fold(slots)`: the whole state of a consortium and its run, from the log and nothing else.

Every site, every auditor and every `hanse log show` runs this very function. It never raises on bad input: a bad entry is
void, with a reason, for everyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from hanse import canonical
from hanse.consortium.standing import Consortium, Verify, verify_signature
from hanse.errors import CharterError
from hanse.ledger.chain import Chain, Slot, Verdict, parse_slot
from hanse.ledger.entry import Entry
from hanse.run import bodies
from hanse.run.bodies import BadBody
from hanse.run.plan import Plan, parse_plan
from hanse.run.rounds import Round, Rounds


@dataclass
class Fold:
    """State after `chain.size` slots."""

    verify: Verify = verify_signature
    chain: Chain = field(default_factory=Chain)
    consortium: Consortium = field(default_factory=Consortium)
    run: Rounds | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    """One per entry, in log order; a pending update's is settled when its round opens."""
    time: int = 0
    """Log time, Unix seconds."""
    spent: dict[str, int] = field(default_factory=dict)
    """Entries of each member while the current round has been open."""
    _rows: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.chain.size

    def apply(self, slot: Slot) -> list[Verdict]:
        """Fold the next slot; its entries' verdicts, which later slots may settle further."""
        first = len(self.verdicts)
        index = self.chain.size
        for k, entry in enumerate(parse_slot(slot)):
            if isinstance(entry, str):
                verdict = Verdict(index, k, "", "", "", 0, entry)
            else:
                statement = entry.statement
                reason = self._entry(entry, index, k)
                verdict = Verdict(index, k, entry.id, statement.kind, statement.member, statement.at, reason)
            self._rows[index, k] = len(self.verdicts)
            self.verdicts.append(verdict)
            if verdict.valid:
                self._advance(index)
        self.chain.append(slot)
        return self.verdicts[first:]

    def _entry(self, entry: Entry, index: int, k: int) -> str:
        """Judge and fold one entry; the reason when it is void."""
        member = entry.statement.member
        reason = self.chain.refuse(entry) or self.consortium.refuse(entry, self.verify) or self._over_quota(member)
        if reason:
            return reason
        self.spent[member] = self.spent.get(member, 0) + 1
        try:
            reason = self._body(entry, index, k)
        except BadBody as error:
            reason = f"malformed: {error}"
        self.chain.remember(entry, k)
        if not reason:
            self.consortium.stamp(entry)
        return reason

    def _body(self, entry: Entry, index: int, k: int) -> str:
        statement = entry.statement
        kind, body, member = statement.kind, statement.body, statement.member
        if kind == "genesis":
            return self._genesis(entry, index)
        run = self.run
        if run is None:
            return "misplaced: the log has no genesis that stands"
        if kind == "join":
            read = bodies.text(body.get("text"))
            if run.plan.tokenizer.kind == "counts" and run.rounds[0].closed is None and read["counts"] is None:
                return "no counts: the plan builds its tokenizer from the members' word counts"
        if kind in ("join", "leave", "rotate"):
            reason = self.consortium.apply(entry, index)
            if kind == "join" and not reason:
                run.milestones.append(index + 1)
            return reason
        if kind == "tick":
            bodies.fields(body)
            return ""
        handle: dict[str, Callable[[], str]] = {
            "corpus": lambda: run.corpus_of(body, member),
            "update": lambda: run.update(body, member, (index, k), entry.id),
            "merged": lambda: run.merged_by(body, member),
            "missing": lambda: run.missing_by(body, member),
            "dispute": lambda: run.dispute_by(body, member),
        }
        return handle[kind]()

    def _genesis(self, entry: Entry, index: int) -> str:
        document = entry.statement.body["plan"]
        try:
            plan = parse_plan(document, "genesis plan")
        except CharterError:  # its words are pydantic's and change with it: no verdict quotes them
            return "malformed: genesis plan breaks a rule of its schema"
        if plan.document() != document:
            return "malformed: genesis plan lacks defaults written out"
        self.consortium.apply(entry, index)
        charter = self.consortium.charter
        assert charter is not None  # just applied
        unknown = sorted(set(plan.member_weights) - set(self.consortium.members))
        if unknown:
            return f"malformed: member_weights names {unknown[0]!r}, who is no member"
        self.time = entry.statement.at
        gathering = Round(0, 0, index, self.time, self.consortium.expected, "")
        self.run = Rounds(plan, charter.quorum, [gathering], milestones=[index + 1])
        return ""

    def _over_quota(self, member: str) -> str:
        if self.run is None or self.spent.get(member, 0) < self.run.plan.limits.entries:
            return ""
        return f"quota: {member} wrote {self.run.plan.limits.entries} entries while round {self.run.current.number} was open"

    def _advance(self, index: int) -> None:
        if self.run is None:
            return
        run, before = self.run, self.run.current
        self.time = max(self.time, self.consortium.time(before.roll))
        for candidate, reason in run.advance(index, self.time, self.consortium.expected, self.consortium.active):
            row = self._rows[candidate.index, candidate.k]
            self.verdicts[row] = replace(self.verdicts[row], reason=reason)
        if run.current is not before:
            self.spent.clear()

    def summary(self) -> dict[str, Any]:
        """The state as plain values: two readers of the same entries print the same bytes (invariant 1)."""
        run = self.run
        return {
            "size": self.size,
            "root": self.chain.tree.root(self.size).hex(),
            "time": self.time,
            "verdicts": [[v.index, v.k, v.id, v.reason] for v in self.verdicts],
            "active": list(self.consortium.active),
            "complete": None if run is None else run.complete,
            "rounds": [] if run is None else [_round_summary(item) for item in run.rounds],
        }

    def digest(self) -> str:
        return canonical.digest(self.summary())


def fold(slots: Iterable[Slot], verify: Verify = verify_signature) -> Fold:
    """State after `slots`. Pure: no I/O, no clock, no randomness."""
    state = Fold(verify)
    for slot in slots:
        state.apply(slot)
    return state


def plan_of(state: Fold) -> Plan:
    """The adopted plan. Raises CharterError when the log has no genesis that stands."""
    if state.run is None:
        reason = state.verdicts[0].reason if state.verdicts else "it is empty"
        raise CharterError(f"this log has no genesis that stands ({reason}); check the bucket's URL and the log's digest")
    return state.run.plan


def _round_summary(item: Round) -> dict[str, Any]:
    return {
        "round": item.number,
        "attempt": item.attempt,
        "opened": item.opened,
        "roll": list(item.roll),
        "base": item.base,
        "updates": {name: candidate.id for name, candidate in item.updates.items()},
        "closed": item.closed,
        "unavailable": sorted(item.unavailable),
        "agreed": None if item.agreed is None else [item.agreed.index, item.agreed.state, list(item.agreed.admitted)],
        "disputes": [list(dispute) for dispute in item.disputes],
    }
