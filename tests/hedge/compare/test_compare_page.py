"""The document and its page: figures that agree with what was measured, and no answer that gets out of its place."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hanse.hedge.compare.journal import Journal
from hanse.hedge.compare.page import render
from hanse.hedge.compare.paired import Rule
from hanse.hedge.compare.run import Pair, Plan, run
from hanse.hedge.compare.summary import document
from hanse.hedge.compare.tasks import Accepted, Task
from hanse.hedge.engine.base import Answer
from hanse.hedge.engine.fixed import FixedEngine
from hanse.hedge.engine.price import Price

HOSTILE = "</pre><script>alert(1)</script>\x00\ud7ff'\"&"
ITEMS = 40


def found(share: int, failed: bool = False) -> dict[str, Any]:
    """A comparison whose substitute is wrong on one item of `share`, by a text that is markup."""
    check = Accepted(kind="accepted", answers=("yes",))
    tasks = tuple(Task(id=f"t{at}", prompt=f"{HOSTILE}{at}", check=check, slices=("a", "b")[: at % 3]) for at in range(ITEMS))
    right = Answer("yes", 3, 1, 0.5, 0.25, False, memory_bytes=10**9, cpu_seconds=0.5)
    answers = {task.id: replace(right, seconds=at / 10) for at, task in enumerate(tasks)}
    wrong = {task.id: replace(right, text=HOSTILE) if at % share == 0 else right for at, task in enumerate(tasks)}
    pair: Pair = {"incumbent": FixedEngine(f"old {HOSTILE}", answers), "substitute": FixedEngine("new", wrong)}
    plan = Plan(tasks, "ab" * 32, Path(), Rule(Fraction(1, 5), ITEMS))
    journal = Journal(None, {})
    if failed:
        journal.marks["t1"] = None, HOSTILE
    return document(run(plan, pair, None, journal), pair, {"incumbent": Price(per_hour=Fraction(36)), "substitute": None})


@pytest.mark.parametrize(
    ("share", "failed", "verdict"), [(ITEMS, False, "swap"), (1, False, "keep"), (5, False, "more"), (5, True, "more")]
)
def test_the_page_is_well_formed_whatever_models_say(share: int, failed: bool, verdict: str) -> None:
    made = found(share, failed)
    assert made["verdict"] == verdict
    text = render(made)
    ET.fromstring(text.removeprefix("<!doctype html>\n"))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert render(json.loads(json.dumps(made))) == text


def test_the_figures_are_those_of_the_answers() -> None:
    made = found(5)
    old, new = made["engines"]["incumbent"], made["engines"]["substitute"]
    assert (old["seconds"], new["seconds"]) == ({"p50": 1.9, "p95": 3.7}, {"p50": 0.5, "p95": 0.5})
    assert (old["tokens_in"], old["tokens_out"], old["memory_bytes"], old["cpu_seconds"]) == (120, 40, 10**9, 20)
    seconds = sum(range(ITEMS)) / 10
    assert old["cost_per_million_tokens"] == pytest.approx(seconds / 3600 * 36 / 160 * 1e6, rel=1e-5)
    assert old["cost_per_thousand_items"] == pytest.approx(seconds / 3600 * 36 / 40 * 1e3, rel=1e-5)
    assert new["cost_per_million_tokens"] is None
    assert len(made["items_worse"]) == made["worse"] == 8
    assert made["items_worse"][0]["substitute"] == {"mark": 0.0, "text": HOSTILE}
    assert found(5, failed=True)["items_failed"] == [{"item": "t1", "reason": HOSTILE}]


def test_the_sequence_narrows_and_ends_where_the_comparison_does() -> None:
    made = found(5)
    rows = made["sequence"]
    assert all(a["low"] <= b["low"] <= b["high"] <= a["high"] for a, b in itertools.pairwise(rows))
    assert rows[-1]["items"] == made["items"]
    assert rows[-1]["difference"] == made["difference"]
    assert (rows[-1]["low"], rows[-1]["high"]) >= (made["low"], -made["high"])
