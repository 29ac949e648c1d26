"""An aiohttp application at an address, for as long as a block runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hanse.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int, drain: float, auto_decompress: bool = True) -> AsyncIterator[str]:
    """Serve `app` at `host`; port 0 is a free one. Gives the address. At the end no connection is taken any more, and requests
    that are being answered have `drain` seconds. A client that goes away cancels its handler. Without `auto_decompress` bodies
    come as they were sent. Raises InputError."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=drain,
                           auto_decompress=auto_decompress)  # fmt: skip
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port, backlog=1024).start()
        except (OSError, OverflowError) as error:
            raise InputError(f"cannot serve at {host}:{port}: {error}; choose another --host or --port") from error
        bound = runner.addresses[0]
        yield f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()
