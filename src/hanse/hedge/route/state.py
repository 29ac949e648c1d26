"""What was swapped: which target answers for each route, where a rollback leads, and who asked for it.

The file stands beside ROUTES.toml and is replaced whole: a reader, or a router after a crash, finds the old one or the new one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanse.errors import InputError
from hanse.hedge.route.routes import Routes
from hanse.store.disk import replace_file, sync

STEPS_KEPT = 1000
"""Of each route's history, and of the targets that a rollback leads to; the oldest go."""
VERDICTS = ("swap", "keep", "don't", "more")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Strict):
    """One swap or rollback."""

    what: Literal["swap", "rollback"]
    before: str
    after: str
    at: str
    """UTC, RFC 3339."""
    by: str
    """The SHA-256 of the verdict it followed; empty when a person said so."""


class Turned(_Strict):
    """One route that was swapped at least once."""

    target: str
    back: tuple[str, ...] = ()
    """Targets before it; a rollback takes the last."""
    steps: tuple[Step, ...] = ()


class State(_Strict):
    """All routes that were ever swapped."""

    version: Literal[1] = 1
    route: dict[str, Turned] = Field(default_factory=dict)

    def target(self, routes: Routes, name: str) -> str:
        """Which target answers for a route."""
        turned = self.route.get(name)
        return routes.route[name].target if turned is None else turned.target

    def back(self, name: str) -> str:
        """Where a rollback leads; empty when nowhere."""
        turned = self.route.get(name)
        return turned.back[-1] if turned is not None and turned.back else ""


def swapped(state: State, routes: Routes, name: str, target: str, at: str, by: str = "") -> State:
    """The state in which `target` answers for the route; the same state when it does already. Raises InputError."""
    _check_route(routes, name)
    if target not in routes.target:
        raise InputError(f"{target}: no target of {routes.source}; there are: {', '.join(routes.target)}")
    before = state.target(routes, name)
    if before == target:
        return state
    old = state.route.get(name, Turned(target=before))
    step = Step(what="swap", before=before, after=target, at=at, by=by)
    return _with(state, name, Turned(target=target, back=(*old.back, before)[-STEPS_KEPT:], steps=_add(old, step)))


def rolled_back(state: State, routes: Routes, name: str, at: str) -> State:
    """The state before the route's last swap that was not rolled back. Raises InputError when there is none."""
    _check_route(routes, name)
    old = state.route.get(name)
    if old is None or not old.back:
        raise InputError(f"{name}: no swap to roll back: {state.target(routes, name)} answers")
    step = Step(what="rollback", before=old.target, after=old.back[-1], at=at, by="")
    return _with(state, name, Turned(target=old.back[-1], back=old.back[:-1], steps=_add(old, step)))


def _with(state: State, name: str, turned: Turned) -> State:
    return State(route=state.route | {name: turned})


def _add(old: Turned, step: Step) -> tuple[Step, ...]:
    return (*old.steps, step)[-STEPS_KEPT:]


def _check_route(routes: Routes, name: str) -> None:
    if name not in routes.route:
        raise InputError(f"{name}: no route of {routes.source}; there are: {', '.join(routes.route)}")


def read_state(path: Path, routes: Routes) -> State:
    """The state in a file; nothing was swapped when there is none. Raises InputError naming the file and what to do."""
    try:
        state = State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: not a router's state: {'.'.join(map(str, first['loc']))}: {first['msg']}; restore the "
                         "file, or remove it to start from the routes file") from error  # fmt: skip
    for name, turned in state.route.items():
        if name in routes.route:
            for target in (turned.target, *turned.back):
                if target not in routes.target:
                    raise InputError(f"{path}: route {name} was swapped to {target!r}, which {routes.source} no longer has; put "
                                     "the target back, or remove the state file to start anew")  # fmt: skip
    return state


def write_state(path: Path, state: State) -> None:
    """Replace the file, durably. Raises OSError, and leaves the old one."""
    replace_file(path, json.dumps(state.model_dump(mode="json"), indent=1, sort_keys=True).encode() + b"\n")
    sync(path.parent)


def check_verdict(data: bytes, source: str) -> None:
    """Raise InputError unless `data`, a comparison's JSON document, says "verdict": "swap"."""
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: not JSON: {error}; give the document that `hanse compare` wrote") from error
    verdict = document.get("verdict") if isinstance(document, dict) else None
    if verdict not in VERDICTS:
        said = ", ".join(f'"{item}"' for item in VERDICTS)
        raise InputError(f'{source}: "verdict": expected one of {said}; found {str(verdict)[:60]!r}')
    if verdict != "swap":
        more = "measure more items first" if verdict == "more" else "the incumbent stays"
        raise InputError(f'{source}: the verdict is "{verdict}": {more}; nothing was swapped')
