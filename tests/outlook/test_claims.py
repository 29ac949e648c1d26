"""All fourteen claims: how two readings make a verdict, and that no catalogue, however thin, brings one down."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.rows import LAST, about, catalogue, day, frontier, scored, shipped

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.tables import TABLES, Catalogue
from hanse.outlook.claims.questions import QUESTIONS, claims
from hanse.outlook.claims.verdict import Claim, Finding, Verdict, sign_verdict
from hanse.outlook.result import everything
from hanse.outlook.signals import LABELS

VERDICTS: tuple[Verdict, ...] = ("holds", "does not hold", "cannot tell")


def finding(verdict: Verdict, figure: str = "a figure") -> Finding:
    return Finding(verdict, figure, None, "rows", LAST, "a rule")


@pytest.mark.parametrize(("first", "second"), list(product(VERDICTS, VERDICTS)))
def test_a_claim_holds_or_not_only_where_both_readings_say_so(first: Verdict, second: Verdict) -> None:
    made = Claim(1, "a claim", "insight", finding(first, "all of it"), finding(second))
    if first == second:
        assert (made.verdict, made.why) == (first, "all of it")
    else:
        assert made.verdict == "cannot tell"
        assert made.why.startswith(f"all rows: {first}, verified rows: {second}.")
    assert made.as_json()["verdict"] == made.verdict


@pytest.mark.parametrize("wanted", [1, -1])
def test_a_sign_decides_only_off_zero(wanted: int) -> None:
    above, below = (about(1, 0.1, 2), about(-1, -2, -0.1)) if wanted > 0 else (about(-1, -2, -0.1), about(1, 0.1, 2))
    assert sign_verdict(above, wanted) == "holds"
    assert sign_verdict(below, wanted) == "does not hold"
    for unsure in (about(1, -0.1, 2), about(1, 0, 2), about(-1, -2, 0), about(0, 0, 0)):
        assert sign_verdict(unsure, wanted) == "cannot tell"


def test_fourteen_claims_are_asked_in_order_under_five_labels() -> None:
    found = claims(shipped())
    assert [claim.number for claim in found] == list(range(1, 15)) == [q.number for q in QUESTIONS]
    for claim in found:
        assert claim.label in LABELS
        for reading in (claim.all, claim.verified):
            assert reading.verdict in VERDICTS
            assert reading.figure
            assert reading.rule
            assert reading.data
            if reading.estimate is not None:
                assert reading.estimate.low <= reading.estimate.value <= reading.estimate.high


def test_rows_to_look_at_are_rows_of_the_catalogue() -> None:
    rows = shipped()
    known = {row.id for name in ("releases", "events", "consortia", "parameters") for row in getattr(rows, name)}
    known |= {row.name for row in rows.scores} | {row.model for row in rows.compute}
    named = {row for claim in claims(rows) for reading in (claim.all, claim.verified) for row in reading.rows}
    assert len(named) > 20
    assert named <= known


def test_the_verified_reading_rests_on_verified_rows_only() -> None:
    rows = shipped()
    kept = rows.verified()
    for all_, verified in ((rows.releases, kept.releases), (rows.events, kept.events)):
        assert verified == tuple(r for r in all_ if r.confidence in ("verified", "partly verified", "computed"))  # type: ignore[union-attr]
        assert 0 < len(verified) < len(all_)
    assert kept.compute == tuple(run for run in rows.compute if run.confidence in ("confident", "likely"))
    assert kept.verified() == kept
    for claim, question in zip(claims(rows), QUESTIONS, strict=True):
        assert claim.verified.as_json() == question.test(kept).as_json()


# --- thin catalogues


def fewer(rows: Catalogue, keep: dict[str, int], seed: int) -> Catalogue:
    """At most so many rows of each table, some of them."""
    dice = random.Random(seed)
    return replace(rows, **{
        name: tuple(dice.sample(table, min(count, len(table)))) for name, count in keep.items() for table in [getattr(rows, name)]
    })  # fmt: skip


FEW = st.sampled_from([0, 1, 2, 3, 5, 8, 13, 30, 10_000])
SOME = st.sampled_from([1, 2, 3, 5, 8, 13, 30, 10_000])
KEEP = st.fixed_dictionaries(
    {name: SOME if name in ("scores", "sources") else FEW for name in TABLES if name not in ("labs", "licenses")}
)


@given(KEEP, st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_no_claim_is_brought_down_by_missing_rows(keep: dict[str, int], seed: int) -> None:
    found = claims(fewer(shipped(), keep, seed))
    assert len(json.loads(json.dumps([claim.as_json() for claim in found], allow_nan=False))) == 14


@given(st.integers(0, 10**6), st.sampled_from([2, 4, 8, 20]))
@settings(max_examples=20, deadline=None)
def test_no_claim_is_brought_down_by_rows_of_a_few_weeks(seed: int, days: int) -> None:
    """Rates of growth over some days are absurd, not errors."""
    dice = random.Random(seed)
    first = day("2024-12-20") + timedelta(days=dice.randint(0, 500))
    rows = shipped()
    kept = {
        name: tuple(row.model_copy(update={"date": first + timedelta(days=dice.randint(0, days))})
                    for row in dice.sample(getattr(rows, name), min(60, len(getattr(rows, name)))))
        for name in ("releases", "events", "scores", "compute")
    }  # fmt: skip
    found = claims(replace(rows, **kept))
    assert len(json.loads(json.dumps([claim.as_json() for claim in found], allow_nan=False))) == 14


@given(KEEP, st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_no_stage_is_brought_down_by_missing_rows(keep: dict[str, int], seed: int) -> None:
    rows = fewer(shipped(), keep, seed)
    found = json.loads(json.dumps(everything(rows), allow_nan=False))
    assert found["catalogue"]["scores"] == len(rows.scores)
    assert len(found["forecast"]) == len({row.lab for row in rows.open_releases})


THIN = {
    "one score": catalogue([], frontier(LAST, LAST)),
    "one release without a score": catalogue([scored("a-1", "a", LAST, None)], frontier(LAST, LAST)),
    "one release, the newest score its own": catalogue([scored("a-1", "moonshot", LAST, 0)]),
    "scores of one day": catalogue([scored(f"a-{at}", "a", LAST, at, 8) for at in range(9)], frontier(LAST, LAST)),
    "scores later than every release": catalogue(
        [scored(f"a-{at}", "a", day("2024-01-01"), None, 8) for at in range(9)], frontier(day("2026-08-01"))),
    "scores that end before the comparison": catalogue(
        [scored(f"a-{at}", "a", day("2023-01-01"), 3, 8) for at in range(9)], frontier(last=day("2023-05-01"))),
}  # fmt: skip


@pytest.mark.parametrize("name", THIN)
def test_a_thin_catalogue_decides_nothing_that_needs_rows(name: str) -> None:
    found = claims(THIN[name])
    for claim in found:
        json.dumps(claim.as_json(), allow_nan=False)
        if claim.number not in (5, 7, 8, 9, 10):
            assert claim.verdict == "cannot tell"
    assert found[4].all.estimate is not None
    assert found[4].all.estimate.value == 0
    assert json.dumps(everything(THIN[name]), allow_nan=False)


def test_small_scored_releases_dated_before_every_score_decide_nothing() -> None:
    """The best small model cannot be compared with a frontier that is not known yet."""
    pairs = []
    for at in range(6):
        row, made = scored(f"s-{at}", "a", day("2024-01-01"), 3, 8)
        assert made is not None
        pairs.append((row, made.model_copy(update={"date": LAST - timedelta(days=at)})))
    assert claims(catalogue(pairs))[11].all.verdict == "cannot tell"


@pytest.mark.parametrize("weeks", range(16, 24))
def test_a_short_series_decides_nothing_about_small_models(weeks: int) -> None:
    """Some ten fortnights: enough to fit, too few to draw again."""
    last = date(2024, 1, 1) + timedelta(weeks=weeks)
    pairs = [scored(f"s-{at}", "a", day("2024-01-01") + timedelta(days=30 * at), 3, 8) for at in range(4)]
    found = claims(catalogue(pairs, frontier(last=last)))[11].all
    assert found.verdict in VERDICTS


@pytest.mark.parametrize("table", ["scores", "sources"])
def test_without_scores_or_sources_the_missing_table_is_named(table: str) -> None:
    with pytest.raises(CatalogueError, match=f"{table}.csv: has no rows"):
        claims(replace(shipped(), **{table: ()}))
