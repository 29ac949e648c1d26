"""Blobs are what their digest says or refused; a manifest is read within its limits or is malformed."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse import canonical
from hanse.errors import DigestMismatch, IntegrityError, MalformedError, NotFound, TooLarge
from hanse.store import Store
from hanse.store.blobs import (
    MANIFEST_BYTES_MAX,
    PART_BYTES_MAX,
    BlobRef,
    blob_name,
    get_blob,
    get_manifest,
    put_blob,
    put_manifest,
)
from hanse.store.memory import MemoryStore

DATA = b"the bytes of a part"
DIGEST = hashlib.sha256(DATA).hexdigest()
PART = {"sha256": DIGEST, "size": len(DATA)}


def planted(value: Any) -> tuple[MemoryStore, BlobRef]:
    """A bucket with a manifest nobody honest would write; bytes stay what they are."""
    store = MemoryStore()
    return store, put_blob(store, "ada", value if isinstance(value, bytes) else canonical.encode(value))


def test_a_blob_is_got_as_it_was_put_from_every_store(store: Store) -> None:
    ref = put_blob(store, "ada", DATA)
    assert ref == BlobRef(DIGEST, len(DATA))
    assert store.stat(f"blobs/ada/{DIGEST}").size == len(DATA)
    assert get_blob(store, "ada", ref) == DATA
    assert put_blob(store, "ada", DATA) == ref  # a second time, as after a restart
    assert put_blob(store, "bob", DATA) == ref  # each member has its own folder
    assert len(list(store.list("blobs/"))) == 2


@given(st.binary(max_size=100))
def test_any_bytes_are_a_blob(data: bytes) -> None:
    store = MemoryStore()
    assert get_blob(store, "ada", put_blob(store, "ada", data)) == data


def test_a_blob_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match=f"no object blobs/ada/{DIGEST}"):
        get_blob(MemoryStore(), "ada", BlobRef(DIGEST, len(DATA)))


def test_a_blob_has_one_part_at_most() -> None:
    largest = bytes(PART_BYTES_MAX + 1)
    with pytest.raises(TooLarge, match=f"at most {PART_BYTES_MAX} and put a manifest"):
        put_blob(MemoryStore(), "ada", largest)
    store = MemoryStore()
    ref = put_blob(store, "ada", largest[:-1])
    assert len(get_blob(store, "ada", ref)) == PART_BYTES_MAX


@pytest.mark.parametrize("stored", [b"", DATA[:-1], DATA[:-1] + b"!", DATA + b"!", bytes(1000)])
def test_other_bytes_under_a_digest_are_refused(stored: bytes, store: Store) -> None:
    store.put_once(blob_name("ada", DIGEST), stored)
    with pytest.raises(DigestMismatch, match=f"{re.escape(store.url)}: blobs/ada/{DIGEST} "):
        get_blob(store, "ada", BlobRef(DIGEST, len(DATA)))


def test_an_entry_that_states_another_size_is_not_believed() -> None:
    store = MemoryStore()
    put_blob(store, "ada", DATA)
    for size in (0, len(DATA) - 1, len(DATA) + 1, PART_BYTES_MAX + 1, 1 << 62):
        with pytest.raises(DigestMismatch):
            get_blob(store, "ada", BlobRef(DIGEST, size))


def test_an_oversized_object_is_not_read_whatever_its_entry_states() -> None:
    class Counting(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.limits: list[int] = []

        def get(self, name: str, limit: int) -> bytes:
            self.limits.append(limit)
            return super().get(name, limit)

    store = Counting()
    put_blob(store, "ada", DATA)
    with pytest.raises(DigestMismatch):
        get_blob(store, "ada", BlobRef(DIGEST, 1 << 62))
    assert max(store.limits) == PART_BYTES_MAX


@pytest.mark.parametrize("squatter", [b"", DATA[:-1] + b"!", DATA + b" and more"])
def test_a_squatted_name_is_said_to_be_one(squatter: bytes, store: Store) -> None:
    store.put_once(blob_name("ada", DIGEST), squatter)
    with pytest.raises(IntegrityError, match=r"somebody else wrote it: tell the bucket's owner") as caught:
        put_blob(store, "ada", DATA)
    assert DIGEST in str(caught.value)


PARTS = st.builds(BlobRef, st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, PART_BYTES_MAX))


@given(st.lists(PARTS, max_size=5))
def test_a_manifest_is_read_as_it_was_put(parts: list[BlobRef]) -> None:
    store = MemoryStore()
    ref = put_manifest(store, "ada", parts)
    assert get_manifest(store, "ada", ref, len(parts), sum(part.size for part in parts)) == parts


def test_a_manifests_limits_are_exact() -> None:
    store, ref = planted({"parts": [PART, PART]})
    assert len(get_manifest(store, "ada", ref, 2, 2 * len(DATA))) == 2
    with pytest.raises(MalformedError, match="manifest of 2 parts, at most 1"):
        get_manifest(store, "ada", ref, 1, 2 * len(DATA))
    with pytest.raises(MalformedError, match=f"oversized: {2 * len(DATA)} bytes in its parts, at most"):
        get_manifest(store, "ada", ref, 2, 2 * len(DATA) - 1)


def test_a_large_manifest_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(MalformedError, match=f"manifest of {MANIFEST_BYTES_MAX + 1} bytes"):
        get_manifest(MemoryStore(), "ada", BlobRef(DIGEST, MANIFEST_BYTES_MAX + 1), 10, 10)


MALFORMED = {
    "no JSON": b"\xff\x00",
    "nothing": b"",
    "another spelling": b'{"parts": []}',
    "deep": b"[" * 5000,
    "a list": [],
    "null": None,
    "no parts": {},
    "one key more": {"parts": [], "more": 1},
    "parts no list": {"parts": {"0": PART}},
    "a part no object": {"parts": [DIGEST]},
    "a part without size": {"parts": [{"sha256": DIGEST}]},
    "a part with more": {"parts": [PART | {"name": "x"}]},
    "upper case digest": {"parts": [PART | {"sha256": "A" * 64}]},
    "short digest": {"parts": [PART | {"sha256": "a" * 63}]},
    "path for a digest": {"parts": [PART | {"sha256": "../" * 21 + "a"}]},
    "number for a digest": {"parts": [PART | {"sha256": 7}]},
    "negative size": {"parts": [PART | {"size": -1}]},
    "true for a size": {"parts": [PART | {"size": True}]},
    "text for a size": {"parts": [PART | {"size": "7"}]},
    "part too large": {"parts": [PART | {"size": PART_BYTES_MAX + 1}]},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_manifest_is_void_for_everyone(name: str) -> None:
    store, ref = planted(MALFORMED[name])
    with pytest.raises(MalformedError):
        get_manifest(store, "ada", ref, 10, 1 << 40)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-10, 2**53 - 1), st.text(max_size=4), st.just(DIGEST)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["parts", "sha256", "size", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=40), JSON))
def test_whatever_stands_in_its_place_a_manifest_is_parts_or_malformed(value: Any) -> None:
    store, ref = planted(value)
    try:
        parts = get_manifest(store, "ada", ref, 2, 1000)
    except MalformedError:
        return
    assert len(parts) <= 2
    assert sum(part.size for part in parts) <= 1000


def test_a_spoiled_manifest_is_no_malformed_one() -> None:
    """Its author signed other bytes: the bucket's fault, not the member's."""
    store = MemoryStore()
    ref = put_manifest(store, "ada", [])
    store.objects[blob_name("ada", ref.sha256)] = canonical.encode({"parts": [PART]})
    with pytest.raises(DigestMismatch):
        get_manifest(store, "ada", ref, 10, 1000)
