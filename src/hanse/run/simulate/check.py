"""What must hold in every world, whatever the weather: no fork, no lost or doubled update, no stuck run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hanse.ledger.chain import parse_slot
from hanse.ledger.entry import Entry
from hanse.run.fold import Fold
from hanse.run.follow import Follower
from hanse.run.merge import merge_round_numpy
from hanse.run.replay import replay
from hanse.run.simulate.toy import toy_origin
from hanse.store.disk import MemoryDisk

if TYPE_CHECKING:
    from hanse.run.simulate.world import World


def problems(world: World) -> list[str]:
    """Everything that went wrong, in words; empty when the protocol held."""
    reader = Follower(world.bucket, MemoryDisk(), world.log)
    reader.sync()
    fold = reader.fold
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
        from hanse.ledger.chain import Slot

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
        from hanse.ledger.log import read_copied

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
