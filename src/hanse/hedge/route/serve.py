"""The router: what clients speak to. A request is bound to its target when it comes in and keeps it; a swap is one assignment
between requests, so none is lost and none is answered by two.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from hanse.hedge.route.choose import choose
from hanse.hedge.route.headers import Pairs, to_client, to_engine
from hanse.hedge.route.listening import LOOPBACK
from hanse.hedge.route.metrics import Labels, Metrics, labels
from hanse.hedge.route.naming import Lines, renamed
from hanse.hedge.route.places import Full, Places
from hanse.hedge.route.routes import Routes, key_of
from hanse.hedge.route.state import State
from hanse.hedge.route.upstream import Answer, Failed, Unconnected, ask

PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings")


@dataclass(frozen=True)
class Asked:
    """A client's request, read and understood."""

    route: str
    path: str
    """Below /v1, with the query."""
    document: Mapping[str, Any]
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Router:
    """Everything that lives as long as the process. `urls` has the base address of each target that runs."""

    def __init__(
        self,
        routes: Routes,
        state: State,
        session: aiohttp.ClientSession,
        urls: dict[str, str],
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.routes, self.state, self.session, self.urls, self.log = routes, state, session, urls, log
        self.metrics = Metrics()
        self.places = {name: Places(target.parallel, target.queue) for name, target in routes.target.items()}
        self.stopping = False
        self._keys = {name: key_of(name, target) for name, target in routes.target.items()}
        self._shadows: set[asyncio.Task[None]] = set()

    def application(self, host: str) -> web.Application:
        """What listens at `host`."""
        app = web.Application(client_max_size=self.routes.body_bytes_max, middlewares=[_guard(host)])
        for path in PATHS:
            app.router.add_post(path, self._answer)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{name:.+}", self._model)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def close(self) -> None:
        """End what no client waits for."""
        for task in self._shadows:
            task.cancel()
        await asyncio.gather(*self._shadows, return_exceptions=True)

    def busy(self, target: str) -> bool:
        """Whether requests are at a target or wait for it."""
        places = self.places[target]
        return bool(places.running or places.waiting)

    def to_engine(self, target: str, headers: Pairs | tuple[tuple[str, str], ...] = ()) -> Pairs:
        """A client's headers as a target's engine gets them."""
        return to_engine(headers, self._keys[target])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = await self._read(request)
        if isinstance(asked, web.Response):
            return asked
        way = choose(self.routes, self.state, asked.route, asked.document, asked.body)
        if way.shadow:
            self._copy(asked, way.shadow)
        for target in way.targets:
            by = labels(target=target)
            try:
                async with self.places[target].one():
                    response = await self._relay(request, asked, target, bool(way.shadow))
            except Full:
                self._error(by, "full")
                return fault(429, f"{asked.route}: too many requests wait; come back", "rate_limit_error", "queue_full",
                             {"Retry-After": "1"})  # fmt: skip
            except Unconnected:
                self._error(by, "unconnected")
                continue
            except Failed as error:
                self._error(by, error.reason)
                return fault(error.status, f"{asked.route}: {error}", "api_error", error.reason)
            except (asyncio.CancelledError, ConnectionResetError):
                self._error(by, "client_gone")
                raise
            self.metrics.count("hanse_route_requests_total",
                               labels(route=asked.route, target=target, status=str(response.status)))  # fmt: skip
            return response
        return fault(503, f"{asked.route}: no engine can be reached; try later", "api_error", "unconnected",
                     {"Retry-After": "5"})  # fmt: skip

    async def _read(self, request: web.Request) -> Asked | web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return fault(413, f"a request has at most {self.routes.body_bytes_max} bytes", code="too_large")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            return fault(400, f"the body is not JSON: {error}")
        name = document.get("model") if isinstance(document, dict) else None
        if not isinstance(name, str):
            return fault(400, 'expected a JSON object with "model", a text', param="model")
        if name not in self.routes.route:
            known = ", ".join(self.routes.route)
            return fault(404, f"no route {name[:200]!r}; there are: {known}", code="model_not_found", param="model")
        path = request.rel_url.raw_path_qs.removeprefix("/v1")
        return Asked(name, path, document, body, tuple(request.headers.items()))

    async def _relay(
        self, request: web.Request, asked: Asked, target: str, logged: bool
    ) -> web.StreamResponse:
        """The target's answer, given on. Raises Unconnected, Failed (nothing was sent to the client yet), and what a client
        that is gone raises."""
        began = time.monotonic()
        by, digest = labels(target=target), hashlib.sha256()
        async with self._ask(asked, target) as answer:
            self.metrics.time("hanse_route_first_byte_seconds", by, time.monotonic() - began)
            headers = to_client(answer.headers, target)
            if answer.kind == "application/json":
                data = _own_name(await answer.whole(), answer.status, asked.route)
                digest.update(data)
                response: web.StreamResponse = web.Response(status=answer.status, headers=headers, body=data)
            else:
                response = web.StreamResponse(status=answer.status, headers=headers)
                await response.prepare(request)
                await self._stream(request, asked.route, answer, response, digest if logged else None, by)
        seconds = time.monotonic() - began
        self.metrics.time("hanse_route_seconds", by, seconds)
        if logged:
            self.log(_seen("answer", asked, target, answer.status, digest.hexdigest(), seconds))
        return response

    async def _stream(
        self, request: web.Request, route: str, answer: Answer, response: web.StreamResponse, digest: Any, by: Labels
    ) -> None:
        """Pieces as they come. An answer that is cut ends in an error event and without HTTP's own end: nobody takes it for
        whole."""
        lines = Lines(route) if answer.kind == "text/event-stream" else None
        try:
            async for piece in answer.pieces():
                given = lines.feed(piece) if lines else piece
                if digest is not None:
                    digest.update(given)
                if given:
                    await _give(request, response, given, answer.idle)
            if lines and (left := lines.end()):
                await _give(request, response, left, answer.idle)
        except Failed as error:
            self._error(by, error.reason)
            if lines:
                event = json.dumps(_fault(f"{route}: {error}", "api_error", error.reason, None))
                await _give(request, response, b"\n\ndata: " + event.encode() + b"\n\n", answer.idle)
            if request.transport is not None:
                request.transport.close()

    def _ask(self, asked: Asked, target: str) -> Any:
        settings = self.routes.target[target]
        if target not in self.urls:
            raise Unconnected(f"{target} does not run")
        body = renamed(asked.body, asked.document, settings.model or asked.route)
        return ask(self.session, settings, self.urls[target] + asked.path, self.to_engine(target, asked.headers), body)

    def _copy(self, asked: Asked, target: str) -> None:
        task = asyncio.create_task(self._shadow(asked, target))
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)

    async def _shadow(self, asked: Asked, target: str) -> None:
        """Send the copy, drop the answer. What goes wrong is counted and touches nobody."""
        began, outcome = time.monotonic(), "answered"
        digest, status = hashlib.sha256(), 0
        try:
            async with self.places[target].one():
                began = time.monotonic()
                async with self._ask(asked, target) as answer:
                    status = answer.status
                    if answer.kind == "application/json":
                        digest.update(_own_name(await answer.whole(), status, asked.route))
                    else:
                        lines = Lines(asked.route)
                        async for piece in answer.pieces():
                            digest.update(lines.feed(piece))
                        digest.update(lines.end())
        except Full:
            outcome = "full"
        except Unconnected:
            outcome = "unconnected"
        except Failed as error:
            outcome = error.reason
        self.metrics.count("hanse_route_shadow_total", labels(target=target, outcome=outcome))
        sha256 = digest.hexdigest() if outcome == "answered" else outcome
        self.log(_seen("shadow", asked, target, status, sha256, time.monotonic() - began))

    def _error(self, by: Labels, reason: str) -> None:
        self.metrics.count("hanse_route_errors_total", (*labels(reason=reason), *by))

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_model(name) for name in self.routes.route]})

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.routes.route:
            return fault(404, f"no route {name[:200]!r}", code="model_not_found")
        return web.json_response(_model(name))

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "stopping" if self.stopping else "ok"}, status=503 if self.stopping else 200)

    async def _metrics(self, request: web.Request) -> web.Response:
        current = {name: self.state.target(self.routes, name) for name in self.routes.route}
        gauges = {
            "hanse_route_in_flight": [(labels(target=name), item.running) for name, item in self.places.items()],
            "hanse_route_queue": [(labels(target=name), item.waiting) for name, item in self.places.items()],
            "hanse_route_current": [(labels(route=name, target=target), 1) for name, target in current.items()],
        }
        text = self.metrics.text(gauges)
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _give(request: web.Request, response: web.StreamResponse, data: bytes, idle: float) -> None:
    """A piece for the client. One that takes nothing for `idle` seconds is gone, and its place at the engine free. Raises
    ConnectionResetError."""
    try:
        async with asyncio.timeout(idle):
            await response.write(data)
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the client does not read") from error


