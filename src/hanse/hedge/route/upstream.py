"""One request to one engine: time-outs, and failures told apart by what may follow them.

Before a connection stands, nothing was asked, and another target may be; afterwards the engine may have worked, and nothing is
sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from hanse.hedge.route.headers import Pairs
from hanse.hedge.route.routes import Target

KEEP_SECONDS = 3.0
"""How long an idle connection is kept: less than engines keep theirs (llama.cpp: 5 s), or a request meets one that closes."""
ANSWER_BYTES_MAX = 64 << 20
"""Largest answer that is no stream."""


class Unconnected(Exception):
    """No connection to the engine. Never leaves `hanse.hedge.route`."""


class Failed(Exception):
    """The engine was asked and did not answer well. Never leaves `hanse.hedge.route`."""

    def __init__(self, reason: str, text: str, status: int = 502) -> None:
        super().__init__(text)
        self.reason, self.status = reason, status


def open_session() -> aiohttp.ClientSession:
    """Connections to all engines; whoever opens it closes it. No proxies, no cookies: an engine is where its URL says."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


class Answer:
    """An engine's answer whose first byte is here."""

    def __init__(self, inner: aiohttp.ClientResponse, first: bytes, idle: float) -> None:
        self._inner, self._first, self._idle = inner, first, idle
        self.status = inner.status

    @property
    def headers(self) -> Pairs:
        return list(self._inner.headers.items())

    @property
    def kind(self) -> str:
        """The media type; empty for a compressed body, which nobody here reads."""
        return "" if self._inner.headers.get("Content-Encoding", "identity") != "identity" else self._inner.content_type

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Failed."""
        piece = self._first
        while piece:
            yield piece
            try:
                async with asyncio.timeout(self._idle):
                    piece = await self._inner.content.readany()
            except TimeoutError as error:
                raise Failed("idle", f"the engine sent nothing for {self._idle:g} s", 504) from error
            except (aiohttp.ClientError, OSError) as error:
                raise Failed("cut", "the engine cut its answer") from error

    async def whole(self) -> bytes:
        """The body of an answer that is no stream. Raises Failed."""
        data = bytearray()
        async for piece in self.pieces():
            data += piece
            if len(data) > ANSWER_BYTES_MAX:
                raise Failed("large", f"the engine's answer is larger than {ANSWER_BYTES_MAX} bytes")
        return bytes(data)


@asynccontextmanager
async def ask(
    session: aiohttp.ClientSession, target: Target, url: str, headers: Pairs, body: bytes | None
) -> AsyncIterator[Answer]:
    """POST `body` to the engine, or GET without one. Left early, the connection is closed, and the engine hears it. Raises
    Unconnected, Failed."""
    limit = aiohttp.ClientTimeout(total=None, sock_connect=target.connect_ms / 1000)
    first_byte = target.first_byte_ms / 1000
    method = "GET" if body is None else "POST"
    inner: aiohttp.ClientResponse | None = None
    try:
        try:
            async with asyncio.timeout(first_byte):
                inner = await session.request(
                    method, URL(url, encoded=True), data=body, headers=headers, timeout=limit, allow_redirects=False
                )
                first = await inner.content.readany()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unconnected(str(error)) from error
        except TimeoutError as error:
            raise Failed("first_byte", f"the engine sent nothing for {first_byte:g} s", 504) from error
        except aiohttp.ClientResponseError as error:
            raise Failed("garbage", "the engine does not speak HTTP") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Failed("cut", "the engine closed the connection before it answered") from error
        if 300 <= inner.status < 400:
            raise Failed("garbage", f"the engine answered {inner.status}, a redirect; correct its url")
        yield Answer(inner, first, target.idle_ms / 1000)
    finally:
        if inner is not None and not inner.content.at_eof():
            inner.close()
        elif inner is not None:
            inner.release()
