"""The record: signed, bound to the lock's entries, and not to be changed by anybody."""

from __future__ import annotations

import base64
import json

import pytest
from pydantic import ValidationError
from tests.hedge.drill.drilled import KEY, LOCK, ONE, OTHER, TWO, drilled, record
from tests.hedge.mirror.made import model

from hanse import canonical
from hanse.errors import EnvelopeError, HanseError, IntegrityError
from hanse.hedge.drill.record import PREDICATE_TYPE, Record, compare, read, sign
from hanse.hedge.lock.schema import Lock
from hanse.ledger import dsse


def payload(data: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.b64decode(json.loads(data)["payload"]))
    return found


def resigned(change: dict[str, object]) -> bytes:
    """A statement with other values, signed again by the holder of the key."""
    value = payload(sign(record(), KEY)) | change
    return dsse.sign(canonical.encode(value), [KEY]).encode()


def test_a_record_is_an_in_toto_statement_in_an_envelope() -> None:
    made = record(generate=True)
    value = payload(sign(made, KEY))
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert value["predicateType"] == PREDICATE_TYPE == "https://hanse.dev/drill/v1"
    assert value["subject"] == [{"name": item.name, "digest": {"sha256": item.entry}} for item in LOCK.model]
    assert json.loads(sign(made, KEY))["payloadType"] == "application/vnd.in-toto+json"


@pytest.mark.parametrize("generate", [False, True])
def test_what_was_signed_is_read_back(generate: bool) -> None:
    made = record(generate=generate)
    assert read(sign(made, KEY), KEY.public, "r") == made
    assert read(sign(made, KEY) + b"\n", KEY.public, "r") == made


def test_any_changed_byte_is_noticed() -> None:
    data = sign(record(), KEY)
    for at in range(0, len(data), 7):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((EnvelopeError, IntegrityError), match=r"^r: "):
            read(changed, KEY.public, "r")


def test_another_key_of_the_same_name_is_not_taken() -> None:
    with pytest.raises(IntegrityError, match="r: is not signed by acme/ops"):
        read(sign(record(), OTHER), KEY.public, "r")
    forged = json.loads(sign(record(), OTHER))
    forged["signatures"][0]["keyid"] = KEY.public.id
    with pytest.raises(IntegrityError, match="does not hold"):
        read(canonical.encode(forged), KEY.public, "r")


@pytest.mark.parametrize(
    "change",
    [
        {"subject": [{"name": "tiny", "digest": {"sha256": "0" * 64}}]},
        {"subject": []},
        {"predicateType": "urn:hanse:entry:v1"},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": {}},
        {"predicate": None},
        {"more": 1},
    ],
)
def test_a_signed_statement_that_is_no_record_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HanseError, match=r"^r: "):
        read(resigned(change), KEY.public, "r")


def test_a_record_cannot_say_that_it_passed_when_it_did_not() -> None:
    made = record()
    failed = drilled(ONE, "load: broken")
    no_stage = drilled(ONE).model_copy(update={"stages": {}})
    not_cut = drilled(ONE).model_copy(update={"network": None})
    for models, passed in (((failed,), True), ((drilled(ONE),), False), ((), True), ((no_stage,), True), ((not_cut,), True),
                           ((drilled(ONE), drilled(ONE)), True)):  # fmt: skip
        with pytest.raises(ValidationError):
            Record(**(made.__dict__ | {"model": models, "passed": passed}))
    with pytest.raises(ValidationError, match="lacks a stage"):
        Record(**(made.__dict__ | {"generate": True}))
    with pytest.raises(ValidationError):
        Record(**(made.__dict__ | {"date": "yesterday"}))


def test_a_record_is_compared_with_a_lock() -> None:
    assert compare(record(), LOCK) == []
    assert compare(record("2026-11-25", drilled(ONE)), LOCK) == ["zwei: was not drilled"]
    moved = Lock(model=(ONE, model({"w": b"2"}, name="zwei")))
    assert compare(record(), moved)[0].startswith(f"zwei: was drilled at entry {TWO.entry[:16]}, the lock has ")
    failed = record("2026-11-25", drilled(ONE), drilled(TWO, "load: broken"))
    assert compare(failed, LOCK) == ["zwei: failed: load: broken"]
    assert compare(record(), Lock(model=(TWO,))) == []
