"""The first year's game: rules side by side against every coalition, and the Shapley key."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from tests.case.made import WEAK_RIVALS, charter, known, private, terms

from hanse.case.private import Private
from hanse.case.sharing import RULES
from hanse.case.stability import AS_WRITTEN, FirstYear, bargain, keyed, stability, terms_under
from hanse.case.terms import Terms

RANGES = known(**WEAK_RIVALS)
WEIGHTS = (1, 2, 3, 5, 9)
DUES = {"rule": "equal", "budget": "900_000_000 USD"}
ASSURED = {"threshold": "800_000_000 USD", "by": "2026-12-01"}


def own(weights: tuple[int, ...] = WEIGHTS, unit: int = 2 * 10**7) -> Private:
    return private(member=[{"name": f"m{at}", "tokens": unit * weight} for at, weight in enumerate(weights)])


def five(weights: tuple[int, ...] = WEIGHTS, **clauses: Any) -> Terms:
    found = terms(len(weights), None, own=own(weights), **{"dues": DUES, "assurance": ASSURED, **clauses})
    return replace(found, base=np.array(weights) * 1e10)


def best_gain(found: Terms, payments: dict[str, float]) -> float:
    """The most that any coalition gains by leaving, one after another."""
    game = bargain(found, RANGES)
    paid = np.array([payments[name] for name in found.names])
    payoff = game.benefit - game.own_cost - paid
    gains = []
    for size in range(1, len(paid)):
        for members in combinations(range(len(paid)), size):
            inside = np.zeros((1, len(paid)))
            inside[0, list(members)] = 1
            gains.append(float(game.game.values(inside)[0] - payoff[list(members)].sum()))
    return max(gains)


SPECS = [{"member": f"m{at}", "parameters": 10 ** (10 + at % 3), "languages": [("en", "de", "ja")[at % 3]]} for at in range(5)]


@pytest.mark.parametrize("clauses", [{}, {"spec": SPECS}, {"assurance": None}], ids=["alike", "wishes", "free riders"])
def test_a_rule_is_in_the_core_when_no_coalition_gains(clauses: dict[str, Any]) -> None:
    found = five(**{key: value for key, value in clauses.items() if value is not None})
    if "assurance" in clauses:
        found = replace(found, assurance=None)
    year = stability(found, RANGES)
    assert year.exact
    assert set(year.sharing) == {AS_WRITTEN, *RULES} - {"class"}
    for rule, payments in year.sharing.items():
        assert sum(payments.values()) == pytest.approx(year.run)
        assert year.in_core[rule] == (best_gain(found, payments) <= 1e-6 * year.run) == (not year.deviating[rule]), rule
    assert sum(year.shapley.values()) == pytest.approx(year.value)
    assert year.nucleolus is not None
    assert sum(year.nucleolus.values()) == pytest.approx(year.value)
    assert (year.least_gain <= 1e-6 * year.run) or not any(year.in_core.values())


def test_equal_dues_drive_the_smallest_away_and_it_is_named() -> None:
    year = stability(five(), RANGES)
    assert not year.in_core["equal"]
    assert "m0" in year.deviating["equal"]
    assert "m4" not in year.deviating["equal"]
    assert year.in_core["usage"]
    assert year.sharing["usage"]["m4"] == pytest.approx(9 * year.sharing["usage"]["m0"])


def test_what_all_lose_by_all_refuse() -> None:
    year = stability(five(dues={"rule": "usage", "budget": "90_000_000_000 USD"}), RANGES)
    assert year.value == 0
    assert set(year.deviating[AS_WRITTEN]) == {f"m{at}" for at in range(5)}


def test_pledges_stay_and_only_dues_are_shared_anew() -> None:
    rows = [{"member": "m4", "kind": "cash", "amount": "300_000_000 USD"}]
    year = stability(five(pledge=rows), RANGES)
    assert year.run == pytest.approx(1.2e9)
    assert year.sharing["equal"] == pytest.approx({**{f"m{at}": 1.8e8 for at in range(4)}, "m4": 4.8e8})


def test_shapley_dues_leave_everybody_its_shapley_value() -> None:
    found = keyed(five(dues=DUES | {"rule": "shapley"}), RANGES)
    year = stability(found, RANGES)
    for name, payoff in year.shapley.items():
        left = year.benefits[name] - year.costs[name] - year.sharing[AS_WRITTEN][name]
        assert left == pytest.approx(payoff, rel=1e-6)
    assert found.dues is not None
    assert found.dues.key is not None
    plain = five()
    assert keyed(plain, RANGES) is plain


def test_terms_under_a_charter_with_shapley_dues_have_a_key() -> None:
    given = charter(5, None, dues=DUES | {"rule": "shapley"})
    found = terms_under(given, given, own(), RANGES)
    assert found.dues is not None
    assert found.dues.key is not None
    assert np.all(np.diff(found.dues.key) > 0)


def many() -> tuple[int, ...]:
    return tuple(5 + at for at in range(50))


def test_fifty_members_have_sampled_values_with_an_error() -> None:
    year = stability(five(many()), RANGES)
    assert not year.exact
    assert year.nucleolus is None
    assert "orders" in year.note
    assert "searched" not in year.note, "with a fixed cost the worst coalition is found by sorting"
    assert 0 < max(year.shapley_error.values()) < 0.01 * year.value
    assert year.in_core["usage"]


def test_fifty_of_two_kinds_are_exact() -> None:
    year: FirstYear = stability(five((2, 9) * 25), RANGES)
    assert year.exact
    assert set(year.shapley_error.values()) == {0.0}
    assert len({round(value) for value in year.shapley.values()}) == 2
