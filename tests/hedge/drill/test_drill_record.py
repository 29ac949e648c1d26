"""The record: signed, bound to the lock's entries, and not to be changed by anybody."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from pydantic import ValidationError
from tests.hedge.drill.drilled import KEY, LOCK, ONE, OTHER, TWO, drilled, record
from tests.hedge.mirror.made import model
from tests.hedge.record.making_record import MACHINE

from hanse import canonical
from hanse.errors import EnvelopeError, HanseError, IntegrityError
from hanse.hedge.drill.record import PREDICATE_TYPE, WITH_HISTORY, History, Record, compare, read, sign
from hanse.hedge.drill.step import history, step
from hanse.hedge.lock.schema import Lock, LockedModel
from hanse.hedge.record.chain import Chain, Signed
from hanse.hedge.record.line import Line
from hanse.hedge.record.made import locked
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


KNOWN = History(head="b" * 64, lines=3, problems=())
BROKEN = History(head="", lines=0, problems=("r:1: broken",))


def test_what_the_hedge_s_record_said_is_a_second_version_and_the_first_is_read_as_before() -> None:
    made = record().model_copy(update={"history": KNOWN})
    assert payload(sign(made, KEY))["predicateType"] == WITH_HISTORY == "https://hanse.dev/drill/v2"
    assert read(sign(made, KEY), KEY.public, "r") == made
    assert "history" not in json.dumps(payload(sign(record(), KEY)))
    mixed = payload(sign(made, KEY)) | {"predicateType": PREDICATE_TYPE}
    with pytest.raises(EnvelopeError):
        read(dsse.sign(canonical.encode(mixed), [KEY]).encode(), KEY.public, "r")


def test_a_drill_with_a_broken_record_cannot_say_that_it_passed() -> None:
    with pytest.raises(ValidationError, match="passed is not what its models say"):
        Record(**(record().__dict__ | {"history": BROKEN}))
    made = Record(**(record().__dict__ | {"history": BROKEN, "passed": False}))
    assert compare(read(sign(made, KEY), KEY.public, "r"), LOCK) == ["r:1: broken"]


def test_the_record_must_hold_and_have_every_file_that_is_drilled() -> None:
    def chain(*models: LockedModel, problem: str = "") -> Chain:
        steps = (locked(item, ()) for item in models)
        return Chain(tuple(Signed(Line(0, "", "", made, MACHINE), "c" * 64, "k") for made in steps), problem)

    assert history(chain(ONE, TWO), LOCK.model) == History(head="c" * 64, lines=2, problems=())
    assert history(chain(ONE), LOCK.model).problems == ("zwei: the record has no line of it",)
    other = model({"w": b"2"}, name="zwei")
    (said,) = history(chain(ONE, TWO, other), LOCK.model).problems
    assert said == f"zwei: w ({TWO.file[0].sha256[:16]}) is no file of it in the record"
    assert history(chain(ONE, other, TWO, problem="r:4: torn"), LOCK.model).problems == ("r:4: torn",)


def test_the_line_of_a_drill_names_its_own_record_and_the_models() -> None:
    signed = sign(record(), KEY)
    made = step(record(), signed)
    assert made.subjects[0].sha256 == hashlib.sha256(signed).hexdigest()
    assert {item.name: item.sha256 for item in made.materials} == {ONE.name: ONE.entry, TWO.name: TWO.entry}


def test_a_record_is_compared_with_a_lock() -> None:
    assert compare(record(), LOCK) == []
    assert compare(record("2026-11-25", drilled(ONE)), LOCK) == ["zwei: was not drilled"]
    moved = Lock(model=(ONE, model({"w": b"2"}, name="zwei")))
    assert compare(record(), moved)[0].startswith(f"zwei: was drilled at entry {TWO.entry[:16]}, the lock has ")
    failed = record("2026-11-25", drilled(ONE), drilled(TWO, "load: broken"))
    assert compare(failed, LOCK) == ["zwei: failed: load: broken"]
    assert compare(record(), Lock(model=(TWO,))) == []
