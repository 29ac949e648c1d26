"""The power table: a row when something changes, and quick for fifty members whose votes are all different."""

from __future__ import annotations

import time
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.charter.drawing import charters

from hanse.charter.clause import KINDS
from hanse.charter.power.table import power_table
from hanse.charter.schema import Charter, parse_charter
from hanse.errors import CharterError

FOUNDER: dict[str, Any] = {
    "name": "founder and five",
    "term": {"start": "2027-01-01", "end": "2031-01-01"},
    "member": [{"name": name} for name in "abcdef"],
    "sunset": [{"member": "a", "votes": 6, "start": "2027-01-01", "end": "2028-07-01"},
               {"member": "a", "votes": 2, "start": "2028-07-01", "end": "2029-01-01"}],
    "veto": [{"member": "b", "kinds": ["charter"], "until": "2030-01-01"}],
    "decision": {
        "ordinary": {"quorum": "> 1/2 of roll", "passes": "> 1/2 of cast", "lazy_hours": 72},
        "charter": {"passes": ">= 2/3 of roll"},
        "stop": {"passes": "> 1/2 of roll", "any_members": 2, "lapses_hours": 24},
    },
}  # fmt: skip


def test_a_founder_alone_then_pairs_then_four_of_six() -> None:
    rows = {(row.kind, row.day): row for row in power_table(parse_charter(FOUNDER, "f"))}
    first, second = rows["ordinary", "2027-01-01"], rows["ordinary", "2028-07-01"]
    assert (first.votes, first.voters, first.pass_alone, first.block_alone) == (11, 6, ("a",), ("a",))
    assert (first.pass_pairs, first.lazy_hours, first.quorum) == ((), 72, "> 1/2 of roll")
    assert (second.votes, second.pass_alone, second.block_alone, second.block_pairs) == (7, (), (), ())
    assert (len(second.fewest_win or ()), len(second.fewest_pass or ()), len(second.fewest_block)) == (3, 2, 3)
    charter = rows["charter", "2027-01-01"]
    assert (charter.pass_alone, charter.block_alone, charter.vetoes) == ((), ("a",), ("b",))
    assert charter.pass_pairs == ()
    assert len(charter.fewest_win or ()) == 3
    assert rows["charter", "2030-01-01"].vetoes == ()
    assert rows["stop", "2027-01-01"].any_members == 2


def test_rows_are_there_only_for_days_on_which_something_changes() -> None:
    days = {}
    for row in power_table(parse_charter(FOUNDER, "f")):
        days[row.kind] = [*days.get(row.kind, []), row.day]
    edges = ["2027-01-01", "2028-07-01", "2029-01-01"]
    assert days == {"ordinary": edges, "stop": edges, "charter": [*edges, "2030-01-01"]}


def test_a_pair_that_blocks_and_a_pair_that_passes_are_named() -> None:
    members = [{"name": name} for name in "abcd"]
    sunset = [{"member": name, "votes": 2, "start": "2027-01-01", "end": "2028-01-01"} for name in "ab"]
    document = {"name": "p", "member": members, "sunset": sunset, "decision": {"plan": {"passes": "> 1/2 of roll"}}}
    first, second = power_table(parse_charter(document | {"term": {"start": "2027-01-01", "end": "2029-01-01"}}, "p"))
    assert first.pass_pairs == (("a", "b"),)
    assert first.block_pairs == (("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"))
    assert (second.day, second.pass_pairs, len(second.block_pairs)) == ("2028-01-01", (), 6)


def test_kinds_of_the_technical_committee_are_not_the_members() -> None:
    document = FOUNDER | {"technical": {"decides": ["stop"], "seats": 5}}
    assert {row.kind for row in power_table(parse_charter(document, "f"))} == {"ordinary", "charter"}


def fifty() -> Charter:
    """Nothing equal, every threshold by votes, three classes with a say, eight years that all differ."""
    members = [{"name": f"m{at}", "membership": "abc"[at % 3]} for at in range(50)]
    pledges = [
        {"member": f"m{at}", "kind": "cash", "amount": f"{1 + (at * 37 + year * 53) % 401}_{100 + (at * 7919) % 899} USD",
         "start": f"{2027 + year}-01-01", "end": f"{2028 + year}-01-01"} for at in range(50) for year in range(8)
    ]  # fmt: skip
    passes = {"quorum": "> 1/2 of roll", "passes": "> 1/2 of cast", "heads": "> 1/3 of members"}
    hard = {"quorum": ">= 2/3 of roll", "passes": ">= 2/3 of cast", "classes": "> 1/2 of cast"}
    return parse_charter({
        "name": "fifty", "currency": "USD", "term": {"start": "2027-01-01", "end": "2035-01-01"},
        "membership": [{"name": name} for name in "abc"], "member": members, "pledge": pledges,
        "power": {"basis": "pledged", "floor": "1/100", "cap": "1/10", "excess": "pro_rata"},
        "decision": {kind: hard if kind in ("charter", "admit", "dues") else passes for kind in KINDS},
    }, "fifty")  # fmt: skip


def test_the_table_of_fifty_unequal_members_takes_less_than_two_seconds() -> None:
    charter = fifty()
    began = time.process_time()
    rows = power_table(charter)
    assert time.process_time() - began < 2
    assert len(rows) == 80
    assert all(row.votes == F(50) and row.fewest_pass and row.fewest_win for row in rows)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(charters)
def test_any_charter_has_a_table_or_one_clear_reason_why_not(charter: Charter) -> None:
    priced = {(row.kind, row.hardware) for row in charter.price}
    if any(row.kind != "cash" and (row.kind, row.hardware) not in priced for row in charter.pledge) and (
        charter.power is not None and charter.power.basis in ("pledged", "delivered")
    ):
        with pytest.raises(CharterError, match="has no row in the price table"):
            power_table(charter)
        return
    rows = power_table(charter)
    assert all(set(row.pass_alone) <= {member.name for member in charter.member} for row in rows)
