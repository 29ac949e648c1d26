"""What a target serves, for those who must know it by digest: the verdict that swaps it in, the record's line, the status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse import canonical
from hanse.errors import InputError, LockError
from hanse.hedge.lock.hashing import listed_digest
from hanse.hedge.lock.schema import LockedFile, LockedModel, read_lock
from hanse.hedge.record.made import Made, Resource, TurnFacts
from hanse.hedge.record.status import Served, Turn
from hanse.hedge.route.routes import Routes, Target
from hanse.hedge.route.state import State, Step

_PART = re.compile(r"(.+)-\d{5}-of-(\d{5})\.gguf")


@dataclass(frozen=True)
class Holds:
    """What answers for a target: a file of a lock, which the router hashes before it starts it, or somebody's endpoint."""

    name: str
    """Path in the locked model, or model@url."""
    sha256: str = ""
    """Of the file, as the lock has it; empty for an endpoint."""


def holds(routes: Routes, target: str, route: str) -> Holds:
    """What a target serves for a route. Raises LockError."""
    settings = routes.target[target]
    if settings.url is not None:
        return Holds(f"{settings.model or route}@{settings.url}")
    return Holds(settings.file, _locked(settings, target, routes.root))


def _locked(target: Target, name: str, root: Path) -> str:
    model = read_lock(root / target.lock).named(target.locked)
    files = {item.path: item for item in model.file}
    if target.file not in files:
        raise LockError(f"target.{name}: {target.file}: not a file of {target.locked} in {target.lock}")
    return _digest(files[target.file], model)


def _digest(file: LockedFile, model: LockedModel) -> str:
    """As a comparison says it: of a GGUF in parts, over the lines of all of them."""
    part = _PART.fullmatch(file.path)
    if part is None:
        return file.sha256
    stem, count = part.groups()
    shape = re.compile(rf"{re.escape(stem)}-\d{{5}}-of-{count}\.gguf")
    return listed_digest({Path(item.path).name: item.sha256 for item in model.file if shape.fullmatch(item.path)})


def check_sides(data: bytes, source: str, routes: Routes, route: str, before: str, after: str) -> None:
    """Raise InputError unless the verdict (a document that `check_verdict` passed) speaks of what the two targets serve: files by
    SHA-256, endpoints by model@url."""
    engines: Any = json.loads(data).get("engines")
    for who, target in (("substitute", after), ("incumbent", before)):
        engine = engines.get(who) if isinstance(engines, Mapping) else None
        if not isinstance(engine, Mapping):
            raise InputError(f'{source}: "engines": says nothing of the {who}; give what `hanse compare --json` printed')
        held = holds(routes, target, route)
        if held.sha256:
            said, served, what = engine.get("sha256"), held.sha256, "file with SHA-256 "
        else:
            said, served, what = engine.get("name") if engine.get("kind") == "endpoint" else "", held.name, "endpoint "
        if said != served:
            told = f"{engine.get('kind')} {str(engine.get('name'))[:200]} ({str(engine.get('sha256'))[:64] or 'no SHA-256'})"
            raise InputError(f"{source}: its {who} is {told}, but target {target} serves {held.name}: {what}{served}; nothing was "
                             "swapped: compare what will be served, or swap without --by")  # fmt: skip


def step(routes: Routes, route: str, taken: Step) -> Made:
    """The record's line of a swap or a rollback. Raises LockError."""
    held = holds(routes, taken.after, route)
    endpoint = "" if held.sha256 else held.name
    facts = TurnFacts(route=route, before=taken.before, after=taken.after, file=held.sha256, endpoint=endpoint, verdict=taken.by)
    subject = Resource.of(held.name, held.sha256 or canonical.digest(endpoint))
    materials = (Resource.of("verdict", taken.by),) if taken.by else ()
    return Made(taken.what, route, (subject,), materials, facts, ("hanse", "route", taken.what))


def serving(routes: Routes, state: State) -> tuple[Served, ...]:
    """What every route leads to now, with its last swap or rollback. Raises LockError."""
    found = []
    for route in routes.route:
        target = state.target(routes, route)
        held, steps = holds(routes, target, route), state.route[route].steps if route in state.route else ()
        turn = Turn(steps[-1].what, steps[-1].after, steps[-1].by) if steps else None
        found.append(Served(route, target, held.sha256, held.name, turn))
    return tuple(found)
