"""Which source a text names, and reading on after cuts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanse.errors import DigestMismatch, InputError, NotFound, Unavailable
from hanse.hedge.mirror.source import MirrorSource
from hanse.hedge.opening import open_source
from hanse.hedge.source.base import TRIES, Listed, Listing, kind_of, read_on
from hanse.hedge.source.folder import FolderSource
from hanse.hedge.source.hub import HubSource
from hanse.hedge.source.oci import OciSource


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("hub", "hub", HubSource),
        ("hub:https://hub.example.org", "hub", HubSource),
        ("oci://ghcr.io/org/model:v1", "oci", OciSource),
        ("models/small", "folder", FolderSource),
        ("../hub", "folder", FolderSource),
    ],
)
def test_a_text_names_one_kind_of_source(text: str, kind: str, expected: type) -> None:
    assert kind_of(text) == kind
    source = open_source(text)
    assert isinstance(source, expected)
    assert source.text == text


def test_a_folder_is_beside_the_lock_and_may_be_a_mirror(tmp_path: Path) -> None:
    found = open_source("small", tmp_path)
    assert isinstance(found, FolderSource)
    assert found.folder == tmp_path / "small"
    for name in ("models", "files", "parts"):
        (tmp_path / "kept" / "mirror" / name).mkdir(parents=True)
    assert isinstance(open_source("kept", tmp_path), MirrorSource)
    assert isinstance(open_source((tmp_path / "kept").as_uri()), MirrorSource)


@pytest.mark.parametrize(
    "text", ["", "hub:", "hub:ftp://x", "hub:example.org", "oci://", "oci://r/UPPER", "oci://r", "ftp://x/y"]
)
def test_what_names_none_is_refused(text: str) -> None:
    if text == "hub:":
        assert isinstance(open_source(text), HubSource)
        return
    with pytest.raises(InputError):
        open_source(text)


class Cut:
    """A source whose line is cut after so many bytes, each time."""

    text = "cut"

    def __init__(self, data: bytes, *after: int) -> None:
        self.data, self.after, self.asked = data, list(after), list[int]()

    def listing(self, repository: str, revision: str) -> Listing:
        raise NotFound("not asked")

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        self.asked.append(offset)
        count = self.after.pop(0) if self.after else None
        end = len(self.data) if count is None else offset + count
        if end > offset:
            yield self.data[offset:end]
        if count is not None:
            raise Unavailable("cut")


DATA = bytes(range(100))


def read(source: Cut, size: int | None = 100) -> bytes:
    return b"".join(read_on(source, "r", "", Listed("a", size, None), sleep=lambda seconds: None))


def test_reading_goes_on_from_where_it_was_cut() -> None:
    source = Cut(DATA, 10, 0, 50)
    assert read(source) == DATA
    assert source.asked == [0, 10, 10, 60]


def test_a_line_that_is_cut_without_a_byte_is_given_up() -> None:
    source = Cut(DATA, *[0] * 20)
    with pytest.raises(Unavailable):
        read(source)
    assert source.asked == [0] * TRIES
    assert read(Cut(DATA, *[1] * 99)) == DATA  # slow, but it moves


@pytest.mark.parametrize("size", [0, 99, 101])
def test_more_or_fewer_bytes_than_listed_are_found_out(size: int) -> None:
    with pytest.raises(DigestMismatch, match=f"cut: a: listed with {size} bytes"):
        read(Cut(DATA), size)
    assert read(Cut(DATA), None) == DATA
