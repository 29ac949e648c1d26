"""Each claim with a computed rule, on catalogues where it clearly holds, clearly does not, and cannot be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import pstdev

import numpy as np
import pytest
from tests.outlook.rows import LAST, before, catalogue, day, eci_on, event, frontier, lab, result, run, score, scored

from hanse.outlook.catalogue.schema import Benchmark, Compute, Release, Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.generality import generality, profiles
from hanse.outlook.claims.licensing import access, conflict
from hanse.outlook.claims.money import funding_gap, nonprofits, sponsors, startups, top_at_release
from hanse.outlook.claims.people import after_departures
from hanse.outlook.claims.tiers import labs_slope, small_hedge, two_tiers
from hanse.outlook.rating import rate

Pair = tuple[Release, Score | None]
HOLDS, NOT, UNKNOWN = "holds", "does not hold", "cannot tell"

# --- claim 1: the strongest model stays closed, and licenses are metered


def conflicting(labs: int, closed_then: int, closed_now: int, metered_then: int, metered_now: int) -> Catalogue:
    """Labs with an open flagship in 2024, 2025 and 2026; some showed a better closed model or put a meter on it."""
    far = [("far-25", day("2025-10-01"), "MIT"), ("far-26", day("2026-05-01"), "Metered")]
    pairs, scores = [scored(id_, "far", when, None, license=terms) for id_, when, terms in far], frontier(step=20)
    for at in range(labs):
        name = f"l{at}"
        pairs.append(scored(f"{name}-24", name, day("2024-03-01"), 11))
        pairs.append(
            scored(f"{name}-25", name, day("2025-10-01"), 5, license="Metered" if at < metered_then else "MIT")
        )
        pairs.append(
            scored(f"{name}-26", name, day("2026-05-01"), 5, license="Research" if at < metered_now else "MIT")
        )
        for when, count in ((day("2024-05-01"), closed_then), (day("2026-06-01"), closed_now)):
            if at < count:
                scores.append(score(f"{name} closed {when}", when, eci_on(when) - 1, name.title()))
    return catalogue(pairs, scores)


CONFLICT = {
    "fewer are open and more are metered": ((9, 0, 8, 0, 8), HOLDS),
    "more are open and fewer are metered": ((9, 8, 0, 8, 0), NOT),
    "more are open": ((9, 8, 0, 4, 4), NOT),
    "fewer are metered": ((9, 4, 4, 8, 0), NOT),
    "fewer are open, meters stay": ((9, 0, 8, 4, 4), UNKNOWN),
    "more are metered, openness stays": ((9, 4, 4, 0, 8), UNKNOWN),
    "nothing moves": ((9, 4, 4, 4, 4), UNKNOWN),
    "two labs of which one moves": ((2, 0, 1, 0, 1), UNKNOWN),
}


@pytest.mark.parametrize("name", CONFLICT)
def test_claim_1_needs_both_shares_to_move(name: str) -> None:
    (labs, closed_then, closed_now, then, now), wanted = CONFLICT[name]
    found = conflict(conflicting(labs, closed_then, closed_now, then, now))
    assert found.verdict == wanted
    assert f"{then} of {labs} at the end of 2025, {now} of {labs} now" in found.figure
    assert f"{labs - closed_then} of {labs} in mid-2024, {labs - closed_now} of {labs} now" in found.figure


# --- claim 2: compute


def growing(
    access_: str, yearly: float, noise: float = 0.0, first: date = date(2022, 2, 1), start: float = 1e24
) -> list[Compute]:
    """Twelve runs, each larger than the one before, growing so many times a year."""
    random = np.random.default_rng(len(access_))
    return [
        run(f"{access_}-{at}", first + timedelta(days=120 * at),
            start * yearly ** (120 * at / 365.25) * math.exp(noise * random.normal()), access_)
        for at in range(12)
    ]  # fmt: skip


GROWTH = [(5, 2, 0, HOLDS), (5, 2, 0.1, HOLDS), (2, 5, 0, NOT), (4, 3, 0.7, UNKNOWN), (3, 4, 0.7, UNKNOWN)]


@pytest.mark.parametrize(("closed", "opened", "noise", "wanted"), GROWTH)
def test_claim_2_compares_growth_of_closed_and_open_runs(
    closed: float, opened: float, noise: float, wanted: str
) -> None:
    runs = growing("closed", closed, noise) + growing("open", opened, noise)
    found = funding_gap(catalogue(scores=frontier(), compute=runs))
    assert found.verdict == wanted
    if not noise:
        assert found.estimate is not None
        assert found.estimate.value == pytest.approx(closed / opened)


def test_claim_2_cannot_be_told_from_few_runs_or_from_runs_of_one_week() -> None:
    rows = growing("closed", 5) + growing("open", 2)[:4]
    assert funding_gap(catalogue(scores=frontier(), compute=rows)).verdict == UNKNOWN
    # seven runs of a week, each ten times the one before: a steady growth, but of no year
    week = [run(f"w-{at}", day("2024-01-01") + timedelta(days=at), 10.0 ** (20 + at), "closed") for at in range(7)]
    assert funding_gap(catalogue(scores=frontier(), compute=week + growing("open", 2))).verdict == UNKNOWN


def test_a_growth_that_no_float_holds_is_still_a_figure() -> None:
    """Without the last run, four of three days are left, each ten billion times the one before."""
    closed = [run(f"c-{at}", day("2024-01-01") + timedelta(days=at), 10.0 ** (10 * at), "closed") for at in range(4)]
    closed += [run(f"c-{at}", day("2025-06-01") + timedelta(days=at), 1e40, "closed") for at in (5, 6)]
    found = funding_gap(catalogue(scores=frontier(), compute=closed + growing("open", 2)))
    assert found.estimate is not None
    assert found.estimate.high > 1e100


def test_only_runs_among_the_ten_largest_when_they_came_out_count() -> None:
    runs = [run(f"r-{at}", day("2022-01-01") + timedelta(days=at), 1e24 - at * 1e22, "closed") for at in range(14)]
    assert [r.model for r in top_at_release(runs)] == [f"r-{at}" for at in range(10)]
    later = run("late", day("2023-01-01"), 0.915e24, "closed")
    assert top_at_release([*runs, later])[-1] is later  # nine are larger


def test_claim_2_does_not_count_runs_that_ten_older_ones_exceed() -> None:
    """Ten closed runs of 2021 were larger than the first of 2022: those were never among the ten largest."""
    old = [run(f"old-{at}", day("2021-01-01") + timedelta(days=at), 1e25, "closed") for at in range(10)]
    small = [run(f"small-{at}", day("2022-01-05") + timedelta(days=at), 1e20, "closed") for at in range(9)]
    closed, opened = growing("closed", 4, start=2e25), growing("open", 4)
    found = funding_gap(catalogue(scores=frontier(), compute=old + small + closed + opened))
    assert found.data == "compute (12 closed, 12 open runs)"
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(1)


# --- claim 4: after departures


def leaving(calm_step: int, left_step: int | None, labs: int = 6) -> Catalogue:
    """Six labs release every so many days; six others, whose leader left in 2024-01, every so many (or never again)."""
    pairs, gone = [], []
    for at in range(2 * labs):
        name, step = f"l{at}", calm_step if at < labs else left_step
        if at >= labs:
            gone.append(event(f"e{at}", name, day("2024-01-15")))
        when = day("2024-01-10")
        while when < day("2025-01-01"):
            pairs.append(scored(f"{name}-{when}", name, when, 3))
            when += timedelta(days=step or 9999)
    return catalogue(pairs, frontier(last=day("2025-01-10")), gone)


def test_claim_4_compares_rates_after_a_departure_with_all_others() -> None:
    assert after_departures(leaving(60, None)).verdict == HOLDS
    assert after_departures(leaving(300, 40)).verdict == NOT
    assert after_departures(leaving(90, 90)).verdict == UNKNOWN
    assert after_departures(leaving(150, None, labs=1)).verdict == UNKNOWN
    alone = catalogue([scored("a-1", "a", day("2025-01-01"), 3)], frontier())
    found = after_departures(alone)
    assert (found.verdict, found.estimate) == (UNKNOWN, None)
    assert "nan" not in found.figure


# --- claim 5: money

FUNDED = {
    "moonshot": {"kind": "funding", "usd_m": 500},
    "zai": {"kind": "listing"},
    "minimax": {"kind": "strategy", "usd_m": 3},
}
MONEY = [((), UNKNOWN), (("zai",), UNKNOWN), (("moonshot", "zai"), UNKNOWN), (("moonshot", "zai", "minimax"), NOT)]


@pytest.mark.parametrize(("labs", "wanted"), MONEY)
def test_claim_5_counts_labs_with_money_within_a_year(labs: tuple[str, ...], wanted: str) -> None:
    within = [event(name, name, day("2026-01-01"), **FUNDED[name]) for name in labs]
    without = [
        event("old", "minimax", day("2025-11-01"), "funding", usd_m=900),
        event("result", "minimax", day("2026-03-01"), "funding"),
        event("other", "openai", day("2026-03-01"), "funding", usd_m=900),
    ]
    found = startups(catalogue(scores=frontier(), events=within + without))
    assert found.verdict == wanted
    assert found.rows == labs


# --- claim 6: generality


def measured(unevenness: Sequence[float], organization: str = "Moonshot", every: int = 180) -> Catalogue:
    """Ten closed models a half-year that are even, and open ones off by so many points up and down in turn."""
    scores = [score(f"closed-{at}", day("2024-01-10") + timedelta(days=18 * at), 110 + at * 0.4) for at in range(52)]
    rows: list[Benchmark] = []
    off: dict[str, float] = {}
    for at, points in enumerate(unevenness):
        name = f"open-{at}"
        scores.append(score(name, day("2024-02-10") + timedelta(days=every * at), 115 + at, organization, "open"))
        off[name] = points
    for made in scores:
        for at in range(8):
            shift = off.get(made.name, 0) * (1 if at % 2 else -1)
            logit = 0.1 * (made.eci + shift - 120 - at)
            rows.append(result(made.name, f"benchmark-{at}", 1 / (1 + math.exp(-logit))))
    return catalogue(scores=scores, benchmarks=rows, labs=[lab("moonshot")])


def test_a_profile_is_the_spread_of_what_was_planted() -> None:
    points = [0.5, 2.0, 4.5]
    found = {p.score.name: p for p in profiles(measured(points))}
    assert len(found) == 55
    for at, planted in enumerate(points):
        assert found[f"open-{at}"].unevenness == pytest.approx(pstdev([planted, -planted]), abs=1e-6)
        assert found[f"open-{at}"].benchmarks == 8
    assert found["closed-7"].unevenness == pytest.approx(0, abs=1e-6)


def test_a_benchmark_that_does_not_follow_the_index_is_left_out() -> None:
    rows = measured([1.0])
    noise = [
        result(s.name, f"noise-{at}", 0.5 + 0.4 * math.sin(7 * i + at))
        for at in range(4)
        for i, s in enumerate(rows.scores)
    ]
    more = catalogue(scores=rows.scores, benchmarks=[*rows.benchmarks, *noise], labs=[lab("moonshot")])
    assert {p.benchmarks for p in profiles(more)} == {8}
    few = [b for b in rows.benchmarks if b.benchmark in ("benchmark-0", "benchmark-1")]
    assert profiles(catalogue(scores=rows.scores, benchmarks=few)) == []


def test_claim_6_follows_the_change_of_unevenness() -> None:
    rising, level = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 4.0, 1.0, 4.0, 1.0]
    assert generality(measured(rising)).verdict == HOLDS
    assert generality(measured(rising[::-1])).verdict == NOT
    assert generality(measured(level)).verdict == UNKNOWN
    assert generality(measured(rising[:4])).verdict == UNKNOWN  # fewer than five
    assert generality(measured(rising, "Somebody")).verdict == UNKNOWN  # not of the three labs
    found = generality(measured(rising)).estimate
    assert found is not None
    assert found.value == pytest.approx(365.25 / 180, abs=1e-3)


# --- claim 7: sponsors


def sponsored(stopped: int, going: int, funding: str = "bigtech") -> Catalogue:
    pairs = []
    for at in range(stopped + going):
        pairs.append(scored(f"l{at}-1", f"l{at}", day("2025-01-01"), 5))
        if at >= stopped:
            pairs.append(scored(f"l{at}-2", f"l{at}", before(LAST, 11), 5))
        pairs.append(scored(f"l{at}-3", f"l{at}", before(LAST, 2), 15))  # far behind: no answer to the question
    return catalogue(pairs, frontier(), labs=[lab(f"l{at}", funding=funding) for at in range(stopped + going)])


def test_claim_7_counts_sponsors_that_stopped() -> None:
    assert sponsors(sponsored(6, 0)).verdict == HOLDS
    assert sponsors(sponsored(0, 6)).verdict == NOT
    found = sponsors(sponsored(3, 3))
    assert found.verdict == UNKNOWN
    assert found.figure.startswith("3 of 6 sponsors")
    assert sponsors(sponsored(6, 0, "startup")).figure == "no such lab on record"


# --- claim 8: two tiers


def tiers(near: Sequence[Sequence[tuple[str, float]]], small: Sequence[int]) -> Catalogue:
    """In each half-year from 2024H2 on: labs with their lag, and so many labs with a small release."""
    pairs: list[Pair] = []
    for turn, (found, count) in enumerate(zip(near, small, strict=True)):
        when = date(2024 + (turn + 1) // 2, 2 if turn % 2 else 8, 1)
        pairs += [scored(f"{name}-{when}", name, when, months) for name, months in found]
        pairs += [scored(f"s{at}-{when}", f"s{at}", when, None, 8) for at in range(count)]
    return catalogue(pairs, frontier())


def shrinking(months: float, counts: Sequence[int] = (9, 7, 5, 3)) -> list[list[tuple[str, float]]]:
    return [[(f"l{at}", months) for at in range(count)] for count in counts]


TWO = {
    "more small labs, fewer near ones": (shrinking(4), (2, 4, 6, 8), HOLDS),
    "as many near ones": (shrinking(4, (5, 5, 5, 5)), (2, 4, 6, 8), NOT),
    "fewer small labs": (shrinking(4), (8, 6, 4, 2), NOT),
    "as many small labs": (shrinking(4), (4, 4, 4, 4), NOT),
    "fewer within 6 months, as many within 12": (
        [[(f"l{at}", 4 if at < count else 11) for at in range(9)] for count in (9, 7, 5, 3)], (2, 4, 6, 8), NOT),
    "one of two labs gone in the end": (shrinking(4, (2, 2, 2, 1)), (2, 4, 6, 8), UNKNOWN),
    "too few half-years": (shrinking(4)[:2], (2, 4), UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO)
def test_claim_8_needs_more_small_labs_and_fewer_near_the_frontier_at_every_threshold(name: str) -> None:
    near, small, wanted = TWO[name]
    rows = tiers(near, small)
    if len(small) < 4:
        rows = rows.until(day("2025-05-01"))
    found = two_tiers(rows)
    assert found.verdict == wanted
    if len(small) == 4:
        assert f"Labs with a small release: {', '.join(map(str, small))}." in found.figure


def test_the_trend_of_labs_is_least_squares_on_their_counts() -> None:
    for counts in ((9, 7, 5, 3), (5, 5, 5, 5), (5, 4, 5, 5), (1, 4, 2, 6)):
        found = labs_slope(rate(tiers(shrinking(4, counts), (0, 0, 0, 0))), ["2024H2", "2025H1", "2025H2", "2026H1"], 9)
        assert found.value == pytest.approx(np.polyfit([0, 0.5, 1, 1.5], counts, 1)[0], abs=1e-12)
        assert found.low <= found.value <= found.high
    with pytest.raises(ValueError, match="three half-years"):
        labs_slope([], ["2024H2", "2025H1"], 9)


# --- claim 9: non-profits


def nonprofit(*months: float | None, funding: str = "nonprofit", ago: float = 6) -> Catalogue:
    pairs = [scored(f"n{at}", "n", before(LAST, ago + at), value) for at, value in enumerate(months)]
    return catalogue(
        [*pairs, scored("s", "s", before(LAST, 3), 2)], frontier(), labs=[lab("n", funding=funding), lab("s")]
    )


def test_claim_9_is_decided_by_scored_releases_only() -> None:
    assert nonprofits(nonprofit(13, 20, 14)).verdict == HOLDS
    assert nonprofits(nonprofit(13, 20, 14, None, None)).verdict == HOLDS
    assert nonprofits(nonprofit(13, 8.5, 14)).verdict == NOT
    assert nonprofits(nonprofit(8.5, None)).verdict == NOT
    assert nonprofits(nonprofit(13, 11, 14)).verdict == UNKNOWN
    assert nonprofits(nonprofit(13, 20)).verdict == UNKNOWN
    assert nonprofits(nonprofit(None, None, None, None)).verdict == UNKNOWN
    assert nonprofits(nonprofit(13, 20, 14, ago=22.5)).verdict == UNKNOWN  # the oldest is of more than two years ago
    for kind, wanted in (("public", HOLDS), ("network", HOLDS), ("startup", UNKNOWN), ("bigtech", UNKNOWN)):
        assert nonprofits(nonprofit(13, 20, 14, funding=kind)).verdict == wanted


# --- claim 10: access


def accessing(labs: int, changed: int, how: str) -> Catalogue:
    """Labs near the frontier in 2025-01; all release something large in 2026-05, but for what changed."""
    pairs, scores = [], frontier()
    for at in range(labs):
        name, moved = f"l{at}", at < changed
        pairs.append(scored(f"{name}-25", name, day("2025-01-01"), 5))
        if not (moved and how == "silent"):
            pairs.append(
                scored(
                    f"{name}-26",
                    name,
                    day("2026-05-01"),
                    20,
                    license="Metered" if moved and how == "metered" else "MIT",
                )
            )
        if moved and how == "closed":
            scores.append(score(f"{name} closed", day("2026-06-01"), 150, name.title()))
    return catalogue(pairs, scores)


@pytest.mark.parametrize("how", ["metered", "closed", "silent"])
def test_claim_10_counts_labs_that_changed_in_any_of_three_ways(how: str) -> None:
    assert access(accessing(9, 8, how)).verdict == HOLDS
    assert access(accessing(9, 0, how)).verdict == NOT
    found = access(accessing(9, 3, how))
    assert found.verdict == UNKNOWN
    assert found.figure.startswith("3 of 9 labs")
    assert access(catalogue([scored("a-1", "a", before(LAST, 1), 3)], frontier())).verdict == UNKNOWN


# --- claim 12: small models


def hedging(first: float, last: float, noise: float = 0) -> Catalogue:
    """A small open model every second month whose lag moves from one to the other."""
    random = np.random.default_rng(5)
    days = [day("2024-01-05") + timedelta(days=60 * at) for at in range(16)]
    lags = [first + (last - first) * at / 15 + noise * random.normal() for at in range(16)]
    return catalogue(
        [
            scored(f"s-{at}", "s", when, max(0.0, months), 8)
            for at, (when, months) in enumerate(zip(days, lags, strict=True))
        ],
        frontier(),
    )


def test_claim_12_compares_gains_of_small_models_with_the_frontier() -> None:
    closing, widening, level = (
        small_hedge(hedging(24, 3)),
        small_hedge(hedging(3, 20)),
        small_hedge(hedging(10, 10, 1.5)),
    )
    assert (closing.verdict, widening.verdict, level.verdict) == (HOLDS, NOT, UNKNOWN)
    assert closing.estimate is not None
    years = 15 * 60 / 365.25
    assert closing.estimate.value == pytest.approx(21 / years, rel=0.15)  # a point a month: 21 months in that time
    fewer = hedging(24, 3).until(day("2024-06-01"))
    assert small_hedge(fewer).verdict == UNKNOWN
