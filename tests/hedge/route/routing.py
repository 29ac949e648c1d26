"""Echo engines and a router on this machine, each in a thread of its own, and clients of the stock library."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from hanse.errors import HanseError
from hanse.hedge.route.echo import Echo, application
from hanse.hedge.route.listening import listening
from hanse.hedge.route.routes import Routes, load_routes
from hanse.hedge.route.run import Setting, run

Serve = Callable[[Callable[[str], None], asyncio.Event], Coroutine[Any, Any, None]]


@contextmanager
def in_thread(serve: Serve) -> Iterator[str]:
    """Run `serve` until the block ends; its address. What it raises is raised here."""
    up, found, failed = threading.Event(), [""], []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def ready(url: str) -> None:
        found[0] = url
        up.set()

    def work() -> None:
        try:
            loop.run_until_complete(serve(ready, stop))
        except (HanseError, OSError) as error:
            failed.append(error)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            up.set()

    thread = threading.Thread(target=work)
    thread.start()
    up.wait()
    try:
        if not failed:
            yield found[0]
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]


@contextmanager
def echoing(echo: Echo) -> Iterator[str]:
    """An echo engine; its address with /v1."""

    async def serve(ready: Callable[[str], None], stop: asyncio.Event) -> None:
        async with listening(application(echo), "127.0.0.1", 0, 0.05) as url:
            ready(url)
            await stop.wait()

    with in_thread(serve) as url:
        yield f"{url}/v1"


@dataclass
class Served:
    """A running router."""

    url: str
    routes: Routes
    log: list[Mapping[str, Any]] = field(default_factory=list)

    def client(self) -> openai.OpenAI:
        """The stock client; it tries nothing twice, so that tests see what the router does."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="the client's own", max_retries=0, timeout=60)


@contextmanager
def routing(path: Path) -> Iterator[Served]:
    """A router on a routes file."""
    routes = load_routes(path)
    log: list[Mapping[str, Any]] = []
    setting = Setting("127.0.0.1", 0, "token", lambda: "2026-11-30T00:00:00Z", log.append)
    with in_thread(lambda ready, stop: run(routes, setting, ready, stop)) as url:
        yield Served(url, routes, log)


@contextmanager
def stage(folder: Path, *echoes: Echo, targets: str = "", route: str = 'target = "a"', head: str = "") -> Iterator[Served]:
    """Echo engines as targets of their names, with `targets` as more lines of each, and one route, "assistant"."""
    with ExitStack() as stack:
        tables = [
            f'[target.{echo.name}]\nurl = "{stack.enter_context(echoing(echo))}"\nmodel = "{echo.name}"\n{targets}\n'
            for echo in echoes
        ]
        path = folder / "routes.toml"
        path.write_text(f"{head}\n{''.join(tables)}[route.assistant]\n{route}\n")
        yield stack.enter_context(routing(path))


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    """One chat completion."""
    return client.chat.completions.create(model="assistant", messages=[{"role": "user", "content": text}], **more)
