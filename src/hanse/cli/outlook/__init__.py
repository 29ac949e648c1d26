"""`hanse outlook`: `rows` opens a catalogue, `say` prints what follows from it, `files` reads and writes; here is the group."""

from __future__ import annotations

import click

from hanse.cli.outlook import files, say


@click.group()
def outlook() -> None:
    """What is happening to open-model supply: rows with sources, computed tiers, and a verdict on every claim."""


for command in (say.claims, say.claim, say.signals, say.supply, say.backtest, files.brief, files.report,
                say.check, files.compute, files.copy, files.import_):  # fmt: skip
    outlook.add_command(command)
