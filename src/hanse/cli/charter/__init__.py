"""`hanse charter`: one module per command; here is the group."""

from __future__ import annotations

import click

from hanse.cli.charter import diff, render


@click.group()
def charter() -> None:
    """Read a charter before anybody signs it: print it as prose, compare it with another."""


for command in (render.render, diff.diff):
    charter.add_command(command)
