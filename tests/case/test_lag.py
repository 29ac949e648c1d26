"""The lag law against the figures it was derived from (economics.md section 4), and as an invertible, monotone function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.case.made import middle

from hanse.case.lag import ANCHOR_TIME, NEVER, budget_for, lag, slope
from hanse.case.parameters import BY_NAME, PARAMETERS, Range
from hanse.errors import CaseError

MONEY = st.floats(1e6, 1e11)
TIMES = st.floats(2024, 2036)


def near(p: Any, budget: float, time: float) -> float:
    return float(lag(p, np.array([budget]), time)[0])


@pytest.mark.parametrize(("catch_up", "budget_growth", "loss"),
                         [(3, 1.0, 5.3), (10, 1.0, 3.3), (3, 1.5, 2.9), (10, 1.5, 1.8), (3, 2.4, 0.0), (10, 2.4, 0.0)])  # fmt: skip
def test_months_lost_in_a_year(catch_up: float, budget_growth: float, loss: float) -> None:
    p = middle(catch_up=catch_up)
    lost = near(p, 1e9 * budget_growth, 2028) - near(p, 1e9, 2027)
    assert lost == pytest.approx(loss, abs=0.06)


def test_the_anchor_lies_on_the_law() -> None:
    p = middle()
    assert near(p, BY_NAME["anchor_budget"].value, ANCHOR_TIME) == pytest.approx(BY_NAME["anchor_lag"].value)


@given(st.floats(0.5, 60), TIMES)
def test_budget_for_is_the_inverse(months: float, time: float) -> None:
    p = middle()
    assert lag(p, budget_for(p, np.array([months]), time), time)[0] == pytest.approx(months)


@given(MONEY, st.floats(1.01, 100), TIMES)
def test_more_money_is_never_further_behind_and_by_the_slope(budget: float, factor: float, time: float) -> None:
    p = middle()
    less, more = near(p, budget, time), near(p, budget * factor, time)
    assert more <= less
    if more > 0 and less < NEVER:
        assert less - more == pytest.approx(slope(p)[0] * np.log(factor))


@given(MONEY, TIMES, st.floats(0.01, 5))
def test_the_same_money_is_further_behind_later(budget: float, time: float, years: float) -> None:
    p = middle()
    assert near(p, budget, time + years) >= near(p, budget, time)


def test_no_money_is_no_model_and_all_the_money_is_the_frontier() -> None:
    p = middle()
    assert near(p, 0.0, 2027) == NEVER
    assert near(p, -1.0, 2027) == NEVER
    assert near(p, 1e30, 2027) == 0


@pytest.mark.parametrize("item", PARAMETERS, ids=lambda item: item.name)
def test_a_range_starts_at_low_ends_at_high_and_has_its_mode(item: Range) -> None:
    at = item.at(np.linspace(0, 1, 40_001))
    assert at[0] == pytest.approx(item.low)
    assert at[-1] == pytest.approx(item.high)
    assert (np.diff(at) >= 0).all()
    inner = np.log(at) if item.scale == "log" else at
    steps = np.diff(inner)[10:-10]  # where quantiles are closest, the density is highest
    mode = inner[10:-10][steps.argmin()]
    value = np.log(item.value) if item.scale == "log" else item.value
    assert mode == pytest.approx(value, abs=1e-3 * max(inner[-1] - inner[0], 1e-12) + 1e-9)


def test_triangular_ranges_have_the_mean_and_the_variance_of_the_distribution() -> None:
    item = Range("x", 2, 1, 6, "", "", "")
    at = item.at((np.arange(100_000) + 0.5) / 100_000)
    assert at.mean() == pytest.approx((1 + 2 + 6) / 3, rel=1e-4)
    assert at.var() == pytest.approx((1 + 4 + 36 - 2 - 12 - 6) / 18, rel=1e-3)


def test_a_range_without_width_is_its_value() -> None:
    assert Range("x", 2, 2, 2, "", "", "", "log").at(np.array([0.0, 0.3, 1.0])) == pytest.approx([2, 2, 2])


@pytest.mark.parametrize(("value", "low", "high", "scale", "says"), [
    (3, 1, 2, "linear", "value 3 is not within 1 to 2"), (0.5, 1, 2, "linear", "value 0.5 is not within"),
    (1, 0, 2, "log", "low 0 must be above 0"),
])  # fmt: skip
def test_ranges_that_cannot_be(value: float, low: float, high: float, scale: Any, says: str) -> None:
    with pytest.raises(CaseError, match=f"parameter x: {says}"):
        Range("x", value, low, high, "", "", "", scale)
