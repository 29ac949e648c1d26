"""Crashes, races and interrupts: what is visible is right at every moment, and the next run ends what was begun."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.hedge.mirror.made import (
    NOW,
    PART,
    MemorySource,
    bytes_of,
    kept,
    model,
    noise,
    nothing_wrong_is_visible,
    opener,
    sha256,
)

from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import PARTS
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.verify import verify
from hanse.store.memory import Crash, MemoryStore


class Dying(MemoryStore):
    """Dies at its n-th write, before or after it takes effect."""

    def __init__(self, objects: dict[str, bytes], at: int, after: bool) -> None:
        super().__init__()
        self.objects, self.left, self.after = objects, at, after
        self._count = threading.Lock()

    def put_once(self, name: str, data: bytes) -> None:
        with self._count:
            self.left -= 1
            left = self.left
        if left <= 0 and not (self.after and left == 0):
            raise Crash(name)
        super().put_once(name, data)
        if left <= 0:
            raise Crash(name)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_at_any_write_leaves_nothing_wrong_and_the_next_one_ends(after: bool) -> None:
    """9 parts, 4 records, a table: each is the last once, and every later write of the dying process fails, too."""
    for at in itertools.count(1):
        objects: dict[str, bytes] = {}
        try:
            kept(Dying(objects, at, after))
        except Crash:
            nothing_wrong_is_visible(objects)
            store = MemoryStore()
            store.objects = objects
            source = MemorySource()
            left = sum(len(data) for name, data in objects.items() if name.startswith(PARTS))
            done = kept(store, sources=(source,))
            assert done.models == ["tiny"]
            assert done.fetched + done.reused <= done.bytes
            assert done.fetched <= done.bytes - left + 4 * PART  # at most the parts after a gap
            nothing_wrong_is_visible(objects)
        else:
            assert at > 10
            return


def test_two_mirrors_racing_into_one_store_both_end_well() -> None:
    for seed in range(10):
        store = MemoryStore()
        data = {f"w{n}": noise(3 * PART + n, seed * 10 + n) for n in range(4)}
        with ThreadPoolExecutor(3) as pool:
            runs = [pool.submit(kept, store, model(data), sources=(MemorySource(data),)) for _ in range(3)]
            assert all(run.result().models == ["tiny"] for run in runs)
        nothing_wrong_is_visible(store.objects)
        assert verify(Mirror(store)).problems == []


def test_a_race_with_a_run_whose_source_is_wrong_ends_well_for_the_right_one() -> None:
    for seed in range(10):
        store, data = MemoryStore(), noise(6 * PART, seed)
        bad = MemorySource({"w": data[: 5 * PART] + noise(PART, 99)}, "bad")
        good = MemorySource({"w": data}, "good")
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(kept, store, model({"w": data}, sources=(source.text,)), sources=(source,))
                for source in (bad, good)
            ]
            assert runs[1].result().models == ["tiny"]
            assert runs[0].result().troubles or runs[0].result().models  # it may have found the good one's work done
        assert bytes_of(store.objects) == {sha256(data): data}


def test_runs_that_cut_parts_differently_race_well() -> None:
    for seed in range(10):
        store, data = MemoryStore(), noise(7 * PART, seed)
        source, order = MemorySource({"w": data}), Order((model({"w": data}),))
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(keep, store, order, opener(source), lambda: NOW, part_bytes=PART // n) for n in (1, 2)]
            assert all(run.result().models == ["tiny"] for run in runs)
        assert verify(Mirror(store)).problems == []


def test_an_interrupt_ends_a_run_at_once_and_the_next_one_goes_on() -> None:
    """The clock is asked when the small model is whole, while the other one's file is still coming in."""
    files, big = {"small": b"x"}, {"big": noise(300 * PART)}
    store, waiting, came = MemoryStore(), threading.Event(), list[int]()

    class Slow(MemorySource):
        def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
            for chunk in super().read(repository, revision, path, offset):
                if path == "big":
                    waiting.wait(0.01)
                    came.append(len(chunk))
                yield chunk

    def interrupt() -> int:
        raise KeyboardInterrupt

    order = Order((model(big, name="big"), model(files, name="small")))
    with pytest.raises(KeyboardInterrupt):
        keep(store, order, opener(Slow(files | big)), interrupt, part_bytes=PART)
    assert sum(came) < len(big["big"]) / 4
    nothing_wrong_is_visible(store.objects)
    waiting.set()
    done = keep(store, order, opener(Slow(files | big)), lambda: NOW, part_bytes=PART)
    assert done.models == ["big", "small"]
    assert done.reused + done.fetched >= len(big["big"])
