"""`hanse simulate`"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor

import click

from hanse.cli.extras import need
from hanse.cli.printing import as_json


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=200, show_default=True, help="How many worlds.")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="First seed.")
@click.option(
    "--members", type=click.IntRange(3), default=4, show_default=True, help="Members of a world, one of them hostile."
)
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def simulate(seeds: int, first: int, members: int, json_: bool) -> None:
    """Play seeded worlds with crashes, lost replies, cut-off sites and a hostile member; exit code 1 at any problem."""
    need("simulate", "train", "numpy", "numba", "safetensors")
    from rich.progress import track

    from hanse.run.simulate.check import Outcome, play_seed

    jobs = [(seed, members) for seed in range(first, first + seeds)]
    bad: list[Outcome] = []
    crashes = entries = void = 0
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for outcome in track(pool.map(play_seed, jobs, chunksize=8), total=seeds, description="worlds", disable=json_):
            crashes, entries, void = crashes + outcome.crashes, entries + outcome.entries, void + outcome.void
            if outcome.problems:
                bad.append(outcome)
                click.echo(f"seed {outcome.seed}: {'; '.join(outcome.problems)}", err=True)
    summary = {"seeds": seeds, "first": first, "problems": {str(item.seed): list(item.problems) for item in bad}}
    summary |= {"crashes": crashes, "entries": entries, "void": void}
    if json_:
        as_json(summary)
    else:
        click.echo(f"{seeds} worlds, {crashes:,} crashes, {entries:,} entries, {void:,} void: {len(bad)} with problems")
    if bad:
        raise click.exceptions.Exit(1)
