"""Make a lock's entry: list a source, get every file's digest, and read what the model says about its license, its base and
its tokenizer.

A digest is what somebody computed over the bytes: a folder's files are hashed; of a hub's the listing states the SHA-256 of
those in LFS, the others are read. `everything` reads those too and finds out a source that states what is not so.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from pydantic import ValidationError

from hanse import canonical
from hanse.errors import DigestMismatch, InputError, LockError
from hanse.hedge.lock.card import Card, config_hint, merged, read_adapter, read_card, repository
from hanse.hedge.lock.gguf import Value, read_keys
from hanse.hedge.lock.hashing import Digest, Refusal, hash_places
from hanse.hedge.lock.schema import NAME, LockedFile, LockedLicense, LockedModel, check_path, check_paths
from hanse.hedge.lock.statement import uncovered
from hanse.hedge.source.base import Listed, Listing, Source, read_on
from hanse.hedge.source.cache import CacheSource
from hanse.hedge.source.folder import FolderSource, Found

KEPT_BYTES_MAX = 4 << 20
"""A card or a license text that is larger is hashed, but not read."""
READERS = 8
"""Files read at once from a source over the network."""
_TERMS = re.compile(r"(un)?licen[sc]e|copying|copyright|use[ _-]?policy|terms([ _-]of[ _-]use)?|notice", re.I)
"""How names of files with terms begin; a letter may not follow."""
_NO_TEXT = (
    ".py",
    ".json",
    ".yaml",
    ".yml",
    ".bin",
    ".pt",
    ".safetensors",
    ".gguf",
    ".pdf",
    ".png",
    ".jpg",
    ".zip",
    ".gz",
)
_HUB_FILE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<repository>[^/]+/[^/]+)/(?:blob|resolve|raw)/[^/]+/(?P<path>.+)"
)
TOKENIZER = frozenset({
    "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tekken.json",
    "chat_template.jinja", "chat_template.json",
})  # fmt: skip
"""Files that say how text becomes tokens."""


@dataclass(frozen=True)
class Wanted:
    """What is to be locked."""

    name: str
    """Empty: made from the repository's or the folder's name."""
    repository: str
    revision: str
    """A branch, a tag or a commit; empty is the newest."""
    sources: tuple[str, ...]
    """As the lock will list them."""
    locked: str
    """Today, as YYYY-MM-DD."""
    license_text: bytes = b""
    """Had elsewhere, for a model that carries none."""
    statement: bytes = b""


@dataclass(frozen=True)
class Taken:
    """An entry with what is kept beside the lock."""

    model: LockedModel
    texts: dict[str, bytes] = field(default_factory=dict)
    """License texts and the statement, by digest."""
    notes: tuple[str, ...] = ()
    """What a person should know: no license text, a base that cannot be named."""
    moved: str = ""
    """The repository's name there now, when it is another."""


