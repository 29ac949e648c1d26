"""A deterministic OpenAI-compatible engine, for trying a router out and for its tests: it says its name and what it was told.

    chat "one two" -> "NAME: one two", a token a word; log-probabilities from SHA-256 of the token.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from hanse.hedge.route import responses

Fault = Literal["", "die", "hang", "garbage", "refuse", "stall"]
"""die: cuts an answer after two tokens; hang: never answers; garbage: no JSON; refuse: 503; stall: stops after two tokens."""


@dataclass(frozen=True)
class Echo:
    """What an echo engine is like."""

    name: str
    """Its model's name; it knows no other."""
    token_ms: int = 0
    """Time for each token."""
    key: str = ""
    """It refuses whoever has another. Off: empty."""
    fault: Fault = ""


@dataclass(frozen=True)
class Said:
    """An answer."""

    tokens: tuple[str, ...]
    finish: str


def say(name: str, prompt: str, tokens_max: int | None, stop: Sequence[str]) -> Said:
    """The tokens: the engine's name, then the prompt, up to the first of `stop`."""
    words = f"{name}: {prompt}".split(" ")
    tokens = [word if index == 0 else f" {word}" for index, word in enumerate(words)]
    finish = "stop"
    if tokens_max is not None and tokens_max < len(tokens):
        tokens, finish = tokens[:tokens_max], "length"
    text = "".join(tokens)
    cuts = [text.index(end) for end in stop if end and end in text]
    if cuts:
        left, kept = min(cuts), []
        for token in tokens:
            kept.append(token[:left])
            left -= len(kept[-1])
        tokens, finish = [token for token in kept if token], "stop"
    return Said(tuple(tokens), finish)


def log_probability(token: str) -> float:
    """Not above 0, the same for the same token."""
    return -hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()[0] / 64


def _log_probabilities(chat: bool, tokens: Sequence[str]) -> dict[str, Any]:
    rows = [{"token": token, "logprob": log_probability(token), "bytes": list(token.encode("utf-8", "replace"))}
            for token in tokens]  # fmt: skip
    if chat:
        return {"content": [{**row, "top_logprobs": [row]} for row in rows], "refusal": None}
    ends = [len("".join(tokens[:index])) for index in range(len(tokens))]
    return {"tokens": list(tokens), "token_logprobs": [log_probability(token) for token in tokens],
            "top_logprobs": [{token: log_probability(token)} for token in tokens], "text_offset": ends}  # fmt: skip


def application(echo: Echo) -> web.Application:
    """The engine."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if echo.key and request.headers.get("Authorization") != f"Bearer {echo.key}":
            return _error(401, "wrong key", "invalid_api_key")
        document = await _document(request)
        if isinstance(document, web.Response):
            return document
        if document.get("model") != echo.name:
            return _error(404, f"the model {document.get('model')!r} does not exist", "model_not_found")
        if echo.fault == "refuse":
            return _error(503, "loading", "unavailable")
        if echo.fault == "hang":
            await asyncio.sleep(3600)
        if echo.fault == "garbage":
            return web.Response(body=b"\xff<html>", content_type="application/json")
        chat, responds = request.path.endswith("/chat/completions"), request.path.endswith("/responses")
        prompt = responses.prompt_of(document) if responds else _prompt(document, chat)
        if prompt is None:
            return _error(400, "expected messages, or a prompt, with text", "invalid_value")
        stop = document.get("stop") or []
        names = ("max_output_tokens", "max_completion_tokens", "max_tokens")
        tokens_max = next((document[key] for key in names if key in document), None)
        said = say(echo.name, prompt, tokens_max, [stop] if isinstance(stop, str) else stop)
        if responds:
            whole = responses.body(echo.name, document, said.tokens, said.finish, prompt)
            return await _respond(echo, request, whole, said, bool(document.get("stream")))
        if document.get("stream"):
            return await _stream(echo, request, document, chat, said)
        await asyncio.sleep(echo.token_ms * len(said.tokens) / 1000)
        if echo.fault in ("die", "stall"):
            return await _cut(request, echo.fault)
        return web.json_response(_body(echo.name, document, chat, said, prompt))

    async def models(request: web.Request) -> web.Response:
        known = {"id": echo.name, "object": "model", "created": 0, "owned_by": "echo"}
        return web.json_response({"object": "list", "data": [known]})

    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_post("/v1/completions", answer)
    app.router.add_post("/v1/responses", answer)
    app.router.add_get("/v1/models", models)
    return app


async def _document(request: web.Request) -> dict[str, Any] | web.Response:
    try:
        found = json.loads(await request.read())
    except ValueError as error:
        return _error(400, f"not JSON: {error}", "invalid_json")
    return found if isinstance(found, dict) else _error(400, "expected an object", "invalid_value")


def _prompt(document: Mapping[str, Any], chat: bool) -> str | None:
    if not chat:
        found = document.get("prompt")
        return found if isinstance(found, str) else None
    messages = document.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else None


def _head(name: str, document: Mapping[str, Any], kind: str) -> dict[str, Any]:
    made = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return {"id": f"echo-{made[:24]}", "object": kind, "created": 0, "model": name}


def _body(name: str, document: Mapping[str, Any], chat: bool, said: Said, prompt: str) -> dict[str, Any]:
    text = "".join(said.tokens)
    choice: dict[str, Any] = {"index": 0, "finish_reason": said.finish, "logprobs": None}
    if document.get("logprobs"):
        choice["logprobs"] = _log_probabilities(chat, said.tokens)
    choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    asked, told = len(prompt.split(" ")), len(said.tokens)
    usage = {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
    kind = "chat.completion" if chat else "text_completion"
    return _head(name, document, kind) | {"choices": [choice], "usage": usage}


async def _stream(
    echo: Echo, request: web.Request, document: Mapping[str, Any], chat: bool, said: Said
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = _head(echo.name, document, "chat.completion.chunk" if chat else "text_completion")

    async def send(choice: dict[str, Any]) -> None:
        await response.write(b"data: " + json.dumps(head | {"choices": [{"index": 0, **choice}]}).encode() + b"\n\n")

    for index, token in enumerate(said.tokens):
        if index == 2 and echo.fault == "die" and request.transport is not None:
            request.transport.close()
            return response
        if index == 2 and echo.fault == "stall":
            await asyncio.sleep(3600)
        await asyncio.sleep(echo.token_ms / 1000)
        logged = _log_probabilities(chat, [token]) if document.get("logprobs") else None
        said_now = {"delta": {"role": "assistant", "content": token}} if chat else {"text": token}
        await send({**said_now, "finish_reason": None, "logprobs": logged})
    await send({**({"delta": {}} if chat else {"text": ""}), "finish_reason": said.finish, "logprobs": None})
    await response.write(b"data: [DONE]\n\n")
    return response


async def _respond(echo: Echo, request: web.Request, whole: dict[str, Any], said: Said, streams: bool) -> web.StreamResponse:
    if not streams:
        await asyncio.sleep(echo.token_ms * len(said.tokens) / 1000)
        return web.json_response(whole)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in responses.events(whole, said.tokens):
        await asyncio.sleep(echo.token_ms / 1000)
        await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return response


async def _cut(request: web.Request, fault: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"id": "echo-cut", ')
    if fault == "stall":
        await asyncio.sleep(3600)
    if request.transport is not None:
        request.transport.close()
    return response


def _error(status: int, text: str, code: str) -> web.Response:
    return web.json_response({"error": {"message": text, "type": "echo_error", "param": None, "code": code}}, status=status)
