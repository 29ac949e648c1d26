"""Every option is another valid charter that differs in one clause, and raises the same money where it should."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.case.made import charter
from tests.charter.drawing import charters

import hanse.charter
from hanse.case.levers import Lever, levers
from hanse.case.options import raised
from hanse.charter.dues import UNFORESEEN, dues
from hanse.charter.schema import Charter, load_charter, parse_charter

EXAMPLES = sorted((Path(hanse.charter.__file__).parent / "examples").glob("*.toml"))
MAY_CHANGE = {
    "spec": {"spec"}, "training.sites": {"training"}, "sunset": {"sunset"}, "term.end": {"term", "pledge", "sunset"},
    "member": {"member", "pledge", "sunset", "veto", "spec"},
}  # fmt: skip


def changed(before: Charter, after: Charter) -> set[str]:
    one, other = before.document(), after.document()
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def check(given_: Charter, found: tuple[Lever, ...]) -> None:
    for lever in found:
        assert parse_charter(lever.charter.document(), "again") == lever.charter
        clause = lever.clause.split(".")[0]
        assert changed(given_, lever.charter)
        assert changed(given_, lever.charter) <= MAY_CHANGE.get(lever.clause, {clause})
    said = [(lever.clause, lever.change) for lever in found]
    assert len(said) == len(set(said)), "two options that read alike"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_have_levers_that_change_one_clause(path: Path) -> None:
    given_ = load_charter(path)
    found = levers(given_)
    assert {"withdrawal.notice_days", "withdrawal.owed", "term.end", "term.renewal", "member"} <= {x.clause for x in found}
    check(given_, found)


@settings(max_examples=40, deadline=None)
@given(charters)
def test_any_charter_can_be_asked(given_: Charter) -> None:
    check(given_, levers(given_))


def with_dues(**rule: str) -> Charter:
    bases = {f"m{at}": f"{(at + 1) * 10}_000_000_000 USD" for at in range(4)}
    values = charter(4, None).document()
    values["member"] = [row | {"base": bases[row["name"]], "membership": "full"} for row in values["member"]]
    values["membership"] = [{"name": "full", "dues": "50_000_000 USD"}]
    return parse_charter(values | {"currency": "USD", "dues": rule}, "dues")


@pytest.mark.parametrize("rule", [
    {"rule": "equal", "budget": "200_000_000 USD", "growth": "3/2"}, {"rule": "class"}, {"rule": "sales_share", "rate": "1/500"},
])  # fmt: skip
def test_another_rule_of_dues_raises_the_same_in_the_first_year(rule: dict[str, str]) -> None:
    given_ = with_dues(**rule)
    assert raised(given_) == 200_000_000
    found = [lever.charter for lever in levers(given_, {"dues.rule"})]
    assert {each.dues.rule for each in found if each.dues} | {rule["rule"]} == {
        "equal", "class", "sales_share", "key", "usage", "serial", "shapley"}  # fmt: skip
    for each in found:
        assert each.dues is not None
        assert raised(each) == 200_000_000
        if each.dues.rule not in UNFORESEEN:
            assert sum(row[0] for row in dues(each).values()) == 200_000_000
        if each.dues.rule != "sales_share" and "growth" in rule:
            assert each.dues.growth.value == Fraction(3, 2)


def test_no_rule_that_the_charter_has_no_figures_for() -> None:
    given_ = charter(3, None, dues={"rule": "equal", "budget": "90 USD"})
    rules = {each.charter.dues.rule for each in levers(given_, {"dues.rule"}) if each.charter.dues}
    assert rules == {"usage", "serial", "shapley"}


def test_a_longer_term_takes_along_what_ends_with_it() -> None:
    rows = [{"member": "m0", "kind": "cash", "amount": "5 USD", "end": "2035-01-01"},
            {"member": "m1", "kind": "cash", "amount": "5 USD", "end": "2028-01-01"}]  # fmt: skip
    found = {x.change: x.charter for x in levers(charter(2, None, pledge=rows), {"term.end"})}
    assert "a term of 3 years" in found
    assert [row.end for row in found["a term of 3 years"].pledge] == ["2030-01-01", "2028-01-01"]


def test_the_agreed_model_is_the_wish_nearest_to_all() -> None:
    specs = [{"member": f"m{at}", "parameters": 10**size} for at, size in enumerate((9, 10, 13))]
    (agreed,) = levers(charter(3, spec=specs), {"spec"})
    assert [row.parameters for row in agreed.charter.spec] == [10**10] * 3
    assert "m1" in agreed.change
    assert not levers(agreed.charter, {"spec"})
