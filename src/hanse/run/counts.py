"""Word counts of the members that gathered: what the tokenizer is built from (PROTOCOL rule 24)."""

from __future__ import annotations

from typing import Any

from hanse import canonical
from hanse.errors import CanonicalError, MalformedError
from hanse.run.fold import Fold
from hanse.store import Store
from hanse.store.blobs import BlobRef, get_blob

WORDS_MAX = 1_000_000


def read_counts(fold: Fold, store: Store) -> list[dict[str, int]]:
    """Counts in member order; a blob that is no table of counts is left out, by everyone, or one member could stop all."""
    assert fold.run is not None
    found = []
    for name in fold.run.rounds[0].roll:
        text = fold.consortium.members[name].text
        if text is not None and text["counts"] is not None:
            ref = text["counts"]
            data = get_blob(store, name, BlobRef(ref["sha256"], ref["size"]))
            try:
                found.append(parse_counts(data, name))
            except MalformedError:
                continue
    return found


def encode_counts(counts: dict[str, int]) -> bytes:
    """Canonical bytes: pairs, because words are no ASCII keys."""
    return canonical.encode([[word, counts[word]] for word in sorted(counts)])


def parse_counts(data: bytes, member: str) -> dict[str, int]:
    """Read what `encode_counts` prints. Raises MalformedError."""
    try:
        value: Any = canonical.decode(data)
    except CanonicalError as error:
        raise MalformedError(f"word counts of {member}: {error}") from error
    if not isinstance(value, list) or len(value) > WORDS_MAX:
        raise MalformedError(f"word counts of {member}: expected a list of at most {WORDS_MAX} pairs")
    counts: dict[str, int] = {}
    for item in value:
        good = isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and type(item[1]) is int
        if not good or item[1] < 1 or not item[0]:
            raise MalformedError(f"word counts of {member}: {str(item)[:60]!r} is not a [word, count] pair")
        counts[item[0]] = item[1]
    if sorted(counts) != [item[0] for item in value]:
        raise MalformedError(f"word counts of {member}: words are not sorted, or one stands twice")
    return counts
