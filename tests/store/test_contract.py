"""What every store promises, in memory, in a folder, and on a real S3 server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import AlreadyExists, HanseError, InputError, NotFound, TooLarge
from hanse.store import Stat, Store, open_store
from hanse.store.base import check_name
from hanse.store.memory import MemoryStore
from hanse.store.objects import CHUNK

CREATORS = 32


@pytest.mark.parametrize("size", [0, 1, 65_535, CHUNK, CHUNK + 1])
def test_what_was_put_is_got_stated_and_listed(store: Store, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    store.put_once("blobs/ada/x", data[:size])
    assert store.get("blobs/ada/x", size) == data[:size]
    assert store.stat("blobs/ada/x") == Stat("blobs/ada/x", size)
    assert list(store.list("blobs/ada/")) == [Stat("blobs/ada/x", size)]


def test_an_absent_object_is_said_to_be_absent_by_its_name(store: Store) -> None:
    store.put_once("log/000000000001", b"x")
    for ask in (lambda: store.get("log/000000000002", 10), lambda: store.stat("log/000000000002")):
        with pytest.raises(NotFound, match=rf"{re.escape(store.url)}: no object log/000000000002"):
            ask()


def test_a_folder_of_objects_is_no_object(store: Store) -> None:
    store.put_once("log/000000000001", b"x")
    for limit in (0, 1 << 20):
        with pytest.raises(NotFound):
            store.get("log", limit)
    with pytest.raises(NotFound):
        store.stat("log")


def test_a_second_create_is_refused_and_the_first_bytes_stay(store: Store) -> None:
    store.put_once("log/000000000000", b"first")
    for data in (b"first", b"other", b"", b"longer than the first"):
        with pytest.raises(AlreadyExists, match=rf"{re.escape(store.url)}: log/000000000000 exists already"):
            store.put_once("log/000000000000", data)
    assert store.get("log/000000000000", 5) == b"first"


def test_no_more_is_read_than_the_limit(store: Store) -> None:
    store.put_once("a", b"12345")
    store.put_once("empty", b"")
    assert store.get("a", 5) == b"12345"
    assert store.get("empty", 0) == b""
    for limit in (4, 0):
        with pytest.raises(TooLarge, match=rf"a has 5 bytes, at most {limit} are read"):
            store.get("a", limit)


def test_a_listing_is_one_folder_in_order_and_after_a_name(store: Store) -> None:
    for name in ("log/2", "log/10", "log/1", "logs/1", "log-1", "lo", "log/3/deeper", "heads/ada/7"):
        store.put_once(name, name.encode())
    inside = ["log/1", "log/10", "log/2", "log/3/deeper"]
    for after in ("", "log/", "log/0", "log/1", "log/15", "log/2", "log/3", "log/4", "zzz"):
        assert [found.name for found in store.list("log/", after)] == [name for name in inside if name > after]
    assert list(store.list("nothing/")) == []
    assert list(store.list("")) == [Stat(name, len(name)) for name in ("heads/ada/7", "lo", "log-1", *inside, "logs/1")]


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.b", "a b", "ä", "a\n", "a#1", "x" * 201])
def test_a_name_not_every_store_can_hold_is_refused_by_every_store(store: Store, name: str) -> None:
    asks: list[Callable[[], object]] = [
        lambda: store.put_once(name, b"x"),
        lambda: store.get(name, 10),
        lambda: store.stat(name),
    ]
    for ask in asks:
        with pytest.raises(InputError, match="object name"):
            ask()
    assert list(store.list("")) == []


def test_of_32_creators_of_one_object_exactly_one_wins(store: Store) -> None:
    def create(number: int) -> int | None:
        try:
            store.put_once("log/000000000000", b"%d" % number)
        except AlreadyExists:
            return None
        return number

    with ThreadPoolExecutor(CREATORS) as pool:
        won = [number for number in pool.map(create, range(CREATORS)) if number is not None]
    assert len(won) == 1
    assert store.get("log/000000000000", 10) == b"%d" % won[0]


NAMES = st.sampled_from([f"{folder}/{number}" for folder in ("log", "heads/a", "heads/b") for number in range(4)])
CALLS = st.one_of(
    st.tuples(st.just("put_once"), NAMES, st.binary(max_size=20)),
    st.tuples(st.just("get"), NAMES, st.integers(0, 20)),
    st.tuples(st.just("stat"), NAMES),
    st.tuples(st.just("list"), st.sampled_from(["", "log/", "heads/", "heads/a/"]), st.one_of(st.just(""), NAMES)),
)


def answer(store: Store, verb: str, *arguments: object) -> object:
    try:
        found = getattr(store, verb)(*arguments)
    except HanseError as error:
        return type(error), str(error).removeprefix(store.url)
    return list(found) if verb == "list" else found


@settings(deadline=None, max_examples=40)
@given(st.lists(CALLS, max_size=20))
def test_a_folder_answers_as_memory_does_whatever_is_asked(calls: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = open_store(folder, fsync=False), MemoryStore()
        for verb, *arguments in calls:
            real, model = (answer(store, str(verb), *arguments) for store in stores)
            assert real == model, (verb, arguments)


@given(st.one_of(st.text("az/.-_=#% \x00ä", max_size=12), st.from_regex(r"[a-z0-9/._=-]{1,30}", fullmatch=True)))
def test_a_name_that_is_accepted_is_a_plain_path_below_its_folder(name: str) -> None:
    try:
        assert check_name(name) == name
    except InputError:
        return
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set(" #%\\:?*")
    assert all(part and not part.startswith(".") for part in name.split("/"))


@pytest.mark.parametrize(
    "name", ["log/000000000012", "blobs/ada/" + "0f" * 32, "heads/bob-2/17", "snapshots/c_d/4", "x" * 200, "a/A=.b"]
)
def test_the_names_of_the_layout_are_accepted(name: str) -> None:
    assert check_name(name) == name
