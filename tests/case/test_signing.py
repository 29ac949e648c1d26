"""Who signs: exclusion keeps payers, free riding drives them away wave after wave, assurance makes each one count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.case.made import CALM, DRAWS, private, scene, terms, trace

from hanse.case.dues import pay
from hanse.case.founding import sign
from hanse.case.joint import build, compare
from hanse.case.scene import in_year
from hanse.case.terms import Terms

UNEQUAL = private(member=[{"name": f"m{at}", "tokens": 10**7 * 8**at // 5**at, "control": "0 USD", "early_month": "0 USD"}
                          for at in range(8)])  # fmt: skip
EQUAL_DUES = {"rule": "equal", "budget": "2_000_000_000 USD"}
OPEN = {"licenses": ["Apache-2.0"], "embargo_days": 0}
CLOSED = {"licenses": ["Apache-2.0"], "embargo_days": 36500, "metered_above": "0 USD"}
NO_RIVAL = np.zeros(1)


def signers(found: Terms, rival: float = 0.0, **beliefs: float) -> list[bool]:
    return [bool(signs) for signs in sign(scene(found, **beliefs), np.array([rival]))[:, 0]]


def test_equal_dues_unravel_to_nobody_when_the_model_is_free_at_once() -> None:
    assert not any(signers(terms(8, None, UNEQUAL, dues=EQUAL_DUES, release=OPEN)))


def test_exclusion_keeps_those_to_whom_the_model_is_worth_it() -> None:
    found = signers(terms(8, None, UNEQUAL, dues={**EQUAL_DUES, "rule": "usage"}, release=CLOSED))
    assert sum(found) >= 6
    assert found == sorted(found)  # the larger, the rather


def test_nobody_signs_for_a_model_that_a_rival_gives_for_nothing() -> None:
    found = terms(8, None, UNEQUAL, dues={**EQUAL_DUES, "rule": "usage"}, release=CLOSED)
    assert not any(signers(found, rival=1.0, outside_control=1))


def test_who_signs_does_not_regret_it_and_who_would_be_the_last_to_leave_is_asked_again() -> None:
    found = terms(8, None, UNEQUAL, dues={**EQUAL_DUES, "rule": "usage"}, release=CLOSED)
    where = scene(found)
    signing = sign(where, NO_RIVAL)
    year = in_year(where, 0)
    paid = pay(where, 0, signing)
    choice = compare(where, year, build(where, year, 0, paid, signing, ramp=False), paid, NO_RIVAL)
    surplus = choice.inside - choice.outside - choice.cost
    assert signing.any()
    assert (surplus[signing] >= 0).all()


CHARTERS = st.fixed_dictionaries({
    "members": st.integers(1, 6), "cash": st.sampled_from([10**6, 10**7, 10**8, 3 * 10**8]),
    "embargo": st.sampled_from([0, 90, 365, 1000]), "preset": st.sampled_from(["light", "typical", "heavy"]),
})  # fmt: skip


def of(case: dict[str, Any], **clauses: Any) -> Terms:
    release = {"licenses": ["X"], "embargo_days": case["embargo"]}
    return terms(case["members"], case["cash"], private(preset=case["preset"]), release=release, **clauses)


@given(CHARTERS)
@settings(max_examples=15, deadline=None)
def test_assurance_that_any_member_alone_would_meet_never_makes_founding_less_likely(case: dict[str, Any]) -> None:
    plain = trace(of(case), 64)
    sure = trace(of(case, assurance={"threshold": "1 USD", "by": "2026-12-31"}), 64)
    assert (sure.founded >= plain.founded).all()
    assert (sure.members[0] >= plain.members[0]).all()


@given(CHARTERS)
@settings(max_examples=15, deadline=None)
def test_a_longer_embargo_never_makes_anybody_less_willing_to_sign(case: dict[str, Any]) -> None:
    short, long = trace(of(case), 64), trace(of({**case, "embargo": case["embargo"] + 180}), 64)
    assert ((long.left > 0) >= (short.left > 0)).all()


@given(CHARTERS, st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_a_higher_threshold_is_never_met_more_often(case: dict[str, Any], times: int) -> None:
    low, high = (trace(of(case, assurance={"threshold": f"{amount:_} USD", "by": "2026-12-31"}), 64)
                 for amount in (case["cash"], case["cash"] * times))  # fmt: skip
    assert (high.founded <= low.founded).all()


def test_money_goes_back_when_the_threshold_is_missed() -> None:
    found = trace(terms(3, 10**8, assurance={"threshold": "300_000_001 USD", "by": "2026-12-31"}), member_cost=1)
    assert not found.founded.any()
    assert not found.accounts.paid.any()
    assert not found.alive.any()
    assert (found.left == 0).all()


def test_the_threshold_itself_is_enough() -> None:
    own = private(preset="heavy", grant=[{"source": "State", "amount": "1_000_000_000 USD"}])
    release = {"licenses": ["X"], "embargo_days": 365}
    found = trace(terms(3, 10**7, own, release=release, assurance={"threshold": "30_000_000 USD", "by": "2026-12-31"}), **CALM)
    alone = trace(terms(3, 10**7, own, release=release, assurance={"threshold": "30_000_001 USD", "by": "2026-12-31"}), **CALM)
    assert found.founded.mean() > 0.9
    assert ((alone.founded) <= (found.founded)).all()


def test_too_few_members_found_nothing() -> None:
    own = private(preset="heavy", grant=[{"source": "State", "amount": "1_000_000_000 USD"}])
    release = {"licenses": ["X"], "embargo_days": 365}
    assert trace(terms(1, 10**6, own, release=release)).founded.all()
    assert not trace(terms(1, 10**6, own, release=release, dissolution={"members_least": 2})).founded.any()


@pytest.mark.parametrize("own", [None, UNEQUAL])
def test_draws_are_judged_one_by_one(own: Any) -> None:
    found = terms(8, None, own, dues={**EQUAL_DUES, "rule": "usage"}, release=CLOSED)
    whole, few = trace(found), trace(found, 7)
    assert (whole.left[:, :7] == few.left).all()
    assert whole.left.shape == (8, DRAWS)
