"""Entries: in-toto Statement v1 payloads in DSSE envelopes, one kind of record for every stage.

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "...", "digest": {"sha256": "..."}}],        the blobs the entry speaks of, or the log itself
     "predicateType": "urn:hanse:entry:v1",
     "predicate": {"kind", "log", "seen": {"size", "root"}, "at", "member", "body"}}

`log` is the genesis digest (64 zeros in genesis itself), `seen` a prefix of the log its author has verified, `at` the
author's clock in Unix seconds. The ledger knows this shape and no kind's body: those belong to the layers above.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hanse import canonical
from hanse.errors import CanonicalError, EnvelopeError
from hanse.keys import SigningKey
from hanse.ledger import dsse

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:hanse:entry:v1"
NO_LOG = "0" * 64
"""`log` of a genesis entry: it cannot name its own digest."""
SLOT_BYTES_MAX = 65_535
"""Larger slots are void, never read: C2SP tlog-tiles allows an entry a 16-bit length."""

_HEX64 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z][a-z-]{0,31}")
_MEMBER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Seen:
    """A verified prefix: its size in slots and its RFC 6962 root."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Subject:
    """A blob the entry speaks of. The digest is of its stored bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Statement:
    """What an entry says, before it is signed."""

    kind: str
    log: str
    seen: Seen
    at: int
    member: str
    body: dict[str, Any]
    subjects: tuple[Subject, ...] = ()

    def encode(self) -> bytes:
        """Canonical payload bytes. Without blobs the subject is the log itself: in-toto wants at least one."""
        subjects = self.subjects or (Subject("log", self.log),)
        return canonical.encode(
            {
                "_type": STATEMENT_TYPE,
                "subject": [{"name": s.name, "digest": {"sha256": s.sha256}} for s in subjects],
                "predicateType": PREDICATE_TYPE,
                "predicate": {
                    "kind": self.kind,
                    "log": self.log,
                    "seen": {"size": self.seen.size, "root": self.seen.root.hex()},
                    "at": self.at,
                    "member": self.member,
                    "body": self.body,
                },
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> Statement:
        """Read what `encode` prints, and nothing else. Raises EnvelopeError naming the field."""
        try:
            value = canonical.decode(payload)
        except CanonicalError as error:
            raise EnvelopeError(f"payload: {error}") from error
        outer = _fields(value, "payload", ("_type", "subject", "predicateType", "predicate"))
        if outer["_type"] != STATEMENT_TYPE or outer["predicateType"] != PREDICATE_TYPE:
            raise EnvelopeError(f"payload: expected an in-toto Statement v1 with predicateType {PREDICATE_TYPE}")
        inner = _fields(outer["predicate"], "predicate", ("kind", "log", "seen", "at", "member", "body"))
        seen = _fields(inner["seen"], "seen", ("size", "root"))
        if not isinstance(inner["body"], dict):
            raise EnvelopeError("body: expected an object")
        statement = cls(
            kind=_match(inner["kind"], _KIND, "kind"),
            log=_match(inner["log"], _HEX64, "log"),
            seen=Seen(_count(seen["size"], "seen.size"), bytes.fromhex(_match(seen["root"], _HEX64, "seen.root"))),
            at=_count(inner["at"], "at"),
            member=_match(inner["member"], _MEMBER, "member"),
            body=inner["body"],
            subjects=_subjects(outer["subject"]),
        )
        if len(statement.subjects) == 1 and statement.subjects[0] == Subject("log", statement.log):
            return cls(statement.kind, statement.log, statement.seen, statement.at, statement.member, statement.body)
        return statement


@dataclass(frozen=True)
class Entry:
    """A signed statement. `data` are the envelope's stored bytes, without the line end."""

    statement: Statement
    envelope: dsse.Envelope
    data: bytes

    @cached_property
    def id(self) -> str:
        """Identity: SHA-256 of the payload bytes (PROTOCOL rule 4). Signatures do not enter."""
        return hashlib.sha256(self.envelope.payload).hexdigest()

    @cached_property
    def message(self) -> bytes:
        """The bytes each signature is over."""
        return dsse.pae(self.envelope.payload)

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        """Read one envelope. Raises EnvelopeError; signatures are not checked here (the keys in force are not known)."""
        envelope = dsse.Envelope.decode(data)
        return cls(Statement.decode(envelope.payload), envelope, data)


def signed(statement: Statement, keys: list[SigningKey]) -> Entry:
    """Sign a statement with every key."""
    envelope = dsse.sign(statement.encode(), keys)
    return Entry(statement, envelope, envelope.encode())


def segment(entries: list[Entry]) -> bytes:
    """The bytes of one log slot: envelopes as JSON lines."""
    return b"".join(entry.data + b"\n" for entry in entries)


def split_segment(data: bytes) -> list[bytes]:
    """Envelope bytes of a slot, in order. Raises EnvelopeError when it is not a sequence of lines."""
    if not data.endswith(b"\n"):
        raise EnvelopeError("segment: expected one or more JSON lines, each with its line end")
    return data[:-1].split(b"\n")


def _fields(value: object, name: str, expected: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(expected):
        raise EnvelopeError(f"{name}: expected an object with exactly the keys {', '.join(expected)}")
    return value


def _match(value: object, pattern: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise EnvelopeError(f"{name}: expected a string matching {pattern.pattern}")
    return value


def _count(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise EnvelopeError(f"{name}: expected an integer >= 0")
    return value


def _subjects(value: object) -> tuple[Subject, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= 256:
        raise EnvelopeError("subject: expected 1 to 256 subjects")
    read = []
    for item in value:
        fields = _fields(item, "subject", ("name", "digest"))
        digest = _fields(fields["digest"], "subject.digest", ("sha256",))
        if not isinstance(fields["name"], str) or len(fields["name"]) > 200:
            raise EnvelopeError("subject.name: expected a string of at most 200 characters")
        read.append(Subject(fields["name"], _match(digest["sha256"], _HEX64, "subject.digest.sha256")))
    return tuple(read)
