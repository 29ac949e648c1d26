"""Digests of many files at once: right, bounded, and none of a link, a pipe or a file that changes meanwhile."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hanse.hedge.lock.hashing import BUFFER, Digest, Refusal, hash_places
from hanse.hedge.source.folder import Place, look


def hashed(folder: Path, *paths: str, threads: int = 2) -> dict[str, Digest | Refusal]:
    found = hash_places([(Place(folder, path), 1) for path in paths], threads=threads)
    return {place.path: digest for place, digest in found.items()}


def text(found: Digest | Refusal) -> str:
    assert isinstance(found, Refusal)
    return found.text


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("size", [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 17])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, size: int, threads: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(b"other")
    found = hashed(tmp_path, "a", "b", threads=threads)
    assert found["a"] == Digest(hashlib.sha256(data).hexdigest(), size)
    assert found["b"] == Digest(hashlib.sha256(b"other").hexdigest(), 5)


def test_progress_counts_every_byte_once(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).write_bytes(bytes(BUFFER // 2 * number))
    heard: list[int] = []
    hash_places(look(tmp_path).files.values(), heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == sum(BUFFER // 2 * number for number in range(20))


def test_a_link_is_not_followed_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "real" / "inner" / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "inner" / "file")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "again").symlink_to(tmp_path / "real" / "inner")
    found = hashed(tmp_path, "link", "folder/inner/file", "real/again/file", "real/inner/file")
    assert text(found["link"]) == "link is a symbolic link"
    assert text(found["folder/inner/file"]) == "folder is a symbolic link"
    assert text(found["real/again/file"]) == "again is a symbolic link"
    assert isinstance(found["real/inner/file"], Digest)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    found = hashed(tmp_path, "pipe", "folder", "gone", "folder/../pipe", "folder//x")
    assert text(found["pipe"]) == "is a pipe, expected a file"
    assert text(found["folder"]) == "is a folder, expected a file"
    assert text(found["gone"]) == "cannot be read: No such file or directory"
    assert "no name of a file" in text(found["folder/../pipe"])
    assert "no name of a file" in text(found["folder//x"])
    assert text(hashed(Path("/dev"), "null")["null"]) == "is a device, expected a file"


def test_a_file_that_grows_shrinks_or_is_rewritten_meanwhile_has_no_digest(tmp_path: Path) -> None:
    def append(path: Path) -> None:
        with open(path, "ab") as file:
            file.write(b"more")

    def shrink(path: Path) -> None:
        os.truncate(path, BUFFER)

    def rewrite(path: Path) -> None:
        with open(path, "r+b") as file:
            file.write(b"other")

    changes: dict[str, Callable[[Path], None]] = {"grows": append, "shrinks": shrink, "written": rewrite}
    for name, change in changes.items():
        path = tmp_path / name
        path.write_bytes(bytes(2 * BUFFER))
        done = threading.Event()

        def heard(
            _: int, change: Callable[[Path], None] = change, path: Path = path, done: threading.Event = done
        ) -> None:
            if not done.is_set():
                done.set()
                change(path)

        found = hash_places([(Place(tmp_path, name), 1)], heard, threads=1)
        assert "changed while it was read" in text(found[Place(tmp_path, name)]), name


def test_an_interrupt_stops_the_threads_at_once(tmp_path: Path) -> None:
    for number in range(4):
        with open(tmp_path / str(number), "wb") as file:
            file.truncate(1 << 32)  # sparse: 4 GiB each would take seconds

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hash_places(look(tmp_path).files.values(), interrupt, threads=2)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_does_not_grow_with_the_size_of_a_file(tmp_path: Path) -> None:
    with open(tmp_path / "large", "wb") as file:
        file.truncate(400 << 20)
    program = (
        "from pathlib import Path\n"
        "from hanse.hedge.lock.hashing import hash_places\n"
        "from hanse.hedge.source.folder import look\n"
        "def peak(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        f"before, found = peak(), look(Path({str(tmp_path)!r})).files.values()\n"
        "hash_places(found)\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000  # kB


def test_a_folder_of_links_and_pipes_is_seen_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"12345")
    (tmp_path / "out").symlink_to("/etc")
    os.mkfifo(tmp_path / "sub" / "pipe")
    for ignored in (".git/hooks", ".cache/huggingface/download", ".cache/other"):
        (tmp_path / ignored).mkdir(parents=True)
        (tmp_path / ignored / "x").write_bytes(b"")
    found = look(tmp_path)
    assert {path: size for path, (_, size) in found.files.items()} == {"sub/file": 5, ".cache/other/x": 0}
    assert found.odd == {"out": "a symbolic link to '/etc'", "sub/pipe": "a pipe"}
    assert found.ignored == (".cache/huggingface", ".git")


def test_a_name_that_is_not_utf_8_is_listed_as_it_is(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"bad\xff")).write_bytes(b"")
    except OSError:
        pytest.skip("this system stores no such name")
    assert list(look(tmp_path).files) == ["bad\udcff"]
