"""One node's view of the log: its verified copy, the fold over it, tree heads signed and read.

Everything a crash may not lose is on the disk before it is acted on: a slot before it is folded, a cosigner's size and
root before its signature leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hanse.consortium.standing import Verify, verify_signature
from hanse.errors import AlreadyExists, ForkError, InputError, NoteError, NotFound
from hanse.keys import PublicKey, SigningKey
from hanse.ledger import cosigner, note
from hanse.ledger.chain import Slot, parse_slot
from hanse.ledger.entry import Entry, Seen, Statement, Subject, segment
from hanse.ledger.log import check_same, copy_slot, read_copied, read_slot, slot_name
from hanse.ledger.treehead import TreeHead, log_origin, verify_cosignature
from hanse.run.fold import Fold
from hanse.store import Store
from hanse.store.disk import Disk

HEAD_BYTES_MAX = 16_384
COSIGNER_FILE = "cosigner.json"


def head_name(member: str, size: int) -> str:
    """Object name of a member's signed tree head."""
    return f"heads/{member}/{size:012d}"


class Follower:
    """The log as one node knows it. Raises ForkError when the bucket contradicts what it has verified."""

    def __init__(self, store: Store, disk: Disk, log: str, verify: Verify = verify_signature) -> None:
        self.store, self.disk, self.log = store, disk, log
        self.fold = Fold(verify)
        self.heads: dict[str, dict[int, str]] = {}
        """Tree heads read so far: member, size, note."""
        while (slot := read_copied(disk, self.fold.size)) is not None:
            self._apply(slot)
        self.check_bucket()

    def sync(self, slots_max: int = 1_000_000) -> int:
        """Copy and fold what the bucket has beyond this node's copy; how many slots were new."""
        before = self.fold.size
        while self.fold.size - before < slots_max:
            slot = read_slot(self.store, self.fold.size)
            if slot is None:
                break
            if not self.fold.size:
                check_genesis(slot, self.log, self.store.url)  # before it is copied: a folder keeps one log for ever
            copy_slot(self.disk, self.fold.size, slot)
            self._apply(slot)
        return self.fold.size - before

    def check_bucket(self) -> None:
        """Raise ForkError when the bucket no longer has the last entry this node verified: emptied, or rewritten."""
        if self.fold.size:
            check_same(self.store, self.disk, self.fold.size - 1)

    def append(self, entry: Entry, tries: int = 64) -> bool:
        """Put an entry at the end of the log; whether it is there now.

        A lost race or a lost reply ends in reading the slot that is there: equal bytes mean it was ours all along.
        """
        data = segment([entry])
        for _ in range(tries):
            self.sync()
            if entry.id in self.fold.chain.ids:
                return True
            self.check_bucket()  # an emptied bucket must not start a second log
            try:
                self.store.put_once(slot_name(self.fold.size), data)
            except AlreadyExists:
                if not self.sync():
                    return False  # it exists and cannot be read yet: come back later
                continue
            self.sync(slots_max=1)
            return entry.id in self.fold.chain.ids or self.voided(entry.id) is not None
        return False

    def voided(self, entry_id: str) -> str | None:
        """The reason of a void entry, None when the log has no void entry of this identity."""
        return next((v.reason for v in reversed(self.fold.verdicts) if v.id == entry_id and v.reason), None)

    def statement(
        self, kind: str, member: str, body: dict[str, Any], at: int, subjects: tuple[Subject, ...] = ()
    ) -> Statement:
        """A statement that has seen all this node has."""
        size = self.fold.size
        return Statement(kind, self.log, Seen(size, self.fold.chain.tree.root(size)), at, member, body, subjects)

    def cosign(self, member: str, key: SigningKey, clock: Callable[[], int]) -> bool:
        """Sign the newest milestone's tree head, once, durably; whether there was one to sign."""
        run = self.fold.run
        if run is None:
            return False
        due = run.milestones[-1]
        kept = json.loads(self.disk.read(COSIGNER_FILE) or b"{}")
        if kept.get("published", 0) >= due:
            return False
        if kept.get("size", 0) < due:
            last = cosigner.CosignerState(kept["size"], bytes.fromhex(kept["root"])) if kept else cosigner.CosignerState()
            state = cosigner.propose(last, self.fold.chain.tree, due)
            kept = {"size": state.size, "root": state.root.hex(), "published": kept.get("published", 0)}
            self.disk.write(COSIGNER_FILE, json.dumps(kept).encode())
        if "note" not in kept:  # also after a crash between the two writes: the promise is kept, the signature is not out
            stored = cosigner.CosignerState(kept["size"], bytes.fromhex(kept["root"]))
            kept["note"] = str(cosigner.sign(stored, log_origin(self.log), key, clock()))
            self.disk.write(COSIGNER_FILE, json.dumps(kept).encode())
        with suppress(AlreadyExists):  # ours: a lost reply, or published before the crash
            self.store.put_once(head_name(member, kept["size"]), kept["note"].encode())
        self.disk.write(head_name(member, kept["size"]), kept["note"].encode())
        kept["published"] = kept["size"]
        self.disk.write(COSIGNER_FILE, json.dumps(kept).encode())
        return True

    def read_heads(self) -> None:
        """Read tree heads new since the last call; check each against this copy.

        Raises ForkError naming the member and size when a member signed another log: evidence of a split view.
        """
        for member in self.fold.consortium.members:
            known = self.heads.setdefault(member, {})
            after = head_name(member, max(known)) if known else ""
            for found in list(self.store.list(f"heads/{member}/", after)):
                self._read_head(member, found.name, known)

    def _read_head(self, member: str, name: str, known: dict[int, str]) -> None:
        try:
            text = self.store.get(name, HEAD_BYTES_MAX).decode("utf-8")
            size, root = read_cosigned(text, self.log, self.fold.consortium.cosigner_keys(member))
        except (NoteError, NotFound, UnicodeDecodeError):
            return  # anybody may litter a folder of the bucket; only a member's signature counts
        if size > self.fold.size:
            return  # signed by a node that has read further: looked at again next time
        if self.fold.chain.tree.root(size) != root:
            raise ForkError(
                f"{self.store.url}: {member} signed another log: its tree head of size {size} contradicts entries this "
                f"node has verified; keep {name} as evidence, stop, and compare copies with {member}"
            )
        known[size] = text

    def final(self) -> int:
        """Size of the final prefix: covered by tree heads of the charter's cosigner minimum (PROTOCOL rule 3)."""
        sizes = sorted((max(known, default=0) for known in self.heads.values()), reverse=True)
        needed = self.cosigners_needed
        return sizes[needed - 1] if 0 < needed <= len(sizes) else 0

    @property
    def cosigners_needed(self) -> int:
        """The charter's cosigner minimum; 0 before genesis."""
        charter = self.fold.consortium.charter
        return 0 if charter is None else charter.cosign_min

    def _apply(self, slot: Slot) -> None:
        if not self.fold.size:
            check_genesis(slot, self.log, self.store.url)
        self.fold.apply(slot)
        if self.fold.size == 1 and not self.fold.chain.genesis:
            raise ForkError(f"{self.store.url} holds no genesis that stands: {self.fold.verdicts[0].reason}")


