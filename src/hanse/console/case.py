"""A case for a terminal: the verdict in words first, then compact tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hanse.case.verdict import (
    OPTION_WORDS,
    SAYINGS,
    band_of,
    kinds,
    mean_of,
    misses,
    money,
    near,
    percent,
    reasons,
)

Row = Mapping[str, Any]


def verdict(document: Row) -> Iterator[RenderableType]:
    """Misses of history first, then every charter's answers and tables, then how sure the figures are."""
    missed = misses(document)
    if missed:
        yield Text("The model does not reproduce all of history:", style="bold red")
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
    table = Table("less than 12 months behind", *map(str, years), title_justify="left", header_style="bold")
    for charter in charters:
        table.add_row(Text(charter["name"], style="bold"), *map(percent, near(charter)))
    for name in charters[0]["structures"]:
        if name != "consortium":
            table.add_row(Text(f"rival: {name}"), *map(percent, near(charters[0], name)))
    return table


def members_table(charter: Row, most: int = 12) -> Table:
    """By kind of member: whether it signs and stays, what it pays, what it gains against every token from a closed API."""
    table = Table(
        "member", "signs", "there in year 5", "pays", *(f"gains: {OPTION_WORDS[key]}" for key in ("consortium", "wait", "hedge")),
        "leaves because", title=charter["name"], title_justify="left", header_style="bold",
    )  # fmt: skip
    found = kinds(charter)
    for name, members in found[:most]:
        why = reasons(members)
        table.add_row(
            Text(name), percent(mean_of(members, "signs")), percent(mean_of(members, "stays", 4)),
            money(band_of(members, "paid")["p50"]),
            *(money(band_of(members, "net", key)["p50"]) for key in ("consortium", "wait", "hedge")),
            Text(why[0][0] if why else ""),
        )  # fmt: skip
    if len(found) > most:
        table.caption = f"{len(found) - most} more kinds are in the page (--out) and in --json"
    return table
