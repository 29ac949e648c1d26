"""Spells and their curve: Kaplan-Meier in exact fractions, Greenwood by hand, rates by inverting binomial tails."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from math import comb

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.outlook.rows import START, catalogue, day, event, frontier, lab, scored, spell

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.estimate import Z
from hanse.outlook.rating import DAYS_PER_MONTH
from hanse.outlook.survival import Spell, departed, departure_rate, kaplan_meier, spells

# --- the curve


def product_limit(found: list[Spell]) -> list[tuple[float, Fraction, Fraction | None]]:
    """Time, share surviving, and Greenwood's sum (None once all have ended), by the definition."""
    steps, alive, greenwood = [(0.0, Fraction(1), Fraction(0))], Fraction(1), Fraction(0)
    for when in sorted({s.months for s in found}):
        at_risk = sum(s.months >= when for s in found)
        ended = sum(s.months == when and s.ended for s in found)
        alive *= 1 - Fraction(ended, at_risk)
        greenwood += Fraction(ended, at_risk * (at_risk - ended)) if at_risk > ended else 0
        steps.append((when, alive, greenwood))
    return steps


def log_log(alive: Fraction, greenwood: Fraction) -> tuple[float, float]:
    """The interval by hand: the logarithm of the cumulative hazard is taken to be normal."""
    hazard = -math.log(alive)
    width = Z * math.sqrt(greenwood) / hazard
    return math.exp(-hazard * math.exp(width)), math.exp(-hazard * math.exp(-width))


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=14))
@example([(1, False)] * 3 + [(1, True)] * 3)  # just one half, which logarithms of shares miss by a hair
@settings(max_examples=40, deadline=None)
def test_the_curve_is_the_product_of_shares_that_went_on_with_log_log_intervals(rows: list[tuple[int, bool]]) -> None:
    found = [spell(months, ended) for months, ended in rows]
    curve = kaplan_meier(found)
    wanted = product_limit(found)
    assert curve.months == tuple(step[0] for step in wanted)
    assert (curve.spells, curve.ended) == (len(rows), sum(ended for _, ended in rows))
    for got, (months, alive, greenwood) in zip(curve.surviving, wanted, strict=True):
        assert got.value == pytest.approx(float(alive), abs=1e-12)
        assert curve.at(months) == got == curve.at(months + 0.5)
        if alive == 1:
            assert (got.low, got.high) == (1, 1)  # nothing has ended: nothing to estimate a width from
        elif alive:
            assert greenwood is not None
            assert (got.low, got.high) == pytest.approx(log_log(alive, greenwood), abs=1e-9)
        assert 0 <= got.low <= got.value + 1e-12
        assert got.value <= got.high + 1e-12 <= 1 + 2e-12
    halves = [months for months, alive, _ in wanted if alive <= Fraction(1, 2)]
    assert curve.median == (halves[0] if halves else None)


def test_the_curve_of_a_small_table_is_what_paper_says() -> None:
    """6 spells: ends at 1, 3, 3, 6; cut off at 2 and 4. At 3 four are at risk and two end."""
    curve = kaplan_meier([spell(m, e) for m, e in [(1, True), (2, False), (3, True), (3, True), (4, False), (6, True)]])
    assert curve.months == (0, 1, 2, 3, 4, 6)
    assert [s.value for s in curve.surviving] == pytest.approx([1, 5 / 6, 5 / 6, 5 / 12, 5 / 12, 0])
    assert curve.median == 3
    assert curve.at(0.5).value == 1
    assert (curve.at(100).value, curve.at(100).low) == (0, 0)


def test_without_an_end_there_is_no_median_and_without_spells_no_curve() -> None:
    assert kaplan_meier([spell(3, False), spell(5, False)]).median is None
    with pytest.raises(ValueError, match="no spells"):
        kaplan_meier([])


# --- spells


def five() -> Catalogue:
    """Two labs: a releases three times near the frontier, b once, and once far from it."""
    pairs = [scored("a-1", "a", day("2024-01-10"), 3), scored("a-2", "a", day("2024-07-10"), 8),
             scored("a-3", "a", day("2025-07-10"), 2), scored("b-1", "b", day("2025-01-10"), 1),
             scored("b-2", "b", day("2025-06-10"), 11), scored("b-3", "b", day("2025-06-11"), None)]  # fmt: skip
    return catalogue(pairs, frontier())


def test_a_spell_lasts_to_the_next_near_frontier_release_or_to_the_newest_score() -> None:
    found = spells(five())
    assert [(s.lab, s.release, s.ended) for s in found] == [
        ("a", "a-1", True), ("a", "a-2", True), ("a", "a-3", False), ("b", "b-1", False)]  # fmt: skip
    days = [round(s.months * DAYS_PER_MONTH) for s in found]
    assert days == [
        182,
        365,
        (day("2026-08-13") - day("2025-07-10")).days,
        (day("2026-08-13") - day("2025-01-10")).days,
    ]


def test_an_earlier_end_cuts_off_and_a_looser_rule_ends_sooner() -> None:
    assert [(s.release, s.ended, round(s.months * DAYS_PER_MONTH)) for s in spells(five(), day("2024-07-20"))] == [
        ("a-1", True, 182), ("a-2", False, 10)]  # fmt: skip
    assert [s.ended for s in spells(five(), months=12) if s.lab == "b"] == [True, False]
    assert spells(five(), day("2024-01-10")) == []  # of a release on the last day nothing was observed


