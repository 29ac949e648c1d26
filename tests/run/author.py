"""Writes entries into a log in memory as members (or somebody else) would, and folds them."""

from __future__ import annotations

from typing import Any

from hanse.charter.schema import parse_charter
from hanse.keys import SigningKey
from hanse.ledger.chain import Slot, Verdict
from hanse.ledger.entry import Entry, Seen, Statement, Subject, segment, signed
from hanse.run import founding
from hanse.run.fold import Fold
from hanse.run.plan import Plan, parse_plan

START = 1_800_000_000


def key(name: str) -> SigningKey:
    return SigningKey(name, name.encode().ljust(32, b".")[:32])


class Author:
    """A log of `members`, founded; `slots` are its bytes, `fold` its state."""

    def __init__(self, members: tuple[str, ...] = ("ada", "bob", "cyd", "dan"), **plan: Any) -> None:
        self.members = members
        self.now = START
        tables = [{"name": m, "officer": str(key(f"{m}/officer").public)} for m in members]
        charter = parse_charter({"name": "Test", "member": tables}, "test charter")
        document = {
            "name": "test", "model": {}, "tokenizer": {"kind": "given", "sha256": "0" * 64}, "data": {}, "train": {},
            "phase": [{"rounds": 3, "steps": 2}], "deadline_seconds": 100, "gather_seconds": 50,
        }  # fmt: skip
        self.plan: Plan = parse_plan(document | plan, "test plan")
        payload = founding.draft(charter, self.plan, START)
        statement = Statement.decode(payload)
        genesis = signed(statement, [key(f"{m}/officer") for m in members])
        self.fold = Fold()
        self.slots: list[bytes] = []
        self.raw(segment([genesis]))
        self.log = genesis.id

    def raw(self, data: bytes) -> list[Verdict]:
        """Append bytes as they are."""
        self.slots.append(data)
        return self.fold.apply(Slot.of(data))

    def entry(self, kind: str, member: str, body: dict[str, Any], signer: SigningKey | None = None, **changes: Any) -> Entry:
        """A signed entry; `changes` replace fields of the statement."""
        officer = kind in ("join", "leave", "rotate", "dispute")
        seen = Seen(self.fold.size, self.fold.chain.tree.root())
        fields = {"kind": kind, "log": self.log, "seen": seen, "at": self.now, "member": member, "body": body} | changes
        if kind == "update" and "blob" in body:
            fields.setdefault("subjects", (Subject("update", body["blob"]["sha256"]),))
        return signed(Statement(**fields), [signer or key(f"{member}/officer" if officer else f"{member}/site")])

    def write(self, kind: str, member: str, body: dict[str, Any], signer: SigningKey | None = None, **changes: Any) -> str:
        """Append an entry; its reason, empty when it stands."""
        return self.raw(segment([self.entry(kind, member, body, signer, **changes)]))[0].reason

    def join(self, member: str, site: str = "site") -> str:
        text = {"counts": None, "evaluation": None}
        return self.write("join", member, {"site": site, "key": str(key(f"{member}/{site}").public), "text": text})

    def start(self) -> None:
        """All join, agree on round 0 and commit to their text: round 1 is open."""
        for member in self.members:
            assert self.join(member) == ""
        for member in self.members:
            assert self.write("corpus", member, {"root": "11" * 32, "tokens": 10, "documents": 1, "dropped": 0}) == ""
        for member in self.members:
            self.merged(member, 0, "aa" * 32)
        assert self.run.current.number == 1

    @property
    def run(self) -> Any:
        assert self.fold.run is not None
        return self.fold.run

    def update(self, member: str, **changes: Any) -> str:
        """An update for the open (or next) round; the reason."""
        return self.write("update", member, self.update_body(member, **changes))

    def update_body(self, member: str, **changes: Any) -> dict[str, Any]:
        current = self.run.current
        body = {
            "round": current.number, "attempt": 0, "base": current.base, "steps": 2, "tokens": 5,
            "blob": {"sha256": (member[0] * 2 + f"{current.number:02d}").encode().hex().ljust(64, "0"), "size": 10},
            "before": "00" * 32, "after": "00" * 32,
        }  # fmt: skip
        return body | changes

    def merged(self, member: str, number: int, state: str, admitted: list[str] | None = None) -> str:
        ids = sorted(c.id for c in self.run.rounds[number].candidates) if admitted is None else admitted
        body = {"round": number, "attempt": 0, "admitted": ids, "void": [], "state": state,
                "leaves": {"sha256": "00" * 32, "size": 1}}  # fmt: skip
        return self.write("merged", member, body)
