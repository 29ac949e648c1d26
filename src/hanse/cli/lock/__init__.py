"""`hanse lock`: `change` writes the lock, `look` reads it, `moved` asks the sources, `watch` the outlook; here is the group."""

from __future__ import annotations

import click

from hanse.cli.lock import change, look, moved, watch


@click.group()
def lock() -> None:
    """Pin every model you use: files by digest, the license text of today, where it was made from, where it can be had."""


for command in (
    change.add,
    look.show,
    look.verify,
    moved.diff,
    moved.update,
    change.source,
    change.remove,
    watch.check,
):
    lock.add_command(command)
