"""Swapping while requests run: an endpoint on 127.0.0.1, told to nobody but whoever can read the file that names it.

`routes.control.json` beside ROUTES.toml, mode 0600, has its address and a token of this run; it is gone when the router is.
"""

from __future__ import annotations

import asyncio
import hmac
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from hanse.errors import HanseError, InputError, Unavailable
from hanse.hedge.route.listening import listening
from hanse.hedge.route.routes import Routes
from hanse.hedge.route.serve import Router
from hanse.hedge.route.state import State, rolled_back, swapped, write_state
from hanse.hedge.route.upstream import Failed, Unconnected, ask

PROBE_SECONDS = 5.0
UNSWAPPED = "nothing was swapped; --unseen swaps anyway"
WAIT_SECONDS = 900.0
"""How long the command waits: an engine that is started may read hundreds of gigabytes first."""


class Control:
    """Changes a running router's state: file first, then the requests that come."""

    def __init__(
        self, router: Router, start: Callable[[str], Awaitable[None]], settle: Callable[[], None], now: Callable[[], str]
    ) -> None:
        """`start` makes an engine run and returns when it answers, `settle` ends engines nobody needs; `now` is UTC."""
        self._router, self._start, self._settle, self._now = router, start, settle, now
        self._turn = asyncio.Lock()

    async def swap(self, name: str, target: str, by: str, unseen: bool) -> State:
        """Let `target` answer for the route. Raises InputError; then nothing changed."""
        async with self._turn:
            return await self._set(swapped(self._router.state, self._router.routes, name, target, self._now(), by), name, unseen)

    async def roll_back(self, name: str, unseen: bool) -> State:
        """Undo the route's last swap. Raises InputError; then nothing changed."""
        async with self._turn:
            return await self._set(rolled_back(self._router.state, self._router.routes, name, self._now()), name, unseen)

    async def _set(self, state: State, name: str, unseen: bool) -> State:
        router = self._router
        if state is router.state:
            return state
        target = state.target(router.routes, name)
        try:
            await self._start(target)
            if not unseen:
                await self._probe(target)
            await asyncio.to_thread(write_state, router.routes.beside("state"), state)
            router.state = state
        except OSError as error:
            raise InputError(f"{error.filename}: cannot write: {error.strerror}; nothing was swapped") from error
        finally:
            self._settle()
        return state

    async def _probe(self, target: str) -> None:
        """Raise InputError unless something answers HTTP where the target is."""
        router = self._router
        settings = router.routes.target[target].model_copy(
            update={"connect_ms": int(PROBE_SECONDS * 1000), "first_byte_ms": int(PROBE_SECONDS * 1000)}
        )
        try:
            async with ask(router.session, settings, router.urls[target] + "/models", router.to_engine(target), None) as seen:
                if seen.status >= 500:
                    raise InputError(f"{target}: its engine answers {seen.status}; {UNSWAPPED}")
        except (Unconnected, Failed) as error:
            raise InputError(f"{target}: its engine does not answer: {error}; {UNSWAPPED}") from error


def status(routes: Routes, state: State, router: Router | None = None) -> dict[str, Any]:
    """What answers for what; the keys are a public format. Requests are those of now, null when no router runs."""
    targets = {
        name: {
            "url": target.url if router is None else router.urls.get(name, target.url),
            "model": target.model,
            "running": None if router is None else router.places[name].running,
            "waiting": None if router is None else router.places[name].waiting,
        }
        for name, target in routes.target.items()
    }
    found = {
        name: {
            "target": state.target(routes, name),
            "back": state.back(name),
            "fallback": list(route.fallback),
            "canary": route.canary,
            "canary_share": str(route.canary_share),
            "shadow": route.shadow,
            "steps": [step.model_dump() for step in state.route[name].steps] if name in state.route else [],
        }
        for name, route in routes.route.items()
    }
    return {"serving": router is not None, "route": found, "target": targets}


@asynccontextmanager
async def controlled(router: Router, control: Control, token: str, url: str) -> AsyncIterator[None]:
    """Listen for commands as long as the block runs. `url` is what clients speak to."""

    async def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {token}".encode()):
            return web.json_response({"error": "no token"}, status=403)
        try:
            if request.method == "POST":
                asked = await request.json()
                if request.path == "/swap":
                    await control.swap(asked["route"], asked["target"], asked["by"], asked["unseen"])
                else:
                    await control.roll_back(asked["route"], asked["unseen"])
        except HanseError as error:
            return web.json_response({"error": str(error)}, status=409)
        return web.json_response(status(router.routes, router.state, router) | {"address": url})

    app = web.Application()
    app.router.add_get("/status", answer)
    app.router.add_post("/swap", answer)
    app.router.add_post("/rollback", answer)
    path = router.routes.beside("control")
    async with listening(app, "127.0.0.1", 0, 1.0) as address:
        path.unlink(missing_ok=True)  # of a router that was killed; its mode may be another
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"url": address, "token": token}, file)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def command(routes: Routes, method: str, what: str, asked: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Tell a running router, and give its status; None when none runs. Raises InputError with what it said, Unavailable."""
    path = routes.beside("control")
    try:
        found = json.loads(path.read_bytes())
        request = urllib.request.Request(f"{found['url']}/{what}", method=method)
        request.add_header("Authorization", f"Bearer {found['token']}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}; only who started the router can command it") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a router's control file; remove it when no router runs") from error
    if asked is not None:
        request.data = json.dumps(asked).encode()
        request.add_header("Content-Type", "application/json")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=WAIT_SECONDS) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer
    except urllib.error.HTTPError as error:
        if error.code == 403:
            return None  # another program has the port of a router that was killed
        with error:
            raise InputError(str(json.loads(error.read())["error"])) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return None  # a router that was killed left its file
        raise Unavailable(f"{found['url']}: the router does not answer: {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unavailable(f"{found['url']}: the router does not answer: {error}") from error
