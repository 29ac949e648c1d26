"""One file into a mirror, from the first source that gives the right bytes.

A cut loses at most the part that was being filled: parts in the store are read back and hashed, not fetched again. A source
is called wrong only for bytes that all came from it: after bytes of several origins the file is fetched anew from one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from hanse.errors import HanseError, LockError, Unavailable
from hanse.hedge.mirror.filling import Bench, Filling
from hanse.hedge.source.base import TRIES, Source
from hanse.hedge.source.folder import FolderSource, Place, open_place

HERE = "parts already here"


@dataclass(frozen=True)
class Spot:
    """Where a lock says that a file stands."""

    model: str
    path: str
    repository: str
    revision: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """A file to have, by what it holds; several models may want it."""

    sha256: str
    size: int
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Trouble:
    """A source that did not give a file's right bytes, and why."""

    model: str
    path: str
    source: str
    what: str


@dataclass
class Outcome:
    """What became of one file."""

    wanted: Wanted
    kept: bool = False
    there: bool = False
    """Whether it was here before."""
    fetched: int = 0
    """Bytes read from sources."""
    reused: int = 0
    """Bytes that were in the store, from an earlier run that was cut."""
    troubles: list[Trouble] = field(default_factory=list)


class _Failed(Exception):
    """A source cannot give the file; the text says why."""


class Fetcher:
    """Fetches files onto a bench. Safe from several threads."""

    def __init__(self, bench: Bench, opener: Callable[[str], Source], sleep: Callable[[float], None]) -> None:
        self.bench, self._opener, self._sleep = bench, opener, sleep
        self._sources: dict[str, Source | HanseError] = {}
        self._lock = threading.Lock()

    def fetch(self, wanted: Wanted, preferred: tuple[str, ...] = ()) -> Outcome:
        """Have one file: from what is here, from `preferred` sources, then from those of the lock. Raises StoreError of
        the mirror's own store, Stopped."""
        outcome, filling = Outcome(wanted), Filling(self.bench, wanted.sha256, wanted.size)
        if filling.standing() is not None:
            outcome.kept = outcome.there = True
            self.bench.hear(wanted.size)
            return outcome
        try:
            left = filling.resume(HERE)
            outcome.reused = filling.at
            for text, spot in _tries(wanted, preferred):
                if filling.right:
                    break
                begun = filling
                filling = self._go_on(begun, text, spot, outcome)
                left |= filling is not begun
            if filling.right:
                record = filling.finish()
                outcome.kept = True
                if left:
                    filling.drop_others(record)
        finally:
            filling.release()
        return outcome

    def _go_on(self, filling: Filling, text: str, spot: Spot, outcome: Outcome) -> Filling:
        """Go on from one source; a new filling when the bytes were wrong."""
        while True:
            began = filling.at
            try:
                self._pull(filling, text, spot)
            except _Failed as error:
                outcome.troubles.append(Trouble(spot.model, spot.path, text, str(error)))
                return filling
            finally:
                outcome.fetched += filling.at - began
            if filling.right:
                return filling
            alone, found = filling.origins == {text}, filling.made.hexdigest()
            self.bench.hear(-filling.at)
            filling = Filling(self.bench, filling.sha256, filling.size)
            if alone:
                what = f"its bytes have the digest {found}, the lock says {filling.sha256}"
                outcome.troubles.append(Trouble(spot.model, spot.path, text, what))
                return filling

    def _pull(self, filling: Filling, text: str, spot: Spot) -> None:
        """Take bytes until the filling is full, going on after cuts. Raises _Failed."""
        source = self._source(text)
        if isinstance(source, FolderSource):
            _copy(filling, Place(source.folder, spot.path), text)
        for chunk in self._chunks(filling, source, spot):
            filling.take(chunk, text)
            if filling.full:
                return
        if not filling.full:
            raise _Failed(f"it ends after {filling.at} bytes, the lock says {filling.size}")

    def _chunks(self, filling: Filling, source: Source, spot: Spot) -> Iterator[bytes]:
        cuts = 0
        while not filling.full:
            try:
                for chunk in source.read(spot.repository, spot.revision, spot.path, filling.at):
                    cuts = 0
                    yield chunk
                return
            except Unavailable as error:
                cuts += 1
                if cuts == TRIES:
                    raise _Failed(str(error)) from error
                self._sleep(0.2 * 2**cuts)
            except HanseError as error:
                raise _Failed(str(error)) from error

    def _source(self, text: str) -> Source:
        with self._lock:
            if text not in self._sources:
                try:
                    self._sources[text] = self._opener(text)
                except HanseError as error:
                    self._sources[text] = error
            found = self._sources[text]
        if isinstance(found, HanseError):
            raise _Failed(str(found))
        return found


def _copy(filling: Filling, place: Place, text: str) -> None:
    """Read a file of this machine straight to where it is written from. What goes wrong is for the source to say."""
    with suppress(OSError, LockError), open_place(place) as handle, open(handle, "rb", 0, closefd=False) as file:
        file.seek(filling.at)
        while not filling.full and (size := file.readinto(filling.room())):
            filling.took(size, text)


def _tries(wanted: Wanted, preferred: tuple[str, ...]) -> Iterator[tuple[str, Spot]]:
    """Each source with each spot it may know the file by, preferred ones first, none twice."""
    asked: set[tuple[str, str, str, str]] = set()
    first = [(text, spot) for text in preferred for spot in wanted.spots]
    for text, spot in first + [(text, where) for where in wanted.spots for text in where.sources]:
        key = (text, spot.repository, spot.revision, spot.path)
        if key not in asked:
            asked.add(key)
            yield text, spot
