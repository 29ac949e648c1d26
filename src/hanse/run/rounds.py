"""The rounds of one run as a state machine over entries: open, closed, agreed. Pure; judges no blob.

Nobody opens or closes a round: it closes at the first index where every roll member's update is in, or where enough are
and log time has passed its deadline; it is agreed at the first index where more than half of its roll posted the same
state (PROTOCOL rules 9-11). Round 0 is the gathering: it closes when the members are there, and its state is the
initial weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hanse.charter.threshold import Threshold
from hanse.run import bodies
from hanse.run.bodies import BadBody, Merged, Update
from hanse.run.plan import Plan


@dataclass(frozen=True)
class Candidate:
    """An update that stands in the log; whether its bytes do is for `admit` to say."""

    id: str
    member: str
    index: int
    k: int
    body: Update


@dataclass(frozen=True)
class Agreement:
    """What more than half of a roll posted, and where the log made it so."""

    index: int
    state: str
    admitted: tuple[str, ...]
    members: tuple[str, ...]


@dataclass
class Round:
    """One outer step as the log knows it."""

    number: int
    attempt: int
    opened: int
    open_time: int
    roll: tuple[str, ...]
    base: str
    updates: dict[str, Candidate] = field(default_factory=dict)
    closed: int | None = None
    missing: dict[str, set[str]] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)
    merged: dict[str, Merged] = field(default_factory=dict)
    agreed: Agreement | None = None
    disputes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Updates that a merge must judge, by member name."""
        found = (self.updates[name] for name in sorted(self.updates))
        return tuple(candidate for candidate in found if candidate.id not in self.unavailable)

    def majority(self, count: int) -> bool:
        """More than half of the roll."""
        return 2 * count > len(self.roll)

    @property
    def undecidable(self) -> bool:
        """Whether no state can be agreed unless somebody changes its mind: the run halts here."""
        votes = Counter((merged.state, merged.admitted) for merged in self.merged.values())
        best = max(votes.values(), default=0)
        return not self.agreed and self.closed is not None and not self.majority(best + len(self.roll) - len(self.merged))


