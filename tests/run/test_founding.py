"""Founding: a draft goes from founder to founder, and only what all of them signed starts a log."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.run.author import START, key

from hanse.charter.schema import Charter, parse_charter
from hanse.errors import CharterError, InputError
from hanse.ledger import dsse
from hanse.ledger.chain import Slot
from hanse.ledger.entry import SLOT_BYTES_MAX, Statement, segment
from hanse.run import founding
from hanse.run.fold import fold
from hanse.run.plan import Plan, parse_plan
from hanse.store import open_store
from hanse.store.memory import MemoryStore

MEMBERS = ("ada", "bob", "cyd")
OFFICERS = {name: key(f"{name}/officer") for name in MEMBERS}


def charter(**changes: Any) -> Charter:
    tables = [{"name": name, "officer": str(OFFICERS[name].public)} for name in MEMBERS]
    return parse_charter({"name": "Three presses", "member": tables} | changes, "charter")


def plan(**changes: Any) -> Plan:
    document = {"name": "p", "model": {}, "tokenizer": {}, "data": {}, "train": {}, "phase": [{"rounds": 1, "steps": 1}]}
    return parse_plan(document | changes, "plan")


PAYLOAD = founding.draft(charter(), plan(), START)


def signed_by(*names: str) -> founding.Signatures:
    signatures: founding.Signatures = {}
    for name in names:
        founding.add_signature(PAYLOAD, signatures, OFFICERS[name])
    return signatures


def test_a_draft_is_the_same_bytes_for_everyone_who_drafts_it() -> None:
    assert founding.draft(charter(), plan(), START) == PAYLOAD
    assert founding.draft(charter(rules=1), plan(deadline_seconds=3600), START) == PAYLOAD
    assert founding.draft(charter(), plan(), START + 1) != PAYLOAD
    statement = Statement.decode(PAYLOAD)
    assert statement.body == {"charter": charter().document(), "plan": plan().document()}


def test_a_draft_file_passes_from_founder_to_founder_and_the_last_one_publishes(tmp_path: Path) -> None:
    path, store = tmp_path / "genesis.json", MemoryStore()
    founding.save_draft(path, PAYLOAD, {})
    for number, name in enumerate(MEMBERS):
        payload, signatures = founding.load_draft(path)
        assert founding.unsigned(payload, signatures) == list(MEMBERS[number:])
        with pytest.raises(InputError, match=f"genesis lacks the signature of {', '.join(MEMBERS[number:])}: `hanse found sign`"):
            founding.publish(store, payload, signatures)
        founding.add_signature(payload, signatures, OFFICERS[name])
        founding.save_draft(path, payload, signatures)
    assert list(store.list("")) == []
    log = founding.publish(store, *founding.load_draft(path))
    assert log == founding.identity(PAYLOAD) == json.loads(path.read_text())["genesis"]
    state = fold([Slot.of(store.get("log/000000000000", SLOT_BYTES_MAX))])
    assert state.chain.genesis == log
    assert state.run is not None
    assert state.run.plan == plan()


def test_the_order_in_which_founders_sign_leaves_no_trace() -> None:
    one, two = MemoryStore(), MemoryStore()
    founding.publish(one, PAYLOAD, signed_by("ada", "bob", "cyd"))
    founding.publish(two, PAYLOAD, signed_by("cyd", "ada", "bob"))
    assert one.get("log/000000000000", SLOT_BYTES_MAX) == two.get("log/000000000000", SLOT_BYTES_MAX)


def test_publishing_again_is_no_error_but_a_bucket_with_another_log_is(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "bucket"), create=True)
    log = founding.publish(store, PAYLOAD, signed_by(*MEMBERS))
    assert founding.publish(store, PAYLOAD, signed_by(*MEMBERS)) == log
    other = founding.draft(charter(name="Others"), plan(), START)
    signatures: founding.Signatures = {}
    for officer in OFFICERS.values():
        founding.add_signature(other, signatures, officer)
    with pytest.raises(InputError, match=r"bucket: holds another log already; found this one in an empty bucket"):
        founding.publish(store, other, signatures)
    assert fold([Slot.of(store.get("log/000000000000", SLOT_BYTES_MAX))]).chain.genesis == log


@pytest.mark.parametrize("there", [b"junk", b"x" * (SLOT_BYTES_MAX + 1)])
def test_a_bucket_whose_first_slot_is_junk_is_not_an_empty_one(there: bytes) -> None:
    store = MemoryStore()
    store.put_once("log/000000000000", there)
    with pytest.raises(InputError, match="holds another log already"):
        founding.publish(store, PAYLOAD, signed_by(*MEMBERS))


def test_a_key_that_is_no_founders_signs_nothing() -> None:
    signatures = signed_by("ada")
    for stranger in (key("eve"), key("ada/site")):
        with pytest.raises(InputError, match=r"keys/eve\.pem: .* is no founder's officer key in this charter; use one that is"):
            founding.add_signature(PAYLOAD, signatures, stranger, "keys/eve.pem")
    assert set(signatures) == {OFFICERS["ada"].public.id}


def test_a_plan_that_names_strangers_is_not_drafted() -> None:
    strange = {
        "member_weights": {"member_weights": {"eve": 2, "ada": 1}},
        "evaluation.custodian": {"evaluation": [{"name": "law", "custodian": "eve", "sha256": "ab" * 32}]},
    }
    for what, changes in strange.items():
        with pytest.raises(CharterError, match=rf"plan\.toml: {what} names 'eve', who is no member"):
            founding.draft(charter(), plan(**changes), START, "plan.toml")


def test_the_largest_draft_that_is_accepted_makes_a_slot_that_is_read() -> None:
    short = len(segment([founding.genesis(PAYLOAD, signed_by(*MEMBERS))]))
    room = (SLOT_BYTES_MAX - short) // 4 * 3  # base64
    drafted = {}
    for size in range(room - 3, room + 6):
        try:
            drafted[size] = founding.draft(charter(), plan(name="p" * (1 + size)), START)
        except CharterError:
            break
    payload = drafted[max(drafted)]
    signatures: founding.Signatures = {}
    for officer in OFFICERS.values():
        founding.add_signature(payload, signatures, officer)
    assert SLOT_BYTES_MAX - 4 < len(segment([founding.genesis(payload, signatures)])) <= SLOT_BYTES_MAX
    with pytest.raises(CharterError, match=f"at most {SLOT_BYTES_MAX} fit: shorten them"):
        founding.draft(charter(), plan(name="p" * (2 + max(drafted))), START)


# --- draft files that somebody else wrote


def draft_file(path: Path, data: bytes, signed: dict[str, bytes] | None = None, changes: dict[str, Any] | None = None) -> Path:
    """A draft file with fields replaced; None removes one."""
    founding.save_draft(path, data, signed or {})
    document = json.loads(path.read_text()) | (changes or {})
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return path


def payload_of(**changes: Any) -> bytes:
    """The genesis statement with fields of its predicate replaced."""
    value = json.loads(PAYLOAD)
    value["predicate"] |= changes
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


BODY = json.loads(PAYLOAD)["predicate"]["body"]
STATEMENTS = {
    "another kind of entry": payload_of(kind="rotate"),
    "an entry of another log": payload_of(log="12" * 32),
    "an entry that has seen some": payload_of(seen={"size": 1, "root": "12" * 32}),
    "no plan": payload_of(body={"charter": BODY["charter"]}),
    "no charter": payload_of(body={"plan": BODY["plan"]}),
    "something beside charter and plan": payload_of(body=BODY | {"extra": 1}),
    "a plan without its defaults": payload_of(body=BODY | {"plan": {k: v for k, v in BODY["plan"].items() if k != "delay"}}),
    "a plan that breaks its schema": payload_of(body=BODY | {"plan": BODY["plan"] | {"clip_factor": "-1"}}),
    "a charter that breaks its schema": payload_of(body=BODY | {"charter": BODY["charter"] | {"rules": 2}}),
    "a weight for a stranger": payload_of(body=BODY | {"plan": BODY["plan"] | {"member_weights": {"eve": 1}}}),
    "another writer": payload_of(member="bob"),
    "no statement": b"{}",
    "white space": PAYLOAD + b" ",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_founder_is_never_made_to_sign(name: str, tmp_path: Path) -> None:
    path = draft_file(tmp_path / "genesis.json", STATEMENTS[name])
    with pytest.raises(InputError, match=r"genesis\.json: not a genesis draft \(.+\); `hanse found draft` makes one"):
        founding.load_draft(path)


HOLLOW = '{"genesis": "", "payload": 5, "signatures": {}}'


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", '"x"', "{}", "[" * 100_000, HOLLOW])
def test_a_file_that_is_no_draft_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "genesis.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"genesis\.json: not a genesis draft"):
        founding.load_draft(path)


CHANGES: dict[str, dict[str, Any]] = {
    "signatures in a list": {"signatures": []},
    "a signature that is a number": {"signatures": {"ab": 5}},
    "a signature that is not base64": {"signatures": {"ab": "é"}},
    "no signatures": {"signatures": None},
    "no payload": {"payload": None},
    "no digest": {"genesis": None},
    "a payload that is not base64": {"payload": "%"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_draft_with_a_broken_field_is_named(name: str, tmp_path: Path) -> None:
    path = draft_file(tmp_path / "genesis.json", PAYLOAD, changes=CHANGES[name])
    with pytest.raises(InputError, match=r"genesis\.json: not a genesis draft"):
        founding.load_draft(path)


def test_a_digest_that_is_not_the_payloads_is_noticed(tmp_path: Path) -> None:
    path = draft_file(tmp_path / "genesis.json", PAYLOAD, changes={"genesis": "12" * 32})
    with pytest.raises(InputError, match=r"genesis is not the digest of its payload; get the draft again from its sender"):
        founding.load_draft(path)


def test_a_signature_that_does_not_hold_is_named_by_its_key(tmp_path: Path) -> None:
    good = signed_by("ada")
    forged = {OFFICERS["ada"].public.id: OFFICERS["ada"].sign(b"something else")}
    foreign = {key("eve").public.id: key("eve").sign(dsse.pae(PAYLOAD))}
    short = {name: value[:63] for name, value in good.items()}
    for bad in (forged, foreign, short, good | foreign):
        path = draft_file(tmp_path / "genesis.json", PAYLOAD, bad)
        with pytest.raises(InputError, match=r"genesis\.json: signature of key [0-9a-f]{12} does not hold; get the draft again"):
            founding.load_draft(path)
    assert founding.load_draft(draft_file(tmp_path / "genesis.json", PAYLOAD, good)) == (PAYLOAD, good)


def test_a_draft_file_is_readable_base64_and_hex(tmp_path: Path) -> None:
    founding.save_draft(tmp_path / "genesis.json", PAYLOAD, signed_by("ada"))
    document = json.loads((tmp_path / "genesis.json").read_text())
    assert base64.b64decode(document["payload"]) == PAYLOAD
    assert list(document["signatures"]) == [OFFICERS["ada"].public.id]
    assert [item.name for item in tmp_path.iterdir()] == ["genesis.json"]


def test_a_draft_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none/genesis\.json: cannot write: No such file or directory"):
        founding.save_draft(tmp_path / "none" / "genesis.json", PAYLOAD, {})
    with pytest.raises(InputError, match=r"genesis\.json: cannot read: No such file or directory; `hanse found draft` makes one"):
        founding.load_draft(tmp_path / "genesis.json")
    assert list(tmp_path.iterdir()) == []
