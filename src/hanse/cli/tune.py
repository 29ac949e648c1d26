"""`hanse tune`: models tuned on one's own data."""

from __future__ import annotations

import click

from hanse.cli.tune_serve import key, serve


@click.group()
def tune() -> None:
    """Tune a model of your own on your own data."""


tune.add_command(serve)
tune.add_command(key)
