"""Whose turn it is: one thread does all work on tensors, the users in turn, each one's requests in order; a turn is one request, or
several of one user that can be worked on together.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hanse.errors import HanseError
from hanse.hedge.tinker.refused import STOPPING, Cancelled, Refused

Log = Callable[[Mapping[str, Any]], None]
ARRIVING_SECONDS = 0.005
"""Two requests of one client are further apart only when it does not send them at once."""


@dataclass(frozen=True)
class Failure:
    """Why a request that was accepted came to nothing."""

    text: str
    category: str = "user"
    """user: what was asked for is wrong; server: the machine's or our own fault."""


@dataclass(frozen=True)
class Joint:
    """Work that is done together with other work of its user, whatever waits between them."""

    key: str
    """Those of the same key go together."""
    rows: int
    """Sequences that it makes."""
    length: int
    """Tokens of one at most, its prompt's too."""
    asked: Any
    """What it is about."""
    work: Callable[[Sequence[tuple[Any, Callable[[], bool]]]], Sequence[Any]]
    """Runs on the worker's thread: of `asked` of each, and whether nobody waits for it any more, to the results; an exception
    stands for one that failed."""


@dataclass
class Future:
    """A request that was accepted, and what came of it."""

    id: str
    owner: str
    digest: str
    """SHA-256 of its body: the same request again is the same future, another one is refused."""
    work: Callable[[Future], Any] | Joint
    """Runs on the worker's thread; what it gives is the result."""
    answers: tuple[str, ...] = ()
    """Names of the sequences that a request for samples will give."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for it any more."""
    done: asyncio.Event = field(default_factory=asyncio.Event)
    read: bool = False
    """Whether the client has had the result."""
    result: Any = None
    failure: Failure | None = None

    def fail(self, failure: Failure) -> None:
        """Nothing will come of it."""
        if not self.done.is_set():
            self.failure = failure
            self.done.set()


class Turns:
    """The queues. All but `work` runs on the event loop's thread."""

    def __init__(self, log: Log, queue_max: int, joined_max: int = 0) -> None:
        """`joined_max`: rows times the longest length of those that go together; 0: each alone."""
        self._log, self._queue_max, self._joined_max = log, queue_max, joined_max
        self._waiting: OrderedDict[str, deque[Future]] = OrderedDict()
        self._held: dict[str, int] = {}
        self._some = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tensors")
        self._now: Sequence[Future] = ()
        self._over = False

    def waiting(self, owner: str) -> int:
        """Requests of a user that have not begun."""
        return len(self._waiting.get(owner, ())) + self._held.get(owner, 0)

    def check(self, owner: str) -> None:
        """Raise Refused when a user's queue is full (429), or at the end (503): the client comes back."""
        if self._over:
            raise Refused(STOPPING, 503)
        if self.waiting(owner) >= self._queue_max:
            raise Refused(f"{self._queue_max} requests of this key wait already; come back later", 429)

    def hold(self, owner: str, count: int) -> None:
        """Count requests that wait for an earlier one, or no longer do."""
        self._held[owner] = self._held.get(owner, 0) + count

    def put(self, future: Future) -> None:
        """Let a request wait for its turn."""
        self._waiting.setdefault(future.owner, deque()).append(future)
        self._some.set()

    async def run(self) -> None:
        """Work until cancelled; what is being done then is given up at its next token, or its next layer."""
        try:
            while True:
                futures = self._next()
                if not futures:
                    self._some.clear()
                    await self._some.wait()
                    await self._arrived()
                for future in futures:
                    if future.gone.is_set():
                        future.fail(Failure("cancelled"))
                await self._do([future for future in futures if not future.gone.is_set()])
        finally:
            self._over = True
            for future in self._now:
                future.gone.set()
            await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

    async def _arrived(self) -> None:
        """Of requests that can go together, the first to come waits for those that come right behind it, 0.1 s at most."""
        count = 0
        for _ in range(20):
            joint = [item for queue in self._waiting.values() for item in queue if isinstance(item.work, Joint)]
            if len(joint) == count or not self._joined_max:
                return
            count = len(joint)
            await asyncio.sleep(ARRIVING_SECONDS)

    def _next(self) -> list[Future]:
        """The first request of the user whose turn it is, with those that go with it; the user then comes last."""
        for owner in list(self._waiting):
            queue = self._waiting.pop(owner)
            if queue:
                futures = joined(queue, self._joined_max)
                taken = set(map(id, futures))
                left = deque(future for future in queue if id(future) not in taken)
                if left:
                    self._waiting[owner] = left
                return futures
        return []

    async def _do(self, futures: Sequence[Future]) -> None:
        if not futures:
            return
        self._now = futures
        doing = asyncio.get_running_loop().run_in_executor(self._pool, _worked, futures)
        doing.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, also when nobody waits any more
        await asyncio.wait([doing])
        self._now = ()
        error = doing.exception()
        if error is not None and len(futures) > 1:  # memory that all of them have not, each alone may have
            for future in futures:
                await self._do([future])
            return
        for future, result in zip(futures, doing.result() if error is None else [error], strict=True):
            if isinstance(result, BaseException):
                future.fail(self._failure(result, future))
            else:
                future.result = result
                future.done.set()

    def _failure(self, error: BaseException, future: Future) -> Failure:
        if isinstance(error, Refused):
            return Failure(str(error))
        if isinstance(error, Cancelled):
            return Failure("cancelled")
        self._log({"what": "failed", "request": future.id, "error": f"{type(error).__name__}: {error}"})
        if isinstance(error, HanseError):
            return Failure(str(error), "server")
        if isinstance(error, OSError):
            return Failure(f"the server cannot write or read what it keeps: {error.strerror}", "server")
        if isinstance(error, (MemoryError, RuntimeError)) and "memory" in str(error).lower():
            return Failure(
                "the server has not enough memory for this request; send fewer or shorter sequences", "server"
            )
        logging.getLogger("hanse").error("request %s failed", future.id, exc_info=error)
        return Failure(f"the server failed: {type(error).__name__}; its log says more", "server")


