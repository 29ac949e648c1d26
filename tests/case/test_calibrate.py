"""History again: the facts read from the catalogue, the fits run once more, what is met, what is missed and said to be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.case.made import PARAMETERS, middle

from hanse.case import history
from hanse.case.calibrate import Calibration, calibrate
from hanse.case.chance import Chance
from hanse.case.fit import COUNT_HALVES, LAG_YEARS, fit, half_times, hazards
from hanse.case.history import EPISODES, again, record
from hanse.case.lag import lag
from hanse.case.parameters import BY_NAME, replaced
from hanse.case.population import near
from hanse.charter.schema import load_charter
from hanse.outlook.catalogue.tables import shipped

CATALOGUE = shipped()


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(1500, 1)


def test_the_facts() -> None:
    assert [round(record.lag_of(CATALOGUE, year), 1) for year in (2024, 2025, 2026)] == [8.8, 4.9, 6.6]
    assert record.near_counts(CATALOGUE) == {"2024H2": 5, "2025H1": 5, "2025H2": 5, "2026H1": 4, "2026H2": 2}
    assert record.contenders(CATALOGUE) == (7, 5)
    assert record.rounds(CATALOGUE) == 5
    assert record.stops(CATALOGUE, "bigtech").stopped == 3
    assert record.stops(CATALOGUE, "startup").stopped == 1
    assert 0 < record.seen_share(CATALOGUE) < 1


def test_budgets_come_from_the_tables() -> None:
    # Llama 3.1 405B at USD 52.9 M, times 5 for the research around it, plus 40 % for staff
    assert record.budget_of(CATALOGUE, 2024)[0] == pytest.approx(52_885_400 * 5 * 1.4)
    assert record.budget_of(CATALOGUE, 2025) == pytest.approx((0.45e9, 0.25e9, 0.7e9))
    assert record.budget_of(CATALOGUE, 2026) == pytest.approx((1.5e9, 0.5e9, 2.5e9))


@pytest.mark.slow
def test_fitting_again_gives_the_stored_parameters() -> None:
    again = fit(CATALOGUE)
    stored = {item.name: (item.value, item.low, item.high) for item in PARAMETERS if item.source.startswith("fit:")}
    assert again == stored


def test_hazards_lie_between_the_belief_and_what_was_seen() -> None:
    none, many = record.Stops(0, 0.0), record.Stops(40, 100.0)
    assert hazards(none, none, 0)["sponsor_shift"][0] == pytest.approx(0.1)
    assert hazards(none, none, 0)["refinancing"][0] == pytest.approx(0.85)
    assert 0.1 < hazards(many, none, 0)["sponsor_shift"][0] < 0.4
    assert hazards(none, none, 100)["refinancing"][0] > 0.95
    for value, low, high in hazards(many, none, 7).values():
        assert low < value < high


def test_every_target_is_there_and_says_what_it_was_used_for(found: Calibration) -> None:
    assert [target.name for target in found.targets] == [
        "open-lag-2024", "open-lag-2025", "open-lag-2026",
        "labs-2024H2", "labs-2025H1", "labs-2025H2", "labs-2026H1", "labs-2026H2", "sematech", "bigscience",
    ]  # fmt: skip
    held = {target.name for target in found.targets if target.held_out}
    assert held == {"open-lag-2024", "labs-2026H1", "labs-2026H2", "bigscience"}
    for target in found.targets:
        assert target.held_out == (not target.fitted)
        assert set(target.fitted) <= {item.name for item in found.fitted}
        assert target.met == (target.low <= target.value <= target.high)
        assert list(target.model) == sorted(target.model)
    assert {f"open-lag-{year}" for year in LAG_YEARS} | {f"labs-{half}" for half in COUNT_HALVES} | held | {"sematech"} == {
        target.name for target in found.targets
    }


def test_widths_are_those_agreed(found: Calibration) -> None:
    wide = {target.name: round(target.high - target.low, 6) for target in found.targets}
    assert {wide[name] for name in wide if name.startswith("open-lag")} == {4}
    assert {wide[name] for name in wide if name.startswith("labs")} == {2}
    assert wide["sematech"] == 4


def test_what_the_model_reproduces_and_the_one_thing_it_does_not(found: Calibration) -> None:
    assert [target.name for target in found.misses] == ["open-lag-2024"]
    assert not found.met
    missed = found.misses[0]
    assert missed.value < missed.low  # money alone would have been faster: until the middle of 2024 nobody open knew how
    row = found.rows()[0]
    assert "MISSED" in row
    assert "held out" in row


def test_the_second_half_of_2024_alone_is_within_two_months(found: Calibration) -> None:
    weeks = [point.months for point in record.lag_series(CATALOGUE) if "2024-07" <= point.day.isoformat() < "2025"]
    assert abs(found.targets[0].value - float(np.mean(weeks))) <= 2


def test_another_world_is_missed() -> None:
    dear = calibrate(300, 1, replaced(PARAMETERS, {"anchor_budget": (2e10, 1e10, 3e10)}, "test"))
    assert not dear.met
    assert {"open-lag-2025", "open-lag-2026"} <= {target.name for target in dear.misses}
    assert "anchor_budget" not in {item.name for item in dear.fitted}


def test_it_can_be_written(found: Calibration) -> None:
    written = json.loads(json.dumps(found.document()))
    assert written["met"] is False
    assert len(written["targets"]) == len(found.rows()) == 10
    assert {len(row) for row in found.rows()} == {6}


def test_no_year_meets_both_2024_and_2025_within_the_ranges_of_growth_and_catching_up() -> None:
    """Why the miss is the law's, not the fit's: with these budgets 2024 comes out below 2025, and it was far above."""
    budgets = {year: np.array([record.budget_of(CATALOGUE, year)[0]]) for year in (2024, 2025)}
    for growth in (BY_NAME["cost_growth"].low, BY_NAME["cost_growth"].high):
        for catch_up in (BY_NAME["catch_up"].low, BY_NAME["catch_up"].high):
            p = middle(cost_growth=growth, catch_up=catch_up)
            assert lag(p, budgets[2024], 2024.5)[0] < lag(p, budgets[2025], 2025.5)[0]


@pytest.mark.parametrize("name", EPISODES)
def test_episodes_are_charters_of_their_folder(name: str) -> None:
    charter = load_charter(Path(history.__file__).parent / f"{name}.toml")
    assert len(charter.member) == {"sematech": 14, "bigscience": 10}[name]
    first, second = (next(again(name, 50, 3, PARAMETERS)) for _ in range(2))
    assert (first.members == second.members).all()
    assert first.founded.mean() > 0.9


def test_sematech_raises_what_it_raised() -> None:
    trace = next(again("sematech", 200, 1, PARAMETERS))
    founded = trace.founded & (trace.members[1] == 14)
    # USD 100 M a year of each side, within a fifth, before administration
    assert np.median(trace.budget[1][founded]) == pytest.approx(2e8, rel=0.2)


def test_labs_near_the_frontier_are_never_more_than_there_are_and_nearer_is_fewer() -> None:
    chance = Chance(1, 0, 200)
    p = chance.parameters(PARAMETERS)
    loose, tight = (near(p, chance, half_times(), (3, 2), months) for months in (12.0, 6.0))
    assert loose.shape == (5, 200)
    assert loose.max() <= 5
    assert (tight <= loose).all()
    assert (near(p, chance, half_times(), (0, 0), 9.0) == 0).all()


def test_richer_startups_are_nearer() -> None:
    chance = Chance(1, 0, 200)
    p = dict(chance.parameters(PARAMETERS))
    poor = near(p, chance, half_times(), (5, 0), 9.0)
    p["startup_budget"] = p["startup_budget"] * 2
    assert (near(p, chance, half_times(), (5, 0), 9.0) >= poor).all()


def test_fitted_ranges_hold_their_value() -> None:
    for item in PARAMETERS:
        assert replace(item).value == item.value  # the range checks itself
        assert item.source
