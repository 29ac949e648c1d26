"""The plumbing gives indices that are known in closed form, and chance is one factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.case.made import WEAK_RIVALS, held, known, private, terms

from hanse.case.arrays import Floats
from hanse.case.chance import Chance, Gathered
from hanse.case.parameters import PARAMETERS
from hanse.case.sensitivity import CHANCE, Influence, indices, sensitivity
from hanse.case.terms import Terms
from hanse.errors import CaseError

RICH = private(member=[{"name": f"m{at}", "tokens": 2 * 10**8, "growth": "2/1"} for at in range(4)])
SPEC = [{"member": f"m{at}", "parameters": 10 ** (10 + at % 2)} for at in range(4)]


def ishigami(rows: Floats) -> Floats:
    """sin x + 7 sin(y) ** 2 + 0.1 z ** 4 sin x on [-pi, pi]; and a sum whose shares of variance are 1, 4 and 0 of 5."""
    x, y, z = ((2 * rows - 1) * np.pi).T
    return np.stack([np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x), rows[:, 0] + 2 * rows[:, 1]])


def test_ishigami_and_a_sum() -> None:
    curve, line = (np.array(rows) for rows in indices(["x", "y", "z"], ishigami, 1024, 3))
    for found, first, total in ((curve, [0.3139, 0.4424, 0], [0.5576, 0.4424, 0.2437]), (line, [0.2, 0.8, 0], [0.2, 0.8, 0])):
        assert found[:, 0] == pytest.approx(first, abs=0.05)
        assert found[:, 2] == pytest.approx(total, abs=0.05)
        assert (np.abs(found[:, 0] - first) <= 4 * found[:, 1] + 0.01).all()
        assert (np.abs(found[:, 2] - total) <= 4 * found[:, 3] + 0.01).all()


def test_an_outcome_that_never_varies_has_no_influences() -> None:
    assert indices(["x"], lambda rows: np.ones((1, len(rows))), 16, 1) == [[(0.0, 0.0, 0.0, 0.0)]]


def test_rows_with_one_value_of_chance_share_all_their_luck() -> None:
    pool = Chance(4, 0, 8)
    found = Gathered(pool, np.array([3, 3, 7]))
    for stream in (found.uniform("exit/m0", 5), found.normal("demand/m0")[None]):
        assert (stream[:, 0] == stream[:, 1]).all()
        assert (stream[:, 0] != stream[:, 2]).any()
    assert found.uniform("run").tolist() == pool.uniform("run")[[3, 3, 7]].tolist()


def rich(**clauses: Any) -> Terms:
    """Four members to whom the model is worth far more than they pay, in most draws."""
    return terms(4, 300_000_000, own=RICH, release={"licenses": ["X"], "embargo_days": 365}, **clauses)


def by_name(found: tuple[Influence, ...]) -> dict[str, Influence]:
    return {row.parameter: row for row in found}


def test_the_cost_of_misalignment_matters_only_where_wishes_differ() -> None:
    apart = by_name(sensitivity(rich(spec=SPEC), 64, 1, held(**WEAK_RIVALS)))
    alike = by_name(sensitivity(rich(), 64, 1, held(**WEAK_RIVALS)))
    assert alike["misalignment"].total == alike["fit"].total == 0
    assert apart["fit"].total > 0
    assert list(alike.values()) == sorted(alike.values(), key=lambda row: -row.total)
    assert set(alike) == {item.name for item in PARAMETERS} | {CHANCE}
    assert by_name(sensitivity(rich(), 64, 1, held(**WEAK_RIVALS))) == alike, "the same seed, the same answer"


def test_chance_is_all_there_is_when_everything_else_is_known() -> None:
    rows = by_name(sensitivity(rich(), 128, 2, known(**WEAK_RIVALS, run_fails=0.3)))
    assert rows[CHANCE].total == pytest.approx(1, abs=0.15)
    assert all(row.total == 0 for name, row in rows.items() if name != CHANCE)


def test_a_base_sample_is_a_power_of_two() -> None:
    with pytest.raises(CaseError, match="a base sample of 100: expected one of 16, 32"):
        sensitivity(terms(), 100)
