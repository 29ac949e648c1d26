"""Engines that the router starts itself: llama.cpp's server, out of `xllamacpp`, in a process of its own, on a file whose digest
is the locked one, on a port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

from hanse.errors import HanseError, LockError, MissingExtraError
from hanse.hedge.lock.hashing import Digest, hash_places
from hanse.hedge.lock.schema import read_lock
from hanse.hedge.route.routes import Routes, Target
from hanse.hedge.route.serve import Router
from hanse.hedge.route.state import State
from hanse.hedge.source.folder import Place

START_SECONDS = 900.0
"""For reading a file of hundreds of gigabytes."""
END_SECONDS = 10.0
LINE = "listening at "
POLL_SECONDS = 0.2
AGAIN_SECONDS = 1.0
"""Before an engine that died is started again."""


def locked_file(name: str, target: Target, root: Path) -> Path:
    """The file of a target, hashed now. Raises LockError when the lock has none of that name, or another digest."""
    model = read_lock(root / target.lock).named(target.locked)
    file = next((item for item in model.file if item.path == target.file), None)
    if file is None:
        raise LockError(f"target.{name}: {target.file}: not a file of {target.locked} in {target.lock}; it has "
                        f"{', '.join(item.path for item in model.file[:20])}")  # fmt: skip
    place = Place(root / target.folder, target.file)
    found = hash_places([(place, file.size)])[place]
    path = place.folder / place.path
    if not isinstance(found, Digest):
        raise LockError(f"target.{name}: {path}: {found.text}; the engine was not started")
    if found.sha256 != file.sha256:
        raise LockError(f"target.{name}: {path}: SHA-256 is {found.sha256}, {target.lock} says {file.sha256}; the engine was not "
                        "started: get the locked file with `hanse mirror get`")  # fmt: skip
    return path


class Engines:
    """Those that run. Leaving the block ends them all."""

    def __init__(
        self, routes: Routes, session: aiohttp.ClientSession, urls: dict[str, str], log: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._routes, self._session, self._urls, self._log = routes, session, urls, log
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._turn = asyncio.Lock()
        self._held: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Engines:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(self._end(name) for name in list(self._running)))

    def needed(self, state: State) -> list[str]:
        """Targets that some route asks, or would after a rollback, and that the router starts."""
        found: dict[str, None] = {}
        for name, route in self._routes.route.items():
            others = (*route.fallback, route.canary, route.shadow, state.back(name))
            found |= dict.fromkeys((state.target(self._routes, name), *filter(None, others)))
        return [name for name in found if self._routes.target[name].url is None]

    async def start(self, name: str) -> None:
        """Make the target's engine run until the next `settle`, at least; returns when it answers. Raises LockError,
        MissingExtraError."""
        target = self._routes.target[name]
        self._held.add(name)
        if target.url is not None:
            return
        async with self._turn:
            if name not in self._urls:
                await self._run(name)

    async def _run(self, name: str) -> None:
        target = self._routes.target[name]
        if find_spec("xllamacpp") is None:
            raise MissingExtraError(f"hanse route with the file of target.{name}", "gguf")
        path = await asyncio.to_thread(locked_file, name, target, self._routes.root)
        self._log({"what": "engine", "target": name, "file": str(path), "state": "starting"})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hanse.hedge.route.llama", str(path), str(target.context), str(target.parallel),
            str(target.threads), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._running[name] = process
        try:
            async with asyncio.timeout(START_SECONDS):
                self._urls[name] = await self._address(name, process, path)
        except TimeoutError as error:
            await self._end(name)
            raise LockError(f"target.{name}: {path}: the engine did not start in {START_SECONDS:g} s") from error
        except BaseException:
            await self._end(name)
            raise
        self._log({"what": "engine", "target": name, "file": str(path), "state": "running"})
        self._spawn(self._watch(name, process))

    async def _address(self, name: str, process: asyncio.subprocess.Process, path: Path) -> str:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode("utf-8", "replace").strip()
            if text.startswith(LINE):
                return f"{text.removeprefix(LINE)}/v1"
        raise LockError(f"target.{name}: {path}: llama.cpp cannot open it")

    def settle(self, router: Router) -> None:
        """End engines that nothing needs any more, each when its last request ended."""
        self._held.clear()
        for name in set(self._running) - set(self.needed(router.state)):
            self._spawn(self._settle(router, name))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, name: str, process: asyncio.subprocess.Process) -> None:
        """Start an engine again that ended by itself; its file is hashed again, too."""
        code = await process.wait()
        if self._running.get(name) is not process:
            return
        self._running.pop(name)
        self._urls.pop(name, None)
        self._log({"what": "engine", "target": name, "state": "died", "code": code})
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            async with self._turn:
                if name not in self._urls:
                    await self._run(name)
        except HanseError as error:
            self._log({"what": "engine", "target": name, "state": "lost", "why": str(error)})

    async def _settle(self, router: Router, name: str) -> None:
        while router.busy(name):
            await asyncio.sleep(POLL_SECONDS)
        if name not in self._held and name not in self.needed(router.state):
            await self._end(name)

    async def _end(self, name: str) -> None:
        self._urls.pop(name, None)
        process = self._running.pop(name, None)
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # what it waits for
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._log({"what": "engine", "target": name, "state": "ended"})
