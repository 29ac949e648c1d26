"""When a notice takes effect, what is owed, why somebody goes, and how the years follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.case.made import CALM, private, scene, terms, trace

from hanse.case.dynamics import Trace
from hanse.case.lag import NEVER
from hanse.case.leaving import ENDED, REASONS, RIVAL, SPONSOR, STAYS, UNSIGNED, exit_year
from hanse.case.terms import YEARS

LONG_TERM = {"start": "2027-01-01", "end": "2035-01-01", "renewal": "ends"}
GRANT = private(grant=[{"source": "State", "amount": "3_000_000_000 USD"}])
EARLY = {"licenses": ["X"], "embargo_days": 365}
NOBODY_STAYS = {**CALM, "exit_hazard": 1.0, "hazard_slope": 0.0, "member_cost": 1.0}
"""Everybody gives notice for a reason of its own at the end of the first year."""


def leaving(days: int, owed: str, until: str | None = None, end: str = "2035-01-01", renewal: str = "ends") -> dict[str, Any]:
    lock = {"locked_until": until} if until else {}
    return {"withdrawal": {"notice_days": days, "owed": owed, **lock}, "term": {**LONG_TERM, "end": end, "renewal": renewal}}


@pytest.mark.parametrize(("clauses", "years"), [
    (leaving(0, "nothing"), [1, 2, 3, 4, 5, 6, 7, 8]),
    (leaving(360, "nothing"), [1, 2, 3, 4, 5, 6, 7, 8]),
    (leaving(731, "nothing"), [3, 4, 5, 6, 7, 8, 8, 8]),
    (leaving(0, "nothing", "2029-01-01"), [None, 2, 3, 4, 5, 6, 7, 8]),
    (leaving(366, "nothing", "2029-01-01"), [2, 3, 4, 5, 6, 7, 8, 8]),
    (leaving(0, "nothing", "2029-01-02"), [None, None, 3, 4, 5, 6, 7, 8]),
    # at the end of a term that is renewed everybody is free, whatever notice and lock say
    (leaving(1100, "nothing", None, "2029-01-01", "renews"), [2, 2, 6, 7, 8, 9, 10, 11]),
    (leaving(0, "nothing", "2029-01-01", "2029-01-01", "renews"), [None, 2, 3, 4, 5, 6, 7, 8]),
])  # fmt: skip
def test_the_year_from_which_a_member_is_gone(clauses: dict[str, Any], years: list[int | None]) -> None:
    where = scene(terms(**clauses))
    found = [exit_year(where, number) for number in range(YEARS)]
    assert [when and when[0] for when in found] == years


@pytest.mark.parametrize(("days", "owed", "part"), [
    (180, "nothing", 0), (180, "due_within_notice", 180 / 365.25), (0, "due_within_notice", 0), (180, "whole_term", 1),
    (550, "due_within_notice", 550 / 365.25 - 1),
])  # fmt: skip
def test_the_part_of_the_payment_that_is_owed(days: int, owed: str, part: float) -> None:
    when = exit_year(scene(terms(**leaving(days, owed))), 2)
    assert when is not None
    assert when[1] == pytest.approx(part)


def paid_by_year(clauses: dict[str, Any]) -> list[float]:
    """What four members that pledge 1 M each pay in a mean draw, of those that were founded, without interest."""
    found = trace(terms(4, 10**6, GRANT, release=EARLY, **clauses), **{**NOBODY_STAYS, "discount": 0.0})
    assert found.founded.all()
    assert (found.left == 1).all()
    return [float(found.accounts.paid.mean() / 1e6)]


@pytest.mark.parametrize(("clauses", "paid"), [
    (leaving(0, "nothing"), 1), (leaving(90, "due_within_notice"), 1), (leaving(360, "nothing"), 1),
])  # fmt: skip
def test_when_all_leave_at_once_nothing_is_paid_afterwards(clauses: dict[str, Any], paid: float) -> None:
    # the consortium ends with its last member, and debts to it with it
    assert paid_by_year(clauses) == pytest.approx([paid], rel=1e-4)


def one_leaves(clauses: dict[str, Any]) -> Trace:
    """m0 has next to no use for the model and leaves as soon as it may; m1 and m2 stay for outside money and early access."""
    own = private(
        grant=[{"source": "State", "amount": "3_000_000_000 USD"}],
        member=[{"name": "m0", "tokens": 0, "control": "0 USD", "early_month": "1_200_000 USD"},
                {"name": "m1", "early_month": "50_000_000 USD"}, {"name": "m2", "early_month": "50_000_000 USD"}],
    )  # fmt: skip
    return trace(
        terms(3, None, own, release=EARLY, arrears={"notice_days": 30, "suspend_days": 60, "terminate_days": 90}, pledge=[
            {"member": "m0", "kind": "cash", "amount": "1_000_000 USD", "end": "2028-01-01"},
            {"member": "m0", "kind": "cash", "amount": "90_000_000 USD", "start": "2028-01-01"}], **clauses),
        60, **CALM, member_cost=1.0, discount=0.0, anchor_lag=3.0)  # fmt: skip


@pytest.mark.parametrize(("clauses", "left", "paid"), [
    (leaving(0, "nothing"), 1, 1), (leaving(180, "due_within_notice"), 1, 1 + 90 * 180 / 365.25),
    (leaving(400, "nothing"), 2, 91), (leaving(0, "nothing", "2030-01-01"), 3, 181),
    (leaving(0, "nothing", None, "2029-01-01"), 1, 1),
])  # fmt: skip
def test_who_leaves_pays_what_is_due_until_then(clauses: dict[str, Any], left: int, paid: float) -> None:
    found = one_leaves(clauses)
    assert (found.left[0] == left).mean() > 0.9
    gone = found.left[0] == left
    assert found.accounts.paid[0][gone] / 1e6 == pytest.approx(np.full(gone.sum(), paid), rel=1e-3)
    assert (found.left[1:, gone] > left).all()


def test_a_debt_within_the_notice_keeps_nobody_that_would_leave_without() -> None:
    free, owing = one_leaves(leaving(360, "nothing")), one_leaves(leaving(360, "due_within_notice"))
    assert (free.left[0] == owing.left[0]).all()
    assert (owing.accounts.paid[0] >= free.accounts.paid[0]).all()


def test_who_owes_the_whole_term_has_no_reason_to_leave_over_cost() -> None:
    found = one_leaves(leaving(0, "whole_term"))
    assert (found.left[0] >= YEARS).mean() > 0.9


def test_everybody_may_leave_when_a_term_is_over_and_is_asked_no_more_where_it_ends() -> None:
    ends = trace(terms(3, 10**6, GRANT, release=EARLY, **leaving(0, "nothing", None, "2030-01-01")), **CALM, member_cost=1.0)
    assert ends.founded.all()
    assert ends.alive.sum(axis=0).tolist() == [3] * ends.alive.shape[1]
    assert (ends.left == 3).all()
    assert (ends.reason == ENDED).mean() > 0.9  # some few give notice for that very day
    on = trace(terms(3, 10**6, GRANT, release=EARLY, **leaving(0, "nothing", None, "2030-01-01", "vote")), **CALM, member_cost=1.0)
    assert (on.alive.sum(axis=0) == YEARS).mean() > 0.9


@pytest.mark.parametrize("end", ["2027-02-01", "2028-01-01"])
def test_a_term_of_a_month_or_a_year_has_one_year(end: str) -> None:
    found = trace(terms(2, 10**6, GRANT, release=EARLY, **leaving(0, "nothing", None, end)), **CALM, member_cost=1.0)
    assert found.alive.sum(axis=0).tolist() == [1] * found.alive.shape[1]


def test_too_few_members_end_it() -> None:
    calm = {**NOBODY_STAYS, "exit_hazard": 0.3}
    found = trace(terms(3, 10**6, GRANT, release=EARLY, dissolution={"members_least": 3}), **calm)
    assert (found.alive <= (found.members == 3)).all()
    assert 0 < found.alive[1].mean() < 1
    ended = found.founded & (found.left == YEARS).any(axis=0)
    assert not ended.any()


def test_who_pays_most_is_a_sponsor_only_where_it_pays_much() -> None:
    most = {**CALM, "sponsor_shift": 1.0, "member_cost": 1.0}
    pays = [{"member": "m0", "kind": "cash", "amount": "5_000_000_000 USD"}]
    own = private(preset="heavy", member=[{"name": "m0", "tokens": 10**10}])
    alone = trace(terms(3, None, own, release=EARLY, pledge=pays), **most)
    assert (alone.reason[0] == SPONSOR).mean() > 0.9
    assert not (alone.reason[1:] == SPONSOR).any()
    together = trace(terms(4, 10**6, GRANT, release=EARLY), **most)
    assert not (together.reason == SPONSOR).any()


def test_why_somebody_goes() -> None:
    found = trace(terms(4, 10**8, private(preset="heavy"), release=EARLY), 500)
    assert ((found.reason == -1) == (found.left == STAYS)).all()
    assert ((found.reason == UNSIGNED) == (found.left == 0)).all()
    assert found.reason.max() < len(REASONS)


def test_a_release_ages_by_a_year_when_a_run_fails() -> None:
    found = trace(terms(3, 10**6, GRANT, release=EARLY), **{**CALM, "member_cost": 1.0, "run_fails": 1.0})
    assert (found.lag == NEVER).all()
    some = trace(terms(3, 10**6, GRANT, release=EARLY), **{**CALM, "member_cost": 1.0, "run_fails": 0.3})
    steps = np.diff(some.lag, axis=0)
    assert (steps <= 12 + 1e-4).all()
    assert ((abs(steps - 12) < 1e-4) & (some.lag[1:] < NEVER)).any()


@settings(deadline=None)
@given(st.integers(0, 5), st.sampled_from(["light", "typical", "heavy"]), st.sampled_from([10**6, 10**8]))
def test_members_come_never_back_and_the_books_agree(seed: int, preset: str, cash: int) -> None:
    found = trace(terms(3, cash, private(preset=preset), release=EARLY, **leaving(90, "due_within_notice")), 40, seed)
    assert (np.diff(found.members, axis=0) <= 0).all()
    assert (np.diff(found.alive.astype(int), axis=0) <= 0).all()
    assert (found.founded == (found.left > 0).any(axis=0)).all()
    there = np.minimum(found.left, YEARS)[:, None, :] > np.arange(YEARS)[:, None]
    assert (there.sum(axis=0) >= found.members).all()
    assert (found.budget[~found.alive] == 0).all()
    assert ((found.budget > 0) == found.alive).all()
    assert (found.accounts.paid >= 0).all()
    assert not found.accounts.paid[:, ~found.founded].any()


def test_the_rival_is_named_where_it_is_as_good() -> None:
    found = trace(terms(3, 10**8, private(preset="heavy"), release=EARLY), 400)
    assert (found.reason == RIVAL).any()


def test_a_charter_without_money_is_never_founded() -> None:
    found = trace(terms(2, None))
    assert not found.founded.any()
    assert (found.lag == NEVER).all()


def test_who_is_bound_and_pays_more_than_it_gets_leaves_out_what_it_may() -> None:
    brings = {"member": "m0", "kind": "evaluations", "quantity": 90, "measure": "count", "start": "2028-01-01"}
    price = [{"kind": "evaluations", "price": "1_000_000 USD", "as_of": "2026-11-01"}]
    own = private(
        grant=[{"source": "State", "amount": "3_000_000_000 USD"}],
        member=[{"name": "m0", "tokens": 0, "control": "0 USD", "early_month": "1_200_000 USD"}],
    )
    found = trace(
        terms(2, None, own, release=EARLY, price=price, pledge=[brings], **leaving(0, "nothing", "2031-01-01")),
        60, **CALM, member_cost=1.0, discount=0.0, cut=0.5, in_kind_cost=1.0,
    )  # fmt: skip
    there = found.left[0] == 4
    assert there.mean() > 0.9  # it leaves when the lock ends
    assert found.accounts.paid[0][there] / 1e6 == pytest.approx(np.full(there.sum(), 3 * 45.0), rel=1e-3)
