"""Lag, gap and tier: against what the words say, day by day, and over every small case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.rows import START, catalogue, day, frontier, rated, release, score, scored

from hanse.outlook.catalogue.schema import Score
from hanse.outlook.rating import (
    DAYS_PER_MONTH,
    THRESHOLDS,
    Rated,
    draw_months_behind,
    gap,
    months_behind,
    months_between,
    rate,
)

SCORES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 8), st.sampled_from(["open", "closed", "unknown"])),
    min_size=1,
    max_size=12,
)


def table(rows: list[tuple[int, int, str]]) -> list[Score]:
    return [score(f"s{at}", START + timedelta(days=d), e, "Any", access) for at, (d, e, access) in enumerate(rows)]


def days_behind(eci: float, when: date, scores: list[Score]) -> int:
    """Days since the frontier of some day, the best score dated by then, was at least this."""
    for ago in range((when - START).days, 0, -1):
        if any(s.eci >= eci and s.date <= when - timedelta(days=ago) for s in scores):
            return ago
    return 0


@given(SCORES, st.integers(0, 8), st.integers(0, 45))
def test_months_behind_counts_from_the_day_the_frontier_reached_the_score(
    rows: list[tuple[int, int, str]], eci: int, after: int
) -> None:
    when, scores = START + timedelta(days=after), table(rows)
    assert months_behind(eci, when, scores) * DAYS_PER_MONTH == pytest.approx(days_behind(eci, when, scores))


@given(SCORES, st.integers(0, 8), st.integers(0, 45))
def test_the_gap_is_to_the_best_that_was_known(rows: list[tuple[int, int, str]], eci: int, after: int) -> None:
    when, scores = START + timedelta(days=after), table(rows)
    known = sorted(s.eci for s in scores if s.date <= when)
    assert gap(eci, when, scores) == (known[-1] - eci if known else 0)


def test_a_month_is_a_twelfth_of_a_julian_year() -> None:
    assert months_between(day("2025-01-01"), day("2029-01-01")) == 48
    assert months_between(day("2025-02-01"), day("2025-01-01")) < 0


# --- drawing a score again


@given(SCORES, st.lists(st.tuples(st.integers(0, 45), st.integers(0, 8)), min_size=1, max_size=4))
@settings(max_examples=60)
def test_a_score_without_an_interval_is_drawn_as_it_stands(
    rows: list[tuple[int, int, str]], released: list[tuple[int, int]]
) -> None:
    scores = table(rows)
    items = [
        Rated(
            release(f"r{at}", "a", START + timedelta(days=d)),
            score(f"x{at}", START, e, access="open"),
            None,
            None,
            "open",
        )
        for at, (d, e) in enumerate(released)
    ]
    drawn = draw_months_behind(items, scores, 5, 3)
    for column, item in enumerate(items):
        assert item.score is not None
        assert drawn[:, column] == pytest.approx([months_behind(item.score.eci, item.release.date, scores)] * 5)
    wide = [replace(item, score=item.score.model_copy(update={"low": e, "high": e})) for item in items
            for e in [item.score.eci if item.score else 0]]  # fmt: skip
    assert (draw_months_behind(wide, scores, 5, 3) == drawn).all()


def test_drawn_lags_have_the_quantiles_of_the_score_they_come_from() -> None:
    """Lag falls as the score rises, so its quantiles are the lags of the score's quantiles."""
    pair = scored("r", "a", day("2026-01-01"), 6)
    assert pair[1] is not None
    low, high = pair[1].eci - 2, pair[1].eci + 4  # lopsided
    made = (pair[0], pair[1].model_copy(update={"low": low, "high": high}))
    rows = catalogue([made], frontier())
    item = rate(rows)[0]
    drawn = draw_months_behind([item], rows.scores, 4000, 1)[:, 0]

    def lag(share: float) -> float:
        sigmas = NormalDist().inv_cdf(share)
        width = (pair[1].eci - low if sigmas < 0 else high - pair[1].eci) / 1.6448536269514722  # type: ignore[union-attr]
        return months_behind(pair[1].eci + sigmas * width, item.release.date, rows.scores)  # type: ignore[union-attr]

    for share in (0.05, 0.5, 0.95):
        assert lag(1 - share + 0.02) <= np.quantile(drawn, share) <= lag(1 - share - 0.02)
    assert 5.5 <= np.median(drawn) <= 6.5  # half of the draws are behind what was measured, whatever the widths


