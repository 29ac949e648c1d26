"""`hanse case sensitivity`: which unknowns the answer hangs on."""

from __future__ import annotations

from pathlib import Path

import click

from hanse.cli.case import inputs
from hanse.cli.case.inputs import charter_argument, json_option, members_option, preset_option, seed_option
from hanse.cli.case.waiting import waiting
from hanse.cli.printing import as_json, table


@click.command()
@charter_argument
@members_option
@preset_option
@click.option("--base", default=512, show_default=True, help="Base sample, a power of 2: more is surer and takes longer.")
@seed_option
@json_option
def sensitivity(charter: Path, members: Path | None, preset: str | None, base: int, seed: int, json_: bool) -> None:
    """Sobol indices of the lag in year 5: the share of its spread that goes away when a parameter is known."""
    inputs.ready()
    read = inputs.open_charter(charter)
    private = inputs.open_private(members, preset, [read])
    from hanse.case.parameters import PARAMETERS, replaced
    from hanse.case.result import influence
    from hanse.case.sensitivity import sensitivity as influences
    from hanse.case.stability import terms_under

    ranges = replaced(PARAMETERS, private.beliefs, "private file")
    with waiting() as seen:
        total = base * (len(ranges) + 3)
        found = influences(terms_under(read, read, private, ranges), base, seed, ranges, lambda done: seen("runs", done, total))
    rows = [influence(item) for item in found]
    if json_:
        as_json({"charter": read.name, "seed": seed, "base": base, "influences": rows})
        return
    shown = [(row["parameter"], *(_say(row[key]) for key in ("total", "first", "near_total"))) for row in rows]
    table(["parameter", "lag in year 5: in all", "alone", "near or not: in all"], shown, f"{read.name}: shares of variance, 90%")


def _say(index: dict[str, float]) -> str:
    return f"{index['value']:.2f} [{index['low']:.2f}, {index['high']:.2f}]"
