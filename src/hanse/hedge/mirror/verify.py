"""Read and hash all of a mirror, on all cores, and name what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hanse.errors import DigestMismatch, LockError, MalformedError, NotFound, TooLarge
from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.mirror.layout import Record
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.tally import Tally, unheard

THREADS = 3


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong."""

    what: str
    """The file as models name it (model: path), or the object."""
    detail: str


@dataclass
class Verdict:
    """What was read, and what is wrong with it."""

    models: int = 0
    files: int = 0
    bytes: int = 0
    unread: int = 0
    """Files in the mirror that the given lock does not name: not read."""
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        problems = [problem.__dict__ for problem in self.problems]
        return {
            "models": self.models,
            "files": self.files,
            "bytes": self.bytes,
            "unread": self.unread,
            "problems": problems,
        }


def verify(
    mirror: Mirror, models: tuple[LockedModel, ...] | None = None, hear: Callable[[int], None] = unheard
) -> Verdict:
    """Read every file of `models`, or of the whole mirror. `hear` is told the bytes read so far. Raises StoreError when
    the store cannot be asked; what is missing or wrong is in the verdict."""
    verdict, here = Verdict(), set(mirror.files())
    if models is None:
        kept, broken = mirror.tables()
        tables = [item.model for item in kept]
        verdict.problems += [Problem("a model's table", text) for text in broken]
    else:
        tables = _locked(mirror, models, verdict)
    verdict.models = len(tables)
    names = _names(tables)
    wanted = here if models is None else set(names)
    verdict.unread = len(here - wanted)
    for digest in sorted(names.keys() - here):
        verdict.problems += [Problem(name, f"is not in the mirror ({digest})") for name in names[digest]]
    records = _records(mirror, wanted & here, names, tables, verdict)
    tally = Tally(hear)

    def check(record: Record) -> str:
        try:
            mirror.check(record, tally.add)
        except DigestMismatch as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(THREADS) as pool:
        for record, wrong in zip(records, pool.map(check, records), strict=True):
            verdict.files += 1
            verdict.bytes += record.size
            if wrong:
                verdict.problems += [Problem(name, wrong) for name in _named(record.sha256, names)]
    verdict.problems.sort()
    return verdict


def _locked(mirror: Mirror, models: Iterable[LockedModel], verdict: Verdict) -> list[LockedModel]:
    """The lock's own models; a table that is missing or wrong here is a problem: without it nobody is served the model."""
    found = list(models)
    for model in found:
        try:
            mirror.table(model)
        except (NotFound, MalformedError, TooLarge) as error:
            verdict.problems.append(Problem(model.name, str(error)))
    return found


def _names(models: Iterable[LockedModel]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for model in models:
        for item in model.file:
            names.setdefault(item.sha256, []).append(f"{model.name}: {item.path}")
    return names


def _named(sha256: str, names: dict[str, list[str]]) -> list[str]:
    return sorted(set(names.get(sha256, [f"file {sha256}"])))


def _records(
    mirror: Mirror, digests: set[str], names: dict[str, list[str]], models: list[LockedModel], verdict: Verdict
) -> list[Record]:
    """Records that can be read, largest file first."""
    sizes = {item.sha256: item for model in models for item in model.file}
    found = []
    for digest in sorted(digests):
        try:
            found.append(mirror.record_of(sizes[digest]) if digest in sizes else mirror.record(digest))
        except (MalformedError, NotFound, TooLarge, LockError) as error:
            verdict.problems += [Problem(name, str(error)) for name in _named(digest, names)]
    return sorted(found, key=lambda record: -record.size)
