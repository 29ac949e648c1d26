"""Standing: who may sign what, which keys never speak again, and what time the log says it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.run.author import START, key

from hanse.charter.schema import parse_charter
from hanse.consortium.standing import OFFICER_KINDS, SITE_KINDS, Consortium
from hanse.keys import SigningKey
from hanse.ledger.entry import NO_LOG, Entry, Seen, Statement, signed
from hanse.ledger.merkle import EMPTY_ROOT

MEMBERS = ("ada", "bob", "sam")
"""sam has no site."""
TABLES = [{"name": name, "officer": str(key(f"{name}/officer").public), "site": name != "sam"} for name in MEMBERS]
CHARTER = parse_charter({"name": "Test", "member": TABLES}, "test")
PLAN = {"any": "plan"}  # standing carries it and does not read it


def entry(kind: str, member: str, body: dict[str, Any], *signers: SigningKey, at: int = START) -> Entry:
    return signed(Statement(kind, NO_LOG, Seen(0, EMPTY_ROOT), at, member, body), list(signers))


def genesis(*signers: SigningKey, **changes: Any) -> Entry:
    body = {"charter": CHARTER.document(), "plan": PLAN} | changes
    return entry("genesis", "ada", {name: value for name, value in body.items() if value is not None}, *signers)


OFFICERS = [key(f"{name}/officer") for name in MEMBERS]


class Members:
    """A founded consortium; `post` judges and folds an entry as the log would."""

    def __init__(self) -> None:
        self.consortium = Consortium()
        self.index = 0
        assert self.take(genesis(*OFFICERS)) == ""

    def take(self, made: Entry) -> str:
        reason = self.consortium.refuse(made) or self.consortium.apply(made, self.index)
        if not reason:
            self.consortium.stamp(made)
        self.index += 1
        return reason

    def post(self, kind: str, member: str, body: dict[str, Any], signer: str) -> str:
        return self.take(entry(kind, member, body, key(signer)))

    def join(self, member: str, site: str = "site", signer: str = "") -> str:
        body = {"site": site, "key": str(key(f"{member}/{site}").public), "text": None}
        return self.post("join", member, body, signer or f"{member}/officer")

    def rotate(self, member: str, to: str, signer: str) -> str:
        return self.post("rotate", member, {"key": str(key(to).public)}, signer)


@pytest.fixture
def members() -> Members:
    return Members()


def test_genesis_makes_every_founder_a_member_that_has_not_joined(members: Members) -> None:
    found = members.consortium
    assert found.charter == CHARTER
    assert found.plan == PLAN
    assert set(found.members) == set(MEMBERS)
    assert found.expected == ("ada", "bob")
    assert found.active == ()
    assert found.stamps == dict.fromkeys(MEMBERS, START)
    assert found.cosigner_keys("ada") == (key("ada/officer").public,)


def other_charter(**changes: Any) -> dict[str, Any]:
    return CHARTER.document() | changes


GENESES = {
    "a founder's signature is missing": (genesis(*OFFICERS[:2]), "wrong key: genesis is signed by every founder"),
    "a stranger signed too": (genesis(*OFFICERS, key("eve")), "wrong key: genesis is signed by every founder"),
    "a stranger signed in a founder's place": (genesis(*OFFICERS[:2], key("eve")), "wrong key"),
    "the charter is missing": (genesis(*OFFICERS, charter=None), "malformed: genesis carries a charter and a plan"),
    "the plan is missing": (genesis(*OFFICERS, plan=None), "malformed: genesis carries a charter and a plan"),
    "the plan is a list": (genesis(*OFFICERS, plan=[]), "malformed: genesis carries a charter and a plan"),
    "there is an extra key": (genesis(*OFFICERS, extra=1), "malformed: genesis carries a charter and a plan"),
    "the charter breaks its schema": (genesis(*OFFICERS, charter=other_charter(rules=2)), "malformed: genesis charter breaks"),
    "the charter is a list": (genesis(*OFFICERS, charter=[]), "malformed: genesis charter"),
    "the charter lacks its defaults": (
        genesis(*OFFICERS, charter={"name": "Test", "member": TABLES}), "malformed: genesis charter lacks defaults written out"),
}  # fmt: skip


@pytest.mark.parametrize("name", GENESES)
def test_a_genesis_is_void_when(name: str) -> None:
    made, reason = GENESES[name]
    assert Consortium().refuse(made).startswith(reason)


def test_a_genesis_with_one_signature_that_does_not_hold_is_void() -> None:
    good = genesis(*OFFICERS)
    assert Consortium().refuse(good) == ""
    forged = (*good.envelope.signatures[:-1], (good.envelope.signatures[-1][0], bytes(64)))
    envelope = type(good.envelope)(good.envelope.payload, forged)
    assert Consortium().refuse(Entry(good.statement, envelope, envelope.encode())) == "bad signature"


@pytest.mark.parametrize("kind", sorted(OFFICER_KINDS - {"genesis"} | SITE_KINDS))
def test_each_kind_wants_its_own_key_and_no_other(kind: str, members: Members) -> None:
    members.join("ada")
    members.join("bob")
    role, other = ("officer", "site") if kind in OFFICER_KINDS else ("site", "officer")
    refuse = members.consortium.refuse
    assert refuse(entry(kind, "ada", {}, key(f"ada/{role}"))) == ""
    assert refuse(entry(kind, "ada", {}, key(f"ada/{other}"))).startswith(f"wrong key: {kind} of ada wants its {role} key")
    assert refuse(entry(kind, "ada", {}, key(f"bob/{role}"))).startswith("wrong key")
    assert refuse(entry(kind, "ada", {}, key("eve"))).startswith("wrong key")
    assert refuse(entry(kind, "ada", {}, key("ada/officer"), key("ada/site"))).startswith("wrong key")
    assert refuse(entry(kind, "eve", {}, key("eve"))) == "unknown member 'eve'"


def test_a_signature_that_does_not_hold_is_void_and_a_known_answer_is_not_asked_again(members: Members) -> None:
    good = entry("leave", "ada", {}, key("ada/officer"))
    envelope = type(good.envelope)(good.envelope.payload, ((key("ada/officer").public.id, bytes(64)),))
    bad = Entry(good.statement, envelope, envelope.encode())
    assert members.consortium.refuse(bad) == "bad signature"
    asked: list[bytes] = []
    assert members.consortium.refuse(bad, lambda public, signature, message: asked.append(message) is None) == ""
    assert asked == [good.message]


def test_an_unknown_kind_is_void_and_so_is_a_site_kind_before_joining(members: Members) -> None:
    assert members.post("seize", "ada", {}, "ada/officer") == "unknown kind 'seize' under rules 1"
    assert members.post("tick", "ada", {}, "ada/officer").startswith("not joined: the member's officer has named no site key")


def test_joining_names_the_site_key_and_leaving_ends_it(members: Members) -> None:
    assert members.join("bob") == ""
    assert members.join("ada") == ""
    assert members.consortium.active == ("ada", "bob")
    assert members.consortium.members["ada"].joined == 2
    assert members.consortium.members["ada"].site == "site"
    assert members.consortium.cosigner_keys("ada") == (key("ada/officer").public, key("ada/site").public)
    assert members.post("leave", "ada", {}, "ada/officer") == ""
    assert members.consortium.active == ("bob",)
    assert members.consortium.expected == ("ada", "bob")
    assert members.join("ada") == ""  # and may come back
    assert members.consortium.active == ("ada", "bob")


BODIES = {
    "a join without a key": ("join", {"site": "s", "text": None}, "malformed: join carries"),
    "a join with an extra key": ("join", {"site": "s", "key": "", "text": None, "x": 1}, "malformed: join carries"),
    "a join without a site's name": ("join", {"site": "", "key": "", "text": None}, "malformed: join carries"),
    "a join with a long name": ("join", {"site": "s" * 61, "key": "", "text": None}, "malformed: join carries"),
    "a join with a name that is a number": ("join", {"site": 1, "key": "", "text": None}, "malformed: join carries"),
    "a join with a key that is none": ("join", {"site": "s", "key": "x", "text": None}, "malformed: verifier key 'x'"),
    "a join with a key that is a number": ("join", {"site": "s", "key": 1, "text": None}, "malformed: key is a verifier key"),
    "a leave that says more": ("leave", {"why": "x"}, "malformed: leave has an empty body"),
    "a rotate without a key": ("rotate", {}, "malformed: rotate carries"),
    "a rotate with more than a key": ("rotate", {"key": "x", "y": 1}, "malformed: rotate carries"),
    "a rotate with a key that is none": ("rotate", {"key": "x"}, "malformed: verifier key 'x'"),
    "a rotate with a key that is null": ("rotate", {"key": None}, "malformed: key is a verifier key"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_body_is_void_and_changes_nothing(name: str, members: Members) -> None:
    kind, body, reason = BODIES[name]
    members.join("ada")
    before = repr(members.consortium.members)
    assert members.post(kind, "ada", body, "ada/officer").startswith(reason)
    assert repr(members.consortium.members) == before


def test_a_member_without_a_site_cannot_join_but_may_dispute(members: Members) -> None:
    assert members.join("sam").startswith("not allowed: the charter gives this member no site")
    assert members.post("dispute", "sam", {}, "sam/officer") == ""
    assert members.consortium.active == ()


def test_a_key_speaks_for_one_member_in_one_role(members: Members) -> None:
    assert members.join("ada") == ""
    taken = {"ada/site": "site key of ada", "ada/officer": "officer key of ada", "sam/officer": "officer key of sam"}
    for name, whose in taken.items():
        body = {"site": "site", "key": str(key(name).public), "text": None}
        assert members.post("join", "bob", body, "bob/officer") == f"key in use: it is the {whose}"
        assert members.rotate("bob", name, "bob/officer") == f"key in use: it is the {whose}"
    own = {"site": "site", "key": str(key("ada/officer").public), "text": None}
    assert members.post("join", "ada", own, "ada/officer") == "key in use: it is the officer key of ada"
    assert members.rotate("ada", "ada/officer", "ada/officer") == "key in use: it is the officer key of ada"
    assert members.rotate("ada", "ada/site", "ada/officer") == "key in use: it is the site key of ada"


def test_joining_again_with_the_same_key_is_no_replacement(members: Members) -> None:
    assert members.join("ada") == ""
    assert members.join("ada") == ""
    assert members.consortium.retired == set()


def test_a_replaced_key_is_never_accepted_again_for_anybody(members: Members) -> None:
    assert members.join("ada", "old") == ""
    assert members.join("ada", "new") == ""
    assert members.rotate("ada", "ada/second", "ada/officer") == ""
    assert members.post("tick", "ada", {}, "ada/old").startswith("wrong key")
    assert members.post("leave", "ada", {}, "ada/officer").startswith("wrong key")
    assert members.post("leave", "ada", {}, "ada/second") == ""
    for old in ("ada/old", "ada/officer"):
        body = {"site": "site", "key": str(key(old).public), "text": None}
        for member, officer in (("ada", "ada/second"), ("bob", "bob/officer")):
            assert members.post("join", member, body, officer) == "key in use: it was retired"
            assert members.rotate(member, old, officer) == "key in use: it was retired"
    assert members.consortium.cosigner_keys("ada") == (key("ada/second").public, key("ada/new").public)


# --- log time


rolls = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 6), max_size=8)


@settings(deadline=None)
@given(rolls, st.sets(st.sampled_from("abcdefgh")))
def test_log_time_is_the_greatest_that_more_than_half_of_the_roll_have_stamped(stamps: dict[str, int], roll: set[str]) -> None:
    found = Consortium(stamps=stamps).time(roll)
    reached = [t for t in range(8) if 2 * sum(stamps.get(name, 0) >= t for name in roll) > len(roll)]
    assert found == max(reached, default=0)


@settings(deadline=None)
@given(rolls, st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(0, 10**9))
def test_half_of_the_roll_cannot_move_log_time_beyond_all_others(stamps: dict[str, int], roll: set[str], far: int) -> None:
    liars = sorted(roll)[: len(roll) // 2]
    honest = max(stamps.get(name, 0) for name in roll - set(liars))
    assert Consortium(stamps=stamps | dict.fromkeys(liars, far)).time(roll) <= honest


def test_a_stamp_never_goes_back(members: Members) -> None:
    for at in (START + 5, START + 3):
        assert members.take(entry("dispute", "ada", {}, key("ada/officer"), at=at)) == ""
    assert members.consortium.stamps["ada"] == START + 5
    assert members.consortium.time(MEMBERS) == START
