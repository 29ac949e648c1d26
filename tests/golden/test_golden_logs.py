"""Golden logs: entries judged once are judged so for ever (PROTOCOL rule 5)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from hanse.ledger.chain import Slot
from hanse.run.fold import fold
from hanse.run.reading import fold_parallel
from tests.golden.make import judged

GOLDEN = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_its_verdicts_are_what_they_were(path: Path) -> None:
    document = json.loads(path.read_text())
    slots = [Slot.of(base64.b64decode(slot)) for slot in document.pop("slots")]
    assert judged(fold(slots)) == document
    assert judged(fold_parallel(slots, "", 2)) == document


def test_they_cover_clean_broken_and_hostile_logs() -> None:
    reasons = [row[-1] for path in GOLDEN for row in json.loads(path.read_text())["verdicts"]]
    assert len({reason.partition(":")[0] for reason in reasons}) > 15
    assert any(reason.startswith("malformed update") for reason in reasons)
    assert any(reason.startswith("unavailable") for reason in reasons)
