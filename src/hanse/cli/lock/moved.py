"""Commands that ask the sources what moved: diff, update."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.lock.files import (
    json_option,
    lock_option,
    megabytes,
    names_argument,
    need_for,
    ready,
    record_entry,
    stored,
    today,
)
from hanse.cli.printing import as_json
from hanse.cli.recording import Recording, recorded
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.lock.compare import Upstream
    from hanse.hedge.lock.schema import LockedModel

DIFF_LINES_MAX = 60
source_option = click.option(
    "--source", "text", default="", help="The source to ask. Off: the publisher's among the model's."
)


@click.command()
@names_argument
@lock_option
@source_option
@click.option("--revision", default="", help="Branch, tag or commit to compare with. Off: the newest.")
@json_option
def diff(names: tuple[str, ...], path: Path, text: str, revision: str, json_: bool) -> None:
    """What moved upstream since the lock: terms first, then what it is made from, then files. Changes nothing.

    Exit code 1 when something moved, was withdrawn or gated, or when a source cannot tell.
    """
    ready()
    from hanse.hedge.lock.schema import read_lock

    lock = read_lock(path)
    chosen = [lock.named(name) for name in names] or list(lock.model)
    found = [_ask(item, path, text, revision) for item in chosen]
    if json_:
        as_json([item.as_json() for item in found])
    else:
        for item, model in zip(found, chosen, strict=True):
            _say(item, model, path)
    if any(item.changes or item.untold for item in found):
        raise click.exceptions.Exit(1)


@click.command()
@names_argument
@lock_option
@source_option
@click.option("--revision", default="", help="Branch, tag or commit to move to. Off: the newest.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@recorded
def update(names: tuple[str, ...], path: Path, text: str, revision: str, yes: bool, recording: Recording | None) -> None:
    """Move models to what their source has now: shows what changes and asks. Old license texts are kept in models.lock.d."""
    ready()
    from hanse.hedge.lock.kept import open_lock, save_lock

    if not names:
        raise InputError("name the models to update; nothing moves that you did not name")
    if not yes and not sys.stdin.isatty():
        raise InputError("update asks before it moves a lock; without a terminal say --yes")
    for name in names:
        lock, before = open_lock(path)
        model = lock.named(name)
        found = _ask(model, path, text, revision)
        _say(found, model, path)
        if found.taken is None:
            raise click.exceptions.Exit(1)
        if not found.changes:
            continue
        if not yes and not click.confirm(f"move {model.name} in {path}?", default=False):
            click.echo(f"{model.name}: left as it was")
            continue
        save_lock(path, lock.replaced(found.taken.model), before, found.taken.texts)
        click.echo(f"{model.name}: moved; look through it with `git diff {path.name}`")
        record_entry(recording, lock.replaced(found.taken.model).named(found.taken.model.name), "update")


def _ask(model: LockedModel, path: Path, text: str, revision: str) -> Upstream:
    from hanse.hedge.lock.compare import ask, upstream
    from hanse.hedge.lock.kept import read_text
    from hanse.hedge.opening import open_source

    text = stored(text, path) if text else upstream(model)
    need_for(text)
    license_ = model.license
    elsewhere = read_text(path, license_.sha256) if license_.sha256 and not license_.path else None
    with megabytes(f"reading {model.name}", None) as count:
        return ask(model, open_source(text, path.parent), today(), revision, elsewhere or b"", count)


def _say(found: Upstream, model: LockedModel, path: Path) -> None:
    from hanse.hedge.lock.compare import text_diff
    from hanse.hedge.lock.kept import read_text

    if found.untold:
        click.echo(f"{found.model}: cannot tell: {found.untold}")
    elif not found.changes:
        click.echo(f"{found.model}: as locked")
    for change in found.changes:
        click.echo(f"{found.model}: {change.text}")
        if change.kind == "license text" and found.taken is not None:
            old, new = read_text(path, model.license.sha256), found.taken.texts.get(change.after, b"")
            for line in text_diff(old or b"", new, DIFF_LINES_MAX):
                click.echo(f"    {line}")
