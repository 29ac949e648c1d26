"""A mirror as its readers see it: models, records, and bytes that are checked while they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from hanse.errors import DigestMismatch, LockError, MalformedError, NotFound, TooLarge
from hanse.hedge.lock.schema import LockedFile, LockedModel
from hanse.hedge.mirror.ahead import Ahead
from hanse.hedge.mirror.layout import (
    FILES,
    MODELS,
    RECORD_BYTES_MAX,
    TABLE_BYTES_MAX,
    Kept,
    Record,
    is_record_name,
    model_name,
    record_name,
)
from hanse.store.base import Store


class Mirror:
    """The reading side of a mirror. Safe from several threads."""

    def __init__(self, store: Store) -> None:
        self.store, self._ahead = store, Ahead(store)

    def record(self, sha256: str) -> Record:
        """A file's record. Raises NotFound when the file is not here whole, MalformedError when its record was changed."""
        try:
            return Record.decode(sha256, self.store.get(record_name(sha256), RECORD_BYTES_MAX))
        except NotFound as error:
            raise NotFound(f"{self.store.url}: no file {sha256} in this mirror") from error

    def record_of(self, item: LockedFile) -> Record:
        """The record of a locked file. Raises as `record`; LockError when the lock gives it another size."""
        found = self.record(item.sha256)
        if found.size != item.size:
            text = f"{item.path}: the lock says {item.size} bytes, the file of this digest has {found.size}"
            raise LockError(f"{text}: make the lock anew from a source you trust")
        return found

    def files(self) -> Iterator[str]:
        """Digest of every file that is here whole."""
        return (found.name.removeprefix(FILES) for found in self.store.list(FILES) if is_record_name(found.name))

    def tables(self) -> tuple[list[Kept], list[str]]:
        """Every model that is here whole, by name, the newest of a name first; and what is wrong with tables that are no
        model's any more."""
        found, wrong = [], []
        for stat in self.store.list(MODELS):
            try:
                found.append(Kept.decode(stat.name, self.store.get(stat.name, TABLE_BYTES_MAX)))
            except (MalformedError, TooLarge) as error:
                wrong.append(str(error))
            except NotFound:  # swept while they were listed
                continue
        return sorted(sorted(found, key=age, reverse=True), key=lambda kept: kept.model.name), wrong

    def table(self, model: LockedModel) -> Kept:
        """The table of a locked model. Raises NotFound when it is not here as locked, MalformedError when it was changed."""
        name = model_name(model)
        try:
            return Kept.decode(name, self.store.get(name, TABLE_BYTES_MAX))
        except NotFound as error:
            text = f"{self.store.url}: {model.name} is not in this mirror as locked ({name}); run `hanse mirror keep`"
            raise NotFound(text) from error

    def find(self, name: str, revision: str = "") -> Kept:
        """The model of a name, or of a repository, at a commit or an entry's digest; empty is the newest one. Raises
        NotFound naming what is there."""
        found, wrong = self.tables()
        named = [kept for kept in found if kept.model.name == name]
        if not named:
            named = sorted((kept for kept in found if kept.model.repository == name), key=age, reverse=True)
        if not named:
            have = ", ".join(dict.fromkeys(kept.model.name for kept in found)) or "no model"
            damage = f" (and {len(wrong)} damaged tables: run `hanse mirror verify`)" if wrong else ""
            raise NotFound(f"{self.store.url}: no model {name}; this mirror has {have}{damage}")
        at = [kept for kept in named if revision in ("", kept.model.revision, kept.model.entry)]
        if not at:
            have = ", ".join(kept.model.revision or kept.model.entry for kept in named)
            raise NotFound(f"{self.store.url}: {name} is not here at {revision}; it is at {have}")
        return at[0]

    def pieces(self, record: Record, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        """Bytes `start` to `end` as they stand, not checked, in pieces that hold until the next is asked for. Raises
        NotFound, DigestMismatch for a part that is missing or has another size."""
        end = record.size if end is None else min(end, record.size)
        for _, part in self._ahead.parts(record, start, end, once=False):
            yield from part

    def check(self, record: Record, hear: Callable[[int], None] | None = None) -> None:
        """Read and hash a file; `hear` is told how many bytes were read since it was last called. Raises DigestMismatch
        naming the first part that is not right."""
        for _ in self._hashed(record, hear, once=True):
            pass

    def checked(self, record: Record, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes `start` to `end`, while the whole file is hashed. The last piece comes only when all of it was right:
        who has every byte has right ones. Raises DigestMismatch."""
        end, at, held = record.size if end is None else end, 0, b""
        for piece in self._hashed(record, None, once=False):
            wanted = piece[max(0, start - at) : max(0, end - at)]
            at += len(piece)
            if wanted:
                if held:
                    yield held
                held = bytes(wanted)
        if held:
            yield held

    def _hashed(self, record: Record, hear: Callable[[int], None] | None, once: bool) -> Iterator[memoryview]:
        made, count = hashlib.sha256(), len(record.prefixes)
        try:
            for index, part in self._ahead.parts(record, 0, record.size, once):
                for piece in part:
                    made.update(piece)
                    yield piece
                if hear is not None:
                    hear(record.part_size(index))
                if made.hexdigest() != record.prefixes[index]:
                    text = f"file {record.sha256}: part {index + 1} of {count} has wrong bytes"
                    raise DigestMismatch(f"{self.store.url}: {text} ({record.part(index)})")
        except NotFound as error:
            raise DigestMismatch(f"file {record.sha256}: a part is missing ({error})") from error


def age(kept: Kept) -> tuple[str, int, str]:
    """Orders a model's entries: by the day of locking, then of keeping."""
    return kept.model.locked, kept.kept, kept.model.entry
