"""What must hold in every world, whatever the weather: no fork, no lost or doubled update, no stuck run."""

from __future__ import annotations

from dataclasses import dataclass

from hanse.ledger.chain import Slot, parse_slot
from hanse.ledger.entry import Entry
from hanse.ledger.log import read_copied
from hanse.run.fold import Fold
from hanse.run.follow import Follower
from hanse.run.merge import merge_round_numpy
from hanse.run.replay import replay
from hanse.run.simulate.toy import toy_origin
from hanse.run.simulate.world import START, World
from hanse.store.disk import MemoryDisk


@dataclass(frozen=True)
class Outcome:
    """What a world came to. `problems` is empty when the protocol held."""

    seed: int
    problems: tuple[str, ...]
    rounds: int
    entries: int
    crashes: int
    void: int
    simulated_seconds: int


def play(world: World, seconds_max: int = 40_000) -> Outcome:
    """Play a world to its end and check what must hold."""
    world.run(seconds_max)
    reader = Follower(world.bucket, MemoryDisk(), world.log)
    reader.sync()
    fold = reader.fold
    rounds = len(fold.run.rounds) - 1 if fold.run is not None else 0
    void = sum(1 for verdict in fold.verdicts if not verdict.valid)
    return Outcome(
        world.seed, tuple(problems(world, fold)), rounds, fold.size, world.crashes, void, world.now - START
    )


def play_seed(job: tuple[int, int]) -> Outcome:
    """The world of (seed, members), for a pool of processes."""
    seed, members = job
    return play(World(seed, members))


def problems(world: World, fold: Fold) -> list[str]:
    """Everything that went wrong in `world`, whose log folds to `fold`, in words; empty when the protocol held."""
    return [
        *_halted(world),
        *_stuck(world, fold),
        *_doubled(world, fold),
        *_lost(world, fold),
        *_forked(world, fold),
        *_replayed(world, fold),
    ]


def _halted(world: World) -> list[str]:
    return [f"{site.name} stopped itself: {site.halted}" for site in world.honest() if site.halted]


def _stuck(world: World, fold: Fold) -> list[str]:
    late = [site.name for site in world.honest() if not site.done and not site.halted]
    if not late:
        return []
    run = fold.run
    where = "no run" if run is None else f"round {run.current.number}, closed at {run.current.closed}"
    return [f"stuck: {', '.join(late)} not done ({where})"]


def _doubled(world: World, fold: Fold) -> list[str]:
    """An honest member's site signs one update per round, unless its disk was lost."""
    seen: dict[tuple[str, int, int], set[str]] = {}
    for index in range(fold.size):
        data = world.bucket.objects.get(f"log/{index:012d}", b"")
        for entry in parse_slot(Slot.of(data)):
            if isinstance(entry, Entry) and entry.statement.kind == "update":
                body = entry.statement.body
                if isinstance(body.get("round"), int) and isinstance(body.get("attempt"), int):
                    key = (entry.statement.member, body["round"], body["attempt"])
                    signer = world.sites.get(entry.statement.member)
                    if signer is not None and entry.envelope.signatures[0][0] == signer.key.public.id:
                        seen.setdefault(key, set()).add(entry.id)
    return [
        f"doubled: {name} signed {len(ids)} updates for round {number}"
        for (name, number, _), ids in seen.items()
        if len(ids) > 1 and name != world.hostile and not world.sites[name].lost_disk
    ]


def _lost(world: World, fold: Fold) -> list[str]:
    """An honest update that stands in a round is merged in it."""
    found = []
    for item in fold.run.rounds if fold.run is not None else []:
        if item.agreed is None:
            continue
        for name, candidate in item.updates.items():
            if name != world.hostile and candidate.id not in item.agreed.admitted:
                found.append(f"lost: round {item.number} was merged without the update of {name}")
    return found


def _forked(world: World, fold: Fold) -> list[str]:
    """Every honest site's copy folds to the same state, and its weights are the agreed ones."""
    found = []
    for site in world.honest():
        if not site.done or site.agent is None or site.agent.state is None or fold.run is None:
            continue
        copy = Fold()
        while copy.size < fold.size and (slot := read_copied(site.disk, copy.size)) is not None:
            copy.apply(slot)
        mine = [(item.number, item.agreed.state) for item in (copy.run.rounds if copy.run else []) if item.agreed]
        theirs = [(item.number, item.agreed.state) for item in fold.run.rounds if item.agreed]
        if mine != theirs[: len(mine)]:
            found.append(f"forked: {site.name} agreed on other states than the log")
        last = fold.run.rounds[-1].agreed
        if last is not None and site.agent.digest() != last.state:
            found.append(f"forked: {site.name} ends with other weights than the agreed ones")
    return found


def _replayed(world: World, fold: Fold) -> list[str]:
    """Whoever replays the log gets every agreed state."""
    verdict = replay(fold, world.bucket, toy_origin, merge_round_numpy)
    return [] if verdict.identical else [f"replay differs: {verdict.difference}"]
