"""The store that fails on purpose fails just as it says, and not otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hanse.errors import AlreadyExists, NotFound
from hanse.store import Store
from hanse.store.memory import Crash, Fault, FaultyStore, MemoryStore

VERBS: dict[str, Callable[[Store], object]] = {
    "put_once": lambda store: store.put_once("a/new", b"new"),
    "get": lambda store: store.get("a/old", 10),
    "list": lambda store: list(store.list("a/")),
    "stat": lambda store: store.stat("a/old"),
}


def faulty(fault: Fault, verb: str) -> FaultyStore:
    inner = MemoryStore("memory://inner")
    inner.put_once("a/old", b"old")
    return FaultyStore(inner, lambda asked, name: fault if asked == verb else Fault.NONE)


@pytest.mark.parametrize("verb", VERBS)
def test_the_plan_is_asked_for_every_verb_and_name(verb: str) -> None:
    asked: list[tuple[str, str]] = []
    inner = MemoryStore("memory://inner")
    inner.put_once("a/old", b"old")
    store = FaultyStore(inner, lambda verb, name: (asked.append((verb, name)), Fault.NONE)[1])
    VERBS[verb](store)
    assert [found for found, _ in asked] == [verb]
    assert asked[0][1] in ("a/new", "a/old", "a/")
    assert store.url == "memory://inner"


@pytest.mark.parametrize("verb", VERBS)
def test_a_crash_before_leaves_everything_as_it_was(verb: str) -> None:
    store = faulty(Fault.CRASH_BEFORE, verb)
    with pytest.raises(Crash, match=f"before {verb} a/"):
        VERBS[verb](store)
    assert set(store.inner.objects) == {"a/old"}


def test_a_crash_after_a_create_has_created() -> None:
    store = faulty(Fault.CRASH_AFTER, "put_once")
    with pytest.raises(Crash, match="after put_once a/new"):
        store.put_once("a/new", b"new")
    assert store.get("a/new", 3) == b"new"


def test_a_crash_after_a_read_returns_nothing() -> None:
    with pytest.raises(Crash, match="after get a/old"):
        faulty(Fault.CRASH_AFTER, "get").get("a/old", 3)


def test_a_doubled_create_is_refused_by_the_second_reply_though_it_took_effect() -> None:
    store = faulty(Fault.DOUBLED, "put_once")
    with pytest.raises(AlreadyExists):
        store.put_once("a/new", b"new")
    assert store.get("a/new", 3) == b"new"


def test_what_is_invisible_is_there_once_the_fault_is_over() -> None:
    for verb in ("get", "stat"):
        store = faulty(Fault.INVISIBLE, verb)
        with pytest.raises(NotFound, match=r"memory://inner: no object a/old \(yet\)"):
            VERBS[verb](store)
        assert VERBS[verb](store.inner)
    store = faulty(Fault.INVISIBLE, "list")
    assert list(store.list("a/")) == []
    assert len(list(store.inner.list("a/"))) == 1


def test_nothing_that_handles_errors_survives_a_crash() -> None:
    assert not issubclass(Crash, Exception)
