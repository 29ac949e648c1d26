"""`hanse charter`: one module for each command; here is the group."""

from __future__ import annotations

import click

from hanse.cli.charter import diff, lint, render


@click.group()
def charter() -> None:
    """The agreement as data: what is wrong with it, who can pass and block what; as prose, and against another."""


for command in (lint.lint, render.render, diff.diff):
    charter.add_command(command)
