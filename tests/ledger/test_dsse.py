"""DSSE envelopes: the spec's signatures, and exactly one spelling of each envelope."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse import canonical
from hanse.errors import EnvelopeError
from hanse.keys import SigningKey
from hanse.ledger.dsse import PAYLOAD_TYPE, Envelope, pae, sign

A, B = sorted((SigningKey(name, name.encode() * 32) for name in "ab"), key=lambda key: key.public.id)
PAYLOAD = b'{"hello":"world"}\x00\xff'
ENVELOPE = sign(PAYLOAD, [A, B])
DATA = ENVELOPE.encode()


def spec_pae(payload_type: bytes, payload: bytes) -> bytes:
    """PAE, from the text of the DSSE protocol: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body."""
    return b" ".join([b"DSSEv1", str(len(payload_type)).encode(), payload_type, str(len(payload)).encode(), payload])


def test_the_encoding_that_is_signed_is_that_of_the_spec() -> None:
    assert spec_pae(b"http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"  # the vector in the spec
    )
    for payload in (b"", b"hello world", PAYLOAD, b"x" * 65_535):
        assert pae(payload) == spec_pae(PAYLOAD_TYPE.encode(), payload)


def test_a_signature_is_one_that_another_library_makes_and_verifies() -> None:
    other = Ed25519PrivateKey.from_private_bytes(A.secret)
    message = spec_pae(b"application/vnd.in-toto+json", PAYLOAD)
    assert dict(ENVELOPE.signatures)[A.public.id] == other.sign(message)
    for key in (A, B):
        Ed25519PublicKey.from_public_bytes(key.public.raw).verify(dict(ENVELOPE.signatures)[key.public.id], message)


def test_the_json_is_that_of_the_spec() -> None:
    value = json.loads(DATA)
    assert set(value) == {"payload", "payloadType", "signatures"}
    assert value["payloadType"] == "application/vnd.in-toto+json"
    assert base64.b64decode(value["payload"]) == PAYLOAD
    assert [item["keyid"] for item in value["signatures"]] == [A.public.id, B.public.id]


key_ids = st.from_regex("[0-9a-f]{64}", fullmatch=True)
signatures = st.dictionaries(key_ids, st.binary(min_size=64, max_size=64), min_size=1, max_size=4)
envelopes = st.builds(lambda payload, found: Envelope(payload, tuple(sorted(found.items()))), st.binary(max_size=40), signatures)


@settings(deadline=None)
@given(envelopes)
def test_what_is_encoded_is_decoded_to_the_same_envelope(envelope: Envelope) -> None:
    assert Envelope.decode(envelope.encode()) == envelope


pieces = st.sampled_from([b"", b"0", b"A", b"=", b",", b" ", b'"', b"{", b"}", b"\\n", b"\xff"])


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(DATA)), st.integers(0, 2), pieces)
def test_what_is_decoded_is_encoded_to_the_same_bytes(at: int, cut: int, piece: bytes) -> None:
    data = DATA[:at] + piece + DATA[at + cut :]
    try:
        envelope = Envelope.decode(data)
    except EnvelopeError:
        return
    assert envelope.encode() == data


def changed(**changes: Any) -> bytes:
    """The envelope with fields replaced, in canonical JSON: nothing but the change is wrong with it."""
    return canonical.encode(json.loads(DATA) | changes)


def signed(index: int, **changes: Any) -> bytes:
    """The envelope with fields of one signature replaced."""
    found = json.loads(DATA)["signatures"]
    found[index] |= changes
    return changed(signatures=found)


FIRST, SECOND = json.loads(DATA)["signatures"]
SPELLINGS = {  # three ways to write the base64 of one byte, 0x00, that lenient readers take for the same
    "unused bits set": "AB==",
    "no padding": "AA",
    "a line end": "AA==\n",
    "padding in the middle": "AA==AA==",
    "white space": "A A==",
    "the other alphabet": "-_==",
    "no text": 5,
    "letters that are not ASCII": "é===",
}
BAD = {
    **{f"payload with {name}": changed(payload=text) for name, text in SPELLINGS.items()},
    **{f"signature with {name}": signed(0, sig=text) for name, text in SPELLINGS.items()},
    "signature of 63 bytes": signed(0, sig=base64.b64encode(bytes(63)).decode()),
    "signature with other unused bits": signed(0, sig=FIRST["sig"][:-3] + chr(ord(FIRST["sig"][-3]) + 1) + "=="),
    "signatures not sorted": changed(signatures=[SECOND, FIRST]),
    "one key twice": changed(signatures=[FIRST, FIRST]),
    "one key twice, another signature": changed(signatures=[FIRST, FIRST | {"sig": SECOND["sig"]}]),
    "no signature": changed(signatures=[]),
    "signatures in an object": changed(signatures={"0": FIRST}),
    "1,001 signatures": changed(signatures=[FIRST | {"keyid": f"{n:064x}"} for n in range(1001)]),
    "a key id in upper case": signed(0, keyid="A" * 64),
    "a short key id": signed(0, keyid="a" * 63),
    "a key id with a line end": signed(0, keyid="a" * 63 + "\n"),
    "a key id that is a number": signed(0, keyid=1),
    "an extra key": changed(extra=1),
    "an extra key in a signature": signed(0, extra=1),
    "a missing key": canonical.encode({"payload": "", "signatures": [FIRST]}),
    "a signature without a key id": changed(signatures=[{"sig": FIRST["sig"]}]),
    "a signature that is a list": changed(signatures=[[FIRST["keyid"], FIRST["sig"]]]),
    "another payload type": changed(payloadType="application/json"),
    "no payload type": changed(payloadType=None),
    "a list": b"[]",
    "keys in another order": b'{"signatures":[],"payload":"","payloadType":""}',
    "white space": DATA + b" ",
    "no JSON": b"\xff",
    "nothing": b"",
}


@pytest.mark.parametrize("name", BAD)
def test_any_other_spelling_of_an_envelope_is_refused(name: str) -> None:
    assert BAD[name] != DATA
    with pytest.raises(EnvelopeError, match=r"^envelope: "):
        Envelope.decode(BAD[name])


def test_the_order_in_which_keys_sign_leaves_no_trace_and_none_signs_twice() -> None:
    assert sign(PAYLOAD, [B, A]) == sign(PAYLOAD, [A, B]) == Envelope.decode(DATA)
    with pytest.raises(EnvelopeError, match="one key was given twice"):
        sign(PAYLOAD, [A, SigningKey("another-name", A.secret)])
