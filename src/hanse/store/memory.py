"""Stores in memory: the simulator's bucket, and one that fails on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from enum import Enum

from hanse.errors import AlreadyExists, NotFound, TooLarge
from hanse.store.base import Stat, Store, check_name


class MemoryStore:
    """A dictionary with a bucket's manners."""

    def __init__(self, url: str = "memory://") -> None:
        self.url = url
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put_once(self, name: str, data: bytes) -> None:
        check_name(name)
        with self._lock:
            if name in self.objects:
                raise AlreadyExists(f"{self.url}: {name} exists already")
            self.objects[name] = bytes(data)

    def get(self, name: str, limit: int) -> bytes:
        data = self._find(name)
        if len(data) > limit:
            raise TooLarge(f"{self.url}: {name} has {len(data)} bytes, at most {limit} are read")
        return data

    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        found = sorted(name for name in self.objects if name.startswith(prefix) and name > after)
        return iter([Stat(name, len(self.objects[name])) for name in found])

    def stat(self, name: str) -> Stat:
        return Stat(name, len(self._find(name)))

    def overwrite(self, name: str, data: bytes) -> None:
        check_name(name)
        with self._lock:
            self.objects[name] = bytes(data)

    def remove(self, name: str) -> None:
        check_name(name)
        with self._lock:
            self.objects.pop(name, None)

    def _find(self, name: str) -> bytes:
        if check_name(name) not in self.objects:
            raise NotFound(f"{self.url}: no object {name}")
        return self.objects[name]


class Fault(Enum):
    """What goes wrong at one store call."""

    NONE = "none"
    CRASH_BEFORE = "crash before"
    """The caller dies before the call takes effect."""
    CRASH_AFTER = "crash after"
    """The call takes effect, its reply is lost, the caller dies."""
    DOUBLED = "doubled"
    """The call takes effect and arrives a second time; the caller sees the second reply."""
    INVISIBLE = "invisible"
    """A read does not see the object yet."""


class Crash(BaseException):
    """The caller's process died here. Not an Exception: nothing may catch it and go on."""


class FaultyStore:
    """`inner`, with a fault where `plan(verb, name)` says so. Single-threaded; deterministic when the plan is."""

    def __init__(self, inner: Store, plan: Callable[[str, str], Fault]) -> None:
        self.inner, self.plan = inner, plan

    @property
    def url(self) -> str:
        return self.inner.url

    def put_once(self, name: str, data: bytes) -> None:
        fault = self._begin("put_once", name)
        self.inner.put_once(name, data)
        if fault is Fault.CRASH_AFTER:
            raise Crash(f"after put_once {name}")
        if fault is Fault.DOUBLED:
            self.inner.put_once(name, data)

    def get(self, name: str, limit: int) -> bytes:
        fault = self._begin("get", name)
        if fault is Fault.INVISIBLE:
            raise NotFound(f"{self.url}: no object {name} (yet)")
        data = self.inner.get(name, limit)
        if fault is Fault.CRASH_AFTER:
            raise Crash(f"after get {name}")
        return data

    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        fault = self._begin("list", prefix)
        return iter(()) if fault is Fault.INVISIBLE else self.inner.list(prefix, after)

    def stat(self, name: str) -> Stat:
        fault = self._begin("stat", name)
        if fault is Fault.INVISIBLE:
            raise NotFound(f"{self.url}: no object {name} (yet)")
        return self.inner.stat(name)

    def _begin(self, verb: str, name: str) -> Fault:
        fault = self.plan(verb, name)
        if fault is Fault.CRASH_BEFORE:
            raise Crash(f"before {verb} {name}")
        return fault