def test_two_releases_of_a_day_begin_one_spell() -> None:
    pairs = [
        scored("a-1", "a", day("2025-01-10"), 3),
        scored("a-2", "a", day("2025-01-10"), 4),
        scored("a-3", "a", day("2025-03-10"), 4),
    ]
    assert [s.ended for s in spells(catalogue(pairs, frontier()))] == [True, False]


def test_covariates_are_those_of_the_lab_and_of_the_release_that_began_the_spell() -> None:
    pairs = [
        scored("a-1", "a", day("2025-01-10"), 6, license="Metered"),
        scored("b-1", "b", day("2025-01-10"), 3, license="Unread"),
    ]
    labs = [lab("a", funding="bigtech", region="China"), lab("b")]
    gone = [
        event("e", "a", day("2024-06-01")),
        event("f", "b", day("2025-01-11")),
        event("g", "b", day("2025-01-09"), "strategy"),
    ]
    first, second = spells(catalogue(pairs, frontier(), gone, labs))
    assert first.covariates == {
        "bigtech": 1,
        "china": 1,
        "lag": pytest.approx(0.5, abs=0.02),
        "metered": 1,
        "departure": 1,
    }
    assert second.covariates == {
        "bigtech": 0,
        "china": 0,
        "lag": pytest.approx(0.25, abs=0.02),
        "metered": 0,
        "departure": 0,
    }


def test_a_departure_counts_for_twelve_months_from_its_day() -> None:
    rows = catalogue(events=[event("e", "a", day("2024-01-31"))])
    assert [departed(rows, "a", day(when)) for when in ("2024-01-30", "2024-01-31", "2025-01-30", "2025-02-01")] == [
        False, True, True, False]  # fmt: skip
    assert not departed(rows, "b", day("2024-01-31"))


# --- rates after departures


def tails(x: int, y: int) -> tuple[float, float]:
    """Clopper-Pearson at 90% for x of x + y, by bisection on exact binomial tails."""
    n = x + y

    def at_least(p: float, k: int) -> float:
        return sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))

    def root(tail: float, k: int) -> float:
        low, high = 0.0, 1.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if at_least(middle, k) < tail else (low, middle)
        return (low + high) / 2

    return (root(0.05, x) if x else 0.0), root(0.95, x + 1)


@pytest.mark.parametrize(("hits", "others"), [(0, 1), (0, 7), (1, 1), (2, 5), (6, 2), (11, 9)])
def test_a_rate_ratio_has_the_exact_interval_of_a_binomial(hits: int, others: int) -> None:
    """Each lab waits 100 days; of `hits` labs and one more, somebody had left on the first of them."""
    found = [spell(100 / DAYS_PER_MONTH, True, f"left-{at}") for at in range(hits)]
    found += [spell(100 / DAYS_PER_MONTH, False, "left-last")]
    found += [spell(100 / DAYS_PER_MONTH, True, f"calm-{at}") for at in range(others)]
    rows = catalogue(events=[event(f"e-{s.lab}", s.lab, START) for s in found if s.lab.startswith("left")])
    rates = departure_rate(rows, found)
    assert rates.with_departure == (hits, pytest.approx((hits + 1) * 100 / DAYS_PER_MONTH))
    assert rates.without == (others, pytest.approx(others * 100 / DAYS_PER_MONTH))
    low, high = tails(hits, others)
    scale = others / (hits + 1)  # equal waits: exposures are as the labs
    wanted = (hits / others * scale, low / (1 - low) * scale, high / (1 - high) * scale)
    assert (rates.ratio.value, rates.ratio.low, rates.ratio.high) == pytest.approx(wanted, rel=1e-6)


@given(st.lists(st.tuples(st.integers(1, 900), st.booleans(), st.integers(-500, 900)), min_size=1, max_size=5))
@example([(125, True, -500), (127, False, 0)])  # so many months in floating point are a hair less than so many days
@settings(max_examples=40)
def test_every_day_of_every_spell_is_exposed_or_not_once(rows: list[tuple[int, bool, int]]) -> None:
    found = [spell(days / DAYS_PER_MONTH, ended, f"l{at}") for at, (days, ended, _) in enumerate(rows)]
    gone = [event(f"e{at}", f"l{at}", START + timedelta(days=out)) for at, (_, _, out) in enumerate(rows)]
    rates = departure_rate(catalogue(events=gone), found)
    exposed = sum(len(set(range(days)) & set(range(out, out + 366))) for days, _, out in rows)
    assert rates.with_departure[1] * DAYS_PER_MONTH == pytest.approx(exposed)
    assert rates.without[1] * DAYS_PER_MONTH == pytest.approx(sum(days for days, _, _ in rows) - exposed)
    hits = sum(ended and 0 <= days - out <= 365 for days, ended, out in rows)
    assert (rates.with_departure[0], rates.without[0]) == (hits, sum(ended for _, ended, _ in rows) - hits)


def test_a_rate_is_unknown_where_nobody_left_or_nothing_came() -> None:
    quiet = departure_rate(catalogue(), [spell(5, True), spell(9, True)])
    assert quiet.with_departure == (0, 0)
    assert math.isnan(quiet.ratio.value)
    assert (quiet.ratio.low, quiet.ratio.high) == (0, math.inf)
    assert departure_rate(catalogue(), []).without == (0, 0)
