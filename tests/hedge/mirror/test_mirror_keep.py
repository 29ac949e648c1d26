"""Keeping: each file once, from whoever has the right bytes, through cuts, crashes and races; wrong bytes never stand."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.mirror.made import (
    FILES,
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
    write_files,
)
from tests.store.tiny_s3 import TinyS3, running

from hanse.errors import LockError, StoreError, Unavailable
from hanse.hedge.lock.schema import LICENSES, LockedLicense
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import PARTS, Record, model_name, part_name, record_name
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.verify import verify
from hanse.hedge.opening import open_source
from hanse.hedge.source.base import TRIES
from hanse.store import open_store
from hanse.store.memory import MemoryStore

WEIGHTS = FILES["model.safetensors"]


def test_every_file_stands_whole_under_its_digest() -> None:
    store, made = MemoryStore(), model()
    done = kept(store, made)
    assert bytes_of(store.objects) == {sha256(data): data for data in FILES.values()}
    assert Mirror(store).tables() == ([Mirror(store).table(made)], [])
    assert (done.models, done.incomplete, done.files, done.there) == (["tiny"], [], 4, 0)
    assert done.fetched == done.bytes == made.size


def test_a_second_run_fetches_nothing() -> None:
    store, source = MemoryStore(), MemorySource()
    kept(store, sources=(source,))
    before, source.reads = dict(store.objects), []
    done = kept(store, sources=(source,))
    assert (source.reads, store.objects, done.there, done.fetched) == ([], before, 4, 0)


def test_models_and_revisions_share_files() -> None:
    store, source = MemoryStore(), MemorySource(FILES | {"new": b"more"})
    first, second = model(), model(FILES | {"new": b"more"}, revision="f" * 40, name="tiny2")
    done = kept(store, first, second, sources=(source,))
    assert done.models == ["tiny", "tiny2"]
    assert done.shared == first.size
    assert sum(path == "model.safetensors" for path, _ in source.reads) == 1
    assert len([name for name in store.objects if name.startswith("mirror/files/")]) == 5


def test_a_file_of_one_digest_and_two_sizes_is_a_broken_lock() -> None:
    made = model({"a": b"12345"})
    lying = made.model_copy(update={"name": "other", "file": (made.file[0].model_copy(update={"size": 4}),)}).sealed()
    with pytest.raises(LockError, match="other: a: 4 bytes, but a has the same digest and 5"):
        kept(MemoryStore(), made, lying)


def test_a_file_larger_than_any_store_holds_is_refused_at_once() -> None:
    made = model({"a": b"1"})
    huge = made.model_copy(update={"file": (made.file[0].model_copy(update={"size": 1 << 50}),)}).sealed()
    with pytest.raises(LockError, match="a mirror takes files of at most"):
        kept(MemoryStore(), huge)


@pytest.mark.parametrize("cut", [0, 1, 1000, PART, PART + 1, 2 * PART, len(WEIGHTS) - 1])
def test_a_cut_line_is_taken_up_where_it_was(cut: int) -> None:
    source = MemorySource({"w": WEIGHTS}, cuts=deque([cut, cut]), chunk=100)
    store = MemoryStore()
    done = kept(store, model({"w": WEIGHTS}), sources=(source,))
    assert done.models == ["tiny"]
    assert done.fetched == len(WEIGHTS)
    assert source.reads[0] == ("w", 0)
    assert source.reads == sorted(source.reads)
    assert bytes_of(store.objects) == {sha256(WEIGHTS): WEIGHTS}


def test_a_source_that_only_cuts_is_left_after_some_tries_and_the_next_goes_on_from_there() -> None:
    first = MemorySource({"w": WEIGHTS}, "first", deque([3 * PART] + [0] * TRIES), chunk=512)
    second = MemorySource({"w": WEIGHTS}, "second")
    done = kept(MemoryStore(), model({"w": WEIGHTS}, sources=("first", "second")), sources=(first, second))
    assert done.models == ["tiny"]
    assert len(first.reads) == TRIES
    assert second.reads == [("w", 3 * PART)]
    assert [(trouble.source, "cut" in trouble.what) for trouble in done.troubles] == [("first", True)]


def wrong(at: int) -> bytes:
    return WEIGHTS[:at] + bytes([WEIGHTS[at] ^ 1]) + WEIGHTS[at + 1 :]


@pytest.mark.parametrize("at", [0, PART - 1, PART, len(WEIGHTS) - 1])
def test_a_source_with_wrong_bytes_is_named_and_the_next_is_tried(at: int) -> None:
    bad, good = MemorySource({"w": wrong(at)}, "bad"), MemorySource({"w": WEIGHTS}, "good")
    store = MemoryStore()
    done = kept(store, model({"w": WEIGHTS}, sources=("bad", "good")), sources=(bad, good))
    assert done.models == ["tiny"]
    assert [(t.model, t.path, t.source) for t in done.troubles] == [("tiny", "w", "bad")]
    assert sha256(wrong(at)) in done.troubles[0].what
    assert bytes_of(store.objects) == {sha256(WEIGHTS): WEIGHTS}


@pytest.mark.parametrize("data", [b"", WEIGHTS[:-1], WEIGHTS[: 2 * PART]])
def test_a_source_that_ends_too_soon_is_named(data: bytes) -> None:
    bad, good = MemorySource({"w": data}, "bad"), MemorySource({"w": WEIGHTS}, "good")
    done = kept(MemoryStore(), model({"w": WEIGHTS}, sources=("bad", "good")), sources=(bad, good))
    assert done.models == ["tiny"]
    assert f"it ends after {len(data)} bytes, the lock says {len(WEIGHTS)}" in done.troubles[0].what


def test_a_source_with_more_bytes_gives_the_locked_ones_only_when_they_are_right() -> None:
    source = MemorySource({"w": WEIGHTS + b"more"})
    store = MemoryStore()
    assert kept(store, model({"w": WEIGHTS}), sources=(source,)).models == ["tiny"]
    assert bytes_of(store.objects) == {sha256(WEIGHTS): WEIGHTS}


def test_when_no_source_has_it_the_model_stays_out_and_all_are_named() -> None:
    store = MemoryStore()
    sources = (MemorySource({"w": wrong(0)}, "bad"), MemorySource({}, "empty"))
    done = kept(store, model({"w": WEIGHTS}, sources=("bad", "empty", "gone")), sources=sources)
    assert (done.models, done.incomplete, done.missing) == ([], ["tiny"], [("tiny", "w")])
    assert [trouble.source for trouble in done.troubles] == ["bad", "empty", "gone"]
    assert Mirror(store).tables() == ([], [])
    assert list(Mirror(store).files()) == []


def test_what_is_given_with_from_comes_first_and_each_is_asked_once() -> None:
    own, hub = MemorySource(text="own"), MemorySource(text="hub")
    done = kept(MemoryStore(), model(sources=("hub", "own")), sources=(own, hub), preferred=("own",))
    assert done.models == ["tiny"]
    assert hub.reads == []
    bad = MemorySource({}, "own")
    done = kept(MemoryStore(), model({"w": b"x"}, sources=("own",)), sources=(bad,), preferred=("own",))
    assert len(bad.reads) == 1


def test_parts_of_a_wrong_source_never_stand_in_the_way_of_the_right_one() -> None:
    """A run is cut after it took wrong parts; the next run has only the right source."""
    store = MemoryStore()
    bad = MemorySource({"w": wrong(5)}, "bad", deque([4 * PART] + [0] * TRIES), chunk=512)
    kept(store, model({"w": WEIGHTS}, sources=("bad",)), sources=(bad,))
    assert any(name.startswith(PARTS) for name in store.objects)
    good = MemorySource({"w": WEIGHTS}, "good")
    done = kept(store, model({"w": WEIGHTS}, sources=("good",)), sources=(good,))
    assert (done.models, done.troubles) == (["tiny"], [])
    assert bytes_of(store.objects) == {sha256(WEIGHTS): WEIGHTS}
    assert sum(name.startswith(PARTS) for name in store.objects) == 6  # what the wrong one left is gone


def test_a_wrong_source_leaves_nothing_once_the_right_one_gave_the_file() -> None:
    store = MemoryStore()
    bad, good = MemorySource({"w": wrong(PART)}, "bad"), MemorySource({"w": WEIGHTS}, "good")
    kept(store, model({"w": WEIGHTS}, sources=("bad", "good")), sources=(bad, good))
    assert sum(name.startswith(PARTS) for name in store.objects) == 6


@pytest.mark.parametrize("parts", range(7))
def test_parts_that_a_cut_run_left_are_not_fetched_again(parts: int) -> None:
    store, made = MemoryStore(), model({"w": WEIGHTS})
    kept(store, made, sources=(MemorySource({"w": WEIGHTS}),))
    record = Record.decode(sha256(WEIGHTS), store.objects.pop(record_name(sha256(WEIGHTS))))
    del store.objects[model_name(made)]
    for index in range(parts, 6):
        del store.objects[record.part(index)]
    source = MemorySource({"w": WEIGHTS})
    done = kept(store, made, sources=(source,))
    assert done.models == ["tiny"]
    assert source.reads == ([("w", parts * PART)] if parts < 6 else [])
    assert (done.reused, done.fetched) == (min(len(WEIGHTS), parts * PART), max(0, len(WEIGHTS) - parts * PART))


@pytest.mark.parametrize("index", [0, 2, 5])
@pytest.mark.parametrize("damage", ["flip", "short", "long", "swap"])
def test_parts_that_were_changed_meanwhile_are_not_trusted(index: int, damage: str) -> None:
    store, made = MemoryStore(), model({"w": WEIGHTS})
    kept(store, made, sources=(MemorySource({"w": WEIGHTS}),))
    record = Record.decode(sha256(WEIGHTS), store.objects.pop(record_name(sha256(WEIGHTS))))
    name = record.part(index)
    data = store.objects[name]
    other = store.objects[record.part((index + 1) % 5)][: len(data)]
    changed = {"flip": bytes([data[0] ^ 1]) + data[1:], "short": data[:-1], "long": data + b"x", "swap": other}
    store.objects[name] = changed[damage]
    done = kept(store, made, sources=(MemorySource({"w": WEIGHTS}),))
    assert done.models == ["tiny"]
    nothing_wrong_is_visible(store.objects)


def test_a_record_that_was_changed_or_lost_parts_is_mended_by_the_next_run() -> None:
    store, made = MemoryStore(), model({"w": WEIGHTS})
    kept(store, made, sources=(MemorySource({"w": WEIGHTS}),))
    record = Record.decode(sha256(WEIGHTS), store.objects[record_name(sha256(WEIGHTS))])
    for break_it in (
        lambda: store.objects.__setitem__(record.name, b"{}"),
        lambda: store.objects.__delitem__(record.part(1)),
        lambda: store.objects.__setitem__(record.part(2), b"x"),
        lambda: store.objects.__setitem__(model_name(made), b"{}"),
    ):
        break_it()
        assert kept(store, made, sources=(MemorySource({"w": WEIGHTS}),)).models == ["tiny"]
        assert verify(Mirror(store)).problems == []


def test_the_mirrors_own_failure_is_not_blamed_on_a_source_and_ends_the_run() -> None:
    class Full(MemoryStore):
        def put_once(self, name: str, data: bytes) -> None:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        kept(Full())

    class Away(MemoryStore):
        def put_once(self, name: str, data: bytes) -> None:
            raise Unavailable("the bucket is away")

    with pytest.raises(Unavailable, match="the bucket is away"):
        kept(Away())


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.binary(max_size=3 * 64), min_size=1, max_size=5),
    st.lists(st.integers(0, 200), max_size=6),
    st.integers(1, 100),
)
def test_whatever_the_files_and_the_cuts_the_mirror_holds_them(
    contents: list[bytes], cuts: list[int], chunk: int
) -> None:
    files = {f"f{number}": data for number, data in enumerate(contents)}
    store, source = MemoryStore(), MemorySource(files, cuts=deque(cuts), chunk=chunk)
    order = Order((model(files),), None, ())
    done = keep(store, order, opener(source), lambda: NOW, sleep=lambda seconds: None, part_bytes=64)
    if not done.incomplete:
        assert bytes_of(store.objects) == {sha256(data): data for data in contents}
    nothing_wrong_is_visible(store.objects)


def test_from_a_folder_to_a_folder_with_real_parts(tmp_path: Path) -> None:
    files = {"a/w.bin": noise((8 << 20) + 5), "b.bin": noise(16 << 20, 1), "c": b"", "d": b"x"}
    folder, store = write_files(tmp_path / "model", files), open_store(str(tmp_path / "mirror"), create=True)
    order = Order((model(files, sources=(str(folder),)),))
    done = keep(store, order, open_source, lambda: NOW)
    assert (done.models, done.fetched, done.troubles) == (["tiny"], sum(map(len, files.values())), [])
    assert verify(Mirror(store)).problems == []
    assert not [path for path in tmp_path.rglob("*") if "#" in path.name]
    assert keep(store, order, open_source, lambda: NOW).there == 4


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_link_in_a_source_folder_is_named_and_not_followed(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "model", {"real": b"x"})
    (folder / "w").symlink_to(folder / "real")
    order = Order((model({"w": b"x"}, sources=(str(folder),)),))
    done = keep(MemoryStore(), order, open_source, lambda: NOW)
    assert done.incomplete == ["tiny"]
    assert "symbolic link" in done.troubles[0].what


def test_into_a_bucket_that_fails_now_and_then() -> None:
    with running(TinyS3()) as tiny:
        tiny.faults.extend([0, 500, 0, 0, 503, 0, 500])
        store = open_store(tiny.url)
        store._sleep = lambda seconds: None
        assert kept(store).models == ["tiny"]
        assert verify(Mirror(store)).problems == []
        assert kept(store).there == 4


def test_texts_beside_the_lock_are_kept_too(tmp_path: Path) -> None:
    text = b"Apache License\n" * 100
    made = model({"w": b"x"}).model_copy(
        update={"license": LockedLicense(id="apache-2.0", path="", sha256=sha256(text)), "statement": sha256(b"signed")}
    )
    write_files(tmp_path / LICENSES, {f"{sha256(text)}.txt": text})
    source = MemorySource({"w": b"x"})

    def open_(name: str) -> object:
        return source if name == "memory" else open_source(name)

    store = MemoryStore()
    done = keep(store, Order((made.sealed(),), tmp_path), open_, lambda: NOW)  # type: ignore[arg-type]
    assert (done.models, done.shared) == (["tiny"], 0)
    assert bytes_of(store.objects)[sha256(text)] == text


def test_names_of_parts_say_what_they_are() -> None:
    store = MemoryStore()
    kept(store, model({"w": WEIGHTS}), sources=(MemorySource({"w": WEIGHTS}),))
    names = sorted(name for name in store.objects if name.startswith(PARTS))
    wanted = [part_name(sha256(WEIGHTS), i, sha256(WEIGHTS[: (i + 1) * PART])) for i in range(6)]
    assert names == wanted
