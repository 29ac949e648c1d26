"""Commands that give models back: get, serve."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from hanse.cli.lock.files import megabytes, size
from hanse.cli.mirror.ready import json_option, open_mirror, ready
from hanse.cli.printing import as_json


@click.command()
@click.argument("name")
@click.option("--from", "url", required=True, help="The mirror.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), required=True, help="The model's folder, made when missing."
)
@click.option("--revision", default="", help="A commit or an entry's digest. Off: the newest.")
@json_option
def get(name: str, url: str, folder: Path, revision: str, json_: bool) -> None:
    """Write model NAME (its name in the lock, or org/name) into a folder. Each file appears whole and right, or not at all;
    files that are there and right are kept."""
    ready()
    from hanse.hedge.mirror.get import get as run

    opened = open_mirror(url)
    model = opened.find(name, revision).model
    with megabytes("writing", model.size) as count:
        got = run(opened, model, folder, count)
    if json_:
        as_json({"model": model.name, "entry": model.entry, "folder": str(folder)} | got.__dict__)
        return
    click.echo(f"{model.name}: {got.written} files written, {size(got.bytes)}, {got.there} were there, in {folder}")


@click.command()
@click.argument("url")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at. There are no passwords: another "
              "than this machine's own shows the models to whoever reaches it.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: a free one.")
@click.option("--quiet", is_flag=True, help="Do not print requests.")
def serve(url: str, host: str, port: int, quiet: bool) -> None:
    """Speak the Hugging Face hub's protocol from a mirror, read-only: set HF_ENDPOINT to the address this prints.

    A file is hashed while it is first sent; one that is not right is cut off before its end, and named here.
    """
    ready()
    from hanse.hedge.mirror.serve import LOOPBACK, Server

    def log(line: str) -> None:
        if not quiet or line.startswith("DAMAGED"):
            click.echo(line, err=True)

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    mirror = open_mirror(url)
    models = len(mirror.tables()[0])
    server = Server(mirror, (host, port), log)
    signal.signal(signal.SIGTERM, stop)
    if host not in LOOPBACK:
        click.echo(f"warning: {host} is not this machine's own address, and there are no passwords", err=True)
    click.echo(f"serving {models} models from {mirror.store.url}\nHF_ENDPOINT={server.url}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        server.close()
