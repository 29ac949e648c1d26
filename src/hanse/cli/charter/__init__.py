"""`hanse charter`: one module for each command; here is the group."""

from __future__ import annotations

import click

from hanse.cli.charter import diff, lint, render


@click.group()
def charter() -> None:
    """The agreement before anybody signs it: what is wrong with it, how it reads, and what changes for whom."""


for command in (lint.lint, render.render, diff.diff):
    charter.add_command(command)
