"""Whole models into a mirror: each file once, whoever shares it; several at once; a model's table when all its files stand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hanse.errors import LockError, MalformedError, NotFound, TooLarge
from hanse.hedge.lock.schema import LICENSES, LockedModel
from hanse.hedge.mirror.fetch import Fetcher, Outcome, Spot, Trouble, Wanted
from hanse.hedge.mirror.filling import Bench, put_right
from hanse.hedge.mirror.layout import BUCKET_PART_BYTES, FILE_BYTES_MAX, PART_BYTES, TABLE_BYTES_MAX, Kept, model_name
from hanse.hedge.mirror.parts import folder_of
from hanse.hedge.mirror.tally import Tally, unheard
from hanse.hedge.source.base import Source
from hanse.store.base import MutableStore

FILES_AT_ONCE = 4


@dataclass
class Summary:
    """What a run did. Bytes count each file once."""

    models: list[str] = field(default_factory=list)
    """Names of those that are whole in the mirror now."""
    incomplete: list[str] = field(default_factory=list)
    files: int = 0
    there: int = 0
    """Files that were in the mirror before."""
    bytes: int = 0
    fetched: int = 0
    """Bytes read from sources."""
    reused: int = 0
    """Bytes found in parts that an earlier run had left."""
    shared: int = 0
    """Bytes saved because models share files."""
    troubles: list[Trouble] = field(default_factory=list)
    """Sources that did not give the right bytes, also where another one did."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """(model, path) of files that no source gave."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        return {
            "models": self.models,
            "incomplete": self.incomplete,
            "files": self.files,
            "files_there": self.there,
            "bytes": self.bytes,
            "bytes_fetched": self.fetched,
            "bytes_reused": self.reused,
            "bytes_shared": self.shared,
            "troubles": [trouble.__dict__ for trouble in self.troubles],
            "missing": [{"model": model, "path": path} for model, path in self.missing],
        }


@dataclass(frozen=True)
class Order:
    """What to keep, and where it may come from."""

    models: tuple[LockedModel, ...]
    beside: Path | None = None
    """Folder of the lock: the texts that it keeps beside itself are kept too. None: there are none."""
    sources: tuple[str, ...] = ()
    """Tried before those of the lock."""


def keep(
    store: MutableStore,
    order: Order,
    opener: Callable[[str], Source],
    now: Callable[[], int],
    hear: Callable[[int], None] = unheard,
    sleep: Callable[[float], None] = time.sleep,
    part_bytes: int = 0,
) -> Summary:
    """Keep every file of the models. `now` gives Unix seconds; `hear` is told the bytes done so far; `part_bytes` 0 takes
    what suits the store. What no source gave is in the summary. Raises StoreError of the mirror's own store, LockError for
    a digest with two sizes."""
    wanted = gather(order)
    models = {model.name: model for model in order.models}
    waiting = Counter(name for item in wanted for name in {spot.model for spot in item.spots})
    summary = Summary(files=len(wanted), bytes=sum(item.size for item in wanted))
    summary.shared = sum(model.size for model in order.models) - sum(i.size for i in wanted if i.spots[0].model)
    step = part_bytes or (BUCKET_PART_BYTES if folder_of(store) is None else PART_BYTES)
    bench = Bench(store, Tally(hear).add, step)
    fetcher = Fetcher(bench, opener, sleep)
    try:
        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            try:
                ended = [pool.submit(fetcher.fetch, item, order.sources) for item in wanted]
                for future in as_completed(ended):
                    _add(summary, future.result())
                    for name in _whole(future.result(), waiting):
                        _put_table(store, Kept(models[name], now()))
                        summary.models.append(name)
            except BaseException:  # an interrupt, or the store's failure: let nobody begin or go on
                bench.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        bench.close()
    summary.models.sort()
    summary.incomplete = sorted(set(models) - set(summary.models))
    return summary


def gather(order: Order) -> list[Wanted]:
    """Every file once, with all the places that locks give it, largest first: no thread is left with the largest at the
    end. Raises LockError when one digest comes with two sizes."""
    found: dict[str, Wanted] = {}
    for model in order.models:
        for item in model.file:
            spot = Spot(model.name, item.path, model.repository, model.revision, model.sources)
            _gather_one(found, item.sha256, item.size, spot)
    for model in order.models:
        for digest in (model.license.sha256, model.statement):
            text = order.beside / LICENSES / f"{digest}.txt" if order.beside is not None and digest else None
            if text is not None and digest not in found and text.is_file():
                spot = Spot("", text.name, "", "", (str(text.parent.resolve()),))
                _gather_one(found, digest, text.stat().st_size, spot)
    return sorted(found.values(), key=lambda item: (-item.size, item.sha256))


def _gather_one(found: dict[str, Wanted], sha256: str, size: int, spot: Spot) -> None:
    if size > FILE_BYTES_MAX:
        raise LockError(f"{spot.model}: {spot.path}: {size} bytes, a mirror takes files of at most {FILE_BYTES_MAX}")
    known = found.get(sha256)
    if known is not None and known.size != size:
        text = (
            f"{spot.model}: {spot.path}: {size} bytes, but {known.spots[0].path} has the same digest and {known.size}"
        )
        raise LockError(f"{text}; make the lock anew from a source you trust")
    found[sha256] = Wanted(sha256, size, (*(known.spots if known else ()), spot))


def _add(summary: Summary, outcome: Outcome) -> None:
    summary.there += outcome.there
    summary.fetched += outcome.fetched
    summary.reused += outcome.reused
    summary.troubles += outcome.troubles
    if not outcome.kept:
        summary.missing += [(spot.model, spot.path) for spot in outcome.wanted.spots]


def _whole(outcome: Outcome, waiting: Counter[str]) -> Iterable[str]:
    """Models for which this file was the last one."""
    for name in {spot.model for spot in outcome.wanted.spots} if outcome.kept else ():
        waiting[name] -= 1
        if name and waiting[name] == 0:
            yield name


def _put_table(store: MutableStore, kept: Kept) -> None:
    """Have a model's table; one that stands keeps its day."""
    name = model_name(kept.model)
    try:
        Kept.decode(name, store.get(name, TABLE_BYTES_MAX))
    except (NotFound, MalformedError, TooLarge):
        put_right(store, name, kept.encode())
