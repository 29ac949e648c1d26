"""A case for a terminal: the verdict in words first, then compact tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hanse.case.verdict import (
    GAINS,
    SAYINGS,
    band_of,
    kinds,
    mean_of,
    misses,
    near,
    percent,
)

Row = Mapping[str, Any]


def verdict(document: Row) -> Iterator[RenderableType]:
    """Misses of history first, then every charter's answers and tables, then how sure the figures are."""
    missed = misses(document)
    if missed:
        yield Text("The model misses some of history (hanse case calibrate); read the rest with that in mind:", style="bold red")
        yield _sentences(missed)
    charters = document["charters"]
    for charter in charters:
        yield Text(f"\n{charter['name']}", style="bold underline")
        for question, answer in SAYINGS:
            said = answer(charter)
            if said:
                yield Text(question, style="bold")
                yield _sentences(said)
    yield Text("")
    yield structures_table(charters)
    for charter in charters:
        yield members_table(charter)
    yield Text(_sampling(document), style="dim")


def _sentences(said: list[str]) -> RenderableType:
    return Group(*(Padding(Text(sentence), (0, 0, 0, 2)) for sentence in said))


def _sampling(document: Row) -> str:
    shown = [row for charter in document["charters"] for row in charter["structures"]["consortium"]["near"]]
    widest = max(row["high"] - row["low"] for row in shown)
    return (
        f"{document['draws']:,} draws, seed {document['seed']}, preset {document['preset']}. Chances are within "
        f"{100 * widest / 2:.1f} points by luck of the draws (90%); what the ranges of parameters do is in the percentiles, "
        f"[5th, 95th]. Money: eight years, discounted to the first."
    )


def structures_table(charters: list[Row]) -> Table:
    """Chance by year that the newest release is less than twelve months behind, of each charter and each rival."""
    years = charters[0]["years"]
    table = Table("under 12 months behind", *(f"’{year % 100:02d}" for year in years), header_style="bold")
    for charter in charters:
        table.add_row(Text(charter["name"], style="bold"), *map(_brief, near(charter)))
    for name in charters[0]["structures"]:
        if name != "consortium":
            table.add_row(Text(f"rival: {name}"), *map(_brief, near(charters[0], name)))
    return table


def _brief(share: float) -> str:
    return percent(share).replace("under ", "<").replace("over ", ">")


def _millions(amount: float) -> str:
    return f"{amount / 1e6:,.0f}" if abs(amount) >= 1e7 else f"{amount / 1e6:.2g}"


def members_table(charter: Row, most: int = 12) -> Table:
    """By kind of member: whether it signs and stays, what it pays, what it gains against every token from a closed API."""
    title = f"{charter['name']}: medians over eight years in M USD; gains are against every token from a closed API"
    heads = ("signs", "there in year 5", "pays", *(f"gains {said}" for said in GAINS.values()))
    table = Table("member", title=title, title_justify="left", header_style="bold")
    for head in heads:
        table.add_column(head, justify="right")
    found = kinds(charter)
    for name, members in found[:most]:
        table.add_row(
            Text(name), _brief(mean_of(members, "signs")), _brief(mean_of(members, "stays", 4)),
            _millions(band_of(members, "paid")["p50"]),
            *(_millions(band_of(members, "net", key)["p50"]) for key in GAINS),
        )  # fmt: skip
    if len(found) > most:
        table.caption = f"{len(found) - most} more kinds are in the page (--out) and in --json"
    return table