def take(
    wanted: Wanted, source: Source, everything: bool = False, progress: Callable[[int], None] | None = None
) -> Taken:
    """The entry of a model as `source` has it. Raises as the source, InputError for names that cannot be stored, DigestMismatch
    for a source that states what its bytes are not."""
    listing = source.listing(wanted.repository, wanted.revision)
    check_listing(listing, f"{source.text}: {wanted.repository}".rstrip(": "))
    reading = _Reading(source, wanted.repository, listing, progress)
    digests = reading.local() if isinstance(source, FolderSource | CacheSource) else reading.remote(everything)
    card = merged([*reading.cards(), reading.gguf_card()])
    notes = list(card.notes)
    license_, texts = _license(reading, card, wanted, notes)
    if not card.base:
        notes += [hint] if (hint := config_hint(reading.text("config.json"))) else []
    try:
        model = LockedModel(
            name=wanted.name or default_name(wanted.repository or _folder_name(source)),
            repository=wanted.repository,
            revision=listing.revision,
            locked=wanted.locked,
            gated=listing.gated,
            base=card.base,
            relation=card.relation,  # type: ignore[arg-type]  # the card's reader lets only the four pass
            tokenizer=tokenizer_digest({path: digest.sha256 for path, digest in digests.items()}),
            sources=wanted.sources,
            license=license_,
            file=tuple(LockedFile(path=p, sha256=d.sha256, size=d.size) for p, d in sorted(digests.items())),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise LockError(f"{source.text}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if listing.moved:
        notes.append(f"{wanted.repository} is called {listing.moved} there now: add it under that name")
    if wanted.statement:
        for problem in uncovered(wanted.statement, model):
            raise LockError(f"release statement: {problem}")
        texts[(digest := hashlib.sha256(wanted.statement).hexdigest())] = wanted.statement
        model = model.model_copy(update={"statement": digest})
    return Taken(model.sealed(), texts, tuple(notes), listing.moved)


def check_listing(listing: Listing, name: str) -> None:
    """Every name can be stored on every system, and all of them together. Raises InputError naming the entry."""
    if not listing.files:
        raise InputError(f"{name}: has no files")
    try:
        for item in listing.files:
            check_path(item.path)
        check_paths([item.path for item in listing.files])
    except ValueError as error:
        raise InputError(f"{name}: refused: {error}") from error


def default_name(text: str) -> str:
    """A name for the lock: the last part of the repository's, in small letters, with '-' for what a name cannot hold."""
    last = text.rstrip("/").rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]
    made = re.sub(r"[^a-z0-9._-]+", "-", last.lower()).lstrip("._-")[:200]
    if not NAME.fullmatch(made):
        raise InputError(f"{text!r}: no name can be made from it; give one with --name")
    return made


def tokenizer_digest(digests: dict[str, str]) -> str:
    """SHA-256 over the tokenizer's files as canonical JSON [[path, digest], ...]; empty when there are none."""
    found = sorted([path, digest] for path, digest in digests.items() if path.rsplit("/", 1)[-1] in TOKENIZER)
    return canonical.digest(found) if found else ""


def is_license(path: str) -> bool:
    """Whether a file's name says that it holds terms."""
    name = path.rsplit("/", 1)[-1]
    found = _TERMS.match(name)
    return found is not None and not name[found.end() :][:1].isalpha() and not name.lower().endswith(_NO_TEXT)


def _folder_name(source: Source) -> str:
    return source.folder.resolve().name if isinstance(source, FolderSource) else source.text


class _Reading:
    """One model's files while its entry is made."""

    def __init__(
        self, source: Source, repository: str, listing: Listing, progress: Callable[[int], None] | None
    ) -> None:
        self.source, self.repository, self.listing, self.progress = source, repository, listing, progress
        self.kept: dict[str, bytes] = {}
        self._done, self._lock = 0, threading.Lock()

    def local(self) -> dict[str, Digest]:
        """Hash a folder's files; keep the few that are read."""
        found = self._look()
        digests: dict[str, Digest] = {}
        hashed = hash_places(found.files.values(), self.progress)
        for path, (place, _) in found.files.items():
            match hashed[place]:
                case Refusal(text):
                    raise LockError(f"{self.source.text}: {path}: {text}")
                case Digest() as digest:
                    digests[path] = digest
        self.progress = None
        for item in self.listing.files:
            if _is_read(item.path) and digests[item.path].size <= KEPT_BYTES_MAX:
                self._read(Listed(item.path, digests[item.path].size, digests[item.path].sha256))
        return digests

    def _look(self) -> Found:
        if isinstance(self.source, CacheSource):
            return self.source.look(self.repository, self.listing.revision)
        assert isinstance(self.source, FolderSource)
        found = self.source.look()
        if found.files.keys() != {item.path for item in self.listing.files}:
            raise LockError(f"{self.source.text}: files came or went meanwhile; run again when nothing writes there")
        return found

    def remote(self, everything: bool) -> dict[str, Digest]:
        """Digests as stated, or of the bytes where none is stated; keep the few files that are read."""
        todo = [
            item
            for item in self.listing.files
            if everything or item.sha256 is None or item.size is None or _is_read(item.path)
        ]
        digests = {
            i.path: Digest(i.sha256, i.size) for i in self.listing.files if i.sha256 is not None and i.size is not None
        }
        with ThreadPoolExecutor(READERS) as pool:
            try:
                for item, digest in zip(todo, pool.map(self._read, todo), strict=True):
                    digests[item.path] = digest
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return digests

    def read_too(self, path: str) -> None:
        """Keep one more file, when the model has it and it is small."""
        item = next((item for item in self.listing.files if item.path == path), None)
        if item is not None and path not in self.kept and (item.size is None or item.size <= KEPT_BYTES_MAX):
            self._read(item, keep=True)

    def _read(self, item: Listed, keep: bool = False) -> Digest:
        pieces: list[bytes] = []
        made, size, keep = hashlib.sha256(), 0, keep or _is_read(item.path)
        with closing(self._chunks(item)) as chunks:
            for chunk in chunks:
                made.update(chunk)
                size += len(chunk)
                keep = keep and size <= KEPT_BYTES_MAX
                if keep:
                    pieces.append(chunk)
                else:
                    pieces.clear()
                self._tell(len(chunk))
        if item.sha256 is not None and made.hexdigest() != item.sha256:
            text = f"its bytes have the SHA-256 {made.hexdigest()}, listed is {item.sha256}"
            raise DigestMismatch(f"{self.source.text}: {self.repository}: {item.path}: {text}")
        if keep:
            self.kept[item.path] = b"".join(pieces)
        return Digest(made.hexdigest(), size)

    def _tell(self, count: int) -> None:
        if self.progress is not None:
            with self._lock:
                self._done += count
                self.progress(self._done)

    def _chunks(self, item: Listed) -> Generator[bytes, None, None]:
        yield from read_on(self.source, self.repository, self.listing.revision, item)

    def text(self, path: str) -> str:
        """A kept file as text; empty when there is none."""
        return self.kept.get(path, b"").decode("utf-8", "replace")

    def cards(self) -> list[Card]:
        """What the card and the adapter's configuration say."""
        found = [read_card(self.text("README.md"))]
        return [*found, read_adapter(self.text("adapter_config.json"))] if "adapter_config.json" in self.kept else found

    def gguf_card(self) -> Card:
        """What the first GGUF file says. Writers put what is general before the vocabulary, and reading stops there."""
        first = next((item for item in self.listing.files if item.path.lower().endswith(".gguf")), None)
        if first is None:
            return Card()
        said: dict[str, Value] = {}
        name = f"{self.source.text}: {first.path}"
        try:
            with closing(self._chunks(first)) as chunks:
                for key, value in read_keys(chunks, name):
                    if key.startswith("tokenizer."):
                        break
                    if key.startswith("general.") and value is not None:
                        said[key] = value
        except LockError as error:
            return merged([gguf_card(said), Card(notes=(str(error),))])
        return gguf_card(said)


def gguf_card(said: dict[str, Value]) -> Card:
    """License and base from the `general.` keys of a GGUF file."""
    base, notes = [], []
    count = said.get("general.base_model.count", 0)
    for at in range(min(count, 100) if isinstance(count, int) else 0):
        url, name = (said.get(f"general.base_model.{at}.{key}", "") for key in ("repo_url", "name"))
        found = repository(url) if isinstance(url, str) else ""
        base += [found] if found else []
        notes += [] if found else [f"GGUF: names its base {str(name)[:100]!r}, without a repository"]
    license_ = said.get("general.license.name") or said.get("general.license") or ""
    shown = license_ if isinstance(license_, str) and re.fullmatch(r"[\w.()+,/ -]{1,100}", license_) else ""
    return Card(license=shown, base=tuple(base), notes=tuple(notes))


def _is_read(path: str) -> bool:
    return path in ("README.md", "adapter_config.json", "config.json") or is_license(path)


def _license(reading: _Reading, card: Card, wanted: Wanted, notes: list[str]) -> tuple[LockedLicense, dict[str, bytes]]:
    """The terms, and every text with terms by its digest."""
    texts = {hashlib.sha256(data).hexdigest(): data for path, data in reading.kept.items() if is_license(path)}
    link = _HUB_FILE.fullmatch(card.link)
    linked = link["path"] if link and link["repository"] == wanted.repository else card.link.removeprefix("./")
    if linked:
        reading.read_too(linked)
    candidates = sorted((path for path in reading.kept if is_license(path)), key=_rank)
    if linked and linked in reading.kept:
        candidates.insert(0, linked)
    elif card.link:
        notes.append(f"the card says that its license stands at {card.link[:200]}, which is no file of it")
    path = candidates[0] if candidates else ""
    data = reading.kept[path] if path else wanted.license_text
    if not data:
        notes.append(
            "it carries no license text, only what its card declares; keep a copy of the terms with --license-text"
        )
        return LockedLicense(id=card.license, path="", sha256=""), texts
    digest = hashlib.sha256(data).hexdigest()
    return LockedLicense(id=card.license, path=path, sha256=digest), texts | {digest: data}


def _rank(path: str) -> tuple[int, bool, str]:
    """The license itself before policies and notices, at the top before below."""
    name = path.rsplit("/", 1)[-1].lower()
    return path.count("/"), not name.startswith(("license", "licence", "copying", "unlicense")), path
