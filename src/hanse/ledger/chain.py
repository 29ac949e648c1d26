"""The chain of slots as every reader judges it: structure, identity, tree. Pure; no store, no kind of entry.

A slot's verdicts come in two steps because keys are not the ledger's business: `parse_slot` and `Chain.refuse` void what
is malformed, foreign, untrue or doubled; the layer above judges keys and bodies; then `Chain.append` takes the slot into
the tree, whatever the verdict was (a void entry is void for everyone, and stays).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from hanse.errors import EnvelopeError
from hanse.ledger import merkle
from hanse.ledger.entry import NO_LOG, SLOT_BYTES_MAX, Entry, split_segment

ENTRIES_PER_SLOT_MAX = 64


@dataclass(frozen=True)
class Verdict:
    """What the log says of one entry. `reason` is empty when it stands; positions are (index, k)."""

    index: int
    k: int
    id: str
    kind: str
    member: str
    at: int
    reason: str = ""

    @property
    def valid(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Slot:
    """Bytes of one object of the log; `data` is None when it is larger than SLOT_BYTES_MAX and was not read."""

    data: bytes | None
    size: int

    @classmethod
    def of(cls, data: bytes) -> Slot:
        return cls(data if len(data) <= SLOT_BYTES_MAX else None, len(data))

    @cached_property
    def parsed(self) -> list[Entry | str]:
        """See `parse_slot`."""
        return _parse(self)

    def leaf(self, index: int) -> bytes:
        """RFC 6962 leaf hash; of (index, size) when the body is never read (PROTOCOL rule 1)."""
        if self.data is None:
            return merkle.oversized_leaf_hash(index, self.size)
        return merkle.leaf_hash(self.data)


def parse_slot(slot: Slot) -> list[Entry | str]:
    """The slot's entries in order; a string is the reason why one is void. Parsed once for each `Slot` object."""
    return slot.parsed


def _parse(slot: Slot) -> list[Entry | str]:
    if slot.data is None:
        return [f"oversized: {slot.size} bytes, at most {SLOT_BYTES_MAX}"]
    try:
        lines = split_segment(slot.data)
    except EnvelopeError as error:
        return [f"malformed: {error}"]
    if len(lines) > ENTRIES_PER_SLOT_MAX:
        return [f"malformed: segment of {len(lines)} entries, at most {ENTRIES_PER_SLOT_MAX}"]
    entries: list[Entry | str] = []
    for line in lines:
        try:
            entries.append(Entry.parse(line))
        except EnvelopeError as error:
            entries.append(f"malformed: {error}")
    return entries


@dataclass
class Chain:
    """Tree, identities and genesis of one log."""

    tree: merkle.Tree = field(default_factory=merkle.Tree)
    ids: dict[str, tuple[int, int]] = field(default_factory=dict)
    genesis: str = ""

    @property
    def size(self) -> int:
        return self.tree.size

    def refuse(self, entry: Entry) -> str:
        """Why the ledger voids `entry` at the current end of the log; empty when it does not."""
        statement = entry.statement
        if statement.kind == "genesis":
            if self.genesis or self.size:
                return "misplaced: genesis is entry 0 and nothing else"
            if statement.log != NO_LOG or statement.seen.size:
                return "malformed: genesis names no log and has seen nothing"
        elif not self.genesis:
            return "misplaced: the log starts with genesis"
        elif statement.log != self.genesis:
            return "foreign: written for another log"
        if entry.id in self.ids:
            index, k = self.ids[entry.id]
            return f"duplicate: same payload as entry {index}.{k}"
        seen = statement.seen
        if seen.size > self.size:
            return f"false seen: claims {seen.size} entries where {self.size} exist"
        if self.tree.root(seen.size) != seen.root:
            return f"false seen: root at size {seen.size} is not this log's (its author was shown another log)"
        return ""

    def remember(self, entry: Entry, k: int) -> None:
        """Take the identity of an entry whose signatures stand; only such entries can be duplicated."""
        self.ids[entry.id] = (self.size, k)
        if entry.statement.kind == "genesis":
            self.genesis = entry.id

    def append(self, slot: Slot) -> None:
        """Take a judged slot into the tree."""
        self.tree.append(slot.leaf(self.size))

