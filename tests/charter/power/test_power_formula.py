"""Voting power: the formula keeps its floor and cap, groups are one, founders' rows stand in its place."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.charter.power.formula import capped, raised, shares, votes
from hanse.charter.schema import Charter, parse_charter
from hanse.errors import CharterError

DAY = "2027-06-01"
TERM = {"start": "2027-01-01", "end": "2030-01-01"}


def paying(amounts: list[int], **clauses: Any) -> Charter:
    """Members m0, m1, ... that pay such amounts a year."""
    members = [{"name": f"m{at}"} for at in range(len(amounts))]
    pledges = [{"member": f"m{at}", "kind": "cash", "amount": f"{sum_} USD"} for at, sum_ in enumerate(amounts) if sum_]
    return parse_charter({"name": "paying", "currency": "USD", "term": TERM, "member": members, "pledge": pledges} | clauses, "p")


def of_members(*members: dict[str, Any], **clauses: Any) -> Charter:
    return parse_charter({"name": "heads", "member": list(members)} | clauses, "m")


def test_payers_of_70_29_and_1_end_with_40_40_and_20_when_the_excess_is_shared_in_proportion() -> None:
    power = {"basis": "pledged", "floor": "1/100", "cap": "2/5"}
    pro_rata = shares(paying([70, 29, 1], power=power | {"excess": "pro_rata"}), DAY)
    assert list(pro_rata.values()) == [F(2, 5), F(2, 5), F(1, 5)]
    equal = shares(paying([70, 29, 1], power=power | {"excess": "equal"}), DAY)
    assert list(equal.values()) == [F(2, 5), F(2, 5), F(1, 5)]
    lapses = paying([70, 29, 1], power=power | {"excess": "lapses"})
    assert list(votes(lapses, DAY).values()) == [3 * F(40, 100), 3 * F(29, 100), 3 * F(1, 100)]
    assert list(shares(lapses, DAY).values()) == [F(40, 70), F(29, 70), F(1, 70)]


parts = st.lists(st.integers(0, 50), min_size=1, max_size=7).filter(any).map(
    lambda values: {f"m{at}": F(value, sum(values)) for at, value in enumerate(values)}
)
small = st.builds(F, st.integers(0, 12), st.just(12))


@settings(deadline=None)
@given(parts, small)
def test_nobody_is_below_the_floor_and_order_is_kept(part: dict[str, F], floor: F) -> None:
    found = raised(part, floor)
    assert sum(found.values()) == 1
    assert min(found.values()) >= min(floor, F(1, len(part)))
    assert all(found[a] <= found[b] for a in part for b in part if part[a] <= part[b])
    if min(part.values()) >= floor:
        assert found == part


@settings(deadline=None)
@given(parts, small.filter(bool), st.sampled_from(["pro_rata", "equal", "lapses"]))
def test_nobody_is_above_the_cap_and_nothing_is_lost_that_somebody_can_have(part: dict[str, F], cap: F, excess: Any) -> None:
    found = capped(part, cap, excess)
    assert all(share <= cap for share in found.values())
    assert all(found[a] <= found[b] for a in part for b in part if part[a] <= part[b])
    if excess == "lapses":
        assert found == {name: min(share, cap) for name, share in part.items()}
        return
    assert all(found[name] >= min(share, cap) for name, share in part.items())
    takers = sum(1 for share in part.values() if share or excess == "equal")
    assert sum(found.values()) == min(1, cap * takers)


def test_each_member_has_one_vote_without_a_clause_and_votes_follow_the_pledges_of_the_year() -> None:
    assert votes(of_members({"name": "a"}, {"name": "b"}), "") == {"a": 1, "b": 1}
    late = {"member": "m1", "kind": "cash", "amount": "30 USD", "every": "once", "start": "2028-06-01"}
    early = {"member": "m0", "kind": "cash", "amount": "10 USD"}
    charter = paying([0, 0], pledge=[early, late], power={"basis": "delivered"})
    assert shares(charter, "2027-12-31") == {"m0": 1, "m1": 0}
    assert shares(charter, "2028-01-01") == {"m0": F(1, 4), "m1": F(3, 4)}
    assert shares(charter, "2029-01-01") == shares(charter, "2031-01-01") == {"m0": 1, "m1": 0}
    assert shares(charter, "2026-01-01") == {"m0": 1, "m1": 0}  # before the term, as in its first year


def test_a_year_without_pledges_gives_all_one_vote() -> None:
    assert votes(paying([0, 0, 0], power={"basis": "pledged"}), DAY) == {"m0": 1, "m1": 1, "m2": 1}


def test_votes_by_pledge_need_a_term() -> None:
    with pytest.raises(CharterError, match="term: missing"):
        votes(of_members({"name": "a"}, power={"basis": "pledged"}), DAY)


def test_affiliates_are_one_member_only_where_the_clause_says_so() -> None:
    members = ({"name": "a", "group": "g"}, {"name": "b", "group": "g"}, {"name": "c"})
    assert votes(of_members(*members), DAY) == {"a": 1, "b": 1, "c": 1}
    assert votes(of_members(*members, affiliates={"control_over": "1/2"}), DAY) == {"a": 1, "b": 0, "c": 1}
    assert votes(of_members(*members, affiliates={"control_over": "1/2"}), DAY, ["b", "c"]) == {"b": 1, "c": 1}
    paid = paying([30, 30, 40], member=[{**m, "name": f"m{at}"} for at, m in enumerate(members)],
                  affiliates={"control_over": "1/2"}, power={"basis": "pledged"})  # fmt: skip
    assert shares(paid, DAY) == {"m0": F(3, 5), "m1": 0, "m2": F(2, 5)}


def test_a_group_may_bear_the_name_of_a_member_that_is_not_in_it() -> None:
    members = ({"name": "a", "group": "c"}, {"name": "b", "group": "c"}, {"name": "c"})
    assert votes(of_members(*members, affiliates={"control_over": "1/2"}), DAY) == {"a": 1, "b": 0, "c": 1}


def seats(rule: str, **keys: Any) -> dict[str, Any]:
    return {"rule": rule} | keys


def test_seats_by_class_as_cncf_and_aaif_count_them() -> None:
    classes = [
        {"name": "platinum", "seats": seats("each")},
        {"name": "gold", "seats": seats("one_per", per=5, most=3)},
        {"name": "silver", "seats": seats("together")},
        {"name": "guest", "votes": False, "seats": seats("each")},
        {"name": "quiet", "seats": seats("none")},
    ]
    counts = {"platinum": 2, "gold": 10, "silver": 4, "guest": 1, "quiet": 1}
    members = [{"name": f"{name}{at}", "membership": name} for name, count in counts.items() for at in range(count)]
    charter = of_members(*members, membership=classes, power={"basis": "seat"})
    found = votes(charter, DAY)
    assert sum(found.values()) == 2 + 2 + 1
    assert (found["platinum0"], found["gold0"], found["silver0"], found["guest0"], found["quiet0"]) == (1, F(1, 5), F(1, 4), 0, 0)
    of_all = [row | {"seats": row["seats"] | {"elected_by": "all"}} if row["name"] == "silver" else row for row in classes]
    found = votes(of_members(*members, membership=of_all, power={"basis": "seat"}), DAY)
    assert (found["silver0"], found["platinum0"]) == (F(1, 17), 1 + F(1, 17))  # 17 vote: all but the guest


def test_a_group_has_at_most_its_seats() -> None:
    members = [{"name": name, "membership": "full", "group": "g"} for name in "abc"] + [{"name": "d", "membership": "full"}]
    clauses: dict[str, Any] = {"membership": [{"name": "full", "seats": {"rule": "each", "count": 2}}], "power": {"basis": "seat"}}
    charter = of_members(*members, **clauses, affiliates={"control_over": "1/2", "seats_most": 3})
    assert votes(charter, DAY) == {"a": 3, "b": 0, "c": 0, "d": 2}


def test_a_founder_of_6_then_4_then_1_votes_as_pytorch_wrote_it_with_a_year_of_nothing() -> None:
    rows = [("2022-09-12", "2023-09-12", 6), ("2024-09-12", "2025-09-12", 4), ("2025-09-12", "2027-09-12", 1)]
    sunset = [{"member": "a", "votes": count, "start": start, "end": end} for start, end, count in rows]
    charter = of_members(*({"name": name} for name in "abcdef"), sunset=sunset)
    days = ("2022-09-12", "2023-09-11", "2023-09-12", "2024-09-12", "2026-01-01")
    assert [votes(charter, day)["a"] for day in days] == [6, 6, 1, 4, 1]
    assert shares(charter, "2022-09-12")["a"] == F(6, 11)


def test_only_standing_members_count_and_without_any_nobody_has_a_share() -> None:
    charter = of_members({"name": "a"}, {"name": "b"}, {"name": "c"})
    assert shares(charter, DAY, ["a", "c"]) == {"a": F(1, 2), "c": F(1, 2)}
    assert shares(charter, DAY, []) == {}
