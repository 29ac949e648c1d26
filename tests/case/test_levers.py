"""What one clause changes, and for whom."""

from __future__ import annotations

import numpy as np
import pytest
from tests.case.made import TWO_UNKNOWN, UNEQUAL, WEAK_RIVALS, charter, held, private, unequal

from hanse.case.levers import effects
from hanse.case.paired import difference, sample
from hanse.case.stability import terms_under
from hanse.case.terms import terms_of
from hanse.charter.schema import Charter, parse_charter

DUES = {"rule": "equal", "budget": "1_200_000_000 USD"}
HEAVY = private(preset="heavy")
RANGES = held(**WEAK_RIVALS, patience=9.0)


def ten(growth: str = "2/1") -> Charter:
    values = charter(10, None).document()
    values["member"] = [row | {"base": f"{50 + 15 * at}_000_000_000 USD"} for at, row in enumerate(values["member"])]
    more = {"dues": DUES | {"growth": growth}, "currency": "USD", "withdrawal": {"notice_days": 365, "owed": "due_within_notice"},
            "release": {"licenses": ["apache-2.0"], "embargo_days": 180}}  # fmt: skip
    return parse_charter(values | more, "ten")


def test_effects_are_what_two_runs_on_the_same_draws_differ_by() -> None:
    rows = effects(ten(), HEAVY, 400, 3, RANGES)
    assert [row.near for row in rows] == sorted((row.near for row in rows), reverse=True)
    row = next(row for row in rows if row.change == "dues that do not grow")
    before, after = sample([terms_of(ten(), HEAVY), terms_of(ten("1/1"), HEAVY)], 400, 3, RANGES)
    assert (row.near_before, row.near) == (before.near.mean(), after.near.mean())
    assert row.near < row.near_before
    assert row.error == difference(before.near, after.near)[1]
    assert row.founded == after.founded.mean()


def test_who_is_helped_is_named() -> None:
    """Dues by heads are too dear for the smallest; dues by use relieve it. Without an embargo nobody gains by being a member."""
    given = unequal(release={"licenses": ["X"], "embargo_days": 365})
    rows = {row.change: row for row in effects(given, UNEQUAL, 600, 3, TWO_UNKNOWN)}
    relieved = rows["dues by tokens used"].for_whom
    assert next(iter(relieved)) == "m0"
    assert relieved["m0"] < -0.3
    open_ = rows["no embargo"]
    assert open_.founded < 0.05
    assert len(open_.for_whom) == 3
    assert min(open_.for_whom.values()) > 0.1


def test_wishes_stay_when_a_spec_is_agreed() -> None:
    specs = [{"member": f"m{at}", "parameters": 10 ** (10 + at)} for at in range(3)]
    given = charter(3, spec=specs)
    agreed = charter(3, spec=[row | {"parameters": 10**11} for row in specs])
    before, after = terms_under(given, given), terms_under(agreed, given)
    assert before.agreed is None
    assert after.agreed is not None
    far = ((after.wishes - after.agreed) ** 2).sum(axis=1)
    assert far == pytest.approx([far[0], 0, far[0]])
    assert far[0] > 0.4
    assert terms_under(agreed, agreed).agreed is None, "they wish for the same"


def test_the_error_of_a_difference_is_that_of_paired_draws() -> None:
    rng = np.random.default_rng(5)
    base, flips = rng.random((300, 2000)), rng.random((300, 2000))
    found = [difference(row < 0.3, (row < 0.3) ^ (flip < 0.02)) for row, flip in zip(base, flips, strict=True)]
    gaps = np.array([gap for gap, _ in found])
    assert gaps.std() == pytest.approx(np.mean([error for _, error in found]), rel=0.15)
    never = difference(np.zeros(100, bool), np.zeros(100, bool))
    assert never[0] == 0
    assert 0 < never[1] < 0.02
