"""Clean text before training: exact duplicates, and overlap with evaluation sets one may not see (PROTOCOL rule 25).

A custodian posts keyed hashes of the 13-grams of its dev and test text; members drop documents that share too many. The
key keeps the hashes from being a dictionary of the set's phrases for anybody who has not got the log.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hanse.errors import MalformedError
from hanse.lm.text import Document

GRAM_WORDS = 13
OVERLAP_MAX = 0.2
"""A document is dropped when more than this share of its 13-grams stands in an evaluation set: near-duplicates do."""
_WORD = re.compile(r"\w+")


def fingerprint(text: str) -> bytes:
    """SHA-256 of a text, white space aside: equal for exact duplicates."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def grams(text: str, key: bytes) -> set[int]:
    """Keyed 8-byte hashes of a text's 13-word runs, case and punctuation aside; shorter texts are one run."""
    words = _WORD.findall(text.lower())
    if not words:
        return set()
    runs = (" ".join(words[at : at + GRAM_WORDS]) for at in range(max(1, len(words) - GRAM_WORDS + 1)))
    return {int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8, key=key).digest(), "little") for run in runs}


def encode_grams(texts: Iterable[str], key: bytes) -> bytes:
    """The hashes of several texts: sorted little-endian uint64."""
    found: set[int] = set()
    for text in texts:
        found |= grams(text, key)
    return np.array(sorted(found), "<u8").tobytes()


def decode_grams(data: bytes) -> npt.NDArray[np.uint64]:
    """Read what `encode_grams` prints. Raises MalformedError."""
    if len(data) % 8:
        raise MalformedError("13-gram hashes: not a whole number of 8-byte values")
    values = np.frombuffer(data, "<u8")
    if values.size > 1 and not bool(np.all(values[:-1] < values[1:])):
        raise MalformedError("13-gram hashes: not sorted, or one stands twice")
    return values


@dataclass
class Cleaner:
    """Drops duplicates and what overlaps `forbidden`; counts what it dropped."""

    forbidden: list[npt.NDArray[np.uint64]]
    key: bytes
    kept: int = 0
    duplicates: int = 0
    overlapping: int = 0
    _seen: set[bytes] = field(default_factory=set)

    def clean(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents that may train, in order."""
        for document in documents:
            mark = fingerprint(document.text)
            if mark in self._seen:
                self.duplicates += 1
                continue
            self._seen.add(mark)
            if self.forbidden and self._overlaps(document.text):
                self.overlapping += 1
                continue
            self.kept += 1
            yield document

    def _overlaps(self, text: str) -> bool:
        own = np.array(sorted(grams(text, self.key)), np.uint64)
        return own.size > 0 and any(_shared(own, found) > OVERLAP_MAX * own.size for found in self.forbidden)


def _shared(own: npt.NDArray[np.uint64], found: npt.NDArray[np.uint64]) -> int:
    """How many of `own` stand in the sorted `found`: a few bisections each, however large an evaluation set is."""
    if not found.size:
        return 0
    at = np.minimum(np.searchsorted(found, own), found.size - 1)
    return int((found[at] == own).sum())
