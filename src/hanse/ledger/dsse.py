"""DSSE envelopes (github.com/secure-systems-lab/dsse, protocol v1.0.2), read strictly.

One envelope has exactly one spelling: canonical JSON, canonical base64, signatures sorted by key id, no key twice.
Whoever reads a second spelling reads a void entry, so identity and evidence never depend on a parser's leniency.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from hanse import canonical
from hanse.errors import CanonicalError, EnvelopeError
from hanse.keys import SigningKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_KEY_ID = re.compile(r"[0-9a-f]{64}")


def pae(payload: bytes) -> bytes:
    """Pre-authentication encoding: the bytes a signature is over."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


@dataclass(frozen=True)
class Envelope:
    """A payload and who signed it: (key id, 64-byte signature), sorted by key id."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def encode(self) -> bytes:
        return canonical.encode(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": k, "sig": base64.b64encode(s).decode()} for k, s in self.signatures],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Envelope:
        """Read what `encode` prints, and nothing else. Raises EnvelopeError."""
        try:
            value = canonical.decode(data)
        except CanonicalError as error:
            raise EnvelopeError(f"envelope: {error}") from error
        if not isinstance(value, dict) or set(value) != {"payload", "payloadType", "signatures"}:
            raise EnvelopeError("envelope: expected the keys payload, payloadType, signatures")
        if value["payloadType"] != PAYLOAD_TYPE:
            raise EnvelopeError(f"envelope: expected payloadType {PAYLOAD_TYPE}")
        signatures = value["signatures"]
        if not isinstance(signatures, list) or not 1 <= len(signatures) <= 1000:
            raise EnvelopeError("envelope: expected 1 to 1,000 signatures")
        read: list[tuple[str, bytes]] = []
        for item in signatures:
            if not isinstance(item, dict) or set(item) != {"keyid", "sig"}:
                raise EnvelopeError("envelope: a signature has exactly the keys keyid and sig")
            key_id = item["keyid"]
            if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
                raise EnvelopeError("envelope: keyid is not 64 lowercase hex digits")
            signature = _strict_base64(item["sig"], "sig")
            if len(signature) != 64:
                raise EnvelopeError("envelope: sig is not 64 bytes")
            if read and read[-1][0] >= key_id:
                raise EnvelopeError("envelope: signatures are not sorted by keyid, or one key signed twice")
            read.append((key_id, signature))
        return cls(_strict_base64(value["payload"], "payload"), tuple(read))


def sign(payload: bytes, keys: list[SigningKey]) -> Envelope:
    """Sign `payload` with every key. Raises EnvelopeError when a key is given twice."""
    message = pae(payload)
    signatures = sorted((key.public.id, key.sign(message)) for key in keys)
    if len({key_id for key_id, _ in signatures}) != len(signatures):
        raise EnvelopeError("envelope: one key was given twice")
    return Envelope(payload, tuple(signatures))


def _strict_base64(text: object, field: str) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise EnvelopeError(f"envelope: {field} is not a base64 string")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"envelope: {field} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise EnvelopeError(f"envelope: {field} is not canonical base64")
    return data
