"""The outlook for a terminal: claims with their verdicts, and the two tiers per half-year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

SIGNS = {
    "holds": ("● holds", "green"),
    "does not hold": ("○ does not hold", "red"),
    "cannot tell": ("? cannot tell", "yellow"),
}


def claims_table(claims: Sequence[Mapping[str, Any]], title: str, figures: bool = True) -> Table:
    """One row per claim: what is claimed, with `figures` what decides, the verdict on all rows and on verified ones."""
    head = "claim, and what decides" if figures else "claim"
    table = Table("", head, "verdict", title=title, title_justify="left", header_style="bold", show_lines=figures)
    for claim in claims:
        text = Text(claim["claim"], style="bold" if figures else "")
        if figures:
            text.append(f"\n{claim['all']['figure']}", style="not bold dim")
        sign, style = SIGNS[claim["verdict"]]
        verdict = Text(sign, style=style, no_wrap=True)
        if claim["all"]["verdict"] != claim["verified"]["verdict"]:
            verdict.append(f"\nall: {claim['all']['verdict']}\nverified: {claim['verified']['verdict']}", style="dim")
        table.add_row(str(claim["number"]), text, verdict)
    return table


def tiers_table(supply: Mapping[str, Any]) -> Table:
    """One row per half-year of what `hanse.outlook.supply.supply` gives. Shapes differ, so that color is not needed."""
    near_months = supply["near_months"]
    labs = supply["labs_within"][str(near_months)]
    cut = supply["rated_until"]
    table = Table(
        "half-year",
        f"labs at most {near_months} months behind",
        "near ●  small ▪  mid □  unrated ·  (one sign per release)",
        title=f"Two tiers, as far as scores go ({cut})",
        title_justify="left",
        header_style="bold",
    )
    for half, counts in supply["releases"]["tier"].items():
        found = labs.get(half)
        if found is None:
            near = Text("not rated" if half > max(labs) else "before the comparison", style="dim")
        else:
            near = Text(f"{'●' * int(found['value'])} {int(found['value'])} [{found['low']:.0f}, {found['high']:.0f}]")
            if half == max(labs):
                near.append(f" until {cut[5:]}", style="dim")
        signs = Text()
        for tier, sign in (("near-frontier", "●"), ("small", "▪"), ("mid", "□"), ("unrated", "·")):
            signs.append(sign * counts.get(tier, 0) + (" " if counts.get(tier) else ""))
        table.add_row(half, near, signs)
    return table
