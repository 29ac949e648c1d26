"""A node's copy: blobs are fetched once and checked, everything written is in the egress list, once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hanse.errors import AlreadyExists, NotFound, TooLarge, Unavailable
from hanse.store.blobs import blob_name
from hanse.store.copying import EGRESS_FILE, CopyingStore, read_egress
from hanse.store.disk import FolderDisk, MemoryDisk
from hanse.store.memory import Crash, Fault, FaultyStore, MemoryStore

DATA = b"some part of an update"
NAME = blob_name("ada", hashlib.sha256(DATA).hexdigest())
ROW = {"name": NAME, "size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / EGRESS_FILE


@pytest.fixture
def store(record: Path) -> CopyingStore:
    return CopyingStore(MemoryStore(), MemoryDisk(), record)


def test_everything_written_is_listed_with_size_and_digest_in_order(store: CopyingStore, record: Path) -> None:
    assert read_egress(record) == []
    store.put_once(NAME, DATA)
    store.put_once("log/000000000000", b"entry")
    digest = hashlib.sha256(b"entry").hexdigest()
    assert read_egress(record) == [ROW, {"name": "log/000000000000", "size": 5, "sha256": digest}]
    assert store.bytes_up == len(DATA) + 5


def test_reading_writes_no_egress(store: CopyingStore, record: Path) -> None:
    store.inner.put_once(NAME, DATA)
    assert store.get(NAME, 100) == DATA
    assert store.stat(NAME).size == len(DATA)
    assert len(list(store.list(""))) == 1
    assert read_egress(record) == []
    assert store.bytes_up == 0


def test_a_blob_crosses_the_wire_once(store: CopyingStore) -> None:
    store.inner.put_once(NAME, DATA)
    for _ in range(3):
        assert store.get(NAME, 100) == DATA
    assert store.bytes_down == len(DATA)
    store.inner.objects.clear()
    assert store.get(NAME, 100) == DATA


def test_what_a_node_wrote_itself_is_not_fetched(store: CopyingStore) -> None:
    store.put_once(NAME, DATA)
    assert store.get(NAME, 100) == DATA
    assert store.bytes_down == 0


def test_a_spoiled_copy_is_fetched_again_and_mended(store: CopyingStore) -> None:
    store.put_once(NAME, DATA)
    for spoiled in (b"", DATA[:-1], DATA + b"x", DATA[:-1] + b"?"):
        store.disk.write(NAME, spoiled)
        assert store.get(NAME, 100) == DATA
        assert store.disk.read(NAME) == DATA


def test_the_copy_honors_the_limit_too(store: CopyingStore) -> None:
    store.put_once(NAME, DATA)
    with pytest.raises(TooLarge):
        store.get(NAME, len(DATA) - 1)


def test_slots_of_the_log_are_always_asked_of_the_bucket(store: CopyingStore) -> None:
    store.put_once("log/000000000000", b"entry")
    store.inner.objects.clear()
    with pytest.raises(NotFound):
        store.get("log/000000000000", 100)


def test_the_copy_has_the_buckets_layout(store: CopyingStore) -> None:
    for name in ("heads/ada/3", "snapshots/ada/2", NAME):
        store.inner.put_once(name, DATA)
        assert store.get(name, 100) == DATA
    assert list(store.disk.names("")) == sorted(["heads/ada/3", "snapshots/ada/2", NAME])


def test_a_create_whose_record_a_crash_prevented_is_recorded_once_when_it_is_tried_again(record: Path) -> None:
    bucket = MemoryStore()
    crashing = CopyingStore(FaultyStore(bucket, lambda verb, name: Fault.CRASH_AFTER), MemoryDisk(), record)
    with pytest.raises(Crash):
        crashing.put_once(NAME, DATA)
    assert read_egress(record) == []
    restarted = CopyingStore(bucket, MemoryDisk(), record)
    for _ in range(3):
        with pytest.raises(AlreadyExists):
            restarted.put_once(NAME, DATA)
        assert read_egress(record) == [ROW]
    assert restarted.disk.read(NAME) == DATA


def test_another_nodes_object_is_never_in_the_egress_list(store: CopyingStore, record: Path) -> None:
    store.inner.put_once("log/000000000000", b"theirs")
    for data in (b"mine", b"mine is longer than theirs", b"mine!!"):
        with pytest.raises(AlreadyExists):
            store.put_once("log/000000000000", data)
    assert read_egress(record) == []
    assert store.bytes_up == 0


def test_a_create_the_bucket_did_not_take_leaves_no_trace(record: Path) -> None:
    class Down(MemoryStore):
        def put_once(self, name: str, data: bytes) -> None:
            raise Unavailable(f"{self.url}: put {name} failed")

    store = CopyingStore(Down(), MemoryDisk(), record)
    with pytest.raises(Unavailable):
        store.put_once(NAME, DATA)
    assert read_egress(record) == []
    assert list(store.disk.names("")) == []


@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_a_line_torn_by_a_crash_harms_no_other_and_is_written_again(store: CopyingStore, record: Path, left: int) -> None:
    store.put_once("log/000000000000", b"entry")
    first = record.read_bytes()
    store.put_once(NAME, DATA)
    record.write_bytes(first + record.read_bytes()[len(first) :][:left])
    assert [row["name"] for row in read_egress(record)][:1] == ["log/000000000000"]
    with pytest.raises(AlreadyExists):
        store.put_once(NAME, DATA)
    store.put_once("log/000000000001", b"entry")
    assert [row["name"] for row in read_egress(record)] == ["log/000000000000", NAME, "log/000000000001"]


def test_the_egress_list_is_json_lines(store: CopyingStore, record: Path) -> None:
    store.put_once(NAME, DATA)
    store.put_once("log/000000000000", b"entry")
    assert [json.loads(line)["name"] for line in record.read_text().splitlines()] == [NAME, "log/000000000000"]


def test_without_a_record_nothing_is_written_beside_the_copy(tmp_path: Path) -> None:
    store = CopyingStore(MemoryStore(), FolderDisk(tmp_path / "copy"))
    store.put_once(NAME, DATA)
    with pytest.raises(AlreadyExists):
        store.put_once(NAME, DATA)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [f"copy/{NAME}"]
