"""`hanse case run`: simulate charters, say the verdict, write the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hanse.cli.case import inputs
from hanse.cli.case.inputs import draws_option, json_option, members_option, out_option, preset_option, seed_option
from hanse.cli.case.waiting import waiting
from hanse.cli.printing import as_json


@click.command()
@click.argument("charters", nargs=-1, required=True, type=click.Path(path_type=Path))
@members_option
@preset_option
@draws_option
@seed_option
@click.option("--quick", is_flag=True, help="Leave out changes of clauses and what the answer hangs on.")
@out_option
@json_option
def run(
    charters: tuple[Path, ...], members: Path | None, preset: str | None, draws: int, seed: int, quick: bool, out: Path | None,
    json_: bool,
) -> None:  # fmt: skip
    """Will it ship near the frontier, who pays what against which alternative, who leaves first, which clause matters.

    Several charters are simulated under the same luck and shown side by side.
    """
    inputs.ready()
    read = [inputs.open_charter(path) for path in charters]
    private = inputs.open_private(members, preset, read)
    from hanse.case.solve import Depth, Question, solve

    names = inputs.one_name_each(read, charters)
    asked = [Question(name, str(path), charter) for name, path, charter in zip(names, charters, read, strict=True)]
    depth = Depth(effects=not quick, influences=not quick and (json_ or out is not None))  # the terminal shows no tornado
    with waiting() as seen:
        document = solve(asked, private, draws, seed, depth, seen).document()
    if out is not None:
        _write(out, document)
    if json_:
        as_json(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    from rich.console import Console

    from hanse.console.case import verdict

    console = Console()
    for part in verdict(document):
        console.print(part)


def _write(out: Path, document: dict[str, Any]) -> None:
    from hanse.case.report.page import render
    from hanse.store.disk import replace_file

    replace_file(out, render(document).encode())
    click.echo(f"{out}: open it in a browser; it fetches nothing", err=True)
