"""Whose turn it is: users in turn, each one's requests in order, whatever order they come in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.turns import Failure, Future, Futures, Joint, Line, Turns, joined


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


def joint(name: str, owner: str, done: list[str], key: str = "k", rows: int = 1, length: int = 10) -> Future:
    """Several of them are done as "a0+a1"; one whose name ends with ! fails, and with !! so do all that it goes with."""

    def work(asked: Sequence[tuple[Any, Callable[[], bool]]]) -> list[Any]:
        names = [item for item, _ in asked]
        if len(names) > 1 and any(item.endswith("!!") for item in names):
            raise RuntimeError("out of memory")
        done.append("+".join(names))
        return [Refused(f"not {item}") if item.endswith("!") else item.upper() for item in names]

    return Future(name, owner, "", Joint(key, rows, length, name, work))


def test_what_goes_together_is_one_turn_of_one_user_and_each_has_its_own_end() -> None:
    done: list[str] = []

    async def main() -> list[Future]:
        turns = Turns(lambda event: None, 100, 30)
        a = [joint("a0", "a", done), future("a1", "a", done), joint("a2!", "a", done), joint("a3", "a", done, key="other"),
             joint("a4", "a", done), joint("a5", "a", done)]  # fmt: skip
        b = [joint("b0", "b", done), joint("b1", "b", done)]
        b[1].gone.set()
        for item in (*a, *b):
            turns.put(item)
        await worked(turns, [*a, *b])
        return [*a, *b]

    found = asyncio.run(main())
    assert done == ["a0+a2!+a4", "b0", "a1", "a3", "a5"]
    failures = {item.id: item.failure for item in found if item.failure is not None}
    assert failures == {"a2!": Failure("not a2!"), "b1": Failure("cancelled")}
    assert [item.result for item in found if item.failure is None] == ["A0", "a1".upper(), "A3", "A4", "A5", "B0"]


def test_the_first_of_those_that_are_sent_at_once_waits_for_the_others() -> None:
    done: list[str] = []

    async def main() -> None:
        turns = Turns(lambda event: None, 100, 100)
        futures = [joint(f"a{n}", "a", done) for n in range(3)]
        task = asyncio.create_task(turns.run())
        for item in futures:
            await asyncio.sleep(0)
            turns.put(item)
        await asyncio.gather(*(item.done.wait() for item in futures))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert done == ["a0+a1+a2"]


def test_what_fails_together_is_done_one_by_one() -> None:
    done: list[str] = []

    async def main() -> list[Any]:
        turns = Turns(lambda event: None, 100, 100)
        futures = [joint("a0", "a", done), joint("a1!!", "a", done), joint("a2", "a", done)]
        for item in futures:
            turns.put(item)
        await worked(turns, futures)
        return [item.result or item.failure for item in futures]

    assert asyncio.run(main()) == ["A0", Failure("not a1!!"), "A2"]
    assert done == ["a0", "a1!!", "a2"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("kl"), st.integers(1, 5), st.integers(1, 20)), min_size=1), st.integers(0, 200))
def test_together_are_the_first_of_one_key_within_the_bound(given_: list[tuple[str, int, int]], most: int) -> None:
    queue = [joint(str(n), "a", [], *item) for n, item in enumerate(given_)]
    found = joined(queue, most)
    kin = [(item, made) for item, made in zip(given_, queue, strict=True) if item[0] == given_[0][0]]
    assert found == [made for _, made in kin[: len(found)]]

    def size(count: int) -> int:
        return sum(rows for (_, rows, _), _ in kin[:count]) * max(length for (_, _, length), _ in kin[:count])

    assert len(found) == 1 or size(len(found)) <= most
    assert len(found) == len(kin) or size(len(found) + 1) > most


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