def test_a_release_without_a_score_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="r has no score"):
        draw_months_behind([rated(None, 10)], frontier(), 3, 1)


# --- tiers

TIERS = {
    # months behind, size: tier at 6, at 9, at 12
    (0.0, 200): ("near-frontier", "near-frontier", "near-frontier"),
    (6.0, 200): ("near-frontier", "near-frontier", "near-frontier"),
    (6.1, 200): ("mid", "near-frontier", "near-frontier"),
    (9.0, 200): ("mid", "near-frontier", "near-frontier"),
    (9.1, 200): ("mid", "mid", "near-frontier"),
    (12.0, 200): ("mid", "mid", "near-frontier"),
    (12.1, 200): ("mid", "mid", "mid"),
    (6.0, 40): ("near-frontier", "near-frontier", "near-frontier"),
    (6.1, 40): ("small", "near-frontier", "near-frontier"),
    (9.1, 40): ("small", "small", "near-frontier"),
    (12.1, 40): ("small", "small", "small"),
    (12.1, 40.1): ("mid", "mid", "mid"),
    (6.0, None): ("near-frontier", "near-frontier", "near-frontier"),
    (9.1, None): ("mid", "mid", "near-frontier"),
    (12.1, None): ("mid", "mid", "mid"),
    (None, 40): ("small", "small", "small"),
    (None, 0.1): ("small", "small", "small"),
    (None, 40.1): ("unrated", "unrated", "unrated"),
    (None, 2000): ("unrated", "unrated", "unrated"),
    (None, None): ("unrated", "unrated", "unrated"),
}


@pytest.mark.parametrize(("months", "size"), TIERS)
def test_a_tier_follows_from_lag_and_size(months: float | None, size: float | None) -> None:
    item = rated(months, size)
    assert tuple(item.tier(at) for at in THRESHOLDS) == TIERS[months, size]
    assert item.tier() == item.tier(9)


@given(st.none() | st.floats(0, 40), st.none() | st.floats(0.1, 3000), st.floats(0, 40))
def test_an_unscored_large_release_is_unrated_and_never_counted_as_far(
    months: float | None, size: float | None, at: float
) -> None:
    item = rated(months, size)
    if months is None:
        assert item.near(at) is None
        assert item.tier(at) == ("small" if size is not None and size <= 40 else "unrated")
    else:
        assert item.tier(at) != "unrated"
        assert (item.tier(at) == "near-frontier") == item.near(at) == (months <= at)


def test_what_was_only_announced_is_not_rated_and_sets_no_frontier() -> None:
    pairs = [
        scored("out", "a", day("2025-01-01"), 3),
        scored("told", "b", day("2025-02-01"), 3, weights="not verified"),
    ]
    assert [item.release.id for item in rate(catalogue(pairs, frontier()))] == ["out"]


def test_a_release_is_rated_by_its_own_date_whatever_the_order_of_rows() -> None:
    pairs = [
        scored("late", "a", day("2026-01-01"), 10),
        scored("early", "a", day("2025-01-01"), 5),
        scored("none", "b", day("2025-06-01"), None, license="Metered"),
        scored("odd", "b", day("2025-06-02"), 2, license="?"),
    ]
    found = rate(catalogue(pairs, frontier()))
    assert [item.release.id for item in found] == ["early", "none", "odd", "late"]
    assert [item.license_class for item in found] == ["open", "metered", "unknown", "open"]
    assert [None if item.months_behind is None else round(item.months_behind) for item in found] == [5, None, 2, 10]
    assert [None if item.gap is None else round(item.gap) for item in found] == [5, None, 2, 10]  # a point a month
    assert found[1].score is None
    assert found[1].tier() == "unrated"
