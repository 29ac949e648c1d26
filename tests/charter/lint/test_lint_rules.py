"""Each rule at its boundary: what is just right is not found, and one step further is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.charter.drawing import charters

from hanse.charter.lint.check import errors, explanation, lint, lint_document
from hanse.charter.lint.rules import RULES
from hanse.charter.schema import Charter, parse_charter
from hanse.errors import InputError

Clauses = dict[str, Any]
TERM = {"start": "2027-01-01", "end": "2030-01-01", "renewal": "ends"}
ROLL = {"passes": "> 1/2 of roll"}


def charter(count: int = 3, **clauses: Any) -> Charter:
    """A charter of so many members m0, m1, ... that is silent about all else."""
    members = [{"name": f"m{at}"} for at in range(count)]
    document = {"name": "c", "currency": "USD", "term": TERM, "member": members} | clauses
    return parse_charter({key: value for key, value in document.items() if value is not None}, "c")


def cash(at: int, amount: str, **keys: Any) -> Clauses:
    return {"member": f"m{at}", "kind": "cash", "amount": f"{amount} USD"} | keys


def hours(at: int, count: int, **keys: Any) -> Clauses:
    return {"member": f"m{at}", "kind": "gpu_hours", "hardware": "H100", "quantity": count, "measure": "log"} | keys


def price(as_of: str = "2026-11-25") -> Clauses:
    return {"kind": "gpu_hours", "hardware": "H100", "price": "1 USD", "as_of": as_of}


def rule(**keys: Any) -> Clauses:
    return {"decision": {"plan": ROLL | keys, "dues": ROLL}}


def sunset(*rows: tuple[int, str, str]) -> Clauses:
    return {"sunset": [{"member": "m0", "votes": votes, "start": start, "end": end} for votes, start, end in rows]}


def based(*bases: int) -> Clauses:
    return {"member": [{"name": f"m{at}", "base": f"{base:_} USD"} for at, base in enumerate(bases)]}


def of_class(count: int, **keys: Any) -> Clauses:
    return {"membership": [{"name": "full"} | keys], "member": [{"name": f"m{at}", "membership": "full"} for at in range(count)]}


def assured(threshold: str, **clauses: Any) -> Clauses:
    return {"assurance": {"threshold": f"{threshold} USD", "by": "2027-06-30"}} | clauses


def pledged(*amounts: int, **power: Any) -> Clauses:
    return {"pledge": [cash(at, str(amount)) for at, amount in enumerate(amounts)], "power": {"basis": "pledged"} | power}


SALES = {"rule": "sales_share", "rate": "1/100", "floor": "50 USD", "cap": "90 USD"}
KEY = {"rule": "key", "budget": "900 USD", "ceiling": "1/4"}
HALF = rule() | {"in_kind": {"share_most": "1/2"}, "price": [price()]}
CONSENT = {"notice_days": 30, "class_consent": True}
WITHDRAWAL = {"notice_days": 10, "owed": "whole_term", "votes_end": "at_notice"}
TEXT = {"topic": "law", "title": "Law"}
FAIR, UNFAIR = ({"affiliates": {"control_over": "1/2", "seats_most": most}, "power": {"basis": "seat"},
                 "membership": [{"name": "full", "seats": {"rule": "each"}}],
                 "member": [{"name": f"m{at}", "membership": "full", "group": "g"} for at in range(2)]}
                for most in (2, 1))  # fmt: skip

EDGES: dict[str, tuple[str, Clauses, Clauses]] = {
    "a schedule that meets and one a day short": (
        "schedule-gap", sunset((2, "2027-01-01", "2028-01-01"), (1, "2028-01-01", "2030-01-01")),
        sunset((2, "2027-01-01", "2027-12-31"), (1, "2028-01-01", "2030-01-01"))),
    "a schedule that starts a day late": (
        "schedule-gap", sunset((2, "2027-01-01", "2030-01-01")), sunset((2, "2027-01-02", "2030-01-01"))),
    "a schedule that ends a day early": (
        "schedule-gap", sunset((2, "2027-01-01", "2030-01-01")), sunset((2, "2027-01-01", "2029-12-31"))),
    "a schedule that overlaps by a day": (
        "schedule-overlap", sunset((2, "2027-01-01", "2028-01-01"), (1, "2028-01-01", "2030-01-01")),
        sunset((2, "2027-01-01", "2028-01-02"), (1, "2028-01-01", "2030-01-01"))),
    "an excess with a taker and one without": (
        "cap-without-excess", pledged(9, 1, 1, cap="1/3", excess="equal"), pledged(9, 1, 1, cap="1/4", excess="equal")),
    "an excess that lapses below the cap and above it": (
        "cap-without-excess", pledged(5, 5, 5, cap="1/3", excess="lapses"), pledged(6, 5, 5, cap="1/3", excess="lapses")),
    "power of 5 times the median and of more": (  # 1/25 for 1, 12/25 for 60
        "power-inversion", pledged(60, 60, 1, floor="1/25"), pledged(61, 61, 1, floor="1/25")),
    "a class with a vote and one that pays without": (
        "class-without-voice", of_class(2, votes=False), of_class(2, votes=False, dues="1 USD")),
    "a group with as many seats as it may have": ("group-above-seats", FAIR, UNFAIR),
    "two that pass and one": (
        "coalition-single", rule(passes="> 1/2 of cast", quorum="> 2/3 of roll"),
        rule(passes="> 1/2 of cast", quorum=">= 1/3 of roll")),
    "half and less": ("support-under-half", rule(passes="> 1/2 of cast", quorum="> 2/3 of roll"),
                      rule(passes=">= 1/2 of cast", quorum="> 2/3 of roll")),
    "a quorum of all but one and of all": ("unreachable-quorum", rule(quorum=">= 2/3 of roll"), rule(quorum="> 2/3 of roll")),
    "a quorum of heads": ("unreachable-quorum", rule(quorum=">= 2/3 of members"), rule(quorum="> 2/3 of members")),
    "an amendment counted of those there and of all": (
        "amendment-by-inactive", {"amendment": CONSENT, "decision": {"charter": {"passes": "> 2/3 of present"}}},
        {"amendment": CONSENT, "decision": {"charter": {"passes": "> 2/3 of present", "quorum": "> 1/2 of members"}}}),
    "a tie that ends by lot and with a chair": ("tie-without-end", rule(tie=["chair", "lot"]), rule(tie=["lot", "neutral_chair"])),
    "a tie list that is empty": ("tie-without-end", rule(), rule(tie=[])),
    "a veto with a last day and without": (
        "veto-without-end", rule() | {"veto": [{"member": "m0", "kinds": ["plan"], "until": "2028-01-01"}]},
        rule() | {"veto": [{"member": "m0", "kinds": ["plan"]}]}),
    "a veto that ends before it starts": (
        "contradictory-dates", rule() | {"veto": [{"member": "m0", "kinds": ["plan"], "until": "2027-01-02"}]},
        rule() | {"veto": [{"member": "m0", "kinds": ["plan"], "until": "2027-01-01"}]}),
    "no notice before a day in the term and after it": (
        "contradictory-dates", {"withdrawal": {"notice_days": 1, "owed": "nothing", "locked_until": "2030-01-01"}},
        {"withdrawal": {"notice_days": 1, "owed": "nothing", "locked_until": "2030-01-02"}}),
    "an assurance by a day after the term": (
        "contradictory-dates", assured("0"), {"assurance": {"threshold": "0 USD", "by": "2030-01-02"}}),
    "a term that a vote renews": (
        "kind-without-rule", {"decision": {"charter": ROLL}, "term": TERM | {"renewal": "vote"}},
        {"term": TERM | {"renewal": "vote"}}),
    "votes by pledge in a charter without a term": ("term-missing", pledged(), pledged() | {"term": None}),
    "a price of a year ago and of a day more": (
        "price-too-old", rule() | {"in_kind": {}, "price": [price("2026-01-01")]},
        rule() | {"in_kind": {}, "price": [price("2025-12-31")]}),
    "half in kind and an hour more": (
        "in-kind-above-share", HALF | {"pledge": [cash(0, "9"), hours(0, 9)]}, HALF | {"pledge": [cash(0, "9"), hours(0, 10)]}),
    "an assurance that pledges just reach": (
        "assurance-out-of-reach", assured("20", pledge=[cash(0, "20")]), assured("20.000001", pledge=[cash(0, "20")])),
    "an assurance that equal dues just reach": (
        "assurance-out-of-reach", assured("99", dues={"rule": "equal", "budget": "99 USD"}),
        assured("100", dues={"rule": "equal", "budget": "99 USD"})),
    "an assurance that dues by key reach below the ceiling": (
        "assurance-out-of-reach", assured("675", dues=KEY, **based(1, 1, 1)), assured("676", dues=KEY, **based(1, 1, 1))),
    "an assurance that dues by class just reach": (
        "assurance-out-of-reach", assured("21", dues={"rule": "class"}, **of_class(3, dues="7 USD")),
        assured("22", dues={"rule": "class"}, **of_class(3, dues="7 USD"))),
    "an assurance that shares of sales with floor and cap just reach": (
        "assurance-out-of-reach", assured("210", dues=SALES, **based(1, 7000, 99999)),
        assured("211", dues=SALES, **based(1, 7000, 99999))),
    "the base of all and of all but one": (
        "base-missing", {"dues": SALES, **based(1, 1)},
        {"dues": SALES, "member": [{"name": "m0"}, {"name": "m1", "base": "1 USD"}]}),
    "steps of arrears on one day and out of order": (
        "arrears-order", {"arrears": {"notice_days": 9, "suspend_days": 9, "terminate_days": 9}},
        {"arrears": {"notice_days": 10, "suspend_days": 9, "terminate_days": 9}}),
    "a class that is full and one too full": ("class-terms-broken", of_class(2, members_most=2), of_class(3, members_most=2)),
    "the least that a class asks and a millionth less": (
        "class-terms-broken", {"pledge": [cash(0, "5")], **of_class(1, pledge_least="5 USD")},
        {"pledge": [cash(0, "4.999999")], **of_class(1, pledge_least="5 USD")}),
    "the least in every year": (
        "class-terms-broken", {"pledge": [cash(0, "5")], **of_class(1, pledge_least="5 USD")},
        {"pledge": [cash(0, "5", end="2029-01-01")], **of_class(1, pledge_least="5 USD")}),
    "what a class brings and what it does not": (
        "class-terms-broken", {"pledge": [cash(0, "5")], **of_class(1, brings=["staff", "cash"])},
        {"pledge": [cash(0, "5")], **of_class(1, brings=["staff"])}),
    "votes that end when money does and before": (
        "money-runs-on", {"withdrawal": WITHDRAWAL | {"votes_end": "at_exit"}, "pledge": [cash(0, "5")]},
        {"withdrawal": WITHDRAWAL, "pledge": [cash(0, "5")]}),
    "as many copies as members and one more": (
        "more-than-members", {"weights": {"on_dissolution": "delete", "mirrors_least": 3}},
        {"weights": {"on_dissolution": "delete", "mirrors_least": 4}}),
    "as many as may stop a round and one more": (
        "more-than-members", rule(any_members=3, lapses_hours=24), rule(any_members=4, lapses_hours=24)),
    "an end at as many members as there are": (
        "more-than-members", {"dissolution": {"members_least": 3}, "decision": {"dissolve": ROLL}},
        {"dissolution": {"members_least": 4}, "decision": {"dissolve": ROLL}}),
    "signers": ("more-than-members", {"release": {"licenses": ["MIT"], "embargo_days": 0, "signers": 3}},
                {"release": {"licenses": ["MIT"], "embargo_days": 0, "signers": 4}}),
    "an embargo that opens by itself and one that does not": (
        "embargo-without-end", {"release": {"licenses": ["MIT"], "embargo_days": 0, "opens_by_itself": False}},
        {"release": {"licenses": ["MIT"], "embargo_days": 1, "opens_by_itself": False}}),
    "an open license and one that asks pay": (
        "license-not-open", {"release": {"licenses": ["MIT"], "embargo_days": 0}},
        {"release": {"licenses": ["MIT"], "embargo_days": 0, "metered_above": "20_000_000 USD"}}),
    "a clause that is there and one that is not": (
        "dangling-reference", {"text": [TEXT | {"text": "As {term} and {term.start} and {member.m0} say."}]},
        {"text": [TEXT | {"text": "As {member.m9} says."}]}),
    "an article of a law and one of the charter": (
        "dangling-reference", {"text": [TEXT | {"text": "Article 101 TFEU, § 3 GWB and Article 28(3) of the GDPR."}]},
        {"text": [TEXT | {"text": "See article 28."}]}),
    "a clause that is fixed and there, and one that is not": (
        "dangling-reference", {"amendment": CONSENT | {"fixed": ["term", "amendment.class_consent"]}},
        {"amendment": CONSENT | {"fixed": ["weights"]}}),
    "a reference in another clause's words": (
        "dangling-reference", {"pledge": [hours(0, 1, measure="as {price} counts")], "price": [price()]},
        {"pledge": [hours(0, 1, measure="as {audit} counts")], "price": [price()]}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_a_rule_finds_what_is_one_step_too_far_and_not_what_is_just_right(name: str) -> None:
    wanted, good, bad = EDGES[name]

    def found(clauses: Clauses) -> set[str]:
        return {finding.rule for finding in lint(charter(**clauses))}

    assert wanted not in found(good)
    assert wanted in found(bad)


def test_a_third_of_the_members_may_pass_a_plan_and_fewer_may_not() -> None:
    def found(quorum: str) -> set[str]:
        return {item.rule for item in lint(charter(9, **rule(passes="> 1/2 of cast", quorum=quorum)))}

    assert "coalition-too-small" not in found(">= 5/9 of roll")  # three of five
    assert "coalition-too-small" in found(">= 1/3 of roll")  # two of three


def test_a_third_of_the_votes_is_enough_where_fewer_members_hold_it() -> None:
    by = rule(passes="> 1/2 of cast", quorum=">= 1/2 of roll")
    three = charter(12, **sunset((12, "2027-01-01", "2030-01-01")), **by)  # 12 and 1 of 23, 2 of 12 members
    assert {item.rule for item in lint(three)} == {"coalition-single"}


@pytest.mark.parametrize(("clauses", "kind"), [
    ({"admission": {}}, "admit"), ({"breach": {"cure_days": 1}}, "expel"), ({"in_kind": {}}, "dues"),
    ({"amendment": CONSENT}, "charter"),
    ({"expulsion": {}}, "expel"), ({"dissolution": {}}, "dissolve"), ({"technical": {"decides": ["plan"], "seats": 3}}, "plan"),
    ({"release": {"licenses": ["MIT"], "embargo_days": 0, "exceptions_by": "release"}}, "release"),
    ({"bucket": {"owner": "m0", "payer": "m0", "replaced_by": "ordinary"}}, "ordinary"),
    ({"veto": [{"member": "m0", "kinds": ["stop"], "until": "2028-01-01"}]}, "stop"),
])  # fmt: skip
def test_every_kind_that_a_clause_names_needs_its_rule(clauses: Clauses, kind: str) -> None:
    (one,) = [item for item in lint(charter(**clauses)) if item.rule == "kind-without-rule"]
    assert f"{kind} has no rule" in one.what
    assert one.where.split(".")[0] in clauses
    assert "kind-without-rule" not in {item.rule for item in lint(charter(**clauses, decision={kind: ROLL}))}


CLASSES = [{"name": "full", "seats": {"rule": "each", "count": 2}}, {"name": "data", "seats": {"rule": "together", "count": 1}}]
MEMBERS = [{"name": f"m{at}", "membership": "full" if at < 2 else "data"} for at in range(3)]
BEFORE: Clauses = {
    "membership": CLASSES, "member": MEMBERS, "power": {"basis": "seat"}, "decision": {"plan": ROLL, "charter": ROLL},
    "veto": [{"member": "m0", "kinds": ["plan", "charter"], "until": "2029-01-01"}],
    "release": {"licenses": ["MIT"], "embargo_days": 30},
    "amendment": CONSENT | {"fixed": ["weights", "no such clause"]}, "weights": {"on_dissolution": "publish_latest"},
}  # fmt: skip
LOST: dict[str, tuple[Clauses, str]] = {
    "a seat of each": ({"membership": [CLASSES[0] | {"seats": {"rule": "each"}}, CLASSES[1]]}, "full had 4 seats and has 2"),
    "all votes of a class": ({"membership": [CLASSES[0], CLASSES[1] | {"votes": False}]}, "members of data had votes and are only"),
    "a member's own vote": ({"membership": [CLASSES[0], {"name": "data"}]}, "m2 had a vote and has none"),
    "a class": ({"membership": CLASSES[:1], "member": [row | {"membership": "full"} for row in MEMBERS]}, "the class data is gone"),
    "a veto": ({"veto": []}, "m0 could stop plan, charter until 2029-01-01 and no longer can"),
    "one kind of a veto": ({"veto": [BEFORE["veto"][0] | {"kinds": ["plan"]}]}, "m0 could stop charter until"),
    "a day of a veto": ({"veto": [BEFORE["veto"][0] | {"until": "2028-12-31"}]}, "m0 could stop plan, charter until 2029-01-01"),
    "early access": ({"release": BEFORE["release"] | {"early_access": ["full"]}}, "members of data had releases early"),
    "consent": ({"amendment": CONSENT | {"class_consent": False}}, "a class that loses a right was asked and is no longer"),
    "what was fixed": ({"weights": {"on_dissolution": "delete"}}, "weights was not to change within the term"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_right_that_is_lost_is_named(name: str) -> None:
    changes, words = LOST[name]
    before, after = charter(**BEFORE), charter(**BEFORE | changes)
    found = [item.what for item in lint(after, before) if item.rule == "right-removed"]
    assert any(what.startswith(words) for what in found), found
    assert not [item for item in lint(before, before) if item.rule == "right-removed"]


@pytest.mark.parametrize("more", [
    {"veto": [{"member": "m0", "kinds": ["plan", "charter"]}]},
    {"veto": [{"member": "m0", "kinds": ["plan"], "until": "2029-01-01"},
              {"member": "m0", "kinds": ["charter"], "until": "2030-01-01"}]},
    {"membership": [CLASSES[0], CLASSES[1] | {"seats": {"rule": "each"}}]},
    {"release": {"licenses": ["MIT"], "embargo_days": 30, "early_access": ["full", "data"]}},
])  # fmt: skip
def test_a_right_that_is_kept_or_grows_is_not_named(more: Clauses) -> None:
    assert not [item for item in lint(charter(**BEFORE | more), charter(**BEFORE)) if item.rule == "right-removed"]


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no table": (None, "malformed", ""),
    "a key in a table": ({"name": "c", "member": [{"name": "a", "offcer": "x"}]}, "unknown-key", "member.0.offcer"),
    "a negative count": ({"name": "c", "member": [{"name": "a"}], "withdrawal": {"notice_days": -1, "owed": "nothing"}},
                         "negative", "withdrawal.notice_days"),
    "a kind that is none": ({"name": "c", "member": [{"name": "a"}], "decision": {"lunch": ROLL}},
                            "unknown-value", "decision.lunch.[key]"),
    "an integer that JSON has not": ({"name": "c", "rules": 2**60, "member": [{"name": "a"}]}, "malformed", ""),
    "days outside of the term": ({"name": "c", "term": TERM, "member": [{"name": "a"}], "sunset": [
        {"member": "a", "votes": 1, "start": "2026-01-01", "end": "2027-06-01"}]}, "contradictory-dates", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_parser_refuses_is_a_finding_with_its_key(name: str) -> None:
    document, wanted, where = REFUSED[name]
    (found,) = lint_document(document)
    assert (found.rule, found.severity, found.where) == (wanted, "error", where)
    assert list(errors([found])) == [found]


def test_all_that_the_parser_refuses_is_found_at_once() -> None:
    found = lint_document({"nam": "c", "member": [{"name": "A"}]})
    assert [item.rule for item in found] == ["missing-key", "malformed", "unknown-key"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(charters, st.none() | charters)
def test_any_charter_can_be_looked_at(drawn: Charter, before: Charter | None) -> None:
    names = {rule.name for rule in RULES}
    for finding in lint(drawn, before):
        assert finding.rule in names
        assert finding.where.split(".")[0] in Charter.model_fields
        assert finding.what
        assert finding.remedy


def test_a_term_at_the_end_of_time_is_looked_at() -> None:
    late = {"start": "9990-01-01", "end": "9999-12-31", "renewal": "ends"}
    found = {item.rule for item in lint(charter(term=late, pledge=[cash(0, "5", every="month")], **rule()))}
    assert found == {"dissolution-silent"}
    old = charter(in_kind={"revised_years": 10**9}, price=[price()], decision={"dues": ROLL})
    assert lint(old) == ()


def test_every_rule_has_one_line_that_says_why() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    for one in RULES:
        assert one.why == explanation(one.name)
        assert 40 < len(one.why) < 125
        assert one.why.endswith(".")
    with pytest.raises(InputError, match="rule 'spelling': there is none of that name; there are: unknown-key, "):
        explanation("spelling")
