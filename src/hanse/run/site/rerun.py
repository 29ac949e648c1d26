"""`rerun`: a member's own machine repeats a round it was drawn for, from the state it had committed to.

What that proves: this machine, with the text whose root is committed, turns the agreed base and the committed state into
the update that was logged. What it does not: that the text is what the member says it is, or that the committed
state was honestly come by. Another CPU or torch build may give other bits; then only closeness can be judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hanse.errors import InputError
from hanse.run import admit as admission
from hanse.run.codec import encode
from hanse.run.site.agent import Agent
from hanse.run.site.files import commitment


@dataclass(frozen=True)
class Rerun:
    """What repeating a round gave."""

    round: int
    member: str
    committed: bool
    """The state on disk is the one the entry committed to."""
    corpus: bool
    """The tokens on disk have the committed root."""
    same: bool
    """The update has the very bytes that were logged."""
    cosine: float
    """Cosine between the repeated delta and the journaled one; 1 when equal."""

    def document(self) -> dict[str, Any]:
        return {
            "round": self.round,
            "member": self.member,
            "committed_state": self.committed,
            "committed_corpus": self.corpus,
            "same_bytes": self.same,
            "cosine": self.cosine,
        }

    def words(self) -> str:
        """For people: what happened, what it proves, what it does not."""
        result = "the very bytes that were logged" if self.same else f"other bytes (cosine {self.cosine:.6f} to the logged delta)"
        state = "is" if self.committed else "is NOT"
        corpus = "has" if self.corpus else "does NOT have"
        return (
            f"round {self.round} of {self.member}: repeated training gave {result}\n"
            f"the starting state {state} the one committed to; the tokens on disk {corpus} the committed root\n"
            "proves: this machine turns the agreed weights, the committed state and the committed tokens into that update\n"
            "does not prove: that the tokens are what the member says, or that the committed state was honestly reached"
        )


def rerun(agent: Agent, number: int) -> Rerun:
    """Repeat round `number`. Raises InputError when the site no longer keeps what it needs."""
    agent.follower.sync()
    run, files, member = agent.run, agent.files, agent.who.member
    journal = files.journal(number)
    item = run.rounds[number] if 0 < number < len(run.rounds) else None
    mine = item.updates.get(member) if item is not None else None
    if journal is None or mine is None:
        raise InputError(f"round {number}: this site has no update in it, or keeps it no longer (keep_rounds)")
    base, before = agent.state_before(number), files.read_trainer(journal["trained_before"])
    if base is None or (before is None and journal["trained_before"]):
        raise InputError(f"round {number}: the state it started from is no longer on disk; raise keep_rounds")
    corpus = agent.prepare_again()
    feedback = files.journal_tensors(number, "feedback")
    trained = agent.trainer.train(base.weights, mine.body.steps, run.plan.first_step(number), before)
    shards = admission.shards_of(run.plan, base.weights)
    parts, _ = encode(admission.spec_of(run.plan, number), shards, trained.delta, feedback or None)
    logged = [files.read_journal(number, f"part-{index}") for index in range(journal["parts"])]
    old = files.journal_tensors(number, "delta")
    return Rerun(
        number,
        member,
        commitment(before or b"", feedback) == mine.body.before,
        corpus == run.corpora.get(member, {}).get("root"),
        parts == logged,
        _cosine(trained.delta, old),
    )


def _cosine(a: dict[str, Any], b: dict[str, Any]) -> float:
    one = np.concatenate([a[name].reshape(-1) for name in sorted(a)]).astype(np.float64)
    two = np.concatenate([b[name].reshape(-1) for name in sorted(b)]).astype(np.float64)
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / norm if norm else float(np.array_equal(one, two))
