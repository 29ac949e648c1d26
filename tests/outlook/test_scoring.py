"""Scores of forecasters whose skill is known."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.outlook.scoring import Forecast, against, brier, calibration, calibration_error

OUTCOMES = [at % 10 < 3 for at in range(200)]
"""Three of ten happen."""


def said(probabilities: list[float], outcomes: list[bool] | None = None) -> list[Forecast]:
    outcomes = OUTCOMES if outcomes is None else outcomes
    return [Forecast(f"day {at}", "lab", p, o) for at, (p, o) in enumerate(zip(probabilities, outcomes, strict=True))]


PERFECT = said([float(happened) for happened in OUTCOMES])
WRONG = said([float(not happened) for happened in OUTCOMES])
HALF = said([0.5] * 200)
BASE = said([0.3] * 200)


def test_perfect_is_zero_one_half_is_a_quarter_the_base_rate_is_its_variance_and_always_wrong_is_one() -> None:
    assert [brier(found) for found in (PERFECT, HALF, BASE, WRONG)] == pytest.approx([0, 0.25, 0.3 * 0.7, 1])


def test_a_gain_is_the_difference_of_the_two_scores_with_an_interval() -> None:
    assert against(HALF, HALF).as_json() == {"value": 0, "low": 0, "high": 0}
    better, worse = against(PERFECT, HALF), against(WRONG, HALF)
    assert (better.value, better.low, better.high) == pytest.approx((0.25, 0.25, 0.25))  # the same gain every time
    assert (worse.value, worse.low, worse.high) == pytest.approx((-0.75, -0.75, -0.75))
    base = against(BASE, HALF)
    assert base.value == pytest.approx(0.25 - 0.21)
    # gains are 0.16 (seven of ten) and -0.24: the mean of 200 has a standard deviation of 0.4 * sqrt(0.21 / 200)
    width = 1.645 * 0.4 * math.sqrt(0.21 / 200)
    assert (base.low, base.high) == pytest.approx((0.04 - width, 0.04 + width), abs=0.003)


def test_a_calibrated_forecaster_scores_what_theory_says_and_an_overconfident_one_loses_to_it() -> None:
    """p from Beta(2, 2) and outcomes drawn from p: Brier is E[p(1-p)] = 1/4 - 1/20, against 1/4 for the base rate."""
    random = np.random.default_rng(3)
    p = random.beta(2, 2, 8_000)
    outcomes = [bool(happened) for happened in random.random(8_000) < p]
    honest = said([float(value) for value in p], outcomes)
    bold = said([float(value**3 / (value**3 + (1 - value) ** 3)) for value in p], outcomes)
    base = said([0.5] * len(p), outcomes)
    assert brier(honest) == pytest.approx(0.2, abs=0.008)
    assert calibration_error(honest) < 0.025
    assert calibration_error(bold) > 0.1
    assert against(honest, base, 300).above_zero
    assert against(bold, honest, 300).below_zero
    for bin_ in calibration(honest):
        assert bin_.happened == pytest.approx(bin_.said, abs=0.03)
    low, *_, high = calibration(bold)
    assert low.happened > low.said + 0.1
    assert high.happened < high.said - 0.1


def test_bins_hold_their_lower_edge_and_the_last_one_both() -> None:
    found = calibration(said([0.0, 0.2, 0.2, 0.4, 1.0], [False, True, False, True, True]))
    assert [(b.low, b.high, b.count) for b in found] == [(0, 0.2, 1), (0.2, 0.4, 2), (0.4, 0.6, 1), (0.8, 1, 1)]
    assert [b.happened for b in found] == [0, 0.5, 1, 1]
    assert calibration_error(said([0.0, 0.2, 0.2, 0.4, 1.0], [False, True, False, True, True])) == pytest.approx(
        (2 * 0.3 + 0.6) / 5
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30), st.integers(1, 12))
def test_bins_part_the_forecasts_and_their_error_is_within_bounds(rows: list[tuple[float, bool]], bins: int) -> None:
    found = said([p for p, _ in rows], [o for _, o in rows])
    parts = calibration(found, bins)
    assert sum(b.count for b in parts) == len(found)
    assert all(b.low - 1e-12 <= b.said <= b.high + 1e-12 for b in parts)
    mean_gap = abs(float(sum(Fraction(p) - o for p, o in rows)) / len(rows))
    assert mean_gap - 1e-9 <= calibration_error(found, bins) <= 1
    assert calibration_error(found, 1) == pytest.approx(mean_gap)


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="no forecasts"):
        brier([])
    for bad in (1.01, -0.01, float("nan")):
        with pytest.raises(ValueError, match=r"outside 0\.\.1"):
            brier(said([bad], [True]))
    other = {"at": "another day", "lab": "another", "happened": False}
    one = Forecast("day", "lab", 0.5, True)
    for name, value in other.items():
        with pytest.raises(ValueError, match="different things"):
            against([one], [replace(one, **{name: value})])
    with pytest.raises(ValueError, match="different things"):
        against([one, one], [one])
    assert against([one], [replace(one, probability=1.0)], 10).value == -0.25
