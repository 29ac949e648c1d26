"""Outlooks: who can be forecast and why not, the base rate by counting, and how a probability is put together."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.rows import LAST, START, before, catalogue, day, departing, event, frontier, scored, shipped

from hanse.outlook.catalogue.schema import Release, Score
from hanse.outlook.forecast import base_rate, blend, outlooks
from hanse.outlook.survival import fit_cox, spells

# --- the base rate


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1100)), min_size=1, max_size=8, unique=True),
    st.sampled_from([6.0, 12.0]),
)
@settings(max_examples=60, deadline=None)
def test_the_base_rate_is_the_share_of_past_quarters_that_a_release_followed(
    rows: list[tuple[str, int]], horizon: float
) -> None:
    until = START + timedelta(days=max(at for _, at in rows))
    pairs = [scored(f"{lab}-{at}", lab, START + timedelta(days=at), 0) for lab, at in rows]
    world = catalogue(pairs, frontier(last=until))
    asked = []
    for lab in "ab":
        days = [at for name, at in rows if name == lab]
        for quarter in range(min(days, default=9999), 1200, 91):
            if quarter + horizon * 30.4375 <= max(at for _, at in rows):
                asked.append(any(0 < at - quarter <= horizon * 30.4375 for at in days))
    wanted = sum(asked) / len(asked) if asked else 0.5
    assert base_rate(spells(world), until, horizon) == pytest.approx(wanted)


def test_what_lies_ahead_of_the_day_does_not_count() -> None:
    found = spells(catalogue([scored("a-1", "a", day("2024-01-01"), 2)], frontier()))
    assert base_rate(found, day("2024-12-31")) == 0.5  # no quarter's year has passed
    assert base_rate(found, day("2025-01-01")) == 0  # one has


# --- a probability


def test_cox_is_drawn_toward_the_base_rate_with_the_weight_of_one_spell() -> None:
    rows = shipped()
    found = spells(rows)
    cox = fit_cox(found)
    assert cox is not None
    here = found[5].covariates
    for waited in (0.0, 3.3, found[3].months, 11.0, 40.0):  # one spell lasted just as long: it was at risk
        at_risk = len([s for s in found if s.months >= waited])
        wanted = (at_risk * cox.probability(here, waited, 12) + 0.3) / (at_risk + 1)
        assert blend(cox, found, here, waited, 0.3, 12) == pytest.approx(wanted)
    assert blend(cox, found, here, 1000, 0.3, 12) == pytest.approx(
        0.3
    )  # nobody waited so long: only the base rate is left


def test_shipped_outlooks_are_probabilities_with_intervals_and_reasons() -> None:
    rows = shipped()
    found = outlooks(rows, "cox", refits=20)
    assert {item.lab for item in found} == {release.lab for release in rows.open_releases}
    for item in found:
        assert (item.probability is not None) == (item.state == "forecast")
        if item.probability is not None:
            assert 0 <= item.probability.low <= item.probability.high <= 1
            assert item.waited is not None
            assert 0 <= item.waited <= 24
            assert set(dict(item.moved)) <= {"bigtech", "china", "lag", "metered", "departure"}
            strengths = [abs(value) for _, value in item.moved]
            assert strengths == sorted(strengths, reverse=True)
        else:
            assert item.why
    chances = [item.probability.value for item in found if item.probability is not None]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) > 3
    assert found == outlooks(rows, "cox", refits=20)


def test_the_base_rate_is_the_same_for_every_lab_and_moved_by_nothing() -> None:
    rows = shipped()
    found = [item for item in outlooks(rows, "base rate") if item.probability is not None]
    assert {item.probability.value for item in found if item.probability} == {base_rate(spells(rows), rows.rated_until)}
    assert {item.method for item in found} == {"base rate"}
    assert {item.moved for item in found} == {()}


def test_a_probability_takes_covariates_from_the_last_release_of_the_lab_as_of_the_newest_score() -> None:
    rows = shipped()
    found = spells(rows)
    cox, base = fit_cox(found), base_rate(found, rows.rated_until)
    assert cox is not None
    for item in outlooks(rows, "cox", refits=1):
        if item.probability is None:
            continue
        last = next(s for s in reversed(found) if s.lab == item.lab)
        assert item.last == last.start
        # releases of one day begin one spell, and the forecast must not take another of them
        assert item.last_release == last.release
        assert item.probability.value == pytest.approx(
            blend(cox, found, last.covariates, last.months, base, 12), abs=1e-9
        )


# --- who can be forecast


def state(*pairs: tuple[Release, Score | None]) -> tuple[str, str]:
    """Of lab a, among others."""
    others = [scored(f"z-{at}", "z", before(LAST, 6 + 4 * at), 2) for at in range(4)]
    found = outlooks(catalogue([*pairs, *others], frontier()), "base rate")
    item = next(item for item in found if item.lab == "a")
    return item.state, item.why


def unsure(id_: str, when: date) -> tuple[Release, Score]:
    """Nine months behind, give or take some."""
    row, made = scored(id_, "a", when, 9.2)
    assert made is not None
    return row, made.model_copy(update={"low": made.eci - 4, "high": made.eci + 4})


RECENT, OLD = before(LAST, 3), before(LAST, 26)
STATES = {
    "near two years ago or later": ([scored("a-1", "a", before(LAST, 23.9), 8)], "forecast", ""),
    "near and since then never scored": (
        [scored("a-1", "a", before(LAST, 10), 8), scored("a-2", "a", RECENT, None)],
        "forecast",
        "not rated since: A 2",
    ),
    "near and since then only small": (
        [scored("a-1", "a", before(LAST, 10), 8), scored("a-2", "a", RECENT, None, 8)],
        "forecast",
        "",
    ),
    "near long ago": ([scored("a-1", "a", OLD, 8)], "left", "since A 1"),
    "near long ago, now far for sure": (
        [scored("a-1", "a", OLD, 8), scored("a-2", "a", RECENT, 20)],
        "left",
        "since A 1",
    ),
    "near long ago, now never scored": (
        [scored("a-1", "a", OLD, 8), scored("a-2", "a", RECENT, None)],
        "cannot rate",
        "large and never scored: A 2",
    ),
    "never near, unsure": ([unsure("a-1", RECENT)], "cannot rate", "A 1: near the frontier in"),
    "never near, size unknown and never scored": (
        [scored("a-1", "a", RECENT, None, None)],
        "cannot rate",
        "never scored: A 1",
    ),
    "never near, small": ([scored("a-1", "a", RECENT, 20, 8)], "not near", "no near-frontier"),
    "never near, unscored a year ago": ([scored("a-1", "a", before(LAST, 13), None)], "not near", "no near-frontier"),
    "never near, after the newest score": (
        [scored("a-1", "a", LAST + timedelta(days=30), None)],
        "cannot rate",
        "never scored: A 1",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_lab_is_forecast_only_where_that_is_possible(name: str) -> None:
    pairs, wanted, why = STATES[name]
    found = state(*pairs)
    assert found[0] == wanted
    assert why in found[1]
    assert bool(why) == bool(found[1])


def test_events_of_the_last_year_are_told_and_older_ones_are_not() -> None:
    events = [
        event("new", "a", day("2026-01-01"), "funding"),
        event("old", "a", day("2025-01-01")),
        event("b", "b", day("2026-01-01")),
    ]
    item = next(
        o for o in outlooks(catalogue([scored("a-1", "a", RECENT, 2)], frontier(), events), "cox") if o.lab == "a"
    )
    assert item.events == ("new",)


@pytest.mark.parametrize("method", ["cox", "base rate"])
def test_a_lab_whose_first_release_came_on_the_last_day_is_forecast_by_one_half(method: str) -> None:
    rows = catalogue([scored("a-1", "a", LAST, 0)], frontier())
    item = outlooks(rows, method)[0]  # type: ignore[arg-type]
    assert item.state == "forecast"
    assert item.probability is not None
    assert (item.probability.value, item.method) == (0.5, "base rate")


def test_a_departure_known_today_moves_the_outlook_of_its_lab_only() -> None:
    calm = {item.lab: item for item in outlooks(departing(), "cox", refits=2)}
    after = {item.lab: item for item in outlooks(departing(event("new", "l0", before(LAST, 1))), "cox", refits=2)}
    assert calm["l0"].probability
    assert after["l0"].probability
    assert after["l0"].probability.value < calm["l0"].probability.value
    assert dict(after["l0"].moved)["departure"] < 0 < dict(calm["l0"].moved)["departure"]
    assert len(calm) == 10
    assert all(after[lab].probability == calm[lab].probability for lab in calm if lab != "l0")
