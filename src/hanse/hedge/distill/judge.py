"""What distilling was worth: the teacher's lead before it, the gains after it, with intervals over held-out documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

DRAWS = 2000
Row = dict[str, Any]


def gain(worse: Sequence[Row], better: Row | Sequence[Row], part: str) -> Row:
    """By how much bits per byte fall from `worse` to `better` (facts; several are averaged), with a 95% interval: bootstrap over
    the documents, both scored on the same ones."""
    first, second = _nats(worse, part), _nats([better] if isinstance(better, dict) else better, part)
    sizes = np.array(worse[0]["scores"][part]["bytes"], float)
    far = (first - second) / math.log(2)
    rows = np.random.default_rng(0).integers(0, far.size, (DRAWS, far.size))
    drawn = far[rows].sum(1) / sizes[rows].sum(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"bits_per_byte": float(far.sum() / sizes.sum()), "low": float(low), "high": float(high)}


def lead(teacher: Row, alone: Sequence[Row], part: str) -> Row:
    """By how much the teacher is better than the student alone, and whether that is more than chance. Where it was, teaching helped
    at equal tokens, however short of training both were; where it was not, it harmed (docs/benchmarks.md)."""
    found = gain(alone, teacher, part)
    why = "" if found["low"] > 0 else "it is not better than the student alone by more than chance"
    return found | {"late_gain": late_gain(alone), "is_clear": not why, "why": why}


def remark(ahead: Row) -> str:
    """What else is to be known of a lead; empty where there is nothing. A student that gained no less over the second half of its
    own training is short of training: that says nothing of its teacher, but of what else may be done."""
    late = ahead["late_gain"]
    if late is None or not 0 < ahead["bits_per_byte"] <= late:
        return ""
    return (f"the student alone gained {late:.3f} bits per byte over the second half of its training, no less than the lead: more "
            "steps alone may bring as much as teaching")  # fmt: skip


def late_gain(alone: Sequence[Row]) -> float | None:
    """Dev bits per byte that fell from half of the steps to the end, mean over seeds; None without a curve."""
    gains = []
    for facts in alone:
        curve = facts["curve"]
        half = [value for step, value in curve if 2 * step <= facts["steps"]]
        if half:
            gains.append(half[-1] - curve[-1][1])
    return sum(gains) / len(gains) if gains else None


def _nats(rows: Sequence[Row], part: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    found: np.ndarray[Any, np.dtype[np.float64]] = np.array([row["scores"][part]["nats"] for row in rows], np.float64).mean(0)
    return found
