"""Entries: in-toto statements in one spelling, whose identity is their payload and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse import canonical
from hanse.errors import EnvelopeError
from hanse.keys import SigningKey
from hanse.ledger.dsse import Envelope
from hanse.ledger.entry import Entry, Seen, Statement, Subject, segment, signed, split_segment

A, B = (SigningKey(name, name.encode() * 32) for name in "ab")
STATEMENT = Statement("tick", "ab" * 32, Seen(3, b"\x01" * 32), 1_800_000_000, "ada", {"n": 1}, (Subject("update", "cd" * 32),))
PAYLOAD = STATEMENT.encode()

digests = st.from_regex("[0-9a-f]{64}", fullmatch=True)
counts = st.integers(0, 2**53 - 1)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
bodies = st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), counts | words | st.lists(words, max_size=3), max_size=4)
statements = st.builds(
    Statement,
    kind=st.from_regex("[a-z][a-z-]{0,31}", fullmatch=True),
    log=digests,
    seen=st.builds(Seen, counts, st.binary(min_size=32, max_size=32)),
    at=counts,
    member=st.from_regex("[a-z0-9][a-z0-9-]{0,39}", fullmatch=True),
    body=bodies,
    subjects=st.lists(st.builds(Subject, words.filter(lambda name: name != "log"), digests), max_size=4).map(tuple),
)


@settings(deadline=None)
@given(statements)
def test_what_is_encoded_is_decoded_to_the_same_statement(statement: Statement) -> None:
    assert Statement.decode(statement.encode()) == statement


pieces = st.sampled_from([b"", b"0", b"a", b"-", b",", b" ", b'"', b"{", b"}", b"A", b"\\u0061", b"\xff"])


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(PAYLOAD)), st.integers(0, 2), pieces)
def test_what_is_decoded_is_encoded_to_the_same_bytes(at: int, cut: int, piece: bytes) -> None:
    data = PAYLOAD[:at] + piece + PAYLOAD[at + cut :]
    try:
        statement = Statement.decode(data)
    except EnvelopeError:
        return
    assert statement.encode() == data


def test_the_payload_is_an_in_toto_statement_v1() -> None:
    value = json.loads(STATEMENT.encode())
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert value["predicateType"] == "urn:hanse:entry:v1"
    assert value["subject"] == [{"name": "update", "digest": {"sha256": "cd" * 32}}]
    assert value["predicate"] == {
        "kind": "tick", "log": "ab" * 32, "seen": {"size": 3, "root": "01" * 32}, "at": 1_800_000_000, "member": "ada",
        "body": {"n": 1},
    }  # fmt: skip


def test_without_blobs_the_subject_is_the_log_itself() -> None:
    bare = Statement("tick", "ab" * 32, Seen(0, bytes(32)), 0, "ada", {})
    assert json.loads(bare.encode())["subject"] == [{"name": "log", "digest": {"sha256": "ab" * 32}}]
    assert Statement.decode(bare.encode()).subjects == ()


def changed(where: str = "", **changes: Any) -> bytes:
    """The payload with fields replaced at a dotted place; None removes one."""
    value: Any = json.loads(STATEMENT.encode())
    inner = value
    for part in where.split(".") if where else ():
        inner = inner[int(part) if part.isdigit() else part]
    inner |= changes
    for name in [name for name, item in changes.items() if item is None]:
        del inner[name]
    return canonical.encode(value)


SUBJECT = {"name": "update", "digest": {"sha256": "cd" * 32}}
BAD = {
    "another statement type": (changed(_type="https://in-toto.io/Statement/v0.1"), "payload: expected an in-toto Statement v1"),
    "another predicate type": (changed(predicateType="urn:hanse:entry:v2"), "payload: expected an in-toto Statement v1"),
    "an extra key": (changed(extra=1), "payload: expected"),
    "no subject": (changed(subject=None), "payload: expected"),
    "an empty list of subjects": (changed(subject=[]), "subject: expected 1 to 256"),
    "257 subjects": (changed(subject=[SUBJECT] * 257), "subject: expected 1 to 256"),
    "a subject without a digest": (changed(subject=[{"name": "x"}]), "subject: expected"),
    "another digest": (changed(subject=[{"name": "x", "digest": {"sha512": "cd" * 64}}]), r"subject\.digest"),
    "two digests": (changed("subject.0.digest", sha1="ab" * 20), r"subject\.digest"),
    "a digest in upper case": (changed("subject.0.digest", sha256="CD" * 32), r"subject\.digest\.sha256"),
    "a subject's name that is a number": (changed("subject.0", name=1), r"subject\.name"),
    "a subject's name too long": (changed("subject.0", name="x" * 201), r"subject\.name"),
    "an extra key in a subject": (changed("subject.0", uri="x"), "subject: expected"),
    "an extra key in the predicate": (changed("predicate", extra=1), "predicate: expected"),
    "no time": (changed("predicate", at=None), "predicate: expected"),
    "an unknown shape of kind": (changed("predicate", kind="Tick"), "kind: "),
    "a kind with a line end": (changed("predicate", kind="tick\n"), "kind: "),
    "a long kind": (changed("predicate", kind="t" * 33), "kind: "),
    "a kind that is a number": (changed("predicate", kind=1), "kind: "),
    "a short log digest": (changed("predicate", log="ab" * 31), "log: "),
    "a log digest in upper case": (changed("predicate", log="AB" * 32), "log: "),
    "a negative time": (changed("predicate", at=-1), "at: expected an integer"),
    "a time that is true": (changed("predicate", at=True), "at: expected an integer"),
    "a time in quotes": (changed("predicate", at="0"), "at: expected an integer"),
    "a member in upper case": (changed("predicate", member="Ada"), "member: "),
    "a member with a slash": (changed("predicate", member="a/b"), "member: "),
    "no member": (changed("predicate", member=""), "member: "),
    "a list as body": (changed("predicate", body=[]), "body: expected an object"),
    "an extra key in seen": (changed("predicate.seen", extra=1), "seen: expected"),
    "a negative size": (changed("predicate.seen", size=-1), r"seen\.size"),
    "a short root": (changed("predicate.seen", root="01" * 31), r"seen\.root"),
    "a root with a line end": (changed("predicate.seen", root="01" * 31 + "0\n"), r"seen\.root"),
    "a list": (b"[]", "payload: expected"),
    "no JSON": (b"\xff", "payload: "),
    "white space": (STATEMENT.encode() + b"\n", "payload: "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_payload_that_says_something_else_is_refused_by_field(name: str) -> None:
    payload, words = BAD[name]
    with pytest.raises(EnvelopeError, match=f"^{words}"):
        Statement.decode(payload)


def test_an_entry_is_parsed_back_with_its_bytes() -> None:
    entry = signed(STATEMENT, [A, B])
    assert Entry.parse(entry.data) == entry
    assert entry.message.endswith(STATEMENT.encode())
    assert all(key.public.verify(dict(entry.envelope.signatures)[key.public.id], entry.message) for key in (A, B))


def test_identity_is_the_payload_whoever_signed_it() -> None:
    one, two = signed(STATEMENT, [A]), signed(STATEMENT, [B])
    assert one.data != two.data
    assert one.id == two.id == hashlib.sha256(STATEMENT.encode()).hexdigest()


def test_an_envelope_around_anything_else_is_no_entry() -> None:
    good = signed(STATEMENT, [A])
    hollow = Envelope(b"{}", good.envelope.signatures)
    with pytest.raises(EnvelopeError, match="payload"):
        Entry.parse(hollow.encode())


def test_a_slot_is_lines_of_entries_and_splits_into_them() -> None:
    entries = [signed(STATEMENT, [key]) for key in (A, B)]
    data = segment(entries)
    assert split_segment(data) == [entry.data for entry in entries]
    for bad in (b"", data[:-1], b"x"):
        with pytest.raises(EnvelopeError, match="segment"):
            split_segment(bad)
    assert split_segment(b"\n\n") == [b"", b""]  # empty lines are lines: each is void on its own
