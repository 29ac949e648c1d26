"""Servers that fail for a while, for good, or after they did what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.store.tiny_s3 import CUT, PAGE_SIZE, TinyS3

from hanse.errors import AlreadyExists, StoreError, Unavailable
from hanse.store import open_store
from hanse.store.objects import TRIES, ObjectStore

VERBS: dict[str, Callable[[ObjectStore], object]] = {
    "put": lambda store: store.put_once("log/new", b"new"),
    "get": lambda store: store.get("log/old", 10),
    "stat": lambda store: store.stat("log/old").size,
    "list": lambda store: [found.name for found in store.list("log/")],
}
GOOD = {"put": None, "get": b"old", "stat": 3, "list": ["log/old"]}
NAMED = {"put": "put log/new", "get": "get log/old", "stat": "stat log/old", "list": "list log/"}


@pytest.fixture
def waits() -> list[float]:
    """What the store would have slept."""
    return []


@pytest.fixture
def store(tiny: TinyS3, waits: list[float]) -> ObjectStore:
    tiny.objects["log/old"] = b"old"
    opened = open_store(tiny.url)
    return ObjectStore(opened.url, opened.inner, sleep=waits.append)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("code", [500, 503, 429])
def test_an_error_that_passes_is_not_seen(
    verb: str, code: int, tiny: TinyS3, store: ObjectStore, waits: list[float]
) -> None:
    for faults in range(TRIES):
        tiny.objects.pop("log/new", None)
        tiny.requests.clear()
        waits.clear()
        tiny.faults.extend([code] * faults)
        assert VERBS[verb](store) == GOOD[verb]
        assert len(tiny.requests) == faults + 1
        assert len(waits) == faults
    assert tiny.objects == {"log/old": b"old"} | ({"log/new": b"new"} if verb == "put" else {})


@pytest.mark.parametrize("verb", VERBS)
def test_an_error_that_stays_is_unavailable_after_a_bounded_number_of_tries(
    verb: str, tiny: TinyS3, store: ObjectStore, waits: list[float]
) -> None:
    tiny.faults.extend([503] * 100)
    named = rf"s3://tiny: {NAMED[verb]} failed {TRIES} times: .*503 Service Unavailable.*try again later"
    with pytest.raises(Unavailable, match=named) as caught:
        VERBS[verb](store)
    assert "\n" not in str(caught.value)
    assert len(tiny.requests) == TRIES  # obstore's own retries would multiply them
    assert len(waits) == TRIES - 1
    assert all(0.2 * 2**at <= wait <= 0.4 * 2**at for at, wait in enumerate(waits))


def test_the_servers_own_code_is_in_the_message(tiny: TinyS3, store: ObjectStore) -> None:
    tiny.faults.extend([500] * TRIES)
    with pytest.raises(Unavailable, match=r"500 Internal Server Error: TinyError; try again later$"):
        store.get("log/old", 10)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("code", [401, 403])
def test_a_refusal_is_about_credentials_and_is_not_tried_again(
    verb: str, code: int, tiny: TinyS3, store: ObjectStore, waits: list[float]
) -> None:
    tiny.faults.extend([code] * 100)
    with pytest.raises(StoreError, match=rf"s3://tiny: {NAMED[verb]} refused: check the credentials") as caught:
        VERBS[verb](store)
    assert type(caught.value) is StoreError
    assert len(tiny.requests) == 1
    assert waits == []
    assert "tiny-secret" not in str(caught.value)


@pytest.mark.parametrize("lost", range(1, TRIES))
def test_a_create_whose_reply_was_lost_is_a_success(lost: int, tiny: TinyS3, store: ObjectStore) -> None:
    tiny.stores_first = True
    tiny.faults.append(500)
    tiny.faults.extend([503] * (lost - 1))
    store.put_once("log/new", b"new")
    assert tiny.objects["log/new"] == b"new"
    assert tiny.requests[: lost + 1] == ["PUT log/new"] * (lost + 1)


@pytest.mark.parametrize("theirs", [b"not", b"longer than ours", b""])
def test_another_writers_object_is_not_taken_for_a_lost_reply(theirs: bytes, tiny: TinyS3, store: ObjectStore) -> None:
    tiny.objects["log/new"] = theirs
    tiny.faults.append(500)
    with pytest.raises(AlreadyExists, match="s3://tiny: log/new exists already"):
        store.put_once("log/new", b"new")
    assert tiny.objects["log/new"] == theirs


def test_without_an_error_before_it_equal_bytes_are_another_writers(tiny: TinyS3, store: ObjectStore) -> None:
    tiny.objects["log/new"] = b"new"
    with pytest.raises(AlreadyExists):
        store.put_once("log/new", b"new")
    assert tiny.requests == ["PUT log/new"]


def test_an_error_while_a_lost_reply_is_looked_up_is_retried_too(tiny: TinyS3, store: ObjectStore) -> None:
    tiny.stores_first = True
    tiny.faults.extend([500, 0, 503, 0, 503])  # the put, its repetition, then a fault for the stat and for the get
    store.put_once("log/new", b"new")
    assert tiny.requests == ["PUT log/new"] * 2 + ["HEAD log/new"] * 2 + ["GET log/new"] * 2


def test_a_body_that_is_cut_is_read_again(tiny: TinyS3, store: ObjectStore) -> None:
    tiny.objects["log/large"] = bytes(100_000)
    tiny.faults.extend([CUT, CUT])
    assert store.get("log/large", 100_000) == bytes(100_000)
    assert len(tiny.requests) == 3
    tiny.faults.extend([CUT] * 100)
    with pytest.raises(Unavailable, match="get log/large failed"):
        store.get("log/large", 100_000)


@pytest.mark.parametrize("verb", ["put", "list"])
def test_a_bucket_that_is_not_there_is_no_absent_object_and_not_tried_again(
    verb: str, tiny: TinyS3, store: ObjectStore
) -> None:
    tiny.faults.extend([404] * 100)
    with pytest.raises(StoreError, match=rf"s3://tiny: {NAMED[verb]} .*no such bucket") as caught:
        VERBS[verb](store)
    assert type(caught.value) is StoreError
    assert len(tiny.requests) == 1


def test_a_server_that_does_not_answer_is_unavailable(waits: list[float]) -> None:
    opened = open_store(TinyS3(port=9).url)  # nobody listens on the discard port
    store = ObjectStore(opened.url, opened.inner, sleep=waits.append)
    for verb, call in VERBS.items():
        with pytest.raises(Unavailable, match=re.escape(f"s3://tiny: {NAMED[verb]} failed {TRIES} times")):
            call(store)
    assert len(waits) == (TRIES - 1) * len(VERBS)


def test_a_listing_of_many_pages_is_complete(tiny: TinyS3, store: ObjectStore) -> None:
    names = [f"log/{number:012d}" for number in range(2 * PAGE_SIZE + 500)]
    tiny.objects = dict.fromkeys(names, b"x")
    tiny.faults.extend([0, 503])  # the second page fails once
    assert [found.name for found in store.list("log/")] == names
    assert [found.name for found in store.list("log/", names[-3])] == names[-2:]
