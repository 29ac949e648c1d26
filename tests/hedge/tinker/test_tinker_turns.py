"""Whose turn it is: users in turn, each one's requests in order, whatever order they come in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.turns import Failure, Future, Futures, Line, Turns


def future(name: str, owner: str, done: list[str], error: BaseException | None = None) -> Future:
    def work(this: Future) -> str:
        done.append(this.id)
        if error is not None:
            raise error
        return this.id.upper()

    return Future(name, owner, "", work)


async def worked(turns: Turns, futures: list[Future]) -> None:
    task = asyncio.create_task(turns.run())
    await asyncio.gather(*(item.done.wait() for item in futures))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_users_take_turns_whoever_came_first() -> None:
    done: list[str] = []

    async def main() -> None:
        turns = Turns(lambda event: None, 100)
        futures = [
            future(f"{owner}{n}", owner, done) for owner, count in (("a", 4), ("b", 2), ("c", 1)) for n in range(count)
        ]
        for item in futures:
            turns.put(item)
        assert turns.waiting("a") == 4
        await worked(turns, futures)
        assert [item.result for item in futures][:2] == ["A0", "A1"]

    asyncio.run(main())
    assert done == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(1, 8)), st.sets(st.integers(1, 7), max_size=3))
def test_a_run_is_done_in_the_order_of_its_numbers_past_those_that_were_refused(
    order: list[int], refused: set[int]
) -> None:
    done: list[str] = []

    async def main() -> None:
        turns = Turns(lambda event: None, 100)
        line = Line(turns, "a", 60)
        futures = {n: future(str(n), "a", done) for n in order if n not in refused}
        for n in order:
            line.check(n)
            line.put(n, futures.get(n))
        assert line.next == 8
        for n in order:
            with pytest.raises(Refused, match="another request of that number"):
                line.check(n)
        await worked(turns, list(futures.values()))

    asyncio.run(main())
    assert done == [str(n) for n in range(1, 8) if n not in refused]


def test_a_request_whose_forerunner_does_not_come_is_told_so_and_the_line_goes_on() -> None:
    async def main() -> Future:
        turns = Turns(lambda event: None, 100)
        line = Line(turns, "a", 0.01)
        late = future("3", "a", [])
        line.put(3, late)
        assert turns.waiting("a") == 1
        await asyncio.wait_for(late.done.wait(), 5)
        assert turns.waiting("a") == 0
        line.check(4)
        return late

    failure = asyncio.run(main()).failure
    assert failure is not None
    assert failure.text == "request 1 of this run came not within 0.01 s"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Refused("no such thing"), Failure("no such thing")),
        (OSError(28, "No space left on device"),
         Failure("the server cannot write or read what it keeps: No space left on device", "server")),
        (RuntimeError("CUDA out of memory. Tried"),
         Failure("the server has not enough memory for this request; send fewer or shorter sequences", "server")),
        (ZeroDivisionError("x"), Failure("the server failed: ZeroDivisionError; its log says more", "server")),
    ],
)  # fmt: skip
def test_a_failure_is_told_and_the_next_request_is_done(error: BaseException, failure: Failure) -> None:
    async def main() -> list[Future]:
        turns = Turns(lambda event: None, 100)
        futures = [future("1", "a", [], error), future("2", "a", [])]
        for item in futures:
            turns.put(item)
        await worked(turns, futures)
        return futures

    bad, good = asyncio.run(main())
    assert bad.failure == failure
    assert good.result == "2"


def test_a_full_queue_says_come_back() -> None:
    async def main() -> None:
        turns = Turns(lambda event: None, 2)
        for n in range(2):
            turns.put(future(str(n), "a", []))
        with pytest.raises(Refused) as told:
            turns.check("a")
        assert told.value.status == 429
        turns.check("b")

    asyncio.run(main())


def test_at_the_end_no_request_is_taken_any_more() -> None:
    async def main() -> None:
        turns = Turns(lambda event: None, 2)
        task = asyncio.create_task(turns.run())
        await asyncio.sleep(0)
        turns.check("a")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(Refused, match="the server is stopping") as told:
            turns.check("a")
        assert told.value.status == 503

    asyncio.run(main())


def test_the_same_request_is_the_same_future_and_another_is_refused() -> None:
    async def main() -> None:
        futures = Futures()
        first = futures.add(Future("1", "a", "digest", lambda this: None))
        assert futures.same("1", "a", "digest") is first
        for owner, digest in (("a", "other"), ("b", "digest")):
            with pytest.raises(Refused, match="was another one"):
                futures.same("1", owner, digest)
        assert futures.get("1", "b") is None

    asyncio.run(main())


def test_read_results_are_forgotten_first_and_those_that_wait_never() -> None:
    async def main() -> None:
        futures = Futures()
        made: list[Any] = [
            futures.add(Future(str(n), "a", "", lambda this: None)) for n in range(Futures.READ_KEPT + 3)
        ]
        for item in made[:-1]:
            item.read = True
            item.done.set()
        futures.add(Future("last", "a", "", lambda this: None))
        kept = [item for item in made if futures.get(item.id, "a") is item]
        assert kept == made[2:]

    asyncio.run(main())