def check_genesis(slot: Slot, log: str, url: str) -> None:
    """Raise ForkError when the first slot's entry is another than `log`."""
    first = parse_slot(slot)[0]
    if isinstance(first, str) or first.id != log:
        found = first if isinstance(first, str) else first.id
        raise ForkError(f"{url} holds another log: expected genesis {log}, found {found}; check the URL and the digest")


def cosign_as(key: SigningKey, store: Store, disk: Disk, log: str) -> Follower:
    """A follower that `key` may cosign for. Raises InputError when no member's tree heads are signed with it."""
    follower = Follower(store, disk, log)
    follower.sync()
    member, members = key.name.partition("/")[0], follower.fold.consortium.members
    keys = follower.fold.consortium.cosigner_keys(member) if member in members else ()
    if key.public.id not in {known.id for known in keys}:
        known = ", ".join(sorted(members))
        raise InputError(f"key {key.public}: is not in force for {member!r} in this log, whose members are {known}")
    return follower


def read_cosigned(text: str, log: str, keys: tuple[PublicKey, ...]) -> tuple[int, bytes]:
    """(size, root) of a tree head that one of `keys` cosigned. Raises NoteError."""
    parsed = note.parse(text)
    head = TreeHead.parse(parsed.text)
    if head.origin != log_origin(log):
        raise NoteError(f"tree head of another log: {head.origin}")
    if not any(verify_cosignature(parsed, key) is not None for key in keys):
        raise NoteError("tree head without a cosignature of its member")
    return head.size, head.root
