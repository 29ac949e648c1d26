"""`hanse charter`: one module for each command; here is the group."""

from __future__ import annotations

import click

from hanse.cli.charter import lint


@click.group()
def charter() -> None:
    """The agreement as data: what is wrong with it, and who can pass and block what."""


for command in (lint.lint,):
    charter.add_command(command)
