"""`hanse case calibrate`: what the model says of the past, beside what happened."""

from __future__ import annotations

import click

from hanse.cli.case import inputs
from hanse.cli.case.inputs import json_option, seed_option
from hanse.cli.printing import as_json, table


@click.command()
@click.option("--draws", type=click.IntRange(100, 1_000_000), default=4096, show_default=True, help="Simulated pasts.")
@seed_option
@json_option
def calibrate(draws: int, seed: int, json_: bool) -> None:
    """Targets from history with widths fixed beforehand: met or missed, and which parameters were fitted to them."""
    inputs.ready()
    from hanse.case.calibrate import calibrate as ask

    found = ask(draws, seed)
    if json_:
        as_json(found.document())
        return
    rows = [(target.name, *row[1:]) for target, row in zip(found.targets, found.rows(), strict=True)]  # whole sentences: --json
    table(["target", "expected", "model", "5th to 95th", "", "used"], rows)
    for target in found.misses:
        click.echo(f"MISSED: {target.says}: expected {target.low:.3g} to {target.high:.3g}, the model gives {target.value:.3g}.")
    held = [target for target in found.targets if target.held_out]
    click.echo(f"{len(found.targets) - len(found.misses)} of {len(found.targets)} met; of {len(held)} held out of every fit "
               f"{sum(target.met for target in held)}. A miss opens every report.")  # fmt: skip
