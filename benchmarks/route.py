"""The router against the bare engine in one run: added latency and throughput. Prints JSON lines.

    python -m benchmarks.route [--requests 300] [--clients 8] [--rounds 5] [--token-ms 20]

Engine and router are processes of their own; the engine is the echo engine, whose tokens cost the time that is named and no CPU,
so what is measured is the router. Requests with and without it alternate, so that other work on the machine hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import aiohttp

HANSE = [sys.executable, "-m", "hanse.cli.main", "route"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=300)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--token-ms", type=int, default=20)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made, both(Path(made), 0) as urls:
        latency(urls, chosen.requests)
    with tempfile.TemporaryDirectory() as made, both(Path(made), chosen.token_ms) as urls:
        asyncio.run(throughput(urls, chosen.clients, chosen.rounds))


@contextmanager
def both(folder: Path, token_ms: int) -> Iterator[dict[str, str]]:
    """The bare engine and a router before it: base addresses."""
    with started("echo", "--name", "assistant", "--token-ms", str(token_ms)) as engine:
        bare = (engine.readline()).split()[-1]
        routes = folder / "routes.toml"
        target = f'[target.echo]\nurl = "{bare}"\nmodel = "assistant"\nparallel = 64\n'
        routes.write_text(f'{target}[route.assistant]\ntarget = "echo"\n')
        with started("serve", str(routes), "--port", "0") as router:
            router.readline()
            yield {"bare": bare, "routed": router.readline().strip().partition("=")[2]}


@contextmanager
def started(*words: str) -> Iterator[IO[str]]:
    process = subprocess.Popen([*HANSE, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.terminate()
        process.wait(30)


def body(words: int, stream: bool) -> bytes:
    told = " ".join("word" for _ in range(words))
    return json.dumps({"model": "assistant", "messages": [{"role": "user", "content": told}], "stream": stream}).encode()


def latency(urls: dict[str, str], requests: int) -> None:
    """One client, one connection to each; the first answers of all are not counted."""
    lines = {name: http.client.HTTPConnection(urlsplit(url).netloc) for name, url in urls.items()}
    found: dict[str, list[float]] = {name: [] for name in urls}
    asked = body(50, stream=False)
    for number in range(requests + 20):
        for name, line in lines.items():
            began = time.perf_counter()
            line.request("POST", "/v1/chat/completions", asked, {"Content-Type": "application/json"})
            reply = line.getresponse()
            reply.read()
            if number >= 20:
                found[name].append((time.perf_counter() - began) * 1000)
            assert reply.status == 200
    added = [routed - bare for bare, routed in zip(found["bare"], found["routed"], strict=True)]
    medians = {f"{name}_ms": round(statistics.median(values), 3) for name, values in found.items()}
    print(json.dumps({"what": "latency", "requests": requests, **medians, "added_ms": round(statistics.median(added), 3),
                      "load": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


async def throughput(urls: dict[str, str], clients: int, rounds: int) -> None:
    """Streams of 50 tokens, as many at once as there are clients, four by each; tokens a second."""
    found: dict[str, list[float]] = {name: [] for name in urls}
    asked = body(49, stream=True)

    async def one(session: aiohttp.ClientSession, url: str) -> int:
        events = 0
        for _ in range(4):
            async with session.post(f"{url}/chat/completions", data=asked) as reply:
                assert reply.status == 200
                events += (await reply.read()).count(b"data: {")
        return events

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for _ in range(rounds):
            for name, url in urls.items():
                began = time.perf_counter()
                events = sum(await asyncio.gather(*(one(session, url) for _ in range(clients))))
                found[name].append(events / (time.perf_counter() - began))
    ratios = [routed / bare for bare, routed in zip(found["bare"], found["routed"], strict=True)]
    rates = {f"{name}_tokens_s": round(statistics.median(values), 1) for name, values in found.items()}
    print(json.dumps({"what": "throughput", "clients": clients, "rounds": rounds, **rates,
                      "ratio": round(statistics.median(ratios), 3), "load": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
