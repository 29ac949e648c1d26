"""A node's own files: a folder and memory behave alike, and a crash leaves the old bytes or the new ones."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import ConfigError
from hanse.store.disk import Disk, FolderDisk, MemoryDisk


@pytest.fixture(params=["memory", "folder", "folder without fsync"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    if request.param == "memory":
        return MemoryDisk()
    return FolderDisk(tmp_path / "a" / "disk", fsync=request.param == "folder")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond `size`, as when the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_written_is_read_until_it_is_deleted(disk: Disk) -> None:
    assert disk.read("state/journal") is None
    disk.write("state/journal", b"one")
    disk.write("other", b"")
    assert disk.read("state/journal") == b"one"
    assert disk.read("other") == b""
    disk.delete("state/journal")
    assert disk.read("state/journal") is None
    disk.delete("state/journal")
    disk.delete("never/there")
    assert disk.read("other") == b""


def test_a_write_replaces_the_whole_file(disk: Disk) -> None:
    for data in (b"a long first version", b"short", b"", b"longer again"):
        disk.write("journal", data)
        assert disk.read("journal") == data


def test_pieces_are_written_end_to_end_and_no_pieces_are_an_empty_file(disk: Disk) -> None:
    large = bytes(range(256)) * 4096
    disk.write("pieces", b"head", memoryview(large), b"", memoryview(large)[10:20], b"tail")
    assert disk.read("pieces") == b"head" + large + large[10:20] + b"tail"
    disk.write("pieces")
    assert disk.read("pieces") == b""


def test_what_was_written_does_not_change_with_its_callers_buffer(disk: Disk) -> None:
    buffer = bytearray(b"before")
    disk.write("x", memoryview(buffer))
    buffer[:] = b"after!"
    assert disk.read("x") == b"before"


def test_names_are_those_below_the_folder_in_order(disk: Disk) -> None:
    for name in ("b/2", "b/10", "a", "bb/1", "b/c/1"):
        disk.write(name, b"x")
    assert list(disk.names("b/")) == ["b/10", "b/2", "b/c/1"]
    assert list(disk.names("")) == ["a", "b/10", "b/2", "b/c/1", "bb/1"]
    assert list(disk.names("none/")) == []
    assert disk.read("a/below") is None


NAMES = st.sampled_from(["a", "b", "log/1", "log/2", "blobs/ada/x", "blobs/bob/x"])
PIECES = st.lists(st.one_of(st.binary(max_size=8), st.binary(max_size=8).map(memoryview)), max_size=3)
CALLS = st.one_of(
    st.tuples(st.just("read"), NAMES),
    st.tuples(st.just("write"), NAMES, PIECES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("names"), st.sampled_from(["", "log/", "blobs/", "blobs/ada/"])),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(CALLS, max_size=20))
def test_a_folder_answers_as_memory_does_whatever_is_asked(calls: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        disks = FolderDisk(Path(folder), fsync=False), MemoryDisk()
        for verb, name, *rest in calls:
            arguments = (name, *(rest[0] if rest else ()))
            found = [getattr(disk, str(verb))(*arguments) for disk in disks]
            real, model = map(list, found) if verb == "names" else found
            assert real == model, (verb, arguments)


@pytest.mark.parametrize("fsync", [True, False])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, fsync: bool) -> None:
    disk = FolderDisk(tmp_path, fsync)
    disk.write("state/journal", b"old")
    with files_of_at_most(100_000), pytest.raises(OSError, match="File too large"):
        disk.write("state/journal", b"x" * 90_000, b"y" * 90_000)
    assert disk.read("state/journal") == b"old"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["journal"]
    disk.write("state/journal", b"new")
    assert disk.read("state/journal") == b"new"


WRITER = """
import itertools, sys
from pathlib import Path
from hanse.store.disk import FolderDisk
disk = FolderDisk(Path(sys.argv[1]), fsync=False)
for number in itertools.count():
    disk.write("state/journal", b"%d" % (number % 10) * 1_000_000, b"%d" % (number % 10) * 1_000_000)
    if number == 0:
        print("started", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_one_whole_version(tmp_path: Path) -> None:
    disk = FolderDisk(tmp_path, fsync=False)
    for wait in (0.0, 0.011, 0.023):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"started\n"
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        data = disk.read("state/journal")
        assert data is not None
        assert len(data) == 2_000_000
        assert len(set(data)) == 1
        assert list(disk.names("")) == ["state/journal"]  # what the dead writer left half done is no file
    disk.write("state/journal", b"next")
    assert disk.read("state/journal") == b"next"


def test_a_reader_beside_a_writer_sees_whole_versions_only(tmp_path: Path) -> None:
    disk, stop = FolderDisk(tmp_path, fsync=False), threading.Event()
    disk.write("x", b"0" * 100_000)

    def write() -> None:
        for number in range(200):
            disk.write("x", b"%d" % (number % 10) * 100_000)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        data = disk.read("x")
        assert data is not None
        assert (len(data), len(set(data))) == (100_000, 1)
    writer.join()


SYNCED = """
import os, sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from hanse.store import open_store
from hanse.store.disk import FolderDisk
root = Path(sys.argv[1]).resolve()
store = open_store(str(root / "bucket"), create=True)
del opened[:]
FolderDisk(root / "disk").write("a/b/c", b"x")
store.put_once("a/b/c", b"x")
print(*sorted({Path(path).relative_to(root).as_posix() for path in opened if os.path.isdir(path)}))
"""


def test_new_folders_are_made_durable_with_the_file_in_them(tmp_path: Path) -> None:
    """A folder is an entry of the folder above it: after a power cut the file is lost with either."""
    done = subprocess.run([sys.executable, "-c", SYNCED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"{root}{below}" for root in ("bucket", "disk") for below in ("", "/a", "/a/b")]


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"file/disk: cannot make the node's folder: Not a directory"):
        FolderDisk(tmp_path / "file" / "disk")
