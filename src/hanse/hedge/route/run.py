"""The router from its first request to its last: engines, state, control, and the end that waits for who is being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hanse.errors import InputError
from hanse.hedge.route.control import Control, command, controlled
from hanse.hedge.route.engines import Engines
from hanse.hedge.route.listening import listening
from hanse.hedge.route.routes import Routes
from hanse.hedge.route.serve import Router
from hanse.hedge.route.state import read_state
from hanse.hedge.route.upstream import open_session


@dataclass(frozen=True)
class Setting:
    """What a router is told beside its routes."""

    host: str
    port: int
    token: str
    """Of the control endpoint."""
    now: Callable[[], str]
    """UTC, RFC 3339."""
    log: Callable[[Mapping[str, Any]], None]
    """Hears what happens, never a word of anybody's text."""


async def run(routes: Routes, setting: Setting, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` hears the address. Raises InputError, LockError for a file that is not the locked one."""
    if await asyncio.to_thread(command, routes, "GET", "status") is not None:
        raise InputError(f"{routes.source}: a router serves it already; stop it first")
    state = read_state(routes.beside("state"), routes)
    urls = {name: target.url for name, target in routes.target.items() if target.url is not None}
    async with open_session() as session, Engines(routes, session, urls, setting.log) as engines:
        router = Router(routes, state, session, urls, setting.log)
        for name in engines.needed(state):
            await engines.start(name)
        control = Control(router, engines.start, lambda: engines.settle(router), setting.now)
        async with (
            listening(router.application(setting.host), setting.host, setting.port, routes.drain_ms / 1000) as url,
            controlled(router, control, setting.token, url),
        ):
            ready(url)
            await stop.wait()
            router.stopping = True
        await router.close()
