"""`hanse charter diff`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def diff(before: Path, after: Path, json_: bool) -> None:
    """What changes for whom from charter BEFORE to charter AFTER: by clause, by member, and who can pass and block what."""
    from hanse.charter.diff.compare import compare, document
    from hanse.charter.diff.words import say
    from hanse.charter.schema import load_charter
    from hanse.cli.printing import as_json

    changes = compare(load_charter(before), load_charter(after))
    if json_:
        as_json(document(changes))
    else:
        click.echo(say(changes), nl=False)