def _own_name(data: bytes, status: int, route: str) -> bytes:
    """An engine's JSON under the route's name. Raises Failed when it says all is well and is no JSON."""
    try:
        return renamed(data, json.loads(data), route)
    except (ValueError, RecursionError) as error:
        if status < 400:
            raise Failed("garbage", "the engine's answer is not JSON") from error
        return data


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "hanse"}


def _seen(what: str, asked: Asked, target: str, status: int, sha256: str, seconds: float) -> dict[str, Any]:
    """One line of the log: no text of anybody, but what tells whether two answers were the same."""
    request = hashlib.sha256(asked.body).hexdigest()
    return {"what": what, "route": asked.route, "target": target, "request": request, "status": status, "sha256": sha256,
            "seconds": round(seconds, 6)}  # fmt: skip


def _fault(text: str, kind: str, code: str | None, param: str | None) -> dict[str, Any]:
    return {"error": {"message": text, "type": kind, "param": param, "code": code}}


def fault(
    status: int, text: str, kind: str = "invalid_request_error", code: str | None = None,
    headers: Mapping[str, str] | None = None, param: str | None = None,
) -> web.Response:  # fmt: skip
    """An error as OpenAI's clients read it."""
    return web.json_response(_fault(text, kind, code, param), status=status, headers=headers)


def _guard(host: str) -> Any:
    """Errors of the server itself in OpenAI's form; on this machine's own address only for those who ask for it by its name,
    not for a web page whose name was turned here."""

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        if host in LOOPBACK and request.url.host not in (*LOOPBACK, None):
            return fault(403, "served to this machine only", code="host")
        try:
            found: web.StreamResponse = await handler(request)
            return found
        except web.HTTPException as error:
            return fault(error.status, f"{request.method} {request.path}: {error.reason}; there are: {', '.join(PATHS)}")

    return guard
