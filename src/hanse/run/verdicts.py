"""What the log says of each entry, an update's bytes included: the verdict the members agreed on is in the log."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hanse.run.fold import Fold


def rows(state: Fold) -> list[dict[str, Any]]:
    """One row per entry: index, k, id, kind, member, at, round, reason (empty when it stands)."""
    judged = byte_verdicts(state)
    rounds = {candidate.id: item.number for item in _rounds(state) for candidate in item.updates.values()}
    return [
        {
            "index": verdict.index,
            "k": verdict.k,
            "id": verdict.id,
            "kind": verdict.kind,
            "member": verdict.member,
            "at": verdict.at,
            "round": rounds.get(verdict.id, ""),
            "reason": verdict.reason or judged.get(verdict.id, ""),
        }
        for verdict in state.verdicts
    ]


def byte_verdicts(state: Fold) -> dict[str, str]:
    """Reasons why updates' bytes are void, by update id, as more than half of each roll found them."""
    found: dict[str, str] = {}
    for item in _rounds(state):
        if item.agreed is None:
            continue
        found |= dict.fromkeys(item.unavailable, "unavailable: more than half of the roll could not get it")
        said = Counter(pair for name in item.agreed.members for pair in item.merged[name].void)
        for (update_id, reason), _ in sorted(said.items(), key=lambda pair: (pair[1], pair[0])):
            found[update_id] = reason  # the last, and so what most of them said
    return found


def _rounds(state: Fold) -> list[Any]:
    return [] if state.run is None else state.run.rounds
