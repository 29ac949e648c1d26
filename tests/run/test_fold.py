"""The fold: what stands, what is void and why, when rounds close and states are agreed; never raises, never differs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.run.author import Author, key

from hanse.ledger.chain import Slot
from hanse.ledger.entry import Seen, segment
from hanse.run.fold import Fold, fold


@pytest.fixture
def author() -> Author:
    made = Author()
    made.start()
    return made


def finish_round(author: Author, state: str) -> None:
    number = author.run.current.number
    for member in author.members:
        if member not in author.run.current.updates:
            assert author.update(member) == ""
    for member in author.members:
        author.merged(member, number, state)
    assert author.run.rounds[number].agreed is not None


def test_a_run_goes_from_genesis_to_its_last_round(author: Author) -> None:
    for number in range(1, 4):
        finish_round(author, f"{number:02d}" * 32)
    assert author.run.complete is not None
    assert [item.agreed.state[:2] for item in author.run.rounds] == ["aa", "01", "02", "03"]
    assert all(verdict.valid for verdict in author.fold.verdicts)


VOID = {
    "forged signature": (lambda a: a.write("tick", "ada", {}, key("bob/site")), "wrong key"),
    "someone else's key": (lambda a: a.write("update", "ada", a.update_body("ada"), key("bob/site")), "wrong key"),
    "officer key for a site's entry": (lambda a: a.write("tick", "ada", {}, key("ada/officer")), "wrong key"),
    "site key for an officer's entry": (lambda a: a.write("leave", "ada", {}, key("ada/site")), "wrong key"),
    "unknown kind": (lambda a: a.write("seize", "ada", {}), "unknown kind"),
    "unknown member": (lambda a: a.write("tick", "eve", {}, key("eve/site")), "unknown member"),
    "wrong seen": (lambda a: a.write("tick", "ada", {}, seen=Seen(3, b"\1" * 32)), "false seen"),
    "seen from the future": (lambda a: a.write("tick", "ada", {}, seen=Seen(999, b"\1" * 32)), "false seen"),
    "another log": (lambda a: a.write("tick", "ada", {}, log="12" * 32), "foreign"),
    "wrong base": (lambda a: a.update("ada", base="77" * 32), "wrong base"),
    "wrong attempt": (lambda a: a.update("ada", attempt=1), "wrong attempt"),
    "wrong steps": (lambda a: a.update("ada", steps=3), "wrong steps"),
    "round to come": (lambda a: a.update("ada", round=3), "early"),
    "round gone": (lambda a: a.write("update", "ada", a.update_body("ada", round=1) | {"round": 0}), "malformed"),
    "oversized update": (
        lambda a: a.update("ada", blob={"sha256": "cd" * 32, "size": a.plan.limits.update_bytes + 1}), "oversized update"),
    "malformed body": (lambda a: a.write("update", "ada", {"round": 1}), "malformed"),
    "extra key in the body": (lambda a: a.write("tick", "ada", {"x": 1}), "malformed"),
    "result of an open round": (lambda a: a.merged("ada", 1, "bb" * 32), "early"),
    "result with an unknown update": (lambda a: a.merged("ada", 0, "bb" * 32, ["ab" * 32]), "unknown update"),
    "second corpus": (
        lambda a: a.write("corpus", "ada", {"root": "22" * 32, "tokens": 1, "documents": 1, "dropped": 0}), "second corpus"),
}  # fmt: skip


@pytest.mark.parametrize("name", VOID)
def test_it_is_void_for_everyone_with_its_reason_and_training_goes_on(name: str, author: Author) -> None:
    write, reason = VOID[name]
    assert write(author).startswith(reason)
    finish_round(author, "bb" * 32)
    assert fold(Slot.of(slot) for slot in author.slots).digest() == author.fold.digest()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"{}\n", "malformed"),
        (b"\xff\n", "malformed"),
        (b"[" * 3000 + b"\n", "malformed"),
        (b'{"a":1e400}\n', "malformed"),
        (b'{"a":NaN}\n', "malformed"),
        (b"x" * 65_536, "oversized"),
    ],
)
def test_a_slot_of_junk_is_void_and_keeps_its_place(data: bytes, reason: str, author: Author) -> None:
    size = author.fold.size
    assert author.raw(data)[0].reason.startswith(reason)
    assert author.fold.size == size + 1
    finish_round(author, "bb" * 32)


def test_another_spelling_of_an_entry_is_void(author: Author) -> None:
    data = author.entry("tick", "ada", {}).data
    for spelling in (data.replace(b",", b", ", 1), data.replace(b'{"payload"', b'{"a":1,"payload"'), data + b" "):
        assert author.raw(spelling + b"\n")[0].reason.startswith("malformed")
    assert author.raw(data + b"\n")[0].valid


def test_a_second_copy_is_a_duplicate(author: Author) -> None:
    data = segment([author.entry("tick", "ada", {})])
    assert author.raw(data)[0].valid
    assert author.raw(data)[0].reason.startswith("duplicate")


def test_the_first_of_two_updates_stands(author: Author) -> None:
    assert author.update("ada") == ""
    again = author.update("ada", blob={"sha256": "ef" * 32, "size": 3})
    assert again.startswith("second update")


def test_a_second_update_is_called_one_after_its_round_closed_too(author: Author) -> None:
    for member in author.members:
        assert author.update(member) == ""
    assert author.run.current.closed is not None
    assert author.update("ada", blob={"sha256": "ef" * 32, "size": 3}).startswith("second update")


def test_a_copied_update_is_void_for_the_copier(author: Author) -> None:
    assert author.update("ada") == ""
    stolen = author.update_body("ada")["blob"]
    assert author.update("bob", blob=stolen) == "copied: ada published this update"


def test_a_late_update_is_void(author: Author) -> None:
    for member in ("ada", "bob", "cyd"):
        assert author.update(member) == ""
    author.now += 200
    for member in ("ada", "bob", "cyd"):
        assert author.write("tick", member, {}) == ""
    assert author.run.current.closed is not None
    assert author.update("dan").startswith("late")


def test_a_round_waits_for_its_deadline_in_log_time_of_more_than_half(author: Author) -> None:
    for member in ("ada", "bob", "cyd"):
        author.update(member)
    author.now += 200
    author.write("tick", "ada", {})
    author.write("tick", "bob", {})
    assert author.run.current.closed is None  # two of four is not more than half
    author.write("tick", "cyd", {})
    assert author.run.current.closed is not None


def test_one_member_cannot_hurry_the_clock(author: Author) -> None:
    for member in ("ada", "bob", "cyd"):
        author.update(member)
    author.write("tick", "dan", {}, at=author.now + 10**9)
    assert author.run.current.closed is None


def test_half_of_the_roll_cannot_close_a_round(author: Author) -> None:
    author.update("ada")
    author.update("bob")
    author.now += 1000
    for member in author.members:
        author.write("tick", member, {})
    assert author.run.current.closed is None


def test_an_update_may_come_before_the_round_before_is_agreed(author: Author) -> None:
    for member in author.members:
        author.update(member)
    body = author.update_body("ada", round=2, base="bb" * 32, blob={"sha256": "99" * 32, "size": 1})
    wrong = author.update_body("bob", round=2, base="cc" * 32, blob={"sha256": "98" * 32, "size": 1})
    assert author.write("update", "ada", body) == ""
    assert author.write("update", "bob", wrong) == ""
    for member in author.members[:3]:
        author.merged(member, 1, "bb" * 32)
    assert set(author.run.current.updates) == {"ada"}
    reasons = {v.member: v.reason for v in author.fold.verdicts if v.kind == "update" and not v.valid}
    assert reasons["bob"].startswith("wrong base")


def test_two_of_four_do_not_agree_and_three_do(author: Author) -> None:
    for member in author.members:
        author.update(member)
    author.merged("ada", 1, "bb" * 32)
    author.merged("bob", 1, "bb" * 32)
    assert author.run.rounds[1].agreed is None
    author.merged("dan", 1, "dd" * 32)
    assert not author.run.rounds[1].undecidable
    author.merged("cyd", 1, "dd" * 32)
    assert author.run.rounds[1].undecidable
    author.merged("cyd", 1, "bb" * 32)  # its latest counts
    assert author.run.rounds[1].agreed.members == ("ada", "bob", "cyd")


def test_more_than_half_saying_missing_drops_an_update_and_one_does_not(author: Author) -> None:
    for member in author.members:
        author.update(member)
    lost = author.run.rounds[1].updates["dan"].id
    for number, member in enumerate(("ada", "bob", "cyd"), 1):
        assert (lost in author.run.rounds[1].unavailable) is False
        author.write("missing", member, {"round": 1, "attempt": 0, "update": lost})
        assert len(author.run.rounds[1].missing[lost]) == number
    assert author.run.rounds[1].unavailable == {lost}
    assert len(author.run.rounds[1].candidates) == 3


def test_a_flood_is_void_over_the_quota_and_stops_nobody() -> None:
    author = Author(limits={"entries": 8})
    author.start()
    reasons = [author.write("tick", "dan", {}, at=author.now + n) for n in range(20)]
    assert sum(1 for reason in reasons if reason.startswith("quota")) >= 11
    finish = [author.update(member) for member in ("ada", "bob", "cyd")]
    assert finish == ["", "", ""]


def test_a_new_site_key_replaces_the_old_one(author: Author) -> None:
    assert author.join("ada", "second") == ""
    assert author.write("tick", "ada", {}, key("ada/site")).startswith("wrong key")
    assert author.write("tick", "ada", {}, key("ada/second")) == ""


def test_officer_keys_rotate_and_the_old_one_is_never_taken_again(author: Author) -> None:
    assert author.write("rotate", "ada", {"key": str(key("ada/new").public)}) == ""
    assert author.write("leave", "ada", {}).startswith("wrong key")
    assert author.write("rotate", "bob", {"key": str(key("ada/officer").public)}).startswith("key in use")
    assert author.write("leave", "ada", {}, key("ada/new")) == ""


def test_a_member_that_left_is_on_no_later_roll_but_on_this_one(author: Author) -> None:
    author.write("leave", "dan", {})
    assert "dan" in author.run.current.roll
    finish_round(author, "bb" * 32)
    assert author.run.current.roll == ("ada", "bob", "cyd")


def test_a_dispute_stops_nothing(author: Author) -> None:
    finish_round(author, "bb" * 32)
    assert author.write("dispute", "dan", {"round": 1, "attempt": 0, "claim": "I got other bits"}) == ""
    assert author.run.rounds[1].disputes == [("dan", "I got other bits")]
    finish_round(author, "cc" * 32)


def test_the_gathering_waits_for_all_or_for_the_quorum_and_time() -> None:
    author = Author()
    for member in ("ada", "bob", "cyd"):
        author.join(member)
    assert author.run.rounds[0].closed is None
    author.now += 60
    for member in ("ada", "bob", "cyd"):
        author.write("tick", member, {})
    assert author.run.rounds[0].closed is not None
    assert author.run.rounds[0].roll == ("ada", "bob", "cyd")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=6), st.integers(0, 12))
def test_any_bytes_anywhere_never_raise_and_never_fork(junk: list[bytes], cut: int) -> None:
    author = Author()
    author.start()
    slots = [*author.slots[:cut], *junk, *author.slots[cut:]]
    one, two = Fold(), Fold()
    for slot in slots:
        one.apply(Slot.of(slot))
        two.apply(Slot.of(slot))
    assert one.digest() == two.digest()
    assert one.size == len(slots)
