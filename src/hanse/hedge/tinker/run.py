"""The server from its first request to its last."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.route.listening import listening
from hanse.hedge.tinker.adapters import Model
from hanse.hedge.tinker.serve import Server
from hanse.hedge.tinker.service import Around, Service
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tinker.shelf import Shelf
from hanse.hedge.tinker.turns import Log, Turns
from hanse.hedge.tune.base import Base, load

SWEEP_SECONDS = 30.0
CONTEXT_MAX = 32768


@dataclass(frozen=True)
class Setting:
    """What a server is told beside its settings."""

    base: Base
    folder: Path
    """Where it keeps what outlives it."""
    keys: Mapping[str, str]
    """Owner by SHA-256 of a key."""
    host: str
    port: int
    dtype: str
    device: str
    log: Log


async def run(serving: Serving, setting: Setting, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` hears the address. Raises InputError, TuneError."""
    with _alone(setting.folder):
        shelf = await asyncio.to_thread(Shelf, setting.folder)
        model, tokenizer = await asyncio.to_thread(load, setting.base, setting.dtype, setting.device)
        around = Around(
            now=time.time, random=secrets.token_bytes, log=setting.log, decode=tokenizer.decode, ends=_ends(model, tokenizer),
            context=serving.context or _context(model), arch=type(model).__name__,
        )  # fmt: skip
        turns = Turns(setting.log, serving.queue_max, serving.tokens_per_turn)
        service = Service(
            await asyncio.to_thread(Model, setting.base, model, setting.device), shelf, serving, around, turns
        )
        for session in shelf.sessions.values():
            if not session.finished:
                service.seen[session.id] = around.now()
        server = Server(service, setting.keys, secrets.token_bytes(32))
        tasks = [asyncio.create_task(turns.run()), asyncio.create_task(_sweeping(service))]
        app = server.application()
        try:
            async with listening(
                app, setting.host, setting.port, serving.drain_ms / 1000, auto_decompress=False
            ) as url:
                ready(url)
                await _first(stop, tasks)
                service.stopping.set()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()


async def _first(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Until it is told to stop, or what must run for good has ended."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await stopped


async def _sweeping(service: Service) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            service.sweep()
        except OSError as error:
            service.around.log({"what": "failed", "request": "sweep", "error": str(error)})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No second server works on the folder. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(f"{folder}: cannot be used: {error.strerror}; choose another --data") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InputError(f"{folder}: another server uses it; stop that one, or choose another --data") from error
    finally:
        os.close(handle)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    found = getattr(model.generation_config, "eos_token_id", None)
    several = found if isinstance(found, list) else [found]
    return frozenset(item for item in (*several, tokenizer.eos_token_id) if item is not None)


def _context(model: Any) -> int:
    return min(int(getattr(model.config, "max_position_embeddings", CONTEXT_MAX)), CONTEXT_MAX)
