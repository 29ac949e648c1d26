"""`hanse case advise`: which clauses to change, as prose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.cli.case import inputs
from hanse.cli.case.inputs import charter_argument, json_option, members_option, preset_option, seed_option
from hanse.cli.case.waiting import waiting
from hanse.cli.printing import as_json

if TYPE_CHECKING:
    from hanse.case.advise import Advice


@click.command()
@charter_argument
@members_option
@preset_option
@click.option("--draws", type=click.IntRange(400, 1_000_000), default=4096, show_default=True, help="Worlds of the search.")
@seed_option
@click.option("--out", type=click.Path(path_type=Path), help="Write the advised charter (TOML) here.")
@json_option
def advise(
    charter: Path, members: Path | None, preset: str | None, draws: int, seed: int, out: Path | None, json_: bool
) -> None:
    """Search dues rule, embargo, notice, sunset and scope for the best chance to be near the frontier in year 5.

    Nobody may be outside the core: no group of members may do better by itself in the first year. The best found is confirmed on
    draws that the search has not seen, and what it changes is printed as prose.
    """
    inputs.ready()
    read = inputs.open_charter(charter)
    private = inputs.open_private(members, preset, [read])
    from hanse.case.advise import advise as search
    from hanse.case.parameters import PARAMETERS, replaced
    from hanse.charter.diff.compare import compare, document
    from hanse.charter.diff.words import say

    ranges = replaced(PARAMETERS, private.beliefs, "private file")
    with waiting() as seen:
        found = search(read, private, seed, draws, lambda done: seen("worlds tried", done, 0), ranges)
    changes = compare(read, found.charter)
    if json_:
        as_json(_document(found) | {"diff": document(changes)})
    else:
        for line in _say(found):
            click.echo(line)
        if found.changes:
            click.echo("\n" + say(changes), nl=False)
    if out is not None:
        from hanse.charter.schema import print_charter
        from hanse.store.disk import replace_file

        replace_file(out, print_charter(found.charter).encode())
        click.echo(f"{out}: the advised charter, a draft to be read and signed anew", err=True)


def _document(found: Advice) -> dict[str, Any]:
    from hanse.case.result import FORMAT, Z90, chance, quantity

    gain, error = found.near - found.near_before, Z90 * found.error
    return {
        "format": FORMAT, "draws": found.draws, "tried": found.tried, "is_better": found.is_better,
        "changes": [{"clause": clause, "says": words} for clause, words in found.changes],
        "near": chance(found.near, found.draws, "fresh draws"),
        "near_before": chance(found.near_before, found.draws, "fresh draws"),
        "change": quantity(gain, gain - error, gain + error, "chance", "fresh paired draws"),
        "founded": chance(found.founded, found.draws, "fresh draws"),
        "founded_before": chance(found.founded_before, found.draws, "fresh draws"),
        "outside_core": list(found.outside_core), "outside_core_before": list(found.outside_core_before), "proved": found.proved,
    }  # fmt: skip


def _say(found: Advice) -> list[str]:
    """The advice in words: what to change, what it brings on fresh draws, who would still leave."""
    from hanse.case.result import Z90
    from hanse.case.verdict import percent

    seen = f"{found.tried} charters looked at; confirmed on {found.draws:,} draws that the search had not seen."
    if not found.changes:
        return ["No change of these clauses was found that does better.", *_core(found.outside_core_before, found.proved), seen]
    gain, error = 100 * (found.near - found.near_before), 100 * Z90 * found.error
    said = ["Change:", *(f"  - {words} ({clause})" for clause, words in found.changes)]
    said.append(
        f"Near the frontier in year 5: {percent(found.near)}, was {percent(found.near_before)}; {gain:+.1f} points, 90% interval "
        f"{gain - error:+.1f} to {gain + error:+.1f}."
    )
    if not found.is_better:
        said.append("That is not more than the luck of the draws: what changes is who would leave.")
    said.append(f"It comes about with {percent(found.founded)}, was {percent(found.founded_before)}.")
    return [*said, *_core(found.outside_core, found.proved), seen]


def _core(outside: tuple[str, ...], proved: bool) -> list[str]:
    if outside:
        return [f"Still, {', '.join(outside)} would do better by themselves in the first year."]
    sure = "" if proved else ", as far as was searched"
    return [f"In the first year no group of members would do better by itself{sure}."]
