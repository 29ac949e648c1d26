"""Writes a golden log that is not there yet: `python -m tests.golden.make NAME`. One that is there is never written again.

A golden log is what it was under rules 1 and its verdicts are kept for ever (PROTOCOL rule 5): software that judges one of
its entries differently would fork from everybody who was there.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hanse.ledger.chain import Slot
from hanse.run.fold import Fold, fold
from hanse.run.simulate.world import World
from hanse.run.verdicts import rows
from tests.run.author import Author
from tests.run.test_fold import VOID, finish_round

FOLDER = Path(__file__).parent


def plain() -> list[bytes]:
    """Four members, three rounds, nothing wrong."""
    author = Author()
    author.start()
    for number in range(1, 4):
        finish_round(author, f"{number:02d}" * 32)
    return author.slots


def every_refusal() -> list[bytes]:
    """Everything a member can do wrong in one entry or slot, and a round that goes on."""
    author = Author(limits={"entries": 1000})
    author.start()
    for write, _ in VOID.values():
        write(author)
    for data in (b"", b"{}\n", b"\xff\n", b"[" * 3000 + b"\n", b'{"a":1e400}\n', b'{"a":NaN}\n', b"x" * 65_536):
        author.raw(data)
    good = author.entry("tick", "ada", {}).data
    for spelling in (good.replace(b",", b", ", 1), good.replace(b'{"payload"', b'{"a":1,"payload"'), good + b" ", good, good):
        author.raw(spelling + b"\n")
    author.update("ada")
    author.update("ada", blob={"sha256": "ef" * 32, "size": 3})
    author.update("bob", blob=author.update_body("ada")["blob"])
    finish_round(author, "bb" * 32)
    return author.slots


def hostile_world(seed: int) -> Callable[[], list[bytes]]:
    """A simulated world with crashes and a hostile member, its codec drawn by the seed."""
    def slots() -> list[bytes]:
        world = World(seed)
        world.run()
        return [data for name, data in sorted(world.bucket.objects.items()) if name.startswith("log/")]

    return slots


LOGS: dict[str, Callable[[], list[bytes]]] = {
    "plain": plain,
    "every-refusal": every_refusal,
    **{f"hostile-world-{seed}": hostile_world(seed) for seed in (3, 4, 5, 11)},
}


def judged(state: Fold) -> dict[str, Any]:
    """What must never change."""
    columns = ("index", "k", "id", "kind", "member", "at", "round", "reason")
    return {
        "genesis": state.chain.genesis,
        "root": state.chain.tree.root().hex(),
        "state": state.digest(),
        "verdicts": [[row[name] for name in columns] for row in rows(state)],
    }


def main(name: str) -> None:
    path = FOLDER / f"{name}.json"
    if path.exists():
        raise SystemExit(f"{path.name} is there; a golden log is never written again")
    slots = LOGS[name]()
    document = {"slots": [base64.b64encode(slot).decode() for slot in slots]}
    document |= judged(fold(Slot.of(slot) for slot in slots))
    path.write_text(json.dumps(document, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or LOGS:
        main(chosen)
