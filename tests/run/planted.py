"""Bugs on purpose: agents with one rule of the protocol broken, so that the simulator can show that it would notice."""

from __future__ import annotations

from collections.abc import Callable

from hanse.run.follow import Follower
from hanse.run.merge import merge_round_numpy
from hanse.run.rounds import Round, Rounds
from hanse.run.simulate.toy import ToyTrainer, toy_origin
from hanse.run.site.agent import Agent, Identity, Patience, Step
from hanse.run.state import State


class TrainsAgainAfterARestart(Agent):
    """Forgets its journal when it restarts, and signs a second, different update for the round."""

    def _take_part(self, run: Rounds) -> Step:
        assert self.state is not None
        number = self.state.round + 1
        if not hasattr(self, "_restarted"):
            self._restarted = True
            for name in ("update.json", "envelope"):
                self.files.disk.delete(f"journal/{number:06d}/{name}")
            if number < len(run.rounds):
                run.rounds[number].updates.pop(self.who.member, None)
        return super()._take_part(run)


class GoesOnWithoutAbsentBytes(Agent):
    """The bug to make unwritable: what cannot be fetched is left out, and the merge goes on."""

    def _missing(self, item: Round, absent: list[str]) -> Step:
        kept = {name: c for name, c in item.updates.items() if c.id not in absent}
        removed = {name: c for name, c in item.updates.items() if c.id in absent}
        item.updates = kept
        try:
            return self._merge(self.run, item)
        finally:
            item.updates = kept | removed


class MergesInItsOwnOrder(Agent):
    """Adds floats in an order of its own: a merge that is not exact forks."""

    def _merge(self, run: Rounds, item: Round) -> Step:
        step = super()._merge(run, item)
        if self.state is not None and self.state.round == item.number and self.who.member == item.roll[0]:
            weights = {name: array + array * 1e-7 for name, array in self.state.weights.items()}
            self.state = State({n: a.astype("f4") for n, a in weights.items()}, self.state.momentum, item.number, 0)
        return step


class PostsBeforeItIsDurable(Agent):
    """Remembers only that it merged, not what it admitted: after a crash it posts an empty round."""

    def _post_merged(self, run: Rounds) -> bool:
        if not hasattr(self, "_merged_here"):
            self.files.write_index(admitted=[], void=[])
        self._merged_here = True
        return super()._post_merged(run)


class NeverTicks(Agent):
    """Lets nobody's deadline pass: a member that is gone stops the run for ever."""

    def _tick(self, run: Rounds) -> Step:
        return Step.WAITING


def make(kind: type[Agent]) -> Callable[..., Agent]:
    """A maker of such agents for `World`."""

    def made(who: Identity, follower: Follower, trainer: ToyTrainer, clock: Callable[[], int]) -> Agent:
        return kind(who, follower, trainer, toy_origin, merge_round_numpy, clock, patience=Patience(missing_seconds=30))

    return made


PLANTED: dict[str, Callable[..., Agent]] = {
    "doubled update after a restart": make(TrainsAgainAfterARestart),
    "absent bytes left out": make(GoesOnWithoutAbsentBytes),
    "merge that is not exact": make(MergesInItsOwnOrder),
    "posted before it was durable": make(PostsBeforeItIsDurable),
    "no ticks": make(NeverTicks),
}
