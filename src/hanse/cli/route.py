"""`hanse route`: serve, swap, rollback, status, and an echo engine to try them with."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.cli.extras import need
from hanse.cli.printing import as_json, table
from hanse.cli.recording import Recording, recorded
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.route.routes import Routes
    from hanse.hedge.route.state import State

routes_option = click.option(
    "--routes", "path", type=click.Path(path_type=Path), default=Path("routes.toml"), show_default=True, help="The routes."
)
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")
unseen_option = click.option("--unseen", is_flag=True, help="Do not ask first whether the target's engine answers.")
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at. There are no "
                           "passwords: another than this machine's own serves whoever reaches it.")  # fmt: skip


@click.group()
def route() -> None:
    """Put one OpenAI-compatible address in front of your engines: swap the model behind a name, and back, while requests run."""


@route.command()
@click.argument("path", metavar="ROUTES.toml", type=click.Path(path_type=Path), default=Path("routes.toml"))
@host_option
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: a free one.")
def serve(path: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered then have drain_ms. Events are JSON lines on standard
    error; no text of anybody is among them."""
    need("route", "route", "aiohttp")
    routes = _load(path)
    from hanse.hedge.route.listening import LOOPBACK
    from hanse.hedge.route.run import Setting, run

    def log(event: Mapping[str, Any]) -> None:
        click.echo(json.dumps({"at": _now(), **event}), err=True)

    def ready(url: str) -> None:
        click.echo(f"serving {', '.join(routes.route)}\nOPENAI_BASE_URL={url}/v1")

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(routes, Setting(host, port, secrets.token_hex(32), _now, log), ready, stop)

    if host not in LOOPBACK:
        click.echo(f"warning: {host} is not this machine's own address, and there are no passwords", err=True)
    asyncio.run(main())


@route.command()
@click.argument("name")
@click.argument("target")
@click.option("--by", "verdict", type=click.Path(path_type=Path), help="The JSON document of a comparison: swap only when its "
              "verdict is swap. Off: because you say so.")  # fmt: skip
@unseen_option
@routes_option
@recorded
@json_option
def swap(
    name: str, target: str, verdict: Path | None, unseen: bool, path: Path, recording: Recording | None, json_: bool
) -> None:
    """Let TARGET answer for the route NAME: every request from now on; those that are being answered end where they are.

    A verdict must speak of the very files (or endpoints) that the two targets serve. Without a running router the state is written,
    for the next one.
    """
    routes = _load(path)
    from hanse.hedge.route.command import command
    from hanse.hedge.route.state import check_verdict, swapped
    from hanse.hedge.route.step import check_sides

    by = ""
    if verdict is not None:
        data, state = _read(verdict), _state(routes)
        check_verdict(data, str(verdict))
        swapped(state, routes, name, target, _now())  # refuses names that are none
        check_sides(data, str(verdict), routes, name, state.target(routes, name), target)
        by = hashlib.sha256(data).hexdigest()
    asked = {"route": name, "target": target, "by": by, "unseen": unseen}
    found = command(routes, "POST", "swap", asked)
    if found is None:
        found = _write(routes, swapped(_state(routes), routes, name, target, _now(), by))
    _told(found, name, json_)
    _record(recording, routes, name, found)


@route.command()
@click.argument("name")
@unseen_option
@routes_option
@recorded
@json_option
def rollback(name: str, unseen: bool, path: Path, recording: Recording | None, json_: bool) -> None:
    """Undo the last swap of the route NAME."""
    routes = _load(path)
    from hanse.hedge.route.command import command
    from hanse.hedge.route.state import rolled_back

    found = command(routes, "POST", "rollback", {"route": name, "unseen": unseen})
    if found is None:
        found = _write(routes, rolled_back(_state(routes), routes, name, _now()))
    _told(found, name, json_)
    _record(recording, routes, name, found)


@route.command()
@routes_option
@json_option
def status(path: Path, json_: bool) -> None:
    """Which target answers for which route, and where a rollback would lead."""
    routes = _load(path)
    from hanse.hedge.route.command import command
    from hanse.hedge.route.command import status as offline

    found = command(routes, "GET", "status") or offline(routes, _state(routes))
    if json_:
        as_json(found)
        return
    click.echo(f"serving at {found['address']}/v1" if found["serving"] else "no router is running")
    columns = ("route", "target", "rollback to", "canary", "shadow", "fallback", "requests")
    rows = []
    for name, row in found["route"].items():
        canary = f"{row['canary']} {row['canary_share']}" if row["canary"] else ""
        now = found["target"][row["target"]]["running"]
        others = ", ".join(row["fallback"])
        rows.append((name, row["target"], row["back"], canary, row["shadow"], others, "" if now is None else now))
    table(columns, rows)


@route.command()
@click.option("--name", default="echo", show_default=True, help="Its model's name.")
@host_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: a free one.")
@click.option("--token-ms", type=click.IntRange(0, 60_000), default=0, show_default=True, help="Time for each token.")
def echo(name: str, host: str, port: int, token_ms: int) -> None:
    """An engine without a model, to try routes out: it says its name and what it was told."""
    need("route", "route", "aiohttp")
    from hanse.hedge.route.echo import Echo, application
    from hanse.hedge.route.listening import listening

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with listening(application(Echo(name, token_ms)), host, port, 1.0) as url:
            click.echo(f"echo engine {name} at {url}/v1")
            await stop.wait()

    asyncio.run(main())


def _load(path: Path) -> Routes:
    from hanse.hedge.route.routes import load_routes

    return load_routes(path)


def _state(routes: Routes) -> State:
    from hanse.hedge.route.state import read_state

    return read_state(routes.beside("state"), routes)


def _write(routes: Routes, state: State) -> dict[str, Any]:
    from hanse.hedge.route.command import status as offline
    from hanse.hedge.route.state import write_state

    write_state(routes.beside("state"), state)
    return offline(routes, state)


def _told(found: dict[str, Any], name: str, json_: bool) -> None:
    if json_:
        as_json(found)
        return
    row = found["route"][name]
    later = "" if found["serving"] else ", once a router runs"
    back = f"; a rollback leads to {row['back']}" if row["back"] else ""
    click.echo(f"{row['target']} answers for {name}{later}{back}")


def _record(recording: Recording | None, routes: Routes, name: str, found: dict[str, Any]) -> None:
    """The record's line of the route's last step, unless it is there."""
    if recording is None or not found["route"][name]["steps"]:
        return
    from hanse.hedge.route.state import Step
    from hanse.hedge.route.step import step

    last = Step.model_validate(found["route"][name]["steps"][-1])
    made = step(routes, name, last)
    if (last.at, made) not in [(item.line.at, item.line.made) for item in recording.read().lines]:
        recording.add(made, last.at, f"`hanse route swap {name} {last.after}` with --record and --key, which swaps nothing again,")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
