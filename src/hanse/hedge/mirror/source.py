"""A mirror as a source: what `hanse mirror keep` has filled, in any store, under its own names."""

from __future__ import annotations

from collections.abc import Iterator

from hanse.errors import DigestMismatch, MalformedError, NotFound
from hanse.hedge.mirror.layout import Kept
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.source.base import Listed, Listing
from hanse.store import Store, open_store


class MirrorSource:
    """The models of a mirror, by repository or by the name in the lock they were kept from."""

    def __init__(self, text: str, store: Store | None = None) -> None:
        """`store` is for a mirror that is open already. Raises InputError for a URL that names no store."""
        self.text = text.partition("?")[0]  # what follows may hold keys
        self.mirror = Mirror(open_store(text) if store is None else store)
        self._found: dict[tuple[str, str], Kept] = {}

    def listing(self, repository: str, revision: str) -> Listing:
        model = self._find(repository, revision).model
        return Listing(model.revision, tuple(Listed(item.path, item.size, item.sha256) for item in model.file))

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        for item in self._find(repository, revision).model.file:
            if item.path == path:
                break
        else:
            raise NotFound(f"{self.text}: {repository} has no file {path!r} in this mirror")
        try:
            yield from (bytes(piece) for piece in self.mirror.pieces(self.mirror.record(item.sha256), offset))
        except (DigestMismatch, MalformedError) as error:
            raise NotFound(f"{error}; the mirror is damaged: run `hanse mirror verify`") from error

    def _find(self, repository: str, revision: str) -> Kept:
        key = repository, revision
        if key not in self._found:
            self._found[key] = self.mirror.find(repository, revision)
        return self._found[key]
