"""What the simulation reads of a charter, number by number; presets, currencies, wishes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.case.made import charter, everybody, private, scene, terms

from hanse.case.dues import pay
from hanse.case.private import PRESETS
from hanse.case.terms import YEARS, spec_points, terms_of
from hanse.charter.clauses.model import Spec
from hanse.errors import CaseError, CharterError

M = 1_000_000


def term(start: str, end: str, renewal: str) -> dict[str, Any]:
    return {"start": start, "end": end, "renewal": renewal}


def pledge(**keys: Any) -> list[dict[str, Any]]:
    return [{"member": "m0", "kind": "cash", "amount": "1_000_000 USD", **keys}]


@pytest.mark.parametrize(("given", "years"), [
    ({"every": "year"}, [1] * 8),
    ({"every": "quarter"}, [4] * 8),
    ({"every": "month", "start": "2027-07-01", "end": "2029-03-01"}, [6, 12, 2, 0, 0, 0, 0, 0]),
    ({"every": "once", "start": "2029-06-01"}, [0, 0, 1, 0, 0, 0, 0, 0]),
])  # fmt: skip
def test_pledges_by_year(given: dict[str, Any], years: list[int]) -> None:
    found = terms(2, None, pledge=pledge(**given))
    assert found.cash.tolist() == [[year * M for year in years], [0] * 8]
    assert not found.in_kind.any()


@pytest.mark.parametrize(("end", "renewal", "years", "term_years"), [
    ("2029-07-01", "ends", [12, 12, 6], 3), ("2029-07-01", "renews", [12] * 8, 3), ("2029-01-01", "vote", [12] * 8, 2),
    ("2027-02-01", "ends", [1], 1), ("2040-01-01", "vote", [12] * 8, 8),
])  # fmt: skip
def test_a_part_of_a_year_is_paid_in_part_where_the_term_ends_with_it(
    end: str, renewal: str, years: list[int], term_years: int
) -> None:
    found = terms(1, None, term=term("2027-01-01", end, renewal), pledge=pledge(every="month"))
    assert found.cash[0, : len(years)].tolist() == [month * M for month in years]
    assert found.term_years == term_years
    assert found.renews == (renewal != "ends")


@pytest.mark.parametrize(("keys", "years"), [
    ({"every": "once"}, [1, 0, 0, 0, 0, 0, 0, 0]), ({"end": "2028-01-01"}, [1, 0, 0, 0, 0, 0, 0, 0]),
    ({"end": "2029-01-01"}, [1] * 8), ({"start": "2028-01-01"}, [0] + [1] * 7),
])  # fmt: skip
def test_a_renewed_term_repeats_schedules_not_payments(keys: dict[str, str], years: list[int]) -> None:
    found = terms(1, None, term=term("2027-01-01", "2029-01-01", "renews"), pledge=pledge(**keys))
    assert found.cash[0].tolist() == [year * M for year in years]


def test_things_in_kind_are_worth_what_the_price_table_says() -> None:
    price = [{"kind": "gpu_hours", "hardware": "H100", "price": "2.5 USD", "per": 1, "as_of": "2026-11-01"}]
    given = [{"member": "m0", "kind": "gpu_hours", "hardware": "H100", "quantity": 400_000, "measure": "meter"}]
    assert terms(2, None, pledge=given, price=price).in_kind.tolist() == [[M] * 8, [0] * 8]
    with pytest.raises(CharterError, match="pledge of m0: gpu_hours H100 has no row in the price table"):
        terms(2, None, pledge=given)


@pytest.mark.parametrize(("dues", "member", "years"), [
    ({"rule": "equal", "budget": "8_000_000 USD", "growth": "3/2"}, {}, [4, 6, 9]),
    ({"rule": "sales_share", "rate": "1/100", "floor": "1_000_000 USD", "cap": "15_000_000 USD"},
     {"base": "50_000_000 USD"}, [1, 1, 1]),
    ({"rule": "sales_share", "rate": "1/100"}, {"base": "700_000_000 USD"}, [7, 7, 7]),
    ({"rule": "sales_share", "rate": "1/100", "cap": "15_000_000 USD"}, {"base": "2_000_000_000 USD"}, [15, 15, 15]),
    ({"rule": "key", "budget": "8_000_000 USD", "ceiling": "1/4"}, {"base": "5 USD"}, [2, 2, 2]),
    ({"rule": "usage", "budget": "8_000_000 USD"}, {}, [4, 4, 4]),
])  # fmt: skip
def test_dues_by_year(dues: dict[str, Any], member: dict[str, str], years: list[int]) -> None:
    found = terms(2, None, dues=dues, member=member)
    for at, amount in enumerate(years):
        paid = pay(scene(found), at, everybody(found))
        assert paid.cash[:, 0] == pytest.approx([amount * M] * 2)


def test_class_dues_grow() -> None:
    classes = [{"name": "large", "dues": "3_000_000 USD"}]
    found = terms(2, None, membership=classes, member={"membership": "large"}, dues={"rule": "class", "growth": "2/1"})
    assert pay(scene(found), 2, everybody(found)).cash[:, 0].tolist() == [12 * M] * 2


@pytest.mark.parametrize(("until", "locked"),
                         [(None, 0), ("2027-01-01", 0), ("2027-06-01", 1), ("2028-01-01", 1), ("2029-01-01", 2),
                          ("2029-01-02", 3), ("2035-01-01", 8)])  # fmt: skip
def test_years_of_the_lock(until: str | None, locked: int) -> None:
    keys = {"notice_days": 90, "owed": "nothing"} | ({"locked_until": until} if until else {})
    assert terms(2, withdrawal=keys).locked_years == locked


def test_clauses_that_stand_in_the_charter() -> None:
    found = terms(
        3, member={"base": "9_000_000 USD"},
        withdrawal={"notice_days": 365, "owed": "due_within_notice"},
        assurance={"threshold": "250_000_000 USD", "by": "2026-12-01"},
        release={"licenses": ["X"], "embargo_days": 180, "metered_above": "20_000_000 USD"},
        training={"sites": "shared", "operator": "m0"}, power={"basis": "pledged"},
        arrears={"notice_days": 30, "suspend_days": 60, "terminate_days": 90},
        spending={"overhead": "1/20"}, dissolution={"members_least": 3},
        own=private(grant=[{"source": "State", "amount": "5_000_000 USD", "first_year": 2, "last_year": 3}]),
    )  # fmt: skip
    assert found.notice_years == pytest.approx(365 / 365.25)
    assert found.owed == "due_within_notice"
    assert found.assurance == 250 * M
    assert found.embargo_months == pytest.approx(180 / 365.25 * 12)
    assert found.metered_above == 20 * M
    assert (found.sites, found.arrears, found.overhead, found.members_least) == (1, True, 0.05, 3)
    assert found.grants.tolist() == [0, 5 * M, 5 * M, 0, 0, 0, 0, 0]
    assert found.first_year == 2027.5


def test_clauses_that_do_not() -> None:
    found = terms(3)
    assert (found.notice_years, found.owed, found.locked_years, found.assurance) == (0, "nothing", 0, None)
    assert (found.embargo_months, found.metered_above, found.overhead, found.members_least) == (0, None, None, 1)
    assert (found.sites, found.arrears, found.dues) == (3, False, None)
    without = terms_of(charter(2, None, term=None, pledge=[]))
    assert (without.term_years, without.first_year) == (YEARS, 2027.5)


@pytest.mark.parametrize("name", ["light", "typical", "heavy"])
def test_presets_stand_in_for_what_no_file_says(name: Any) -> None:
    preset = PRESETS[name]
    demand = terms(2, own=private(preset=name, member=[{"name": "m1", "tokens": 7, "growth": "3/2"}])).demand
    assert demand.tokens.tolist() == [preset.tokens, 7]
    assert demand.control.tolist() == [preset.control] * 2
    assert demand.early_month.tolist() == [preset.early_month] * 2
    assert demand.known.tolist() == [False, True]
    assert np.isnan(demand.growth[0])
    assert demand.growth[1] == 1.5


def test_presets_scale_with_sales() -> None:
    demand = terms(2, member={"base": "1_000_000_000 USD"}, own=private(preset="typical")).demand
    preset = PRESETS["typical"]
    assert demand.tokens[0] * 11.25 == pytest.approx(0.002 * 1e9)  # USD at closed prices
    assert demand.control[0] / demand.tokens[0] == pytest.approx(preset.control / preset.tokens)


def test_another_currency_needs_a_rate() -> None:
    euros = {"currency": "EUR", "pledge": pledge(amount="1_000_000 EUR")}
    with pytest.raises(CaseError, match=r"charter 'Test' counts in EUR; .* add usd = '11/10'"):
        terms(2, None, **euros)
    own = private(usd="11/10", member=[{"name": "m1", "control": "10 EUR", "early_month": "2 EUR"}])
    found = terms(2, None, own=own, **euros)
    assert found.cash[0, 0] == pytest.approx(1.1 * M)
    assert found.demand.control[1] == pytest.approx(11)
    assert found.demand.early_month[1] == pytest.approx(2.2)


SPECS = st.builds(
    lambda size, languages, modalities, openness, context: Spec.model_validate({
        "member": "m0", "parameters": size, "languages": languages, "modalities": modalities, "openness": openness,
        "context_tokens": context}),
    st.integers(10**9, 2 * 10**12), st.lists(st.sampled_from(["en", "de", "fr", "zh"]), unique=True),
    st.lists(st.sampled_from(["text", "code", "image"]), min_size=1, unique=True),
    st.sampled_from(["weights", "weights_and_recipe", "everything"]), st.none() | st.integers(1000, 10**6),
)  # fmt: skip


@given(st.lists(st.none() | SPECS, min_size=1, max_size=6))
def test_who_has_no_wish_stands_where_the_others_mean_is_and_equal_wishes_are_no_distance_apart(specs: list[Spec | None]) -> None:
    points, wishing = spec_points(specs)
    assert np.isfinite(points).all()
    assert wishing.tolist() == [spec is not None for spec in specs]
    if wishing.any() and not wishing.all():
        assert points[~wishing] == pytest.approx(np.tile(points[wishing].mean(axis=0), ((~wishing).sum(), 1)))
    for a, one in zip(points, specs, strict=True):
        for b, other in zip(points, specs, strict=True):
            if one == other:
                assert (a == b).all()


@pytest.mark.parametrize("differs", [
    {"parameters": 30 * 10**9}, {"openness": "everything"}, {"languages": ["de"]}, {"modalities": ["image"]},
    {"context_tokens": 10**6},
])  # fmt: skip
def test_every_axis_is_one_long(differs: dict[str, Any]) -> None:
    base = {"member": "m0", "parameters": 10**9, "languages": ["en"], "context_tokens": 1000}
    points, _ = spec_points([Spec.model_validate(base), Spec.model_validate({**base, **differs})])
    assert ((points[0] - points[1]) ** 2).sum() == pytest.approx(1)
