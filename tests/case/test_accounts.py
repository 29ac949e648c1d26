"""What the options cost and bring, by hand; extremes; single against double precision; the outcome's numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.case.made import CALM, everybody, middle, private, scene, terms, trace

from hanse.case.accounts import OPTIONS
from hanse.case.chance import Chance
from hanse.case.dues import pay
from hanse.case.joint import build, compare, distances
from hanse.case.lag import budget_for, lag
from hanse.case.outcome import gather
from hanse.case.parameters import PARAMETERS
from hanse.case.rivals import STARTUPS, rivals
from hanse.case.scene import in_year, set_scene, share_at
from hanse.case.simulation import run
from hanse.case.terms import YEARS, Terms, single

RELEASE = {"licenses": ["X"], "embargo_days": 180}
WISHES = [{"member": "m0", "parameters": 10**9, "languages": ["en"]},
          {"member": "m1", "parameters": 30 * 10**9, "languages": ["de"]}]  # fmt: skip


def spend(found: Terms, number: int = 1, **beliefs: float) -> Any:
    """Scene, year, payments and model of one year with everybody there."""
    where = scene(found, **beliefs)
    paid = pay(where, number, everybody(found))
    year = in_year(where, number)
    return where, year, paid, build(where, year, number, paid, everybody(found))


def test_the_budget_is_what_is_paid_less_what_is_lost() -> None:
    found = terms(4, 10**8, training={"sites": "shared", "operator": "m0"}, spending={"overhead": "1/20"})
    *_, joint = spend(found)
    assert joint.budget[0] == pytest.approx(4e8 * 0.95)
    assert joint.part[:, 0] == pytest.approx([0.25] * 4)
    *_, first = spend(found, 0)
    assert first.budget[0] == pytest.approx(4e8 * 0.95 * 0.6)
    *_, many = spend(replace(found, sites=4))
    assert many.budget[0] == pytest.approx(4e8 * 0.95 * 0.9)


def test_things_in_kind_and_grants_count_as_far_as_they_are_of_use() -> None:
    price = [{"kind": "evaluations", "price": "1_000_000 USD", "as_of": "2026-11-01"}]
    brings = [{"member": "m1", "kind": "evaluations", "quantity": 100, "measure": "count"}]
    own = private(grant=[{"source": "State", "amount": "50_000_000 USD"}])
    found = terms(2, None, own, price=price, training={"sites": "shared", "operator": "m0"}, spending={"overhead": "0/1"},
                  pledge=[{"member": "m0", "kind": "cash", "amount": "100_000_000 USD"}, *brings])  # fmt: skip
    where, year, paid, joint = spend(found)
    assert joint.budget[0] == pytest.approx(100e6 + 0.8 * 100e6 + 50e6)
    choice = compare(where, year, joint, paid, np.zeros(1))
    assert choice.cost[:, 0] == pytest.approx([100e6 + 0.5e6, 0.7 * 100e6 + 0.5e6])


def test_wishes_that_are_apart_cost_money_and_use() -> None:
    found = terms(2, 10**8, spec=WISHES, power={"basis": "member"})
    where = scene(found)
    distance, mean = distances(where, 1, everybody(found))
    assert distance[:, 0] == pytest.approx([0.5, 0.5])  # two axes, one long each, and the model half way
    assert mean[0] == pytest.approx(0.5)
    *_, joint = spend(found)
    *_, alike = spend(terms(2, 10**8))
    assert joint.budget[0] == pytest.approx(alike.budget[0] / (1 + 0.3 * 0.5))


def test_who_pays_more_is_nearer_to_its_wish_where_votes_follow_pledges() -> None:
    pays = [{"member": "m0", "kind": "cash", "amount": "200_000_000 USD"}]
    found = terms(2, 10**8, spec=WISHES, power={"basis": "pledged"}, pledge=pays)
    where = scene(found)
    distance, _ = distances(where, 1, everybody(found))
    assert distance[:, 0] == pytest.approx([2 / 16, 2 * 9 / 16])


def test_a_missing_payment_puts_the_model_back_by_the_lag_law() -> None:
    where, year, paid, joint = spend(terms(4, 10**8, release={"licenses": ["X"], "embargo_days": 0}))
    choice = compare(where, year, joint, paid, np.zeros(1))
    without = lag(where.p, joint.budget * 0.75, year.time)
    assert choice.free[0, 0] == pytest.approx(float(share_at(where.p, without)[0]))
    nobody = compare(where, year, joint, paid, np.zeros(1), free_ride=False)
    assert not nobody.free.any()
    assert (nobody.outside <= choice.outside).all()


def test_embargo_and_meter_take_from_outsiders_alone() -> None:
    base = {"base": "50_000_000 USD"}
    found = []
    for keys in ({"embargo_days": 0}, {"embargo_days": 365}, {"embargo_days": 0, "metered_above": "20_000_000 USD"}):
        where, year, paid, joint = spend(terms(3, 10**8, member=base, release={"licenses": ["X"], **keys}))
        found.append(compare(where, year, joint, paid, np.zeros(1)))
    plain, late, metered = found
    assert (late.use_inside == plain.use_inside).all()
    assert late.free == pytest.approx(plain.free * np.exp(-365 / 365.25))
    assert metered.free == pytest.approx(plain.free * 0.7)
    assert (late.control_inside > plain.control_inside).all()


def test_a_year_by_hand() -> None:
    own = private(member=[{"name": "m0", "tokens": 10**6, "growth": "3/2", "own_tasks": "1/4", "control": "5 USD"}])
    where = scene(terms(1, 10**6, own))
    year = in_year(where, 2)
    since = 2029.5 - 2026.5
    tokens, fall = where.tokens[0, 0] * 1.5**since, 0.9**since
    assert year.bill[0, 0] == pytest.approx(tokens * 11.25 * fall)
    assert year.gap[0, 0] == pytest.approx(tokens * (11.25 - 1.2) * fall)
    small = tokens / 4 * (11.25 - 0.15) * fall * 0.85
    assert year.hedge[0, 0] == pytest.approx(small - 3e6)
    for share in (0.0, 0.2, 0.9):
        saved = tokens * (11.25 - 1.2) * fall * share
        with_hedge = saved * 3 / 4 + small - 3e6
        assert year.use(np.array([[share]]))[0, 0] == pytest.approx(max(saved, with_hedge))


def test_the_options_of_who_pays_for_a_model_that_never_comes() -> None:
    own = private(preset="heavy", grant=[{"source": "S", "amount": "3_000_000_000 USD"}])
    books = trace(terms(1, 10**6, own, release=RELEASE), **{**CALM, "run_fails": 1.0, "discount": 0.0}).accounts
    assert books.paid == pytest.approx(books.bill["consortium"] - books.bill["wait"], rel=1e-3, abs=1e3)
    assert (books.net["consortium"] < books.net["wait"]).all()
    assert (books.bill["hedge"] < books.bill["API"]).any()


@given(st.integers(1, 4), st.sampled_from([10**6, 10**8]), st.sampled_from(["light", "typical", "heavy"]), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_books(members: int, cash: int, preset: str, seed: int) -> None:
    books = trace(terms(members, cash, private(preset=preset), release=RELEASE), 40, seed).accounts
    assert (books.net["API"] == 0).all()
    assert (books.net["hedge"] >= 0).all()
    assert (books.net["wait"] >= books.net["hedge"] * (1 - 1e-5)).all()  # who waits may tune small models too
    assert (books.bill["wait"] <= books.bill["API"] * (1 + 1e-5)).all()
    for option in OPTIONS:
        assert np.isfinite(books.bill[option]).all()
        assert np.isfinite(books.net[option]).all()
        # what is neither spent nor saved on tokens is what control is worth, and that is never negative
        assert (books.net[option] + books.bill[option] - books.bill["API"] >= -1e-5 * books.bill["API"]).all()


def test_going_alone_costs_what_all_had_planned_and_needs_nobody() -> None:
    release = {"licenses": ["X"], "embargo_days": 0}
    found = terms(4, 10**8, private(preset="heavy"), release=release)
    books = trace(found, 50, discount=0.0).accounts
    assert (books.bill["alone"] - books.bill["API"] <= 8 * 4e8 * (1 + 1e-5)).all()
    assert (books.net["alone"] >= -8 * 4e8 * (1 + 1e-5)).all()


ZERO = {"tokens": 0, "control": "0 USD", "early_month": "0 USD"}


@pytest.mark.parametrize("members", [1, 5])
def test_members_without_any_use_sign_nothing(members: int) -> None:
    own = private(member=[{"name": f"m{at}", **ZERO} for at in range(members)])
    found = trace(terms(members, 10**6, own, release=RELEASE, assurance={"threshold": "1 USD", "by": "2026-12-31"}))
    assert not found.founded.any()
    assert all(not found.accounts.net[o].any() for o in ("consortium", "API", "wait", "hedge"))


def test_dues_without_anybody_who_has_what_they_go_by_raise_nothing() -> None:
    own = private(member=[{"name": f"m{at}", **ZERO} for at in range(2)])
    found = trace(terms(2, None, own, dues={"rule": "usage", "budget": "1_000_000 USD"}))
    assert not found.founded.any()


@pytest.mark.parametrize("spec", [[], WISHES])
def test_single_precision_is_enough(spec: Any) -> None:
    double = terms(3, 10**8, private(preset="heavy"), release=RELEASE, spec=spec)
    p = Chance(1, 0, 50).parameters(PARAMETERS)
    found = []
    for these, values in ((double, p), (single(double), {name: value.astype(np.float32) for name, value in p.items()})):
        where = set_scene(these, values, Chance(1, 0, 50), YEARS)
        year = in_year(where, 3)
        paid = pay(where, 3, everybody(these, 50))
        joint = build(where, year, 3, paid, everybody(these, 50))
        found.append((joint, compare(where, year, joint, paid, share_at(values, np.full(50, 8.0, joint.lag.dtype)))))
    (one, chooses), (other, also) = found
    assert other.lag == pytest.approx(one.lag, abs=1e-3)
    for key in ("inside", "outside", "cost"):
        assert getattr(also, key) == pytest.approx(getattr(chooses, key), rel=1e-4)


def test_the_lag_of_a_whole_simulation_is_that_of_its_budget() -> None:
    law = {"cost_growth": 2.4, "catch_up": 10.0, "anchor_budget": 1.5e9, "anchor_lag": 6.2}
    found = trace(terms(3, 10**8, private(preset="heavy", grant=[{"source": "S", "amount": "1_000_000_000 USD"}]), release=RELEASE),
                  **CALM, **law)  # fmt: skip
    p = middle(**law)
    for year in range(YEARS):
        there = found.alive[year]
        assert found.budget[year][there] == pytest.approx(budget_for(p, found.lag[year][there], 2027.5 + year), rel=1e-3)


def test_rivals_once_closed_stay_closed_and_their_releases_age() -> None:
    p = Chance(1, 0, 500).parameters(PARAMETERS)
    found = rivals(p, Chance(1, 0, 500), 2027.5, YEARS)
    assert set(found) == {"single sponsor", "startup", "non-profit"}
    assert STARTUPS >= 1
    for rival in found.values():
        assert (np.diff(rival.open.astype(int), axis=0) <= 0).all()
        assert (np.diff(rival.lag, axis=0) <= 12 + 1e-9).all()
        closed = ~rival.open[1:] & (rival.lag[1:] < 119)
        assert (np.diff(rival.lag, axis=0)[closed] > 0).all()


def test_an_outcome_can_be_written_and_its_chances_are_those_of_the_draws() -> None:
    found = terms(3, 10**8, private(preset="heavy"), release=RELEASE)
    chunks = list(run(found, 300, 5))
    said = gather("Test", found, 5, chunks)
    assert json.loads(json.dumps(said.document()))["draws"] == 300
    assert said.founded == chunks[0].trace.founded.mean()
    assert said.structures["consortium"].going.by_year == tuple(float(row.mean()) for row in chunks[0].trace.alive)
    for structure in said.structures.values():
        assert all(near <= going for near, going in zip(structure.near.by_year, structure.going.by_year, strict=True))
    for member in said.member:
        assert sum(member.best.values()) == pytest.approx(1)
        assert list(member.stays) == sorted(member.stays, reverse=True)
        assert list(member.paid) == sorted(member.paid)
        assert sum(member.reasons.values()) == pytest.approx(1)
    assert 0 < said.founded_error < 0.05


def test_a_clearer_answer_needs_more_draws() -> None:
    found = terms(3, 10**8, private(preset="heavy"), release=RELEASE)
    few, many = (gather("Test", found, 5, run(found, draws, 5)) for draws in (100, 1600))
    assert many.founded_error < few.founded_error / 2
    assert abs(many.founded - few.founded) < 4 * few.founded_error
