"""What a store that keeps copies can do beside the four verbs: mend an object, and collect one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hanse.errors import InputError, NotFound
from hanse.store import open_store
from hanse.store.base import MutableStore
from hanse.store.memory import MemoryStore


@pytest.fixture(params=["memory", "folder", "s3"])
def mutable(request: pytest.FixtureRequest, tmp_path: Path) -> MutableStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "folder":
        return open_store(str(tmp_path / "bucket"), create=True)
    s3_url: Callable[[str], str] = request.getfixturevalue("s3_url")
    return open_store(s3_url(f"mutable/{tmp_path.name}"))


def test_an_object_is_replaced_whole_whatever_was_there(mutable: MutableStore) -> None:
    for data in (b"new", b"longer than before", b"", b"again"):
        mutable.overwrite("mirror/files/a", data)
        assert mutable.get("mirror/files/a", 100) == data


def test_what_is_removed_is_gone_and_can_be_created_again(mutable: MutableStore) -> None:
    mutable.put_once("mirror/files/a", b"first")
    mutable.put_once("mirror/files/b", b"other")
    mutable.remove("mirror/files/a")
    with pytest.raises(NotFound):
        mutable.get("mirror/files/a", 100)
    assert [stat.name for stat in mutable.list("mirror/files/")] == ["mirror/files/b"]
    mutable.put_once("mirror/files/a", b"second")
    assert mutable.get("mirror/files/a", 100) == b"second"


def test_removing_what_is_not_there_is_no_error(mutable: MutableStore) -> None:
    mutable.remove("mirror/files/never")
    mutable.put_once("mirror/files/a", b"x")
    mutable.remove("mirror/files/a")
    mutable.remove("mirror/files/a")


@pytest.mark.parametrize("name", ["../outside", "/a", "a/../b", ""])
def test_nothing_outside_the_store_is_touched(mutable: MutableStore, name: str) -> None:
    with pytest.raises(InputError, match="object name"):
        mutable.remove(name)
    with pytest.raises(InputError, match="object name"):
        mutable.overwrite(name, b"x")
