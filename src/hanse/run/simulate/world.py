"""One seeded world: sites that crash at store calls, lose replies, are cut off or slow, and one that means harm.

The agents are the real ones; only the bucket's manners, the clock and the training are simulated. A seed replays exactly.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hanse.charter.schema import Charter, parse_charter
from hanse.errors import HanseError, IntegrityError, NotFound, StoreError
from hanse.keys import SigningKey
from hanse.ledger.entry import NO_LOG, Seen, Statement, segment, signed
from hanse.ledger.log import slot_name
from hanse.ledger.merkle import EMPTY_ROOT
from hanse.run.follow import Follower
from hanse.run.merge import merge_round_numpy
from hanse.run.plan import Plan, parse_plan
from hanse.run.simulate.hostile import Hostile
from hanse.run.simulate.toy import ToyTrainer, toy_origin
from hanse.run.site.agent import Agent, Identity, Patience, Step
from hanse.store.disk import MemoryDisk
from hanse.store.memory import Crash, Fault, FaultyStore, MemoryStore

START = 1_800_000_000
"""Unix seconds at which every simulated world begins."""

MakeAgent = Callable[[Identity, Follower, ToyTrainer, Callable[[], int]], Agent]


@dataclass(frozen=True)
class Weather:
    """How bad a world is: probabilities per store call, unless said otherwise."""

    crash: float = 0.004
    lost_reply: float = 0.004
    doubled: float = 0.004
    invisible: float = 0.01
    cut_off: float = 0.01
    """Per step of a site: chance that it cannot reach the bucket for a while."""
    lose_disk: float = 0.02
    """Per crash: chance that the disk is gone too (the key is not: it is kept elsewhere)."""
    slow: float = 0.1
    """Chance that a site is ten times slower than the others."""
    hostile: bool = True
    late_joiner: bool = True


@dataclass
class Site:
    """One member's site across crashes: its disk and key survive, its memory does not."""

    name: str
    key: SigningKey
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    agent: Agent | None = None
    pace: int = 1
    reachable_from: int = 0
    done: bool = False
    lost_disk: bool = False
    halted: str = ""


def default_make(who: Identity, follower: Follower, trainer: ToyTrainer, clock: Callable[[], int]) -> Agent:
    """The agent as shipped, with the numpy merge: nothing to compile."""
    return Agent(who, follower, trainer, toy_origin, merge_round_numpy, clock, patience=Patience(missing_seconds=30))


