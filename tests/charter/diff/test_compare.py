"""What changes for whom: every difference is said, payments and votes are those of both charters, nothing is said of equals."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.charter.drawing import DAYS, charters, whole
from tests.charter.render.test_rendered_keys import CASH, FULL, HOURS, RULE

from hanse.charter.diff.compare import Changes, MemberChange, Pays, compare, document
from hanse.charter.diff.rights import rights
from hanse.charter.diff.words import say
from hanse.charter.render.articles import WORDS, Words
from hanse.charter.render.silence import SILENT
from hanse.charter.schema import Charter, parse_charter

PRICE = {"kind": "gpu_hours", "hardware": "H100", "price": "2 USD", "as_of": DAYS[0]}


def member(changes: Changes, name: str) -> MemberChange:
    return next(item for item in changes.members if item.name == name)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(charters, charters)
def test_equal_charters_change_nothing_and_others_something(one: Charter, other: Charter) -> None:
    assert say(compare(one, one)) == "Nothing changes: both charters are the same.\n"
    for before, after in ((one, other), (other, one)):
        found = compare(before, after)
        assert found.same == (one == other)
        assert bool(found.clauses) != found.same
        assert json.loads(json.dumps(document(found)))["same"] == found.same
        assert say(found).startswith("Nothing" if found.same else "## What changes")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(charters, charters)
def test_what_one_way_gains_the_other_way_loses(one: Charter, other: Charter) -> None:
    there, back = compare(one, other), compare(other, one)
    assert [(item.title, item.was, item.becomes) for item in there.clauses] == [
        (item.title, item.becomes, item.was) for item in back.clauses
    ]
    for item in there.members:
        mirrored = member(back, item.name)
        assert (item.gains, item.loses) == (mirrored.loses, mirrored.gains)
        assert [(row.was, row.becomes) for row in item.pays] == [(row.becomes, row.was) for row in mirrored.pays]


@pytest.mark.parametrize("words", [words for words in WORDS if set(FULL) & set(words.keys)], ids=lambda words: words.title)
def test_a_clause_that_goes_is_said_with_what_holds_then(words: Words) -> None:
    [key] = words.keys
    document = whole(**FULL).document()
    document.pop(key)
    if key == "membership":
        document["member"] = [{name: value for name, value in row.items() if name != key} for row in document["member"]]
    [change, *others] = [item for item in compare(whole(**FULL), parse_charter(document, key)).clauses if item.title == words.title]
    assert not others
    assert change.becomes == (SILENT[key][1],)
    assert change.was


def test_what_a_member_pays_and_how_it_votes_is_that_of_both_charters() -> None:
    before = whole(pledge=[CASH, HOURS], price=[PRICE], power={"basis": "pledged"})
    after = whole(pledge=[CASH | {"end": DAYS[2]}, HOURS], price=[PRICE], dues={"rule": "equal", "budget": "9 USD"})
    changes = compare(before, after)
    ada, bob, cy = (member(changes, name) for name in ("ada", "bob", "cy"))
    assert [row.year for row in ada.pays] == [1, 2, 3, 4]
    assert (ada.pays[0].was, ada.pays[0].becomes) == (Pays(cash=Fraction(5)), Pays(cash=Fraction(5), dues=Fraction(3)))
    assert ada.pays[3].becomes == Pays(dues=Fraction(3))
    assert bob.pays[0].was == Pays(in_kind=Fraction(6))
    assert {(row.was, row.becomes) for row in ada.votes} == {(Fraction(5, 11), Fraction(1, 3))}
    assert {(row.was, row.becomes) for row in cy.votes} == {(Fraction(0), Fraction(1, 3))}
    said = say(changes)
    assert "Pays in each of the years 1 to 3: 8 USD (5 in cash and 3 as dues); was 5 USD (5 in cash)." in said
    assert "Pays in year 4: 3 USD (3 as dues); was 5 USD (5 in cash)." in said
    assert "Has about 33.3% (1/3) of all votes from 1 January 2027; was about 45.5% (5/11)." in said


def test_members_come_and_go() -> None:
    rows = [{"name": name, "membership": "full"} for name in ("ada", "bob", "dan")]
    changes = compare(whole(), whole(member=rows))
    assert [(item.name, item.status) for item in changes.members] == [("cy", "leaves"), ("dan", "joins")]
    assert member(changes, "dan").votes[0].was is None
    assert member(changes, "dan").gains == rights(whole(member=rows))["dan"]
    assert "- Is a member only in the charter after.\n" in say(changes)


RIGHTS: list[tuple[dict[str, Any], str, str]] = [
    ({"veto": [{"member": "ada", "kinds": ["plan"], "until": DAYS[1]}]}, "ada", "may stop a decision on a run plan before 29 Fe"),
    ({"decision": {"plan": RULE}}, "bob", "votes on a run plan"),
    ({"veto": [{"membership": "full", "kinds": ["dues"]}]}, "cy", "may stop a decision on dues and prices"),
    ({"release": {"licenses": ["MIT"], "embargo_days": 9}}, "ada", "has a release before the public"),
    ({"transfer": {}}, "ada", "may hand its membership on to its successor"),
    ({"amendment": {"notice_days": 3, "class_consent": True}}, "ada", "is asked apart, with its class, when"),
    ({"assurance": {"threshold": "5 USD", "by": DAYS[0]}}, "ada", "has back what it paid when too few pledges come together"),
    ({"dissolution": {}}, "ada", "has a part in what is left at the end"),
]


@pytest.mark.parametrize(("clause", "name", "words"), RIGHTS)
def test_a_clause_gives_its_right_and_its_loss_takes_it(clause: dict[str, Any], name: str, words: str) -> None:
    gained = member(compare(whole(), whole(**clause)), name)
    assert [item.startswith(words) for item in gained.gains] == [True]
    assert member(compare(whole(**clause), whole()), name).loses == gained.gains


def test_rights_that_a_clause_takes() -> None:
    changes = compare(whole(), whole(withdrawal={"notice_days": 9, "owed": "whole_term"}, expulsion={}))
    assert member(changes, "ada").loses == ("leaves without owing anything", "cannot be expelled")
    heard = whole(membership=[{"name": "full", "votes": False, "brings": ["tokens"]}, {"name": "data"}], decision={"plan": RULE})
    assert member(compare(whole(decision={"plan": RULE}), heard), "bob").loses == (
        "votes on a run plan", "may pledge cash", "may pledge GPU-hours", "may pledge evaluation sets", "may pledge staff",
    )  # fmt: skip
    technical = {"decides": ["plan"], "seats": 3}
    changes = compare(whole(decision={"plan": RULE}), whole(decision={"plan": RULE}, technical=technical))
    assert member(changes, "cy").loses == ("votes on a run plan",)
    assert "| becomes | cannot be decided by vote |" in say(changes)


def test_power_moves_with_a_sunset_and_the_table_has_both_sides() -> None:
    rule = {"passes": "> 1/2 of cast", "quorum": "> 1/2 of roll"}
    sunset = [{"member": "ada", "votes": 6, "start": DAYS[0], "end": DAYS[2]}]
    changes = compare(whole(decision={"plan": rule}), whole(decision={"plan": rule}, sunset=sunset))
    [power] = changes.power
    assert [row.pass_alone for row in power.was] == [()]
    assert [(row.day, row.pass_alone) for row in power.becomes] == [(DAYS[0], ("ada",)), (DAYS[2], ())]
    assert [row.day for row in member(changes, "bob").votes] == [DAYS[0], "2028-01-01", "2029-01-01"]
    assert "| becomes | 1 January 2027 | 3 | \\> 1/2 of cast; quorum \\> 1/2 of roll | ada | – | ada |" in say(changes)


def test_what_cannot_be_computed_is_said_and_the_rest_stands() -> None:
    changes = compare(whole(), whole(dues={"rule": "usage", "budget": "9 USD"}))
    assert [item.split(":")[0] for item in changes.unknown] == ["dues"]
    assert "## What cannot be computed" in say(changes)
    assert [item.title for item in changes.clauses] == ["Dues"]
    pledged = compare(whole(), whole(pledge=[CASH], dues={"rule": "usage", "budget": "9 USD"}))
    assert member(pledged, "ada").pays[0].becomes == Pays(cash=Fraction(5))
    unpriced = compare(whole(), whole(pledge=[HOURS], power={"basis": "pledged"}, decision={"plan": RULE}))
    assert len(unpriced.unknown) == 3


def test_another_order_alone_is_said() -> None:
    rows = [CASH, CASH | {"amount": "6 USD"}]
    changes = compare(whole(pledge=rows), whole(pledge=rows[::-1]))
    assert not changes.members
    assert "### Pledges\n\nThe same in another order." in say(changes)
