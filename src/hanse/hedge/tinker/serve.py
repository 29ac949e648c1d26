"""The HTTP side: who asks, how much may come in, and what an error looks like."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from hanse.hedge.tinker import rest, sampling, training
from hanse.hedge.tinker.keys import digest_of
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.service import Service
from hanse.hedge.tinker.wire import PROTOBUF, inflate

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Posted = Callable[[Service, str, bytes], Awaitable[Any]]
POSTS: dict[str, Posted] = {
    "client/config": rest.client_config,
    "client/dynamic_config": rest.dynamic_config,
    "create_session": rest.create_session,
    "session_heartbeat": rest.heartbeat,
    "telemetry": rest.telemetry,
    "create_model": training.create_model,
    "get_info": training.get_info,
    "unload_model": training.unload_model,
    "forward": training.forward,
    "optim_step": training.optim_step,
    "save_weights": training.save_weights,
    "save_weights_for_sampler": training.save_for_sampler,
    "save_weights_external": training.save_external,
    "load_weights": training.load_weights,
    "create_sampling_session": sampling.create_sampling_session,
    "asample": sampling.asample,
    "cancel_future": sampling.cancel_future,
    "weights_info": rest.weights_info,
}
LISTS = {
    "get_server_capabilities": rest.capabilities,
    "training_runs": rest.list_runs,
    "checkpoints": rest.list_all,
    "sessions": rest.list_sessions,
}
ONES = {
    "training_runs/{id}": rest.get_run,
    "training_runs/{id}/checkpoints": rest.list_checkpoints,
    "sessions/{id}": rest.get_session,
    "samplers/{id}": sampling.get_sampler,
}
CHECKPOINT = "/api/v1/training_runs/{run}/checkpoints/{kind}/{name}"


class Server:
    """Routes to handlers. `keys`: owner by digest of a key."""

    def __init__(self, service: Service, keys: Mapping[str, str], secret: bytes) -> None:
        self.service, self._keys = service, keys
        self._links = rest.Links(service, secret)

    def application(self) -> web.Application:
        """What listens. Bodies are inflated here, not by aiohttp (`auto_decompress=False`), so that none grows past its limit."""
        app = web.Application(client_max_size=self.service.serving.body_bytes_max, middlewares=[self._guard])
        add = app.router.add_route
        add("GET", "/api/v1/healthz", self._health)
        add("GET", "/api/v1/files", self._file)
        for name, post in POSTS.items():
            add("POST", f"/api/v1/{name}", self._post(post))
        for name, listed in LISTS.items():
            add("GET", f"/api/v1/{name}", self._list(listed))
        for name, one in ONES.items():
            add("GET", f"/api/v1/{name}", self._one(one))
        add("POST", "/api/v1/forward_backward", self._forward_backward)
        add("POST", "/api/v1/retrieve_future", self._retrieve)
        add("POST", "/api/v1/sessions/{id}/finish", self._finish)
        add("DELETE", CHECKPOINT, self._delete)
        add("PUT", f"{CHECKPOINT}/ttl", self._ttl)
        add("GET", f"{CHECKPOINT}/archive", self._archive)
        add("GET", f"{CHECKPOINT}/external_weights_urls", self._urls)
        return app

    def owner(self, request: web.Request) -> str:
        """Whose key it is. Raises Refused."""
        key = request.headers.get("X-API-Key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = digest_of(key)
        found = [name for known, name in self._keys.items() if hmac.compare_digest(known, digest)]
        if not key or not found:
            raise Refused("X-API-Key: no key of this server; its owner makes one with `hanse tune key`", 401)
        return found[0]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as error:
            return refusal(error)
        except web.HTTPRequestEntityTooLarge:
            return refusal(Refused(f"a body has at most {self.service.serving.body_bytes_max} bytes", 413))
        except web.HTTPException as error:
            asked = f"{request.method} {request.path[:200]}"
            return refusal(Refused(f"{asked} is not served by `hanse tune serve`: {error.reason}", error.status))
        except OSError as error:
            self.service.around.log(
                {"what": "failed", "request": request.path[:200], "error": f"{type(error).__name__}: {error}"}
            )
            return refusal(Refused(f"the server cannot keep what it must: {error.strerror or error}", 507))

    async def _body(self, request: web.Request) -> bytes:
        body = await request.read()
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        if encoding in ("", "identity"):
            return body
        return await asyncio.to_thread(inflate, body, encoding, self.service.serving.body_bytes_max)

    def _post(self, handler: Posted) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            owner = self.owner(request)
            return web.json_response(await handler(self.service, owner, await self._body(request)))

        return answer

    def _list(self, handler: Callable[[Service, str, Mapping[str, str]], Awaitable[Any]]) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(await handler(self.service, self.owner(request), request.query))

        return answer

    def _one(self, handler: Callable[[Service, str, str], Awaitable[Any]]) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(await handler(self.service, self.owner(request), request.match_info["id"]))

        return answer

    async def _forward_backward(self, request: web.Request) -> web.Response:
        owner = self.owner(request)
        body = await self._body(request)
        return web.json_response(await training.forward_backward(self.service, owner, body, request.content_type))

    async def _retrieve(self, request: web.Request) -> web.Response:
        owner = self.owner(request)
        found = await sampling.retrieve_future(
            self.service, owner, await self._body(request), request.headers.get("Accept", "")
        )
        return web.Response(body=found, content_type=PROTOBUF) if isinstance(found, bytes) else web.json_response(found)

    async def _finish(self, request: web.Request) -> web.Response:
        owner = self.owner(request)
        await rest.finish_session(self.service, owner, request.match_info["id"], await self._body(request))
        return web.Response(status=204)

    async def _delete(self, request: web.Request) -> web.Response:
        await rest.delete(self.service, self.owner(request), _path(request))
        return web.Response(status=204)

    async def _ttl(self, request: web.Request) -> web.Response:
        await rest.set_ttl(self.service, self.owner(request), _path(request), await self._body(request))
        return web.Response(status=204)

    async def _archive(self, request: web.Request) -> web.Response:
        return web.json_response(
            await self._links.archive(self.owner(request), _path(request), str(request.url.origin()))
        )

    async def _urls(self, request: web.Request) -> web.Response:
        return web.json_response(
            await self._links.files(self.owner(request), _path(request), str(request.url.origin()))
        )

    async def _file(self, request: web.Request) -> web.Response:
        given = [request.query.get(name, "") for name in ("path", "name", "until", "signature")]
        return web.Response(
            body=await asyncio.to_thread(self._links.read, *given), content_type="application/octet-stream"
        )

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})


def _path(request: web.Request) -> str:
    return "tinker://{run}/{kind}/{name}".format(**request.match_info)


def refusal(error: Refused) -> web.Response:
    """As clients of both eras read it."""
    text = str(error)
    body: dict[str, Any] = {"error": text, "detail": text, "category": "user" if error.status < 500 else "server"}
    if error.status == 408:
        body |= {"type": "try_again", "queue_state": "active"}
    return web.json_response(body, status=error.status)