class World:
    """A world of `members` sites under `weather`. `run()` ends when all honest sites are done or time is up."""

    def __init__(
        self, seed: int, members: int = 4, weather: Weather = Weather(), make: MakeAgent = default_make, rounds: int = 4
    ) -> None:
        self.seed, self.weather, self.make = seed, weather, make
        self.chance = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.now = START
        self.bucket = MemoryStore()
        self.crashes = 0
        self.names = [f"m{i}" for i in range(members)]
        officers = {name: self._key(f"{name}/officer") for name in self.names}
        self.charter, self.plan = _agreement(officers, rounds, self.chance)
        self.log = self._found(officers)
        self.sites = {name: Site(name, self._key(f"{name}/site")) for name in self.names}
        self.hostile = self.chance.choice(self.names) if weather.hostile else ""
        self.late = self._late_joiner()
        for site in self.sites.values():
            if self.chance.random() < weather.slow:
                site.pace = 10
        self.officers = officers
        self.attacker: Hostile | None = None
        self._queue: list[tuple[int, int, str]] = []
        self._order = 0

    def run(self, seconds_max: int = 40_000) -> None:
        """Play the world until every honest site is done or halted, or simulated time is up."""
        for name in self.names:
            delay = self.chance.randint(300, 900) if name == self.late else self.chance.randint(0, 5)
            self._schedule(name, delay)
        joined: set[str] = set()
        while self._queue and self.now < START + seconds_max:
            at, _, name = heapq.heappop(self._queue)
            self.now = max(self.now, at)
            if name not in joined:
                self._join(name)
                joined.add(name)
            if name == self.hostile:
                if not all(site.done for other, site in self.sites.items() if other != name):
                    self._attack()
                continue
            self._visit(self.sites[name])

    def honest(self) -> list[Site]:
        return [site for name, site in self.sites.items() if name != self.hostile]

    def clock(self) -> int:
        return self.now

    def _visit(self, site: Site) -> None:
        """One step of one site, and when it comes again."""
        if self.chance.random() < self.weather.cut_off:
            site.reachable_from = self.now + self.chance.randint(5, 120)
        if self.now < site.reachable_from:
            self._schedule(site.name, site.reachable_from - self.now)
            return
        try:
            if site.agent is None:
                store = FaultyStore(self.bucket, self._faults)
                follower = Follower(store, site.disk, self.log)
                who = Identity(site.name, site.key, self.log)
                site.agent = self.make(who, follower, ToyTrainer(site.name, self.noise), self.clock)
            step = site.agent.step()
        except Crash:
            self._crash(site)
            return
        except IntegrityError as error:
            site.halted = str(error)  # an honest site that stops itself is a finding: see check.py
            return
        except StoreError:
            site.agent = None
            self._schedule(site.name, self.chance.randint(1, 10))
            return
        except HanseError as error:
            site.halted = f"{type(error).__name__}: {error}"
            return
        if step is Step.COMPLETE:
            site.done = True
            return
        wait = self.chance.randint(1, 3) * site.pace if step is Step.WORKED else self.chance.randint(2, 6)
        self._schedule(site.name, wait)

    def _crash(self, site: Site) -> None:
        self.crashes += 1
        site.agent = None
        if self.chance.random() < self.weather.lose_disk:
            site.disk = MemoryDisk()
            site.lost_disk = True
        self._schedule(site.name, self.chance.randint(1, 60))

    def _faults(self, verb: str, name: str) -> Fault:
        draw, weather = self.chance.random(), self.weather
        for fault, share, verbs in (
            (Fault.CRASH_BEFORE, weather.crash, ("put_once", "get", "list", "stat")),
            (Fault.CRASH_AFTER, weather.lost_reply, ("put_once", "get")),
            (Fault.DOUBLED, weather.doubled, ("put_once",)),
            (Fault.INVISIBLE, weather.invisible, ("get", "list") if not name.startswith("log/") else ()),
        ):
            if draw < share:
                return fault if verb in verbs else Fault.NONE
            draw -= share
        return Fault.NONE

    def _attack(self) -> None:
        if self.attacker is None:
            site = self.sites[self.hostile]
            follower = Follower(self.bucket, MemoryDisk(), self.log)
            trainer = ToyTrainer(site.name, self.noise)
            self.attacker = Hostile(Identity(site.name, site.key, self.log), follower, trainer, self.clock, self.chance)
        self.attacker.act()
        self._schedule(self.hostile, self.chance.randint(3, 30))

    def _late_joiner(self) -> str:
        honest = [name for name in self.names if name != self.hostile]
        return self.chance.choice(honest) if self.weather.late_joiner and len(honest) > 3 else ""

    def _key(self, name: str) -> SigningKey:
        return SigningKey(name, self.chance.randbytes(32))

    def _schedule(self, name: str, delay: int) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.now + delay, self._order, name))

    def _found(self, officers: dict[str, SigningKey]) -> str:
        body = {"charter": self.charter.document(), "plan": self.plan.document()}
        statement = Statement("genesis", NO_LOG, Seen(0, EMPTY_ROOT), START, self.names[0], body)
        entry = signed(statement, list(officers.values()))
        self.bucket.put_once(slot_name(0), segment([entry]))
        return entry.id

    def _join(self, name: str) -> None:
        follower = Follower(self.bucket, MemoryDisk(), self.log)
        follower.sync()
        text = {"counts": None, "evaluation": None}
        body = {"site": f"{name}-1", "key": str(self.sites[name].key.public), "text": text}
        statement = follower.statement("join", name, body, self.now)
        if not follower.append(signed(statement, [self.officers[name]])):
            raise NotFound(f"{name} could not join")


def _agreement(officers: dict[str, SigningKey], rounds: int, chance: random.Random) -> tuple[Charter, Plan]:
    members = [{"name": name, "officer": str(key.public)} for name, key in officers.items()]
    charter = parse_charter({"name": "simulated", "member": members}, "simulated charter")
    codec = chance.choice(
        [{"kind": "fixed32"}, {"kind": "int8"}, {"kind": "1bit"}, {"kind": "topk", "feedback_decay": "0.95"}]
    )
    document = {
        "name": "simulated",
        "model": {"seed": chance.randint(0, 1 << 30)},
        "tokenizer": {"kind": "given", "sha256": "0" * 64},
        "data": {},
        "train": {},
        "phase": [{"rounds": 1, "steps": 1}, {"rounds": rounds - 1, "steps": 2}],
        "codec": codec,
        "deadline_seconds": 300,
        "gather_seconds": 200,
        "shard_elements": 4096,
        "snapshot_rounds": 2,
        "feedback_reset_rounds": 2,
    }
    return charter, parse_plan(document, "simulated plan")
