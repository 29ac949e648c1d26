"""Replay: the agreed bits, or the first round and tensor that differ; what is gone is attested only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hanse.run.fold import Fold
from hanse.run.follow import Follower
from hanse.run.merge import Merger, Outer, Weighted, merge_round, merge_round_numpy
from hanse.run.port import Start
from hanse.run.replay import replay
from hanse.run.shards import Shard
from hanse.run.simulate.check import play
from hanse.run.simulate.toy import toy_origin
from hanse.run.simulate.world import Weather, World
from hanse.run.state import State
from hanse.store.disk import MemoryDisk
from hanse.store.memory import MemoryStore

CALM = Weather(crash=0, lost_reply=0, doubled=0, invisible=0, cut_off=0, slow=0, hostile=False, late_joiner=False)


@pytest.fixture(scope="module")
def world() -> World:
    made = World(1, weather=CALM, rounds=6)
    assert play(made).problems == ()
    return made


def read(world: World, without: Callable[[str], bool] = lambda name: False) -> tuple[Fold, MemoryStore]:
    """The log, and a copy of the bucket that lacks some objects."""
    store = MemoryStore()
    store.objects = {name: data for name, data in world.bucket.objects.items() if not without(name)}
    reader = Follower(store, MemoryDisk(), world.log)
    reader.sync()
    return reader.fold, store


def off_by_one_bit(at_round: int, tensor: str, group: str = "weights") -> Merger:
    """A merge that flips the last bit of one element in one round."""

    def merger(shards: tuple[Shard, ...], state: State, parts: Callable[[int], list[Weighted]], outer: Outer) -> bool:
        moved = merge_round_numpy(shards, state, parts, outer)
        if state.round == at_round - 1:
            getattr(state, group)[tensor].reshape(-1).view(np.uint32)[3] ^= 1
        return moved

    return merger


@pytest.mark.parametrize("merger", [merge_round, merge_round_numpy])
def test_both_implementations_rebuild_every_agreed_state(world: World, merger: Merger) -> None:
    fold, store = read(world)
    seen: list[int] = []
    verdict = replay(fold, store, toy_origin, merger, lambda state: seen.append(state.round))
    assert verdict.identical
    assert [item.status for item in verdict.rounds] == ["replayed"] * 7
    assert seen == list(range(7))
    assert verdict.document()["state"] == fold.run.rounds[-1].agreed.state  # type: ignore[union-attr]


@pytest.mark.parametrize(("group", "said"), [("weights", "tensor toy.norm"), ("momentum", "outer momentum of tensor toy.norm")])
def test_one_bit_in_one_round_is_named_by_round_and_tensor(world: World, group: str, said: str) -> None:
    fold, store = read(world)
    verdict = replay(fold, store, toy_origin, off_by_one_bit(4, "toy.norm", group))
    assert verdict.difference.startswith(f"round 4: {said}")
    assert [item.status for item in verdict.rounds] == ["replayed"] * 4 + ["different"]
    assert verdict.document()["verdict"] == "different"


def test_another_start_differs_in_round_0(world: World) -> None:
    def other(plan: object, counts: object) -> Start:
        start = toy_origin(plan, [])  # type: ignore[arg-type]
        return replace(start, weights=start.weights | {"toy.norm": np.zeros(24, np.float32)})

    fold, store = read(world)
    assert replay(fold, store, other, merge_round_numpy).difference.startswith("round 0: tensor toy.norm")


def test_a_difference_is_named_even_when_nobody_s_leaves_can_be_read(world: World) -> None:
    leaves = {ref.leaves.sha256 for item in read(world)[0].run.rounds for ref in item.merged.values()}  # type: ignore[union-attr]
    fold, store = read(world, lambda name: name.rsplit("/", 1)[-1] in leaves)
    difference = replay(fold, store, toy_origin, off_by_one_bit(2, "toy.matrix")).difference
    assert difference.startswith("round 2: a tensor")


def test_rounds_whose_updates_are_gone_are_attested_only_up_to_the_next_snapshot(world: World) -> None:
    fold, _ = read(world)
    gone = {candidate.body.blob.sha256 for candidate in fold.run.rounds[3].candidates}  # type: ignore[union-attr]
    fold, store = read(world, lambda name: name.rsplit("/", 1)[-1] in gone)
    verdict = replay(fold, store, toy_origin, merge_round_numpy)
    assert verdict.identical
    assert [item.status for item in verdict.rounds] == [*["replayed"] * 3, "attested only", *["replayed"] * 3]


def test_without_snapshots_everything_after_the_gap_is_attested_only(world: World) -> None:
    fold, _ = read(world)
    gone = {candidate.body.blob.sha256 for candidate in fold.run.rounds[3].candidates}  # type: ignore[union-attr]
    fold, store = read(world, lambda name: name.rsplit("/", 1)[-1] in gone or name.startswith("snapshots/"))
    verdict = replay(fold, store, toy_origin, merge_round_numpy)
    assert [item.status for item in verdict.rounds] == [*["replayed"] * 3, *["attested only"] * 4]
    assert verdict.state is not None
    assert verdict.state.round == 2
