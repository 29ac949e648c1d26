"""Supply over time: half-years, labs near the frontier, the lag on a day against what the words say."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.outlook.rows import LAST, START, before, catalogue, day, eci_on, frontier, score, scored

from hanse.outlook.catalogue.schema import Score
from hanse.outlook.rating import DAYS_PER_MONTH, rate
from hanse.outlook.supply import (
    best_small_series,
    counts,
    half_end,
    half_start,
    half_year,
    halves,
    labs_within,
    lag_on,
    lag_series,
    near_labs,
    next_half,
    rated_halves,
    supply,
)

HALVES = st.builds("{}H{}".format, st.integers(1990, 2080), st.integers(1, 2))

# --- half-years


@given(st.dates(date(1990, 1, 1), date(2080, 12, 31)))
def test_a_day_is_in_the_half_year_that_starts_before_and_ends_after_it(when: date) -> None:
    half = half_year(when)
    assert half_start(half) <= when <= half_end(half)
    assert half_end(half) + timedelta(days=1) == half_start(next_half(half))
    assert half_year(half_start(half)) == half_year(half_end(half)) == half


def test_june_is_in_the_first_and_july_in_the_second_half() -> None:
    assert [half_year(day(text)) for text in ("2026-01-01", "2026-06-30", "2026-07-01", "2026-12-31")] == [
        "2026H1", "2026H1", "2026H2", "2026H2"]  # fmt: skip


@given(HALVES, st.integers(-20, 20), st.integers(-20, 20))
def test_steps_between_half_years_add_up(half: str, one: int, other: int) -> None:
    assert next_half(next_half(half, one), other) == next_half(half, one + other)
    assert next_half(half, 0) == half


@given(HALVES, st.integers(0, 30))
def test_half_years_from_one_to_another_are_all_in_order(first: str, steps: int) -> None:
    found = halves(first, next_half(first, steps))
    assert found == [next_half(first, at) for at in range(steps + 1)] == sorted(found)


# --- the open-closed lag

ROWS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 6), st.sampled_from(["open", "closed", "unknown"])),
    min_size=1,
    max_size=10,
)


def table(rows: list[tuple[int, int, str]]) -> list[Score]:
    return [score(f"s{at}", START + timedelta(days=d), e, "Any", access) for at, (d, e, access) in enumerate(rows)]


@given(ROWS, st.integers(0, 32))
def test_the_lag_counts_the_days_on_which_a_closed_model_was_above_the_best_open_one(
    rows: list[tuple[int, int, str]], after: int
) -> None:
    when, scores = START + timedelta(days=after), table(rows)

    def best(access: str, until: date) -> float | None:
        return max((s.eci for s in scores if s.access == access and s.date <= until), default=None)

    opened, closed = best("open", when), best("closed", when)
    point = lag_on(when, scores)
    if opened is None or closed is None:
        assert point is None
        return
    ahead = sum((best("closed", START + timedelta(days=d)) or -1) > opened for d in range(after))
    assert point is not None
    assert (point.day, point.best_open, point.best_closed) == (when, opened, closed)
    assert point.months * DAYS_PER_MONTH == pytest.approx(ahead)


def test_the_lag_is_given_week_by_week_until_the_newest_score_and_not_after() -> None:
    rows = catalogue([scored("a-1", "a", day("2024-03-01"), 5)], frontier())
    points = lag_series(rows, day("2024-02-01"))
    assert points[0].day == day("2024-03-07")  # the first week that knows both kinds
    assert {later.day - earlier.day for earlier, later in itertools.pairwise(points)} == {timedelta(days=7)}
    assert LAST - timedelta(days=7) < points[-1].day <= LAST
    passed = (points[-1].day - before(day("2024-03-01"), 5)).days / DAYS_PER_MONTH
    assert points[-1].months == pytest.approx(passed, abs=8 / DAYS_PER_MONTH)


# --- releases and labs


def world() -> list:
    return [
        scored("a-1", "a", day("2024-08-01"), 5),
        scored("a-2", "a", day("2024-09-01"), 8),
        scored("b-1", "b", day("2024-10-01"), 11),
        scored("c-1", "c", day("2025-03-01"), 7),
        scored("c-2", "c", day("2025-04-01"), None),
        scored("d-1", "d", day("2025-03-01"), None, 7),
        scored("e-1", "e", day("2025-05-01"), 3, weights="not verified"),
        scored("f-1", "f", day("2026-10-01"), None),
    ]


def test_labs_near_the_frontier_are_counted_once_and_announced_releases_never() -> None:
    rows = catalogue(world(), frontier())
    found = rate(rows)
    assert {months: near_labs(found, "2024H2", months) for months in (4, 6, 9, 12)} == {
        4: [], 6: ["a"], 9: ["a"], 12: ["a", "b"]}  # fmt: skip
    assert near_labs(found, "2025H1") == ["c"]
    for months, wanted in {6: [0, 1, 0, 0, 0, 0], 9: [0, 1, 1, 0, 0, 0], 12: [0, 2, 1, 0, 0, 0]}.items():
        intervals = labs_within(rows, months, draws=50)
        assert list(intervals) == rated_halves(rows) == ["2024H1", "2024H2", "2025H1", "2025H2", "2026H1", "2026H2"]
        assert [i.value for i in intervals.values()] == wanted


def test_a_sure_lab_is_drawn_as_often_as_labs_are_drawn_with_replacement() -> None:
    """One of three scored labs is near without doubt: a third of three draws, a binomial between 0 and 2 at 90%."""
    rows = catalogue(
        [scored(f"{lab}-1", lab, day("2025-03-01"), months) for lab, months in [("a", 2), ("b", 20), ("c", 22)]],
        frontier(),
    )
    found = labs_within(rows, 9, draws=4000)["2025H1"]
    assert (found.value, found.low, found.high) == (1, 0, 2)


def test_without_a_scored_release_no_lab_is_near() -> None:
    found = labs_within(catalogue([scored("a-1", "a", day("2025-03-01"), None)], frontier()), 9)
    assert {(i.value, i.low, i.high) for i in found.values()} == {(0, 0, 0)}


def test_half_years_without_a_release_are_there_and_empty() -> None:
    found = counts(rate(catalogue(world(), frontier())), lambda item: item.tier())
    assert found == {"2024H2": {"near-frontier": 2, "mid": 1}, "2025H1": {"near-frontier": 1, "unrated": 1, "small": 1},
                     "2025H2": {}, "2026H1": {}, "2026H2": {"unrated": 1}}  # fmt: skip
    assert counts([], lambda item: item.tier()) == {}


def test_best_small_models_are_those_that_were_best_when_they_came() -> None:
    pairs = [scored("s-1", "a", day("2024-05-01"), 14, 8), scored("s-2", "b", day("2024-06-01"), 20, 8),
             scored("s-3", "b", day("2024-09-01"), 12, 40), scored("large", "b", day("2024-10-01"), 3, 41),
             scored("unknown", "b", day("2024-10-01"), 3, None), scored("unscored", "b", day("2024-11-01"), None, 8)]  # fmt: skip
    found = best_small_series(catalogue(pairs, frontier()))
    assert [point.release for point in found] == ["s-1", "s-3"]
    assert [round(point.months_behind) for point in found] == [14, 12]
    assert found[1].frontier == pytest.approx(eci_on(day("2024-09-01")), abs=0.3)


def test_supply_counts_every_open_release_once_by_each_key() -> None:
    rows = catalogue(world(), frontier())
    found = supply(rows, draws=20)
    assert len(rows.open_releases) == 7
    for key, wanted in {"tier": 7, "region": 7, "funding": 7, "license": 7, "license_large": 6}.items():
        assert sum(sum(half.values()) for half in found["releases"][key].values()) == wanted  # type: ignore[index]
    assert found["labs_within"].keys() == {"6", "9", "12"}  # type: ignore[attr-defined]
    assert found["rated_until"] == "2026-08-13"
    assert found["collected"] == "2026-11-23"


def test_scores_that_end_before_the_comparison_leave_its_first_half_year_alone() -> None:
    assert rated_halves(catalogue([], frontier(last=day("2023-05-01")))) == ["2024H1"]
