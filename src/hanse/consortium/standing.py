"""Who is a member, which keys speak for whom, and what time the log says it is: all from entries.

Entry kinds folded here
    genesis  {charter, plan}                         signed by every founder's officer key
    join     {site, key, text}                       an officer names the site key that trains (again: replaces it)
    leave    {}                                      an officer takes the member off later rolls
    rotate   {key}                                   an officer names the officer key that follows
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hanse.charter.schema import Charter, founded, parse_charter
from hanse.errors import CharterError, KeyFileError
from hanse.keys import PublicKey
from hanse.ledger.entry import Entry

Verify = Callable[[PublicKey, bytes, bytes], bool]
"""verify(key, signature, message): an argument, so that a reader of 100,000 entries can check signatures in parallel."""

OFFICER_KINDS = frozenset({"genesis", "join", "leave", "rotate", "dispute"})
SITE_KINDS = frozenset({"corpus", "update", "merged", "missing", "tick"})


def verify_signature(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """The default: check it here and now."""
    return key.verify(signature, message)


@dataclass
class Standing:
    """One member, from the log."""

    officer: PublicKey
    trains: bool
    site: str = ""
    site_key: PublicKey | None = None
    joined: int | None = None
    """Index of the latest join; None before the first and after leaving."""
    text: dict[str, Any] | None = None
    """What the join said of the member's text: word counts, evaluation sets."""


@dataclass
class Consortium:
    """Standing of every member and the log's time."""

    charter: Charter | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Standing] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    """Greatest `at` of each member's standing entries, Unix seconds."""
    retired: set[str] = field(default_factory=set)
    """Key ids that spoke once and were replaced: never accepted again."""

    def refuse(self, entry: Entry, verify: Verify = verify_signature) -> str:
        """Why keys void `entry`; empty when the keys in force at this index signed it."""
        statement = entry.statement
        if statement.kind == "genesis":
            return self._refuse_genesis(entry, verify)
        standing = self.members.get(statement.member)
        if standing is None:
            return f"unknown member {statement.member!r}"
        if statement.kind in OFFICER_KINDS:
            key, role = standing.officer, "officer"
        elif statement.kind in SITE_KINDS:
            if standing.site_key is None:
                return "not joined: the member's officer has named no site key"
            key, role = standing.site_key, "site"
        else:
            return f"unknown kind {statement.kind!r} under rules 1"
        signatures = entry.envelope.signatures
        if len(signatures) != 1 or signatures[0][0] != key.id:
            return f"wrong key: {statement.kind} of {statement.member} wants its {role} key {key.id[:12]} and no other"
        if not verify(key, signatures[0][1], entry.message):
            return "bad signature"
        return ""

    def apply(self, entry: Entry, index: int) -> str:
        """Fold an entry whose keys stand; the reason when its body voids it (nothing changes then)."""
        statement = entry.statement
        apply = {"genesis": self._genesis, "join": self._join, "leave": self._leave, "rotate": self._rotate}
        return apply[statement.kind](entry, index) if statement.kind in apply else ""

    def stamp(self, entry: Entry) -> None:
        """Let a standing entry's `at` count towards log time."""
        member, at = entry.statement.member, entry.statement.at
        self.stamps[member] = max(self.stamps.get(member, 0), at)

    def time(self, roll: Iterable[str]) -> int:
        """The greatest t such that more than half of `roll` have an entry stamped at >= t (PROTOCOL rule 8)."""
        stamps = sorted((self.stamps.get(name, 0) for name in roll), reverse=True)
        return stamps[len(stamps) // 2] if stamps else 0

    @property
    def expected(self) -> tuple[str, ...]:
        """Members the charter expects to train, sorted."""
        return tuple(sorted(name for name, standing in self.members.items() if standing.trains))

    @property
    def active(self) -> tuple[str, ...]:
        """Members that joined with a site and have not left, sorted."""
        return tuple(sorted(name for name, standing in self.members.items() if standing.joined is not None))

    def cosigner_keys(self, member: str) -> tuple[PublicKey, ...]:
        """Keys in force whose tree heads count for `member`."""
        standing = self.members[member]
        return (standing.officer,) if standing.site_key is None else (standing.officer, standing.site_key)

    def _refuse_genesis(self, entry: Entry, verify: Verify) -> str:
        body = entry.statement.body
        if set(body) != {"charter", "plan"} or not isinstance(body["plan"], dict):
            return "malformed: genesis carries a charter and a plan"
        try:
            charter = founded(parse_charter(body["charter"], "genesis charter"), "genesis charter")
        except CharterError:  # its words are pydantic's and change with it: no verdict quotes them
            return "malformed: genesis charter breaks a rule of its schema"
        if charter.document() != body["charter"]:
            return "malformed: genesis charter lacks defaults written out"
        keys = {member.officer_key.id: member.officer_key for member in charter.member}
        if {key_id for key_id, _ in entry.envelope.signatures} != set(keys):
            return "wrong key: genesis is signed by every founder's officer key and no other"
        if not all(verify(keys[key_id], signature, entry.message) for key_id, signature in entry.envelope.signatures):
            return "bad signature"
        return ""

    def _genesis(self, entry: Entry, index: int) -> str:
        body = entry.statement.body
        self.charter = parse_charter(body["charter"], "genesis charter")
        self.plan = body["plan"]
        for member in self.charter.member:
            self.members[member.name] = Standing(member.officer_key, member.site)
            self.stamps[member.name] = entry.statement.at
        return ""

    def _join(self, entry: Entry, index: int) -> str:
        body, name = entry.statement.body, entry.statement.member
        standing = self.members[name]
        if set(body) != {"site", "key", "text"} or not isinstance(body["site"], str) or not 1 <= len(body["site"]) <= 60:
            return "malformed: join carries site (1-60 characters), key and text"
        if not standing.trains:
            return "not allowed: the charter gives this member no site"
        key = self._new_key(body["key"], name)
        if isinstance(key, str):
            return key
        if standing.site_key is not None and standing.site_key.id != key.id:
            self.retired.add(standing.site_key.id)
        standing.site, standing.site_key, standing.joined, standing.text = body["site"], key, index, body["text"]
        return ""

    def _leave(self, entry: Entry, index: int) -> str:
        if entry.statement.body:
            return "malformed: leave has an empty body"
        self.members[entry.statement.member].joined = None
        return ""

    def _rotate(self, entry: Entry, index: int) -> str:
        body, name = entry.statement.body, entry.statement.member
        if set(body) != {"key"}:
            return "malformed: rotate carries the new officer key"
        key = self._new_key(body["key"], name)
        if isinstance(key, str):
            return key
        site_key = self.members[name].site_key
        if site_key is not None and site_key.id == key.id:
            return f"key in use: it is the site key of {name}"
        self.retired.add(self.members[name].officer.id)
        self.members[name].officer = key
        return ""

    def _new_key(self, text: object, member: str) -> PublicKey | str:
        """A key that speaks for nobody else, or the reason why not."""
        if not isinstance(text, str):
            return "malformed: key is a verifier key"
        try:
            key = PublicKey.parse(text)
        except KeyFileError as error:
            return f"malformed: {error}"
        for name, standing in self.members.items():
            if key.id == standing.officer.id:
                return f"key in use: it is the officer key of {name}"
            if standing.site_key is not None and key.id == standing.site_key.id and name != member:
                return f"key in use: it is the site key of {name}"
        if key.id in self.retired:
            return "key in use: it was retired"
        return key
