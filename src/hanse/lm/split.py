"""Train, dev and test parts of a site's own text, by document; what is held out never trains.

A document's part is a pure function of its text and a seed, so equal documents fall in one part, whatever their order and
file. Dev and test are held in memory (they are small); training text is streamed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from hanse.errors import CorpusError
from hanse.lm.hygiene import Cleaner, decode_grams, encode_grams, fingerprint
from hanse.lm.spec import SplitSpec
from hanse.lm.text import Document

Part = Literal["train", "dev", "test"]


def part_of(text: str, spec: SplitSpec) -> Part:
    """Which part a document belongs to: thousandths of SHA-256(seed, text without regard to white space)."""
    mark = hashlib.sha256(f"hanse split\n{spec.seed}\n".encode() + fingerprint(text)).digest()
    thousandth = int.from_bytes(mark[:8], "big") % 1000
    if thousandth < spec.dev_permille:
        return "dev"
    return "test" if thousandth < spec.dev_permille + spec.test_permille else "train"


@dataclass(frozen=True)
class Held:
    """Dev and test documents, and what training text must not hold."""

    dev: tuple[Document, ...]
    test: tuple[Document, ...]

    def cleaner(self, key: bytes) -> Cleaner:
        """Drops duplicates and documents that share too many 13-grams with dev or test."""
        texts = [document.text for document in (*self.dev, *self.test)]
        return Cleaner([decode_grams(encode_grams(texts, key))] if texts else [], key)

    def refuse(self, train: Iterable[Document]) -> Iterator[Document]:
        """The training documents, unless one of them is held out. Raises CorpusError naming both.

        The last check before tokens are written: a mistake anywhere before it fails the build.
        """
        marks = {fingerprint(document.text): document.id for document in (*self.dev, *self.test)}
        for document in train:
            twin = marks.get(fingerprint(document.text))
            if twin is not None:
                raise CorpusError(f"document {document.id} would train and is held out as {twin}: drop it from one of them")
            yield document


@dataclass
class Holder:
    """Takes dev and test documents out of a stream."""

    spec: SplitSpec
    dev: list[Document] = field(default_factory=list)
    test: list[Document] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    def hold(self, documents: Iterable[Document]) -> None:
        """Keep the dev and test documents of a stream, each text once."""
        for document in documents:
            part = part_of(document.text, self.spec)
            if part == "train":
                continue
            mark = fingerprint(document.text)
            if mark in self._seen:
                continue
            self._seen.add(mark)
            (self.dev if part == "dev" else self.test).append(document)

    def held(self) -> Held:
        return Held(tuple(self.dev), tuple(self.test))


def training(documents: Iterable[Document], spec: SplitSpec) -> Iterator[Document]:
    """The documents of the training part."""
    return (document for document in documents if part_of(document.text, spec) == "train")
