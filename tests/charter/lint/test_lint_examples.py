"""Every bad example is caught by the rule it is named for and by no other; on the good ones nothing is found."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from importlib import resources
from pathlib import Path

import pytest

from hanse.charter.clauses.money import Dues
from hanse.charter.force import FORCE
from hanse.charter.lint.check import lint, lint_document
from hanse.charter.lint.rules import RULES
from hanse.charter.power.table import power_table
from hanse.charter.schema import load_charter, load_toml, parse_charter, print_charter
from hanse.charter.worth import worth

HERE = Path(str(resources.files("hanse.charter") / "examples"))
GOOD = sorted(path.stem for path in HERE.glob("*.toml"))
BAD = sorted(path.stem for path in (HERE / "bad").glob("*.toml") if not path.stem.endswith(".before"))


def test_every_rule_has_its_bad_example() -> None:
    assert sorted(rule.name for rule in RULES) == BAD


def test_the_examples_are_where_a_reader_looks() -> None:
    link = Path(__file__).resolve().parents[3] / "examples" / "charters"
    assert link.resolve() == HERE.resolve()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_example_is_caught_by_its_rule_and_by_no_other(name: str) -> None:
    before = HERE / "bad" / f"{name}.before.toml"
    found = lint_document(load_toml(HERE / "bad" / f"{name}.toml"), load_charter(before) if before.exists() else None)
    assert {finding.rule for finding in found} == {name}
    assert all(finding.what for finding in found)
    if before.exists():
        assert lint_document(load_toml(before)) == ()


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found_on_a_good_example(name: str) -> None:
    assert lint_document(load_toml(HERE / f"{name}.toml")) == ()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_example_is_a_draft_that_prints_and_nobody_rules_it_alone(name: str) -> None:
    charter = load_charter(HERE / f"{name}.toml")
    assert charter.is_draft
    assert parse_charter(tomllib.loads(print_charter(charter)), name) == charter
    rows = power_table(charter)
    assert rows
    assert all(row.pass_alone == () and row.fewest_win for row in rows)


def test_every_clause_stands_in_some_good_example() -> None:
    used = {key for name in GOOD for key in load_charter(HERE / f"{name}.toml").document()}
    assert used == set(FORCE)


def a_year(name: str) -> int:
    """Millions that pledges and dues bring in the first year."""
    charter = load_charter(HERE / f"{name}.toml")
    total = sum((row[0].total for row in worth(charter).values()), Fraction(0))
    dues, rule = charter.dues, charter.dues.rule if charter.dues is not None else ""
    if dues is not None and dues.budget is not None:
        total += dues.budget.amount
    if rule == "class":
        amounts = {row.name: row.dues.amount for row in charter.membership if row.dues is not None}
        total += sum(amounts.get(member.membership or "", Fraction(0)) for member in charter.member)
    if rule == "sales_share":
        total += sum(shares_of_sales(charter.dues, [m.base.amount for m in charter.member if m.base is not None]))
    return round(total / 10**6)


def shares_of_sales(dues: Dues | None, bases: list[Fraction]) -> list[Fraction]:
    assert dues is not None
    assert dues.rate is not None
    assert dues.floor is not None
    assert dues.cap is not None
    return [min(dues.cap.amount, max(dues.floor.amount, dues.rate.value * base)) for base in bases]


def test_the_money_is_that_of_a_program_near_the_frontier() -> None:
    """economics.md: 1.5 billion a year for an open laboratory near the frontier (0.5 to 2.5), 0.02 to 0.1 for a non-profit."""
    years = {name: a_year(name) for name in GOOD}
    assert years["ten-equal"] == years["fifty"] == 1500
    assert 20 <= years.pop("rival-nonprofit") <= 100
    assert all(500 <= millions <= 2500 for millions in years.values()), years


def test_lint_of_fifty_members_is_quick_and_the_same_for_charter_and_document() -> None:
    path = HERE / "fifty.toml"
    charter = load_charter(path)
    assert len(charter.member) == 50
    assert lint(charter) == lint_document(load_toml(path)) == ()
