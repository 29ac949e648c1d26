"""The simulator: it holds with the agent as shipped, replays a seed exactly, and would notice a broken rule."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pytest
from tests.run.planted import PLANTED

from hanse.run.simulate.check import Outcome, play, play_seed
from hanse.run.simulate.world import Weather, World
from hanse.run.site.agent import Agent


@pytest.mark.slow
def test_no_world_forks_loses_doubles_or_gets_stuck() -> None:
    """A fault that shows in one world of twenty shows here with 94 in 100; `make simulate` plays two thousand."""
    with ProcessPoolExecutor(1) as pool:
        outcomes = list(pool.map(play_seed, [(seed, 4) for seed in range(10_000, 10_056)], chunksize=14))
    assert [outcome for outcome in outcomes if outcome.problems] == []
    assert sum(outcome.crashes for outcome in outcomes) > 500
    assert sum(outcome.void for outcome in outcomes) > 1000


@pytest.mark.parametrize("members", [2, 8])
def test_it_holds_for_two_and_eight_members(members: int) -> None:
    weather = Weather(hostile=members > 2)
    for seed in range(3):
        assert play(World(seed, members, weather)).problems == ()


@pytest.mark.parametrize("seed", [30])
def test_worlds_that_once_found_an_error_hold(seed: int) -> None:
    """30: an update that was invisible twice, with good reads in between, was reported missing."""
    assert play(World(seed)).problems == ()


def test_a_seed_replays_exactly() -> None:
    def once() -> tuple[Outcome, dict[str, bytes]]:
        world = World(4242)
        return play(world), world.bucket.objects

    assert once() == once()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_within_200_seeds(name: str) -> None:
    assert first_seed_that_notices(PLANTED[name], *NOTICED.get(name, ("", 6000))) is not None


NOTICED = {"doubled update after a restart": ("doubled", 1500)}
"""What a world must say, and after how many seconds: sites that sign two updates stay stuck, and the rest of 6000 says no more."""


def first_seed_that_notices(make: Callable[..., Agent], said: str, seconds_max: int, seeds: int = 200) -> int | None:
    """A world without a hostile member is quicker; a member that never comes is what ticks are for."""
    for seed in range(seeds):
        world = World(seed, weather=Weather(hostile=seed % 2 == 1), make=make)
        if any(problem.startswith(said) for problem in play(world, seconds_max).problems):
            return seed
    return None
