"""Every clause: documented, strict, with its force; what is printed is read back equal; what contradicts itself is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from tests.charter.drawing import MANY, SINGLE, charters, whole

from hanse import canonical
from hanse.charter.clause import Clause
from hanse.charter.force import FORCE
from hanse.charter.schema import FIRST, Charter, load_charter, parse_charter, print_charter
from hanse.charter.worth import Worth, worth, years
from hanse.errors import CharterError


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for item in get_args(annotation):
        yield from models(item)


ALL = sorted(set(models(Charter)), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", ALL)
def test_every_key_of_every_clause_is_documented_with_its_off_value(model: type[BaseModel]) -> None:
    assert issubclass(model, Clause)
    assert model.__doc__
    for name, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{name}"
        if field.default is None:
            assert "Off: absent" in field.description, f"{model.__name__}.{name}: what does absent mean?"


def test_every_key_has_its_force_and_those_that_code_acts_on_are_the_first() -> None:
    assert set(FORCE) == set(Charter.model_fields)
    assert {key for key, force in FORCE.items() if force == "executed"} == FIRST


def test_the_drawing_knows_every_clause() -> None:
    assert {*SINGLE, *MANY, *FIRST, "term", "membership", "currency", "purpose", "decision"} == set(Charter.model_fields)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(charters)
def test_what_is_printed_is_read_back_equal(charter: Charter) -> None:
    text = print_charter(charter)
    again = parse_charter(tomllib.loads(text), "printed")
    assert again == charter
    assert print_charter(again) == text
    assert parse_charter(canonical.decode(canonical.encode(charter.document())), "canonical") == charter


def test_a_draft_reads_from_toml_with_days_of_its_own(tmp_path: Path) -> None:
    text = 'name = "d"\nterm = {start = 2027-01-01, end = "2030-01-01"}\n[[member]]\nname = "a"\n'
    (tmp_path / "c.toml").write_text(text)
    charter = load_charter(tmp_path / "c.toml")
    assert charter.term is not None
    assert (charter.term.start, charter.is_draft) == ("2027-01-01", True)


CASH = {"member": "ada", "kind": "cash", "amount": "100 USD"}
GPU = {"member": "bob", "kind": "gpu_hours", "quantity": 10, "hardware": "H100"}
RULE = {"passes": "> 1/2 of cast"}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a pledge of a stranger": ({"pledge": [CASH | {"member": "eve"}]}, "pledge.0.member: 'eve' is not in the charter; it has: ada"),
    "a negative pledge": ({"pledge": [CASH | {"amount": "-100 USD"}]}, "pledge.0.amount: '-100 USD': money is written like"),
    "a pledge of nothing": ({"pledge": [CASH | {"amount": "0 USD"}]}, "pledge.0: a pledge of nothing is none"),
    "negative hours": ({"pledge": [GPU | {"quantity": -1}]}, "pledge.0.quantity: Input should be greater"),
    "a mix of currencies": ({"pledge": [CASH, CASH | {"amount": "100 EUR"}]}, "pledge.1.amount: 100 EUR is not in the charter's"),
    "money as a number": ({"pledge": [CASH | {"amount": 100}]}, "pledge.0.amount: 100: expected text in quotes"),
    "money without groups": ({"pledge": [CASH | {"amount": "1000 USD"}]}, "pledge.0.amount: '1000 USD': money is written"),
    "hours without hardware": ({"pledge": [GPU | {"hardware": ""}]}, "pledge.0: hardware names the accelerator"),
    "hours in money": ({"pledge": [GPU | {"amount": "1 USD"}]}, "pledge.0: a pledge of gpu_hours has a quantity"),
    "a pledge that ends first": ({"pledge": [CASH | {"start": "2029-06-30", "end": "2028-02-29"}]}, "pledge.0: end 2028-02-29 is"),
    "a pledge after the term": ({"pledge": [CASH | {"end": "2032-01-01"}]}, "pledge.0.end: 2032-01-01 is outside of the term"),
    "a day that is none": ({"pledge": [CASH | {"end": "2029-02-29"}]}, "pledge.0.end: '2029-02-29': a day is written like"),
    "an unknown kind": ({"pledge": [CASH | {"kind": "gold"}]}, "pledge.0.kind: Input should be 'cash', 'gpu_hours', 'tokens'"),
    "a term that ends first": ({"term": {"start": "2027-01-01", "end": "2027-01-01"}}, "term: end 2027-01-01 is not after"),
    "an unknown rule": ({"decision": {"lunch": RULE}}, "decision.lunch.[key]: Input should be"),
    "a rule without comparison": ({"decision": {"charter": {"passes": "2/3 of cast"}}}, "decision.charter.passes: threshold "),
    "a rule of the wrong whole": ({"decision": {"charter": RULE | {"quorum": "> 1/2 of cast"}}}, "decision.charter: quorum counts"),
    "a class nobody knows": ({"veto": [{"membership": "gold", "kinds": ["plan"]}]}, "veto.0.membership: 'gold' is not in"),
    "a veto of two": ({"veto": [{"member": "ada", "membership": "full", "kinds": ["plan"]}]}, "veto.0: a veto is held by one"),
    "a rate of no sales": ({"dues": {"rule": "equal", "budget": "5 USD", "rate": "1/2"}}, "dues: rate is for rule"),
    "a key without budget": ({"dues": {"rule": "key"}}, "dues: rule = 'key' needs a budget"),
    "a floor above the cap": ({"power": {"basis": "pledged", "floor": "1/2", "cap": "1/3", "excess": "equal"}}, "power: floor 1/2"),
    "a share above one": ({"power": {"basis": "pledged", "cap": "3/2"}}, "power.cap: '3/2': a share is at most 1/1"),
    "a share that can be shorter": ({"power": {"basis": "pledged", "cap": "2/4"}}, "power.cap: '2/4': write it in lowest"),
    "a shared site nobody runs": ({"training": {"sites": "shared"}}, "training: operator names who runs"),
    "no license": ({"release": {"licenses": []}}, "release: licenses: name at least one"),
    "a price twice": ({"price": 2 * [{"kind": "tokens", "price": "1 USD", "as_of": "2027-01-01"}]}, "price: 'tokens' is there"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_contradicts_itself_is_one_clear_error(name: str) -> None:
    clauses, words = BAD[name]
    with pytest.raises(CharterError) as caught:
        whole(**clauses)
    assert str(caught.value).startswith(f"drawn: {words}"), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_currency_is_asked_for_when_money_is_named() -> None:
    with pytest.raises(CharterError, match=r"currency: missing; pledge\.0.amount is 100 USD"):
        whole(currency=None, pledge=[CASH])


def test_pledges_are_worth_what_the_price_table_says_in_the_year_they_are_due() -> None:
    price = {"kind": "gpu_hours", "hardware": "H100", "price": "2.5 USD", "per": 1, "as_of": "2026-11-25"}
    charter = whole(price=[price], pledge=[
        CASH,
        CASH | {"every": "once", "start": "2028-02-29"},
        GPU | {"every": "quarter", "start": "2028-11-01", "end": "2029-06-30"},
    ])  # fmt: skip
    assert years(charter) == ("2027-01-01", "2028-01-01", "2029-01-01", "2030-01-01")
    found = worth(charter)
    assert [row.cash for row in found["ada"]] == [100, 200, 100, 100]
    assert [row.in_kind for row in found["bob"]] == [0, 25, 50, 0]  # 1 November, then 1 February and 1 May
    assert found["cy"] == (Worth(),) * 4
    assert found["bob"][2].total == Fraction(50)


def test_a_pledge_without_a_price_is_named() -> None:
    with pytest.raises(CharterError, match="pledge of bob: gpu_hours H100 has no row in the price table"):
        worth(whole(pledge=[GPU]))
