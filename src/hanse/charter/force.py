"""What stands behind each key of a charter: whether Hanse executes it, checks it, or carries it as prose.

executed: code acts on it while the consortium runs, and no one can act otherwise.
checked:  the parser refuses it where it contradicts itself or another clause; members act on it.
prose:    people act on it; Hanse carries and prints it.

A key moves from checked to executed when code starts to act on it, never before.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Force: TypeAlias = Literal["executed", "checked", "prose"]

FORCE: dict[str, Force] = {
    "name": "executed", "rules": "executed", "round_quorum": "executed", "cosigners": "executed", "member": "executed",
    "purpose": "prose", "term": "checked", "currency": "checked", "membership": "checked", "affiliates": "checked",
    "transfer": "prose", "admission": "checked", "attendance": "checked", "dues": "checked", "pledge": "checked",
    "price": "checked", "in_kind": "checked", "assurance": "checked", "spending": "prose", "arrears": "checked",
    "breach": "prose", "power": "checked", "sunset": "checked", "decision": "checked", "veto": "checked", "choice": "prose",
    "technical": "checked", "amendment": "checked", "dispute": "prose", "withdrawal": "checked", "expulsion": "checked",
    "dissolution": "checked", "weights": "checked", "spec": "checked", "training": "checked", "data": "prose", "audit": "prose",
    "release": "checked", "bucket": "checked", "text": "prose",
}  # fmt: skip
"""By top-level key of the charter."""
