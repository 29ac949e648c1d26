"""`hanse store check`: an honest bucket passes, and a server that breaks a promise is found out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.consortium_on_disk import Consortium
from tests.store.tiny_s3 import TinyS3

from hanse.errors import AlreadyExists, StoreError, Unavailable
from hanse.store import Stat, Store, open_store
from hanse.store.check import can_overwrite, check
from hanse.store.memory import MemoryStore

PROMISES = [
    "create if absent, 32 at once",
    "second create refused",
    "read after write",
    "limits honored",
    "absent objects said to be absent",
    "listing complete and in order",
]


def broken(store: Store) -> set[str]:
    findings = check(store, "scratch")
    assert [finding.name for finding in findings] == PROMISES
    assert all(finding.required and finding.detail for finding in findings)
    return {finding.name for finding in findings if not finding.kept}


def test_every_store_of_ours_keeps_every_promise(store: Store) -> None:
    assert broken(store) == set()


class Overwrites(MemoryStore):
    """Accepts the condition and ignores it, as some servers do."""

    def put_once(self, name: str, data: bytes) -> None:
        self.objects[name] = data


class AcceptsAndForgets(MemoryStore):
    """Tells the second writer it won, and keeps the first one's bytes."""

    def put_once(self, name: str, data: bytes) -> None:
        self.objects.setdefault(name, data)


class RefusesOtherBytesOnly(MemoryStore):
    """Takes a repeated create of the same bytes for the same create."""

    def put_once(self, name: str, data: bytes) -> None:
        if self.objects.setdefault(name, data) != data:
            raise AlreadyExists(name)


class RefusesButOverwrites(MemoryStore):
    def put_once(self, name: str, data: bytes) -> None:
        had, self.objects[name] = name in self.objects, data
        if had:
            raise AlreadyExists(name)


class CutsObjects(MemoryStore):
    def get(self, name: str, limit: int) -> bytes:
        return super().get(name, limit)[: 1 << 16]


class ReadsPastTheLimit(MemoryStore):
    def get(self, name: str, limit: int) -> bytes:
        return super().get(name, 1 << 40)


class InventsObjects(MemoryStore):
    def get(self, name: str, limit: int) -> bytes:
        return super().get(name, limit) if name in self.objects else b""


class ListsInAnyOrder(MemoryStore):
    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        return iter([*super().list(prefix, after)][::-1])


class ListsTooFew(MemoryStore):
    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        return iter([*super().list(prefix, after)][:-1])


class ListsFromTheStart(MemoryStore):
    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        return super().list(prefix)


LIARS: dict[type[MemoryStore], set[str]] = {
    Overwrites: {PROMISES[0], PROMISES[1]},
    AcceptsAndForgets: {PROMISES[0], PROMISES[1]},
    RefusesOtherBytesOnly: {PROMISES[1]},
    CutsObjects: {PROMISES[2]},
    ReadsPastTheLimit: {PROMISES[3]},
    InventsObjects: {PROMISES[4]},
    ListsInAnyOrder: {PROMISES[5]},
    ListsTooFew: {PROMISES[5]},
    ListsFromTheStart: {PROMISES[5]},
}


@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
def test_a_store_that_lies_is_found_out_by_the_promise_it_breaks(liar: type[MemoryStore]) -> None:
    assert broken(liar()) == LIARS[liar]


def test_a_store_that_says_no_and_writes_is_found_out() -> None:
    assert PROMISES[1] in broken(RefusesButOverwrites())


def test_a_bucket_out_of_reach_is_an_error_and_no_finding() -> None:
    class Down(MemoryStore):
        def put_once(self, name: str, data: bytes) -> None:
            raise Unavailable(f"{self.url}: put {name} failed 5 times")

    with pytest.raises(Unavailable, match="check/scratch/race"):
        check(Down(), "scratch")


def test_overwriting_is_information_and_no_promise() -> None:
    def refuse() -> None:
        raise StoreError("403")

    assert (can_overwrite(refuse).kept, can_overwrite(refuse).required) == (True, False)
    assert (can_overwrite(lambda: None).kept, can_overwrite(lambda: None).required) == (False, False)


def test_the_check_removes_what_it_wrote_and_nothing_else(s3_url: Callable[[str], str], tmp_path: Path) -> None:
    for url in (str(tmp_path), s3_url("check/removal")):
        store = open_store(url)
        store.put_once("check/other/once", b"x")
        check(store, "scratch")
        assert len(list(store.list("check/scratch/"))) == 7
        store.remove_folder("check/scratch")
        assert [found.name for found in store.list("")] == ["check/other/once"]
        store.overwrite("check/other/once", b"over")
        assert store.get("check/other/once", 4) == b"over"
        store.remove_folder("nothing")


def findings_of(printed: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(printed)}


def test_the_command_passes_a_folder_and_leaves_no_object(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    done = Consortium(tmp_path).hanse("store", "check", "bucket")
    assert done.returncode == 0
    assert "BROKEN" not in done.stdout
    for promise in PROMISES:
        assert promise.split(",")[0].split()[0] in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_command_passes_a_real_s3_server(s3_url: Callable[[str], str], tmp_path: Path) -> None:
    url = s3_url("check/command")
    done = Consortium(tmp_path).hanse("store", "check", url, "--json")
    rows = findings_of(done.stdout)
    assert list(rows) == [*PROMISES, "overwriting refused"]
    assert all(row["kept"] for row in rows.values() if row["required"])
    assert rows["create if absent, 32 at once"]["detail"].startswith("1 of 32 writers")
    assert (rows["overwriting refused"]["kept"], rows["overwriting refused"]["required"]) == (False, False)
    assert list(open_store(url).list("")) == []


def test_the_command_fails_a_server_that_ignores_the_condition(tiny: TinyS3, tmp_path: Path) -> None:
    tiny.honors_condition = False
    consortium = Consortium(tmp_path)
    done = consortium.hanse("store", "check", tiny.url, "--json", check=False)
    assert done.returncode == 1
    kept = {name: row["kept"] for name, row in findings_of(done.stdout).items()}
    assert [name for name in PROMISES if not kept[name]] == PROMISES[:2]
    assert tiny.objects == {}
    shown = consortium.hanse("store", "check", tiny.url, check=False)
    assert shown.returncode == 1
    assert shown.stdout.count("BROKEN") == 2
    assert "tiny-secret" not in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none"], 2, r"error: bucket none: no such folder"),
        (["ftp://x"], 2, r"error: bucket URL 'ftp://x': expected a folder, file://, s3://"),
        ([], 2, r"Missing argument 'URL'"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_input(
    arguments: list[str], code: int, message: str, tmp_path: Path
) -> None:
    done = Consortium(tmp_path).hanse("store", "check", *arguments, check=False)
    assert done.returncode == code
    assert re.search(message, done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("status", "message"), [(403, "check the credentials"), (404, "no such bucket")])
def test_the_command_says_what_is_wrong_with_the_bucket(
    status: int, message: str, tiny: TinyS3, tmp_path: Path
) -> None:
    tiny.faults.extend([status] * 100)
    done = Consortium(tmp_path).hanse("store", "check", tiny.url, check=False)
    assert done.returncode == 1
    assert re.search(rf"^error: s3://tiny: put check/\w+/race .*{message}", done.stderr)
    assert "Traceback" not in done.stderr