def joined(queue: Sequence[Future], most: int) -> list[Future]:
    """The first of a queue with those that go together with it, in their order, until their rows times the longest length would be
    more than `most`."""
    found = [queue[0]]
    first = found[0].work
    if not isinstance(first, Joint):
        return found
    rows, length = first.rows, first.length
    for other in list(queue)[1:]:
        if isinstance(other.work, Joint) and other.work.key == first.key:
            rows, length = rows + other.work.rows, max(length, other.work.length)
            if rows * length > most:
                break
            found.append(other)
    return found


def _worked(futures: Sequence[Future]) -> Sequence[Any]:
    work = futures[0].work
    if isinstance(work, Joint):
        return work.work([(one.work.asked, one.gone.is_set) for one in futures if isinstance(one.work, Joint)])
    return [work(futures[0])]


class Line:
    """The requests of one run in the order of their numbers, whatever order they come in."""

    def __init__(self, turns: Turns, owner: str, gap_seconds: float) -> None:
        self._turns, self._owner, self._gap = turns, owner, gap_seconds
        self.next = 1
        self._early: dict[int, Future | None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def check(self, number: int) -> None:
        """Raise Refused for a number that cannot be a new request's."""
        if number < self.next or number in self._early:
            raise Refused(f"seq_id {number}: there was another request of that number; the next is {self.next}")
        if number > self.next + 100_000:
            raise Refused(f"seq_id {number}: too far from the next, {self.next}")

    def put(self, number: int, future: Future | None) -> None:
        """The request of this number; None: it was refused, and the next need not wait for it."""
        self._early[number] = future
        self._turns.hold(self._owner, 1)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self.next in self._early:
            found = self._early.pop(self.next)
            self._turns.hold(self._owner, -1)
            self.next += 1
            if found is not None:
                self._turns.put(found)
        if self._early:
            self._timer = asyncio.get_running_loop().call_later(self._gap, self.close, f"request {self.next} of this run came not "
                                                                f"within {self._gap:g} s")  # fmt: skip

    def close(self, why: str) -> None:
        """Fail what still waits for an earlier request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        early, self._early = self._early, {}
        self._turns.hold(self._owner, -len(early))
        self.next = max([self.next, *(number + 1 for number in early)])
        for future in early.values():
            if future is not None:
                future.fail(Failure(why))


class Futures:
    """What clients still may ask for, by request id; the oldest results are forgotten first."""

    READ_KEPT, UNREAD_KEPT = 256, 4096
    """Of results that a client has had (and may have lost), and of those it has not fetched yet."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, Future] = OrderedDict()

    def same(self, request_id: str, owner: str, digest: str) -> Future | None:
        """The future of the very same request, sent before. Raises Refused when that was another request."""
        found = self._all.get(request_id)
        if found is not None and (found.owner != owner or found.digest != digest):
            raise Refused(f"request {request_id} was another one; number requests anew")
        return found

    def add(self, future: Future) -> Future:
        """Remember it."""
        for read, kept in ((True, self.READ_KEPT), (False, self.UNREAD_KEPT)):
            done = [name for name, item in self._all.items() if item.done.is_set() and item.read is read]
            for name in done[: max(0, len(done) - kept)]:
                del self._all[name]
        self._all[future.id] = future
        return future

    def get(self, request_id: str, owner: str) -> Future | None:
        """A user's future; None when there is none, or it is somebody else's."""
        found = self._all.get(request_id)
        return found if found is not None and found.owner == owner else None

    def drop(self, prefix: str, why: str) -> None:
        """Fail what a run or a session still waits for."""
        for name, item in self._all.items():
            if name.startswith(prefix):
                item.gone.set()
                item.fail(Failure(why))
