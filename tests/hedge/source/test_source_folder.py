"""Folders and Hugging Face caches: regular files only, by paths that stay inside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hanse.errors import InputError, NotFound
from hanse.hedge.source.cache import CacheSource, find_snapshot, look_snapshot
from hanse.hedge.source.folder import FolderSource

COMMIT = "a" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "a.txt").write_bytes(b"0123456789")
    (tmp_path / "m" / "sub" / "b").write_bytes(b"")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "m"


def test_files_are_listed_in_order_and_read_from_an_offset(folder: Path) -> None:
    source = FolderSource(str(folder))
    assert [(item.path, item.size, item.sha256) for item in source.listing("", "").files] == [
        ("a.txt", 10, None), ("sub/b", 0, None),
    ]  # fmt: skip
    assert b"".join(source.read("", "", "a.txt")) == b"0123456789"
    assert b"".join(source.read("", "", "a.txt", 7)) == b"789"
    assert b"".join(source.read("", "", "a.txt", 10)) == b""
    assert b"".join(source.read("", "", "sub/b")) == b""


@pytest.mark.parametrize(
    "path", ["../secret", "sub/../../secret", "/etc/passwd", "", "a.txt/", "sub", "link", "linked/secret", "pipe"]
)
def test_nothing_outside_and_no_link_is_read(folder: Path, path: str) -> None:
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "linked").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe")
    with pytest.raises((InputError, NotFound)):
        b"".join(FolderSource(str(folder)).read("", "", path))


def test_what_is_not_there(folder: Path) -> None:
    with pytest.raises(NotFound, match="no such folder"):
        FolderSource("none").listing("", "")
    with pytest.raises(NotFound, match="no such file"):
        b"".join(FolderSource(str(folder)).read("", "", "none"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with a link into the repository's blobs, one on into those of the whole cache, and a file in place."""
    home, shared = tmp_path / "models--org--m", "ab/" + "ab" * 32
    for blob, data in ((home / "blobs" / "one", b"1"), (tmp_path / "blobs" / shared, b"22")):
        blob.parent.mkdir(parents=True)
        blob.write_bytes(data)
    (home / "blobs" / "two").symlink_to(f"../../blobs/{shared}")
    at = home / "snapshots" / COMMIT
    (at / "sub").mkdir(parents=True)
    (at / "one.json").symlink_to("../../blobs/one")
    (at / "sub" / "two.safetensors").symlink_to("../../../blobs/two")
    (at / "copied.txt").write_bytes(b"333")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    return tmp_path


def test_links_of_a_cache_are_followed_into_its_blobs(cache: Path) -> None:
    source = CacheSource(cache)
    for revision in ("", "main", COMMIT):
        listing = source.listing("org/m", revision)
        assert listing.revision == COMMIT
        assert [(item.path, item.size) for item in listing.files] == [
            ("copied.txt", 3), ("one.json", 1), ("sub/two.safetensors", 2),
        ]  # fmt: skip
        assert b"".join(source.read("org/m", revision, "sub/two.safetensors")) == b"22"
    with pytest.raises(NotFound, match="no file four"):
        source.read("org/m", "", "four")


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../secret", "../../blobs/none", "../../refs/main", "../../blobs", "../../blobs/three"],
)
def test_a_link_that_leads_elsewhere_is_odd(cache: Path, target: str) -> None:
    (cache / "secret").write_bytes(b"")
    (cache / "models--org--m" / "blobs" / "three").symlink_to("../../../../etc/passwd")
    (cache / "models--org--m" / "snapshots" / COMMIT / "odd").symlink_to(target)
    assert list(look_snapshot(find_snapshot(cache, "org/m", "")).odd) == ["odd"]
    with pytest.raises(InputError, match="'odd' is a symbolic link to"):
        CacheSource(cache).listing("org/m", "")


@pytest.mark.parametrize("revision", ["b" * 40, "v1", "../../..", "/etc", "main/../main"])
def test_a_revision_that_is_not_cached(cache: Path, revision: str) -> None:
    with pytest.raises((NotFound, InputError)):
        find_snapshot(cache, "org/m", revision)


def test_a_repository_that_is_not_cached(cache: Path) -> None:
    with pytest.raises(NotFound, match="has no org/other"):
        find_snapshot(cache, "org/other", "")
    with pytest.raises(InputError, match="expected org/name"):
        find_snapshot(cache, "../m", "")
