"""Intervals: against enumeration of every resample, least squares on repeated rows, and published examples."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.outlook.estimate import (
    Interval,
    Z,
    bootstrap_mean,
    bootstrap_slope,
    difference,
    percentiles,
    resample,
    wilson,
)

Z95 = 1.959963984540054


# --- the bootstrap


@given(st.integers(1, 12), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_a_resample_draws_as_many_as_there_are(count: int, draws: int, seed: int) -> None:
    weights = resample(count, draws, seed)
    assert weights.shape == (draws, count)
    assert (weights.sum(axis=1) == count).all()
    assert (weights >= 0).all()
    assert (weights == weights.round()).all()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_resample_comes_as_often_as_enumeration_says(count: int) -> None:
    exact = Counter(tuple(drawn.count(at) for at in range(count)) for drawn in product(range(count), repeat=count))
    draws = 40_000
    found = Counter(tuple(int(weight) for weight in row) for row in resample(count, draws, 7))
    assert found.keys() == exact.keys()
    for weights, ways in exact.items():
        share = ways / count**count
        spread = math.sqrt(share * (1 - share) / draws)
        assert abs(found[weights] / draws - share) <= 5 * spread


def quantile(values: list[Fraction], share: float) -> Fraction:
    """Smallest value with at least this share of all at or below it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@pytest.mark.parametrize("values", [[3], [0, 1], [1, 5, 6], [0, 1, 10, 100], [-4, 2, 2, 9]])
def test_the_interval_of_a_mean_is_that_of_all_resamples(values: list[int]) -> None:
    every = [Fraction(sum(drawn), len(values)) for drawn in product(values, repeat=len(values))]
    found = bootstrap_mean(values, draws=40_000, seed=11)
    assert found.value == pytest.approx(sum(values) / len(values))
    for given_, share in ((found.low, 0.05), (found.high, 0.95)):  # the draws miss a share by less than half a percent
        assert float(quantile(every, share - 0.005)) - 1e-9 <= given_ <= float(quantile(every, share + 0.005)) + 1e-9


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=20), st.integers(0, 1000))
@settings(max_examples=50)
def test_the_same_seed_gives_the_same_interval_inside_the_range_of_the_values(values: list[int], seed: int) -> None:
    found = bootstrap_mean(values, 200, seed)
    assert found == bootstrap_mean(values, 200, seed)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(-20, 20), st.integers(0, 2)), min_size=3, max_size=9),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_slopes_are_least_squares_on_rows_repeated_as_often_as_drawn(
    rows: list[tuple[int, int, int]], grouped: bool
) -> None:
    x, y = [row[0] for row in rows], [row[1] for row in rows]
    units = [row[2] for row in rows] if grouped else list(range(len(rows)))
    if len(set(x)) == 1:
        with pytest.raises(ValueError, match="different x"):
            bootstrap_slope(x, y, units)
        return
    slopes = []
    for drawn in resample(max(units) + 1, 60, 5).astype(int):
        repeated = [at for at, unit in enumerate(units) for _ in range(drawn[unit])]
        if len({x[at] for at in repeated}) > 1:
            slopes.append(np.polyfit([x[at] for at in repeated], [y[at] for at in repeated], 1)[0])
    found = bootstrap_slope(x, y, units if grouped else None, 60, 5)
    assert found.value == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(slopes, [5, 95])), abs=1e-9)


def test_a_slope_of_two_points_is_none() -> None:
    with pytest.raises(ValueError, match="needs three points with different x, got 2"):
        bootstrap_slope([0, 1], [0, 1])


def test_an_exact_line_has_its_slope_and_no_width() -> None:
    found = bootstrap_slope([0, 1, 2, 5], [1, 4, 7, 16])
    assert (found.value, found.low, found.high) == pytest.approx((3, 3, 3))


def test_percentiles_leave_five_of_a_hundred_on_each_side() -> None:
    found = percentiles(50, np.arange(101, dtype=float))
    assert (found.value, found.low, found.high) == pytest.approx((50, 5, 95))


# --- shares

PUBLISHED = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}
"""Newcombe 1998, two-sided confidence intervals for the single proportion, method 3, 95%."""


@pytest.mark.parametrize(("hits", "trials"), PUBLISHED)
def test_wilson_gives_the_published_examples(hits: int, trials: int) -> None:
    found = wilson(hits, trials, Z95)
    assert (round(found.low, 4), round(found.high, 4)) == PUBLISHED[hits, trials]


