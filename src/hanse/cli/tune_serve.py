"""`hanse tune serve` and `hanse tune key`: the Tinker API on one's own machine, and who may use it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import secrets
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hanse.cli.extras import need
from hanse.errors import InputError

VARIABLE = "TINKER_API_KEY"


@click.command()
@click.argument("base")
@click.option(
    "--lock",
    type=click.Path(path_type=Path),
    help="BASE is a model of this lock; its files must be what is locked. Off: a folder.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("tinker-data"),
    show_default=True,
    help="Where runs and weights are kept.",
)
@click.option("--keys", type=click.Path(path_type=Path), help="Names and hashed keys, by `hanse tune key`. Off: the key in "
              f"{VARIABLE}, else a new one that is printed.")  # fmt: skip
@click.option("--settings", type=click.Path(path_type=Path), help="SERVE.toml. Off: every default.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at. There is no encryption: put a proxy with TLS before another.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16", "auto"]),
    default="float32",
    show_default=True,
    help="Of the base in memory.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
def serve(
    base: str,
    lock: Path | None,
    data: Path,
    keys: Path | None,
    settings: Path | None,
    host: str,
    port: int,
    dtype: str,
    device: str,
) -> None:
    """Serve the Tinker API over BASE until SIGTERM or SIGINT: its client trains adapters and samples from them here.

    What is saved stays in --data; what was trained and not saved ends with the server, and clients are told. Events are JSON lines
    on standard error; no text of anybody is among them.
    """
    need("tune serve", "tune-serve", "aiohttp", "google.protobuf", "zstandard", "torch", "transformers", "peft")
    from hanse.hedge.route.listening import LOOPBACK
    from hanse.hedge.tinker.keys import check_key, digest_of, read_keys
    from hanse.hedge.tinker.run import Setting, run
    from hanse.hedge.tinker.settings import Serving, load_serving
    from hanse.hedge.tune.base import open_base

    serving = Serving() if settings is None else load_serving(settings)
    told = ""
    if keys is not None:
        owners = read_keys(keys)
    else:
        key = os.environ.get(VARIABLE, "")
        if not key:
            told = key = f"tml-{secrets.token_urlsafe(32)}"
        owners = {digest_of(check_key(key, VARIABLE)): "local"}

    def log(event: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        click.echo(json.dumps({"at": at, **event}), err=True)

    def ready(url: str) -> None:
        click.echo(f"serving {opened.name}\nTINKER_BASE_URL={url}" + (f"\n{VARIABLE}={told}" if told else ""))

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(serving, Setting(opened, data, owners, host, port, dtype, device, log), ready, stop)

    opened = open_base(base, lock)
    if host not in LOOPBACK:
        click.echo(
            f"warning: {host} is not this machine's own address, and nothing is encrypted: keys travel in the clear",
            err=True,
        )
    asyncio.run(main())
    gc.freeze()  # or the interpreter looks through all that torch and transformers are made of before it ends: 2 s of CPU


@click.command()
@click.argument("name")
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    default=Path("keys.txt"),
    show_default=True,
    help="The file its hash is added to.",
)
def key(name: str, keys: Path) -> None:
    """Make a key for a user NAME of `hanse tune serve`, print it once, and keep its hash."""
    from hanse.hedge.tinker.keys import add_key

    made = f"tml-{secrets.token_urlsafe(32)}"
    try:
        add_key(keys, name, made)
    except OSError as error:
        raise InputError(f"{keys}: cannot write: {error.strerror}") from error
    click.echo(made)