@dataclass
class Rounds:
    """Every round so far, and what waits for the next one to open."""

    plan: Plan
    quorum: Threshold
    rounds: list[Round]
    corpora: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    """Who published which update blob first."""
    pending: list[Candidate] = field(default_factory=list)
    complete: int | None = None
    """Index at which the last round was agreed."""
    milestones: list[int] = field(default_factory=list)
    """Log sizes at which every site signs a tree head, so that signatures meet at one size."""

    @property
    def current(self) -> Round:
        return self.rounds[-1]

    def update(self, body: dict[str, Any], member: str, position: tuple[int, int], entry_id: str) -> str:
        """Take an update; the reason when it is void. Judged again when its round opens, if it is early by one."""
        read = bodies.update(body)
        now, named = self.current, self._round(read.round, read.attempt)
        if named is not None and member in named.updates:  # said even of a closed round: equivocation is not lateness
            return "second update: the member's first for this round stands"
        if self.complete is not None or read.round < now.number or (read.round == now.number and now.closed is not None):
            return f"late: round {read.round} is closed"
        candidate = Candidate(entry_id, member, position[0], position[1], read)
        if read.round == now.number + 1 and now.closed is not None:
            reason = self._refuse_alone(candidate)
            if not reason:
                self.blobs[read.blob.sha256] = member
                self.pending.append(candidate)
            return reason
        if read.round != now.number:
            return f"early: round {read.round} is not open"
        reason = self._refuse_alone(candidate) or self._refuse_in(now, candidate)
        if not reason:
            self.blobs[read.blob.sha256] = member
            now.updates[member] = candidate
        return reason

    def merged_by(self, body: dict[str, Any], member: str) -> str:
        """Take a member's result; its latest for a round counts."""
        read = bodies.merged(body)
        found = self._round(read.round, read.attempt)
        if found is None:
            return f"unknown round {read.round}, attempt {read.attempt}"
        if found.closed is None:
            return f"early: round {read.round} is still open"
        if member not in found.roll:
            return f"not on the roll of round {read.round}"
        known = {candidate.id for candidate in found.updates.values()}
        if not known.issuperset(read.admitted) or not known.issuperset(item for item, _ in read.void):
            return f"unknown update: round {read.round} has no such candidate"
        if found.agreed is None:
            found.merged[member] = read
        return ""

    def missing_by(self, body: dict[str, Any], member: str) -> str:
        """Count a member that cannot get an update's bytes; more than half of the roll drop it."""
        number, attempt, update_id = bodies.missing(body)
        found = self._round(number, attempt)
        if found is None or found.closed is None or found.agreed is not None:
            return f"not waiting: round {number} is not between its close and its agreement"
        if member not in found.roll:
            return f"not on the roll of round {number}"
        if update_id not in {candidate.id for candidate in found.updates.values()}:
            return f"unknown update: round {number} has no such candidate"
        sayers = found.missing.setdefault(update_id, set())
        sayers.add(member)
        if found.majority(len(sayers)):
            found.unavailable.add(update_id)
        return ""

    def dispute_by(self, body: dict[str, Any], member: str) -> str:
        """Record a minority's dispute: it stops nothing here, and blocks release until a replay settles it."""
        number, attempt, claim = bodies.dispute(body)
        found = self._round(number, attempt)
        if found is None or found.agreed is None:
            return f"nothing to dispute: round {number} is not agreed"
        found.disputes.append((member, claim))
        return ""

    def corpus_of(self, body: dict[str, Any], member: str) -> str:
        """Take a member's commitment to its tokenized text; the tokenizer is known once round 0 is closed."""
        read = bodies.corpus(body)
        if self.rounds[0].closed is None:
            return "early: the tokenizer is not fixed before the gathering closes"
        if member in self.corpora and self.corpora[member] != read:
            return "second corpus: a member commits to its text once"
        self.corpora[member] = read
        return ""

    def advance(self, index: int, time: int, expected: tuple[str, ...], active: tuple[str, ...]) -> list[tuple[Candidate, str]]:
        """Close, agree and open what the entry at `index` made so. Returns pending updates that became void."""
        now = self.current
        if self.complete is not None:
            return []
        if now.closed is None and self._closes(now, time, expected, active):
            now.closed = index
            self.milestones.append(index + 1)
            if now.number == 0:
                now.roll = active
        if now.closed is not None and now.agreed is None:
            now.agreed = self._agreement(now, index)
        if now.agreed is None:
            return []
        self.milestones.append(index + 1)
        if now.number == self.plan.total_rounds:
            self.complete = index
            return [(candidate, "late: the run is complete") for candidate in self._take_pending()]
        self.rounds.append(Round(now.number + 1, now.attempt, index, time, active, now.agreed.state))
        return self._open_pending() + self.advance(index, time, expected, active)

    def _closes(self, now: Round, time: int, expected: tuple[str, ...], active: tuple[str, ...]) -> bool:
        if now.number == 0:
            enough = self.quorum.passes(len(active), len(expected))
            late = time >= now.open_time + self.plan.gather_seconds
            return set(active) >= set(expected) or (enough and late)
        enough = self.quorum.passes(len(now.updates), len(now.roll))
        late = time >= now.open_time + self.plan.deadline_seconds
        return bool(now.roll) and (len(now.updates) == len(now.roll) or (enough and late))

    def _agreement(self, now: Round, index: int) -> Agreement | None:
        usable = {m: r for m, r in now.merged.items() if not now.unavailable.intersection(r.admitted)}
        votes = Counter((merged.state, merged.admitted) for merged in usable.values())
        for (state, admitted), count in votes.items():
            if now.majority(count):
                members = sorted(m for m, r in usable.items() if (r.state, r.admitted) == (state, admitted))
                return Agreement(index, state, admitted, tuple(members))
        return None

    def _open_pending(self) -> list[tuple[Candidate, str]]:
        void = []
        for candidate in self._take_pending():
            reason = self._refuse_in(self.current, candidate)
            if reason:
                void.append((candidate, reason))
            else:
                self.current.updates[candidate.member] = candidate
        return void

    def _take_pending(self) -> list[Candidate]:
        taken, self.pending = self.pending, []
        return taken

    def _refuse_alone(self, candidate: Candidate) -> str:
        """What is wrong with an update whatever round is open."""
        read, member = candidate.body, candidate.member
        if member not in self.corpora:
            return "no corpus: the member has not committed to its text"
        owner = self.blobs.get(read.blob.sha256, member)
        if owner != member:
            return f"copied: {owner} published this update"
        if read.blob.size > self.plan.limits.update_bytes:
            return f"oversized update: manifest of {read.blob.size} bytes"
        if read.round > self.plan.total_rounds:
            return f"unknown round {read.round}: the plan has {self.plan.total_rounds}"
        if read.steps != self.plan.at(read.round).steps:
            return f"wrong steps: {read.steps}, the plan wants {self.plan.at(read.round).steps}"
        return ""

    def _refuse_in(self, now: Round, candidate: Candidate) -> str:
        """What is wrong with an update in the round it is for."""
        read, member = candidate.body, candidate.member
        if read.attempt != now.attempt:
            return f"wrong attempt: {read.attempt}, now {now.attempt}"
        if member not in now.roll:
            return f"not on the roll of round {now.number}"
        if member in now.updates:
            return "second update: the member's first for this round stands"
        if read.base != now.base:
            return f"wrong base: trained on {read.base[:12]}, agreed is {now.base[:12]}"
        return ""

    def _round(self, number: int, attempt: int) -> Round | None:
        if number < len(self.rounds) and self.rounds[number].attempt == attempt:
            return self.rounds[number]
        return None


__all__ = ["Agreement", "BadBody", "Candidate", "Round", "Rounds"]
