"""`hanse hedge status`: what the lock, the record and the routes say together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.mirror.ready import json_option, read_file
from hanse.cli.printing import as_json
from hanse.cli.recording import FILE, Recording, now, public_key, recorded
from hanse.errors import InputError
from hanse.keys import PublicKey, SigningKey

if TYPE_CHECKING:
    from hanse.hedge.record.status import Node, Served, Status

ROUTES = Path("routes.toml")


@click.group()
def hedge() -> None:
    """Every model of the project from its locked base to the route that serves it."""


@hedge.command()
@click.option("--lock", type=click.Path(path_type=Path), default=Path("models.lock"), show_default=True, help="The lock.")
@click.option("--record", type=click.Path(path_type=Path), default=Path(FILE), show_default=True, envvar="HANSE_RECORD",
              show_envvar=True, help="The record.")  # fmt: skip
@click.option("--trust", multiple=True, metavar="PUBLICKEY", envvar="HANSE_RECORD_TRUST", show_envvar=True,
              help="Public key of who may sign lines, or a file that holds it: what `hanse keys show` prints. May be given several "
              "times.")  # fmt: skip
@click.option("--key", type=click.Path(path_type=Path), envvar="HANSE_RECORD_KEY", show_envvar=True,
              help="Your own key file: it is trusted, too.")  # fmt: skip
@click.option("--head", default="", metavar="SHA256", help="Digest of a line that you kept: the record must still have it.")
@click.option("--routes", type=click.Path(path_type=Path), help="The routes. Off: routes.toml where there is one.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the page (HTML).")
@json_option
def status(
    lock: Path, record: Path, trust: tuple[str, ...], key: Path | None, head: str, routes: Path | None, out: Path | None,
    json_: bool,
) -> None:  # fmt: skip
    """Draw for every model the chain from the locked base through tuned, distilled and quantized files to verdicts and routes.

    What is missing or contradicts is named, and gives exit code 1: a served file that no locked base leads to, a verdict about
    another file, an entry that changed since, a line by a key that you do not trust, a broken chain. Nothing is hashed here but
    the record: that files are still those of the lock is what `hanse lock verify` and the router itself see to.
    """
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.record.chain import look
    from hanse.hedge.record.page import render
    from hanse.hedge.record.status import status as draw
    from hanse.store.disk import replace_file

    chain = look(record, _trusted(trust, key), head)
    found = draw(read_lock(lock), chain, _served(routes))
    if out is not None:
        replace_file(out, render(found, chain).encode())
    if json_:
        as_json(found.row())
    else:
        _show(found, out)
    if found.problems():
        raise click.exceptions.Exit(1)


@hedge.command()
@click.argument("names", nargs=-1)
@click.option("--lock", type=click.Path(path_type=Path), default=Path("models.lock"), show_default=True, help="The lock.")
@click.option("--drill", type=click.Path(path_type=Path), help="A drill's own record, signed with --key, that has no line yet.")
@recorded
def add(names: tuple[str, ...], lock: Path, drill: Path | None, recording: Recording | None) -> None:
    """Add lines of models that were locked before there was a record, or whose line could not be written. Off: all of the lock."""
    if recording is None:
        raise InputError("name the record and the key file: --record FILE --key KEY")
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.record.made import locked

    read = read_lock(lock)
    there = {item.line.made.subjects[0].sha256 for item in recording.read().lines}
    for model in [read.named(name) for name in names] or (read.model if drill is None else ()):
        if model.entry not in there:
            recording.add(locked(model, ("hanse", "hedge", "add")), now(), "the same command")
            click.echo(f"{model.name}: line added")
    if drill is not None:
        from hanse.hedge.drill.record import read as read_drill
        from hanse.hedge.drill.step import step

        data = read_file(drill)
        made = step(read_drill(data, recording.place.key.public, str(drill)), data)
        if made.subjects[0].sha256 not in there:
            recording.add(made, now(), "the same command")
            click.echo(f"{drill}: line added")


def _trusted(trust: tuple[str, ...], key: Path | None) -> list[PublicKey]:
    keys = [public_key(text) for text in trust]
    keys += [SigningKey.load(key).public] if key is not None else []
    if not keys:
        raise InputError("name whose lines you trust: --trust with what `hanse keys show` prints, or --key with your own key file")
    return keys


def _served(path: Path | None) -> tuple[Served, ...]:
    if path is None and not ROUTES.is_file():
        return ()
    from hanse.hedge.route.routes import load_routes
    from hanse.hedge.route.state import read_state
    from hanse.hedge.route.step import serving

    routes = load_routes(path or ROUTES)
    return serving(routes, read_state(routes.beside("state"), routes))


def _show(found: Status, out: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    def add(tree: Tree, node: Node) -> None:
        label = Text.assemble((f"{node.kind} ", "dim"), (node.name, "bold red" if node.problems else "bold"),
                              (f" {node.sha256[:12]}", "dim"), f" {node.says}")  # fmt: skip
        below = tree.add(label)
        for child in node.children:
            add(below, child)

    top = Tree(Text(f"{found.lines} lines of the record"))
    for model in found.models:
        add(top, model)
    Console().print(top)
    for problem in found.problems():
        click.echo(f"problem: {problem}")
    click.echo(f"head {found.head or 'none'}" + (f"; page {out}" if out else ""))


