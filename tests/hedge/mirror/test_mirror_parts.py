"""Parts in and out of folders, memory and S3: whole, mended, or an error that names them."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.hedge.mirror.made import noise
from tests.store.tiny_s3 import TinyS3, running

from hanse.errors import DigestMismatch, NotFound, StoreError
from hanse.hedge.mirror import parts
from hanse.hedge.mirror.parts import PIECE, Buffers, PartStore, read_part
from hanse.store import open_store
from hanse.store.base import MutableStore
from hanse.store.memory import MemoryStore

SIZES = [0, 1, 4095, 4096, 4097, PIECE, PIECE + 1]


def buffer(data: bytes, room: int = PIECE + 4096) -> memoryview:
    """As a filling has it: aligned, with what an earlier part left behind the bytes."""
    made = memoryview(mmap.mmap(-1, room))
    made[:] = b"#" * room
    made[: len(data)] = data
    return made


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MutableStore]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "folder":
        yield open_store(str(tmp_path / "mirror"), create=True)
    else:
        with running(TinyS3()) as tiny:
            yield open_store(tiny.url)


@pytest.mark.parametrize("size", SIZES)
def test_a_part_is_read_back_whole_and_by_range(store: MutableStore, size: int) -> None:
    data = noise(size)
    assert PartStore(store).put("mirror/parts/a/0", buffer(data), size)
    assert store.get("mirror/parts/a/0", size) == data
    assert b"".join(bytes(p) for p in read_part(store, "mirror/parts/a/0", size)) == data
    for start, end in ((0, size // 2), (size // 3, size), (max(0, size - 5), size)):
        assert b"".join(bytes(p) for p in read_part(store, "mirror/parts/a/0", size, start, end)) == data[start:end]


def test_the_same_bytes_again_are_left_alone_and_others_mended(store: MutableStore) -> None:
    right, put = noise(5000), PartStore(store)
    assert put.put("a", buffer(right), 5000)
    assert not put.put("a", buffer(right), 5000)
    for wrong in (right[:-1] + b"\0", right[:-1], right + b"x", b""):
        store.overwrite("a", wrong)
        assert put.put("a", buffer(right), 5000)
        assert store.get("a", 5000) == right


def test_what_is_not_there_or_of_another_size_is_named(store: MutableStore) -> None:
    store.put_once("a", b"12345")
    for size in (4, 6):
        with pytest.raises(DigestMismatch, match="a has"):
            list(read_part(store, "a", size))
    with pytest.raises(NotFound, match="no object b"):
        list(read_part(store, "b", 5))


def test_many_writers_of_one_part_all_succeed(store: MutableStore) -> None:
    data, put = noise(50_000), PartStore(store)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: put.put("a", buffer(data), 50_000), range(16))) >= 1
    assert store.get("a", 50_000) == data


def test_a_folder_keeps_no_temporary_files(tmp_path: Path) -> None:
    put = PartStore(open_store(str(tmp_path), create=True))
    for _ in range(2):
        put.put("mirror/parts/a/0", buffer(noise(5000)), 5000)
        put.settle("mirror/parts/a/0")
        put.settle_names("mirror/parts/a/0")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["0"]


@pytest.mark.parametrize("size", SIZES)
def test_without_direct_writes_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.delattr(os, "O_DIRECT", raising=False)
    store = open_store(str(tmp_path), create=True)
    PartStore(store).put("a", buffer(noise(size)), size)
    assert store.get("a", size) == noise(size)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_refuses_direct_writes_is_written_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real: Callable[..., int] = os.open

    def refuse(path: str, flags: int, *rest: int) -> int:
        if flags & getattr(os, "O_DIRECT", 0):
            raise OSError(code, os.strerror(code))
        return real(path, flags, *rest)

    monkeypatch.setattr(parts.os, "open", refuse)
    store = open_store(str(tmp_path), create=True)
    PartStore(store).put("a", buffer(noise(5000)), 5000)
    assert store.get("a", 5000) == noise(5000)


def test_a_file_system_without_hard_links_is_written_through_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(parts.os, "link", refuse)
    store = open_store(str(tmp_path), create=True)
    assert PartStore(store).put("a", buffer(noise(5000)), 5000)
    assert not PartStore(store).put("a", buffer(noise(5000)), 5000)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_is_an_error_of_the_store_that_names_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parts.os, "write", full)
    store = open_store(str(tmp_path), create=True)
    with pytest.raises(StoreError, match="cannot write a: No space left"):
        PartStore(store).put("a", buffer(noise(5000)), 5000)
    assert list(tmp_path.iterdir()) == []


def test_buffers_are_aligned_and_go_round() -> None:
    made = Buffers(2, 8192)
    first, second = made.take(), made.take()
    first[:] = b"x" * 8192
    made.give(first)
    assert made.take() is first
    assert second[0] == 0
