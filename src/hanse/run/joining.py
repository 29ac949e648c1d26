"""Joining: an officer names the site key that trains, with what the tokenizer and clean evaluation need of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hanse import canonical
from hanse.errors import InputError, StoreError
from hanse.keys import PublicKey, SigningKey
from hanse.ledger.entry import signed
from hanse.lm.hygiene import encode_grams
from hanse.lm.text import documents
from hanse.lm.tokenizer import count_words
from hanse.run.bodies import Ref
from hanse.run.counts import encode_counts
from hanse.run.fold import Fold, plan_of
from hanse.run.follow import Follower
from hanse.store.blobs import BlobRef, put_blob


@dataclass(frozen=True)
class Evaluation:
    """A member's own dev and test texts, of which it is the custodian."""

    dev: tuple[str, ...]
    test: tuple[str, ...]

    def digest(self, which: str) -> str:
        """Digest of a set: of the canonical list of its texts."""
        return canonical.digest(list(self.dev if which == "dev" else self.test))


def check_officer(fold: Fold, member: str, officer: PublicKey, source: str) -> None:
    """Raise InputError when the log would void what this officer, its key had from the file `source`, signs for `member`."""
    standing = fold.consortium.members.get(member)
    if standing is None:
        known = ", ".join(sorted(fold.consortium.members))
        raise InputError(f"member {member!r} is not in this log's charter; its members are {known}")
    if not standing.trains:
        raise InputError(f"member {member!r} has no site: the charter says site = false")
    if officer.id != standing.officer.id:
        raise InputError(f"{source}: {officer} is not the officer key of {member}; the one in force is {standing.officer}")


def words(paths: Sequence[Path], field: str, follower: Follower) -> dict[str, int]:
    """Counts that would be posted, for the officer to read first; empty when the plan needs none."""
    spec = plan_of(follower.fold).tokenizer
    if spec.kind != "counts":
        return {}
    texts = (item.text for path in paths for item in documents(path, field))
    return count_words(texts, spec.min_count, spec.word_bytes_max)


def texts(path: Path, field: str) -> tuple[str, ...]:
    """The texts of an evaluation set."""
    return tuple(item.text for item in documents(path, field))


def join(
    follower: Follower,
    officer: SigningKey,
    site_key: PublicKey,
    counts: dict[str, int],
    evaluation: Evaluation | None,
    at: int,
) -> None:
    """Post blobs and the join entry. Raises InputError when the log voids it, naming the reason."""
    member, _, site = site_key.name.partition("/")
    check_officer(follower.fold, member, officer.public, "officer key")
    plan = plan_of(follower.fold)
    posted = _ref(put_blob(follower.store, member, encode_counts(counts))) if plan.tokenizer.kind == "counts" else None
    sets = None
    if evaluation is not None:
        hashes = encode_grams((*evaluation.dev, *evaluation.test), bytes.fromhex(follower.log))
        grams = put_blob(follower.store, member, hashes)
        sets = {"dev": evaluation.digest("dev"), "test": evaluation.digest("test"), "grams": _ref(grams)}
    body = {"site": site, "key": str(site_key), "text": {"counts": posted, "evaluation": sets}}
    entry = signed(follower.statement("join", member, body, at), [officer])
    if not follower.append(entry):
        raise StoreError(f"{follower.store.url}: could not append the join entry; try again")
    reason = follower.voided(entry.id)
    if reason is not None:
        raise InputError(f"the log voids this join: {reason}")


def _ref(ref: BlobRef) -> dict[str, str | int]:
    return Ref(ref.sha256, ref.size).document()
