"""A thousand comparisons whose truth is known: what is printed of error, power and items to come is so. A fixed seed, so a
test that passes always does; bounds leave three standard errors of what is simulated."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hanse.hedge.compare.betting import Array, log_factors, mixed
from hanse.hedge.compare.forecast import Forecast, Hypotheses, forecast
from hanse.hedge.compare.paired import Rule, decide, plan

VALUES = np.array([-1.0, 0.0, 1.0])
COMPARISONS = 1000
FORECASTS = 600


def chances(discordance: float, difference: float) -> Array:
    return np.array([(discordance - difference) / 2, 1 - discordance, (discordance + difference) / 2])


def drawn(discordance: float, difference: float, items: int, seed: int, count: int = COMPARISONS) -> Array:
    """Differences, a comparison a row."""
    return np.random.default_rng(seed).choice(VALUES, p=chances(discordance, difference), size=(count, items))


@pytest.mark.parametrize(
    ("margin", "discordance", "items"), [(0.05, 0.05, 400), (0.05, 0.2, 1000), (0.02, 0.1, 1000), (0.1, 0.3, 500)]
)
def test_a_substitute_at_the_margin_is_swapped_in_at_most_at_the_error_rate(
    margin: float, discordance: float, items: int
) -> None:
    """Looked at after every item, stopped at the first verdict."""
    rule = Rule(Fraction(str(margin)), items)
    verdicts = [decide(row, rule)[0] for row in drawn(discordance, -margin, items, 11)]
    assert verdicts.count("swap") <= 0.05 * COMPARISONS
    assert verdicts.count("keep") <= 0.05 * COMPARISONS


def test_marks_between_right_and_wrong_keep_the_error_rate_too() -> None:
    random = np.random.default_rng(5)
    rows = np.clip(random.normal(-0.05, 0.3, (COMPARISONS, 400)), -0.9, 0.8)
    rows += -0.05 - rows.mean()  # clipping moved it
    verdicts = [decide(row, Rule(Fraction(1, 20), 400))[0] for row in rows]
    assert verdicts.count("swap") <= 0.05 * COMPARISONS


@pytest.mark.parametrize(
    ("discordance", "difference", "items"), [(0.1, 0.0, 200), (0.1, 0.0, 500), (0.2, 0.02, 300), (0.1, -0.02, 500)]
)
def test_power_is_as_printed(discordance: float, difference: float, items: int) -> None:
    rule = Rule(Fraction(1, 20), items)
    printed = plan(rule, discordance, difference)
    seen = sum(decide(row, rule)[0] == "swap" for row in drawn(discordance, difference, items, 12)) / COMPARISONS
    assert 0.1 < printed.power < 0.99
    assert abs(seen - printed.power) <= 3 * math.hypot(printed.standard_error, math.sqrt(seen * (1 - seen) / COMPARISONS))


TRUTHS = [
    (0.05, 0.1, 0.0, 100), (0.05, 0.2, 0.0, 200), (0.02, 0.05, 0.0, 300), (0.1, 0.2, 0.0, 100), (0.05, 0.3, 0.0, 300),
    (0.05, 0.1, 0.02, 100), (0.05, 0.1, -0.02, 200), (0.05, 0.2, -0.1, 100), (0.05, 0.2, -0.15, 60), (0.03, 0.15, -0.1, 100),
]  # fmt: skip
"""Margin, discordance, true difference, items measured: as good, better, worse within the margin, worse beyond it."""


@pytest.mark.slow
def test_the_forecast_of_more_items_is_right() -> None:
    """Six hundred comparisons that are undecided; each goes on until it is. What was seen of 0.8 has a standard error of 0.016."""
    ratios, best, inside = [], [], 0
    for truth in TRUTHS:
        found = undecided(*truth, FORECASTS // len(TRUTHS))
        ratios.append([(said.median or math.inf) / needed for said, needed in found])
        inside += sum((said.low or math.inf) <= needed <= (said.high or math.inf) for said, needed in found)
        took = np.array([needed for _, needed in found])
        best.append(max(near(number / took) for number in took))
    assert np.size(ratios) == FORECASTS
    assert 0.8 <= np.median(ratios) <= 1.2
    assert 0.75 <= inside / FORECASTS <= 0.9  # printed as eight in ten
    medians = np.median(ratios, axis=1)
    assert medians.min() > 0.7
    assert medians.max() < 1.5
    # whoever knew the truth could name no number that is within 20% of more than a quarter of comparisons
    assert np.mean(best) < 0.25
    assert near(np.ravel(ratios)) > 0.7 * np.mean(best)


def near(ratios: Array) -> float:
    """The share within 20%."""
    return float((np.abs(ratios - 1) <= 0.2).mean())


def undecided(margin: float, discordance: float, difference: float, items: int, count: int) -> list[tuple[Forecast, int]]:
    """Forecasts after `items`, and how many more it took."""
    random, found = np.random.default_rng([items, round(1000 * discordance)]), []
    while len(found) < count:
        row = random.choice(VALUES, p=chances(discordance, difference), size=12_000)
        if decide(row[:items], Rule(Fraction(str(margin)), items))[1] is not None:
            continue
        needed = decided_at(row, margin) - items
        found.append((forecast(Hypotheses(margin, 0.05), row[:items], seed=len(found)), needed))
    return found


def decided_at(row: Array, margin: float) -> int:
    """The first count of items at which one of the hypotheses falls; a longer beginning is looked at only when it must be."""
    for length in (len(row) // 16, len(row) // 4, len(row)):
        counts = np.cumsum(row[:length, None] == VALUES, axis=0).astype(np.float64)
        wealth = [mixed(counts @ log_factors(sign * VALUES, -sign * margin)) for sign in (1, -1)]
        hit = np.maximum(*wealth) >= math.log(20)
        if hit.any():
            return int(hit.argmax()) + 1
    raise AssertionError("never decided")


def test_a_seed_says_it_again() -> None:
    row = drawn(0.1, 0.0, 100, 1, 1)[0]
    hypotheses = Hypotheses(0.05, 0.05)
    assert forecast(hypotheses, row, 1) == forecast(hypotheses, row, 1) != forecast(hypotheses, row, 2)
    rule = Rule(Fraction(1, 20), 100)
    assert plan(rule, 0.1) == plan(rule, 0.1) != plan(Rule(Fraction(1, 20), 100, seed=1), 0.1)


def test_at_the_margin_the_forecast_says_that_it_takes_very_many() -> None:
    said = forecast(Hypotheses(0.05, 0.05), np.array([-1.0] * 60 + [0.0] * 900 + [1.0] * 12), 1)  # -0.049
    assert said.median is None or said.median > 5 * 972
