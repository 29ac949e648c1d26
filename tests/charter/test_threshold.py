"""Thresholds: integers against exact fractions, over every small case; one spelling each."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.charter.threshold import Threshold
from hanse.errors import CharterError

ALL = [
    Threshold(comparison, numerator, divisor, noun)
    for comparison in (">", ">=")
    for divisor in range(1, 8)
    for numerator in range(1, divisor + 1)
    for noun in ("roll", "members")
    if not (comparison == ">" and numerator == divisor)
]


def enough(threshold: Threshold, count: int, total: int) -> bool:
    """What passing means, in exact fractions of the total; nobody of nobody is 0."""
    wanted = Fraction(threshold.numerator, threshold.divisor) * total
    return count > wanted if threshold.comparison == ">" else count >= wanted


@pytest.mark.parametrize("threshold", ALL, ids=str)
def test_counting_is_exact_for_every_count_of_every_small_total(threshold: Threshold) -> None:
    for total in range(25):
        passing = [count for count in range(total + 2) if threshold.passes(count, total)]
        assert passing == [count for count in range(total + 2) if enough(threshold, count, total)]
        assert threshold.least(total) == passing[0]
        assert passing == list(range(passing[0], total + 2))  # more is never worse
        if total:
            assert threshold.least(total) <= total  # everybody together is always enough


@pytest.mark.parametrize("threshold", ALL, ids=str)
def test_more_than_half_means_that_no_two_halves_ever_both_pass(threshold: Threshold) -> None:
    safe = all(2 * threshold.least(total) > total for total in range(1, 200))
    assert threshold.more_than_half == safe


@pytest.mark.parametrize("threshold", ALL, ids=str)
def test_the_printed_form_parses_back(threshold: Threshold) -> None:
    assert Threshold.parse(str(threshold)) == threshold


def test_large_numbers_do_not_round() -> None:
    threshold = Threshold.parse("> 4999/9998 of roll")  # exactly one half
    assert not threshold.passes(10**17, 2 * 10**17)
    assert threshold.passes(10**17 + 1, 2 * 10**17)


@pytest.mark.parametrize("text", [
    "", "1/2", "> 1/2", ">1/2 of roll", "> 1/2 of the roll", "> 1/2 of Roll", "> 1/2 of voters", "< 1/2 of roll", "= 1/2 of roll",
    "=> 1/2 of roll", "≥ 1/2 of roll", "> 0.5 of roll", "> 50% of roll", "> half of roll", "> 1 / 2 of roll", "> 1/2  of roll",
    " > 1/2 of roll", "> 1/2 of roll ", "> 1/2 of roll\n", "> 01/2 of roll", "> 1/02 of roll", "> 0/2 of roll", "> 1/0 of roll",
    "> -1/2 of roll", "> 3/2 of roll", ">= 2/1 of members", "> 10000/20000 of roll", "> ١/٢ of roll",
])  # fmt: skip
def test_any_other_spelling_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CharterError, match=r"expected e\.g\. '> 1/2 of roll'"):
        Threshold.parse(text)


@pytest.mark.parametrize("text", ["> 1/1 of roll", "> 3/3 of members"])
def test_a_threshold_nobody_can_meet_is_refused_with_the_one_that_was_meant(text: str) -> None:
    with pytest.raises(CharterError, match="nothing is more than all; use '>= 1/1 of"):
        Threshold.parse(text)


@settings(deadline=None)
@given(st.text(st.sampled_from(">= 1234/5ofrlmebs\n"), max_size=20))
def test_what_is_parsed_is_printed_to_the_same_text(text: str) -> None:
    try:
        threshold = Threshold.parse(text)
    except CharterError:
        return
    assert str(threshold) == text
