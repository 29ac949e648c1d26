"""The backtest: nothing from after a question's day moves its probability, and the verdict is what the scores say."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.outlook.rows import START, catalogue, day, departing, event, frontier, lab, score, scored, shipped

from hanse.outlook.backtest import METHODS, Backtest, backtest
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.rating import months_between, rate
from hanse.outlook.result import everything
from hanse.outlook.scoring import against, brier
from hanse.outlook.supply import half_end
from hanse.outlook.survival import ACTIVE_MONTHS, near_releases

DATED = ("releases", "events", "scores", "compute", "benchmarks")
Key = tuple[str, str, str]


def asked_of(rows: Catalogue, horizon: float = 12.0, events: bool = False) -> Backtest:
    found = backtest(rows, horizon, events)
    assert found is not None
    return found


def probabilities(test: Backtest, until: date) -> dict[Key, float]:
    """By method, half-year and lab, of questions asked by a day."""
    return {(s.method, f.at, f.lab): f.probability for s in test.scored for f in s.forecasts if half_end(f.at) <= until}


def outcomes(test: Backtest) -> dict[tuple[str, str], bool]:
    return {(f.at, f.lab): f.happened for f in test.scored[0].forecasts}


# --- nothing leaks


def scrambled(rows: Catalogue, after: date, seed: int) -> Catalogue:
    """Everything dated later than a day made something else; scores keep their dates, so that as much is asked."""
    dice = random.Random(seed)
    labs = [row.id for row in rows.labs]

    def later(when: date) -> date:
        return after + timedelta(days=dice.randint(1, 800)) if when > after else when

    releases = [
        row if row.date <= after else row.model_copy(update={
            "date": later(row.date), "lab": dice.choice(labs), "license": dice.choice(["MIT", "Llama 4 Community"]),
            "total_params_b": dice.choice([None, 3.0, 900.0]), "weights": dice.choice(["open", "not verified"])})
        for row in rows.releases if row.date <= after or dice.random() < 0.8
    ]  # fmt: skip
    scores = [
        row if row.date <= after else row.model_copy(update={
            "eci": dice.uniform(60, 190), "low": None, "high": None, "access": dice.choice(["open", "closed", "unknown"])})
        for row in rows.scores
    ]  # fmt: skip
    events = [
        row
        if row.date <= after
        else row.model_copy(update={"date": later(row.date), "lab": dice.choice(labs), "kind": "departure"})
        for row in rows.events
    ]
    return replace(
        rows, releases=tuple(releases), scores=tuple(scores), events=tuple(events), compute=(), benchmarks=()
    )


@pytest.mark.parametrize("horizon", [12.0, 6.0])
def test_a_world_that_goes_on_otherwise_after_a_day_gives_the_same_probabilities_up_to_it(horizon: float) -> None:
    rows = shipped()
    test = asked_of(rows, horizon, events=True)
    for at, half in enumerate(test.days):
        for seed in (0, 1):
            other = asked_of(scrambled(rows, half_end(half), 10 * at + seed), horizon, events=True)
            known = probabilities(test, half_end(half))
            assert probabilities(other, half_end(half)) == known
            assert len(known) >= 8 * len(METHODS)


def test_no_single_later_row_moves_a_probability() -> None:
    rows = shipped()
    test, asked = asked_of(rows, events=True), half_end("2025H1")
    before = probabilities(test, asked)
    dice = random.Random(4)
    newest = max(rows.scores, key=lambda row: row.date)
    for _ in range(12):
        name = dice.choice(DATED)
        table = [row for row in getattr(rows, name) if row is not newest]
        gone = dice.choice([row for row in table if row.date > asked])
        fewer = replace(rows, **{name: tuple(row for row in getattr(rows, name) if row is not gone)})
        assert probabilities(asked_of(fewer, events=True), asked) == before, gone


def steady(scores: int = 7) -> list:
    """Four labs that release near the frontier every third month, four every tenth."""
    pairs = []
    for at in range(8):
        name, step = f"l{at}", 91 if at < 4 else 304
        when = day("2023-02-01") + timedelta(days=11 * at)
        while when < day("2026-06-01"):
            pairs.append(scored(f"{name}-{when}", name, when, 2 + at % 3))
            when += timedelta(days=step)
    return pairs


def labs() -> list:
    return [lab(f"l{at}", region="China" if at < 4 else "Europe") for at in range(8)]


def test_a_score_dated_after_the_day_does_not_make_a_release_near_before_it() -> None:
    """The release is of June 20th, its score of July 5th: asked on June 30th, nobody could know of it."""
    late = scored("x-1", "x", day("2025-06-20"), 2)
    assert late[1] is not None
    pair = (late[0], late[1].model_copy(update={"date": day("2025-07-05")}))
    test = asked_of(catalogue([*steady(), pair], frontier(), labs=labs()))
    assert ("2025H1", "x") not in outcomes(test)
    again = scored("l4-x", "l4", day("2025-06-20"), 2)
    assert again[1] is not None
    pair = (again[0], again[1].model_copy(update={"date": day("2025-07-05")}))
    asked = half_end("2025H1")
    assert probabilities(asked_of(catalogue([*steady(), pair], frontier(), labs=labs())), asked) == probabilities(
        test, asked
    )


def test_a_departure_after_the_day_moves_no_probability_where_departures_matter() -> None:
    test = asked_of(departing(), events=True)
    for when, moved in {"2024-09-01": True, "2026-02-01": False}.items():
        other = asked_of(departing(event("late", "l0", day(when))), events=True)
        assert probabilities(test, half_end("2024H1")) == probabilities(other, half_end("2024H1"))
        assert (probabilities(test, half_end("2024H2")) != probabilities(other, half_end("2024H2"))) == moved
        assert (probabilities(test, date.max) != probabilities(other, date.max)) == moved


def test_what_comes_after_the_day_changes_only_whether_it_happened() -> None:
    first = scored("x-1", "x", half_end("2024H1"), 2)  # of the day itself: known, and no answer to the question
    test = asked_of(catalogue([*steady(), first], frontier(), labs=labs()))
    assert [outcomes(test)[half, "x"] for half in ("2024H1", "2024H2", "2025H1")] == [False, False, False]
    for when, wanted in {
        "2025-06-25": [True, True, False],
        "2025-07-05": [False, True, True],
        "2026-07-05": [False] * 3,
    }.items():
        more = [*steady(), first, scored("x-2", "x", day(when), 2)]
        other = asked_of(catalogue(more, frontier(), labs=labs()))
        asked = half_end("2024H2")
        assert probabilities(other, asked) == probabilities(test, asked)
        assert [outcomes(other)[half, "x"] for half in ("2024H1", "2024H2", "2025H1")] == wanted
        for key, happened in outcomes(test).items():
            assert key[1] == "x" or outcomes(other)[key] == happened


def test_events_count_only_when_asked_for() -> None:
    rows = shipped()
    calm = replace(rows, events=())
    gone = replace(
        rows, events=tuple(event(f"e{at}", row.lab, row.date) for at, row in enumerate(rows.releases) if at % 2)
    )
    assert asked_of(calm) == asked_of(gone)
    assert asked_of(calm, events=True) != asked_of(gone, events=True)


# --- what is asked


def test_a_lab_is_asked_about_for_two_years_after_its_last_near_frontier_release() -> None:
    rows = shipped()
    test = asked_of(rows)
    near = near_releases(rate(rows))
    for half in test.days:
        when = half_end(half)
        waited = {
            name: [months_between(i.release.date, when) for i in items if i.release.date <= when]
            for name, items in near.items()
        }
        wanted = sorted(name for name, months in waited.items() if months and min(months) <= ACTIVE_MONTHS)
        for scored_ in test.scored:
            assert [f.lab for f in scored_.forecasts if f.at == half] == wanted
    assert test.days == ("2024H1", "2024H2", "2025H1")  # scores end in 2026-08: a year after 2025-12-31 has not passed
    assert asked_of(rows, 6).days == ("2024H1", "2024H2", "2025H1", "2025H2")


def test_without_a_question_whose_year_has_passed_there_is_no_test() -> None:
    rows = shipped()
    assert backtest(rows.until(day("2025-05-01"))) is None
    assert backtest(rows.until(day("2025-06-29"))) is not None
    far = [scored("a-1", "a", day("2024-01-01"), 20), scored("a-2", "a", day("2024-03-01"), None)]
    assert backtest(catalogue(far, frontier())) is None


def test_half_years_before_the_first_score_are_not_asked_about() -> None:
    pairs = [scored(f"a-{at}", "a", day("2024-08-01") + timedelta(days=50 * at), 0) for at in range(8)]
    test = asked_of(catalogue(pairs, [score("first", day("2024-08-01"), 90), score("last", day("2026-08-13"), 170)]))
    assert test.days == ("2024H2", "2025H1")


def test_the_last_half_year_repeats_for_those_who_released_in_it() -> None:
    test = asked_of(shipped())
    repeats = next(s for s in test.scored if s.method == "last half-year repeats")
    near = near_releases(rate(shipped()))
    for f in repeats.forecasts:
        days = [i.release.date for i in near[f.lab]]
        first = date(half_end(f.at).year, 1 if f.at.endswith("H1") else 7, 1)
        assert f.probability == any(first <= when <= half_end(f.at) for when in days)


# --- the verdict


def turning() -> Catalogue:
    """Until mid-2024 labs in China release every two months and labs in Europe every seven; then China stops."""
    pairs = []
    for at in range(8):
        name, step = f"l{at}", 61 if at < 4 else 213
        when = day("2023-02-01") + timedelta(days=13 * at)
        while when < (day("2025-01-01") if at < 4 else day("2026-07-01")):
            pairs.append(scored(f"{name}-{when}", name, when, 2 + at % 3))
            when += timedelta(days=step)
    return catalogue(pairs, frontier(), labs=labs())


def stable() -> Catalogue:
    """Labs in China release every fourth month, labs in Europe once in a while; it stays like that."""
    pairs = []
    for at in range(10):
        name, step = f"l{at}", 122 if at < 5 else 660
        when = day("2023-01-10") + timedelta(days=(13 if at < 5 else 97) * at)
        while when < day("2026-07-01"):
            pairs.append(scored(f"{name}-{when}", name, when, 2))
            when += timedelta(days=step)
    return catalogue(
        pairs, frontier(), labs=[lab(f"l{at}", region="China" if at < 5 else "Europe") for at in range(10)]
    )


def test_where_the_past_misleads_the_base_rate_is_forecast_and_the_verdict_says_so() -> None:
    test = asked_of(turning())
    by = {s.method: s.brier for s in test.scored}
    assert by["cox"] > by["base rate"]
    assert test.chosen == "base rate"
    assert test.verdict.startswith("Cox does not beat both baselines, so the base rate is forecast")
    found = everything(turning())
    assert {row["method"] for row in found["forecast"]} == {"base rate"}
    assert all(row["moved"] == [] for row in found["forecast"])


def test_where_the_past_repeats_cox_is_forecast() -> None:
    test = asked_of(stable())
    by = {s.method: s.brier for s in test.scored}
    assert by["cox"] < min(by["base rate"], by["last half-year repeats"])
    assert test.chosen == "cox"
    assert test.verdict.startswith("Cox beats both baselines")


def test_a_success_is_sure_only_if_it_is_off_zero_against_both_baselines() -> None:
    """On the shipped rows, six months ahead, Cox beats the base rate for sure, but not those who repeat."""
    for test in (asked_of(shipped()), asked_of(shipped(), 6), asked_of(stable())):
        assert test.chosen == "cox"
        cox, *others = test.scored
        sure = [against(cox.forecasts, other.forecasts).above_zero for other in others]
        assert ("by less than its interval" in test.verdict) == (not all(sure))
        assert cox.better_by is not None
        assert cox.better_by.above_zero == sure[0]


def test_with_too_few_ended_spells_cox_is_the_base_rate_and_does_not_beat_it() -> None:
    pairs = [
        scored("a-1", "a", day("2024-01-01"), 2),
        scored("a-2", "a", day("2024-09-01"), 2),
        scored("b-1", "b", day("2024-02-01"), 2),
    ]
    test = asked_of(catalogue(pairs, frontier()))
    cox, base, _ = test.scored
    assert cox.forecasts == base.forecasts
    assert test.chosen == "base rate"
    assert " 0 of them from a fitted model" in test.verdict


def test_the_verdict_counts_the_forecasts_that_a_fitted_model_gave() -> None:
    """Where too little had ended by then, Cox repeats the base rate: no success of Cox's."""
    test = asked_of(shipped())
    cox, base, _ = test.scored
    own = [f for f, b in zip(cox.forecasts, base.forecasts, strict=True) if f != b]
    assert {f.at for f in own} == {"2025H1"}
    assert f"over {len(cox.forecasts)} forecasts, {len(own)} of them from a fitted model" in test.verdict


def test_scores_of_the_methods_are_those_of_their_forecasts() -> None:
    test = asked_of(shipped(), 6)
    base = next(s for s in test.scored if s.method == "base rate")
    assert [s.method for s in test.scored] == list(METHODS)
    for s in test.scored:
        assert s.brier == brier(s.forecasts)
        assert s.better_by == (None if s is base else against(s.forecasts, base.forecasts))
        assert sum(b.count for b in s.calibration) == len(s.forecasts)
        assert all(0 <= f.probability <= 1 for f in s.forecasts)


# --- figures


def test_all_figures_are_the_same_in_another_process_and_hold_no_nan() -> None:
    """Another process has another order of sets."""
    program = ("import json; from hanse.outlook.catalogue.tables import shipped; from hanse.outlook.result import everything;"
               "print(json.dumps(everything(shipped()), allow_nan=False))")  # fmt: skip
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], env=os.environ | {"PYTHONHASHSEED": "77"},
                          capture_output=True, text=True, check=True)  # fmt: skip
    here = json.loads(json.dumps(everything(shipped()), allow_nan=False))
    assert json.loads(done.stdout) == here
    assert here["catalogue"]["releases"] == len(shipped().releases)
    assert START.isoformat() < here["supply"]["rated_until"]
