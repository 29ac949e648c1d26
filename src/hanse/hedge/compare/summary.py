"""What a comparison found as one JSON document: the verdict and its statistics, what each engine took, the items that got worse
with both answers. The page is drawn from it; its keys are a public format."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np

from hanse.hedge.compare.betting import lower_bound, upper_bound
from hanse.hedge.compare.journal import WHO, Who
from hanse.hedge.compare.paired import Rule, printed
from hanse.hedge.compare.run import AGAINST_KEEP, AGAINST_SWAP, Measured, Pair, Result
from hanse.hedge.engine.base import Answer
from hanse.hedge.engine.price import MILLION, Price

FORMAT = "hanse-compare/1"
LOOKS = 60
"""Of the confidence sequence, in the document."""
PROBABILITIES = (0.5, 0.95)


def document(result: Result, pair: Pair, prices: Mapping[Who, Price | None]) -> dict[str, Any]:
    """Plain JSON values."""
    rule, comparison = result.plan.rule, result.comparison
    against = AGAINST_KEEP if comparison.verdict == "keep" else AGAINST_SWAP
    outcomes = [item.outcome(against) for item in result.measured]
    inside: dict[str, list[float]] = {one.name: [] for one in comparison.slices}
    for outcome in outcomes:
        for name in outcome.slices:
            inside[name].append(outcome.difference)
    found = comparison.document()
    for row in found["slices"]:
        row |= _bounds(inside[row["name"]], rule)
    made = {
        "format": FORMAT,
        **found,
        "text": comparison.text(),
        "stopped": result.stopped,
        "tasks": {"sha256": result.plan.tasks_sha256, "items": len(result.plan.tasks)},
        "settings": asdict(result.plan.settings),
        "sequence": _sequence([outcome.difference for outcome in outcomes], rule),
        "engines": {who: _engine(who, result.measured, pair, prices.get(who)) for who in WHO},
        "items_worse": [_item(item) for item in result.measured if item.marks and item.marks[1] < item.marks[0]],
        "items_failed": [{"item": item.task.id, "reason": item.reason} for item in result.measured if item.marks is None],
    }
    return printed(made)  # type: ignore[no-any-return]


def _bounds(differences: Sequence[float], rule: Rule) -> dict[str, float]:
    if not differences:
        return {"low": -1.0, "high": 1.0}
    return {"low": lower_bound(differences, float(rule.error)), "high": upper_bound(differences, float(rule.error))}


def _sequence(differences: Sequence[float], rule: Rule) -> list[dict[str, float]]:
    """Mean difference and its bounds after so many items; each bound is the best so far, as it holds at all of them."""
    looks = np.unique(np.linspace(1, len(differences), min(LOOKS, len(differences))).astype(int)).tolist()
    rows, low, high = [], -1.0, 1.0
    for look in looks:
        bounds = _bounds(differences[:look], rule)
        low, high = max(low, bounds["low"]), min(high, bounds["high"])
        rows.append({"items": look, "difference": math.fsum(differences[:look]) / look, "low": low, "high": high})
    return rows


def _engine(who: Who, measured: Sequence[Measured], pair: Pair, price: Price | None) -> dict[str, Any]:
    answers: list[Answer] = [getattr(item, who) for item in measured]
    tokens_in, tokens_out = sum(one.tokens_in for one in answers), sum(one.tokens_out for one in answers)
    seconds = math.fsum(one.seconds for one in answers)
    cost = sum((price.of(one) for one in answers), Fraction(0)) if price else None
    return {
        **asdict(pair[who].identity),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "is_cut": sum(one.is_cut for one in answers),
        "seconds": _quantiles(answers, lambda one: one.seconds),
        "first_byte_seconds": _quantiles(answers, lambda one: one.first_byte_seconds),
        "tokens_per_second": tokens_out / seconds if seconds and tokens_out else None,
        "cpu_seconds": math.fsum(one.cpu_seconds or 0 for one in answers) or None,
        "memory_bytes": max((one.memory_bytes or 0 for one in answers), default=0) or None,
        "cost_per_million_tokens": float(cost * MILLION / (tokens_in + tokens_out)) if cost and tokens_in + tokens_out else None,
        "cost_per_thousand_items": float(cost * 1000 / len(answers)) if cost is not None else None,
    }


def _quantiles(answers: Sequence[Answer], value: Callable[[Answer], float]) -> dict[str, float]:
    """The value that so many are at most."""
    found = sorted(map(value, answers))
    return {f"p{100 * share:g}": found[math.ceil(share * len(found)) - 1] for share in PROBABILITIES}


def _item(item: Measured) -> dict[str, Any]:
    assert item.marks is not None
    row: dict[str, Any] = item.task.asked()
    for who, mark in zip(WHO, item.marks, strict=True):
        row[who] = {"mark": mark, "text": getattr(item, who).text}
    return row
