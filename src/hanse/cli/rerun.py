"""`hanse rerun`"""

from __future__ import annotations

from pathlib import Path

import click

from hanse.cli.extras import need_train
from hanse.cli.printing import as_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--round", "number", type=int, required=True, help="Round to repeat.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def rerun(file: Path, number: int, json_: bool) -> None:
    """Repeat this site's own round on its own machine, from the state it committed to, and compare with the log."""
    need_train("rerun")
    from hanse.run.settings import load_site
    from hanse.run.site.node import open_agent
    from hanse.run.site.rerun import rerun as repeat

    settings = load_site(file)
    found = repeat(open_agent(settings, lambda what, details: None), number)
    if json_:
        as_json(found.document())
    else:
        click.echo(found.words())
    if not found.same:
        raise click.exceptions.Exit(1)