def bounds(hits: int, trials: int, z: float) -> tuple[float, float]:
    """Where the score test with standard error under the hypothesis just rejects, by bisection."""
    share = hits / trials

    def rejects(p: float) -> bool:
        return abs(share - p) > z * math.sqrt(p * (1 - p) / trials)

    ends = []
    for far in (0.0, 1.0):
        out, inside = far, share
        for _ in range(60):
            middle = (out + inside) / 2
            out, inside = (middle, inside) if rejects(middle) else (out, middle)
        ends.append(inside)
    return ends[0], ends[1]


@pytest.mark.parametrize("z", [Z, Z95])
def test_wilson_inverts_the_score_test_for_every_share_of_up_to_thirty(z: float) -> None:
    for trials in range(1, 31):
        lows = []
        for hits in range(trials + 1):
            found = wilson(hits, trials, z)
            low, high = bounds(hits, trials, z)
            # at 0 and 1 the score test has no standard error: the bound is the end itself
            assert found.low == pytest.approx(low if hits else 0.0, abs=1e-9)
            assert found.high == pytest.approx(high if hits < trials else 1.0, abs=1e-9)
            assert 0 <= found.low <= found.value <= found.high <= 1
            mirror = wilson(trials - hits, trials, z)
            assert (1 - mirror.high, 1 - mirror.low) == pytest.approx((found.low, found.high), abs=1e-12)
            double = wilson(2 * hits, 2 * trials, z)
            assert double.high - double.low < found.high - found.low
            lows.append(found.low)
        assert lows == sorted(lows)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (-1, 3), (4, 3), (0, -1)])
def test_what_is_no_share_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{hits} of {trials} is no share"):
        wilson(hits, trials)


NEWCOMBE = {
    ((56, 70), (48, 80)): (0.0524, 0.3339),
    ((9, 10), (3, 10)): (0.1705, 0.8090),
    ((6, 7), (2, 7)): (0.0582, 0.8062),
    ((5, 56), (0, 29)): (-0.0381, 0.1926),
    ((0, 10), (0, 20)): (-0.1611, 0.2775),
    ((0, 10), (0, 10)): (-0.2775, 0.2775),
    ((10, 10), (0, 20)): (0.6791, 1.0),
    ((10, 10), (0, 10)): (0.6075, 1.0),
}
"""Newcombe 1998, interval estimation for the difference between independent proportions, method 10, 95%: first less second."""


def method_10(first: tuple[int, int], second: tuple[int, int], z: float) -> tuple[float, float]:
    """First less second, from bounds found by bisection."""
    (l1, u1), (l2, u2) = bounds(*first, z), bounds(*second, z)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    low = p1 - p2 - math.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    return low, p1 - p2 + math.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


@pytest.mark.parametrize("pair", NEWCOMBE)
def test_the_method_written_here_gives_the_published_examples(pair: tuple[tuple[int, int], tuple[int, int]]) -> None:
    low, high = method_10(*pair, Z95)
    assert (round(low, 4), round(high, 4)) == NEWCOMBE[pair]


def test_a_difference_is_that_method_at_ninety_percent_second_less_first() -> None:
    shares = [(hits, trials) for trials in (1, 2, 5, 9) for hits in range(trials + 1)] + [(56, 70), (48, 80)]
    for first, second in product(shares, shares):
        found = difference(first, second)
        low, high = method_10(second, first, Z)
        assert found.value == pytest.approx(second[0] / second[1] - first[0] / first[1])
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
        back = difference(second, first)
        assert (-back.high, -back.low) == pytest.approx((found.low, found.high))


# --- how an interval is read


def test_an_interval_that_touches_zero_is_on_neither_side() -> None:
    assert Interval(1, 0.1, 2).above_zero
    assert not Interval(1, 0.0, 2).above_zero
    assert Interval(-1, -2, -0.1).below_zero
    assert not Interval(-1, -2, 0.0).below_zero


def test_an_interval_prints_as_people_read_it_and_rounds_for_machines() -> None:
    found = Interval(1.23456789, 1, float("inf"))
    assert found.say(2, "months") == "1.23 [1.00, inf] months"
    assert found.as_json() == {"value": 1.23457, "low": 1.0, "high": float("inf")}


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=9))
@settings(max_examples=40)
def test_a_level_line_has_no_slope_on_either_side_of_zero(days: list[int]) -> None:
    if len(set(days)) > 1:
        found = bootstrap_slope([2024 + at / 7 for at in days], [0.1 * 3] * len(days), draws=100)
        assert (found.value, found.low, found.high) == (0, 0, 0)
