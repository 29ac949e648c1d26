"""One round of local training, committed to disk so that a restart resumes with the same bytes (PROTOCOL rule 15)."""

from __future__ import annotations

import json

from hanse.run.admit import shards_of, spec_of
from hanse.run.codec import encode
from hanse.run.plan import Plan
from hanse.run.port import Trained, Trainer
from hanse.run.site.files import SiteFiles, commitment
from hanse.run.state import State
from hanse.run.tensors import encode_tensors


def train_round(plan: Plan, number: int, state: State, base: str, files: SiteFiles, trainer: Trainer) -> Trained:
    """Train round `number` from `state` and journal the update; `update.json` last, so that it is there whole or not.

    A crash before it trains again from the same trainer state; nothing had left the site.
    """
    steps = plan.at(number).steps
    old_round = files.index()["trained"]
    old = files.read_trainer(old_round)
    feedback = files.read_feedback(number - 1)
    trained = trainer.train(state.weights, steps, plan.first_step(number), old)
    parts, residual = encode(spec_of(plan, number), shards_of(plan, state.weights), trained.delta, feedback or None)
    files.disk.write(f"trainer/{number:06d}", trained.state)
    files.write_journal(number, "delta", encode_tensors(trained.delta))
    files.write_journal(number, "feedback", encode_tensors(feedback))
    files.write_journal(number, "residual", encode_tensors(residual))
    for index, data in enumerate(parts):
        files.write_journal(number, f"part-{index}", data)
    journal = {
        "round": number,
        "attempt": state.attempt,
        "base": base,
        "steps": steps,
        "tokens": trained.tokens,
        "before": commitment(old or b"", feedback),
        "after": commitment(trained.state, residual),
        "parts": len(parts),
        "bytes": sum(len(data) for data in parts),
        "trained_before": old_round,
    }
    files.write_journal(number, "update.json", json.dumps(journal, sort_keys=True).encode())
    files.write_index(trained=number)
    return trained
