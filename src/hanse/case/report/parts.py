"""The sections of a case's page that speak of one charter: costs, rules, who walks, what moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.case.report import plots, rails
from hanse.case.report.rails import Scale, decades
from hanse.case.verdict import (
    OPTION_WORDS,
    band_of,
    deviates,
    kinds,
    mean_of,
    money,
    name_of,
    percent,
    reasons,
    short,
    spread,
)
from hanse.page.svg import esc
from hanse.page.values import capital, dig, mapping, rows, words

Row = Mapping[str, Any]
KINDS_MOST = 12
"""Kinds of members drawn; the rest are in the tables."""
RULE_WORDS = {
    "as written": "As the charter has it",
    "equal": "Equal", "class": "By class", "sales_share": "Share of sales", "key": "Key with a ceiling",
    "usage": "By use", "serial": "Serial", "shapley": "Shapley",
}  # fmt: skip
RULE_ABOUT = {
    "as written": "pledges at their cost to the giver, and dues", "equal": "the same for everyone",
    "class": "by membership class", "sales_share": "a share of each one's sales", "key": "by sales, nobody above the ceiling",
    "usage": "by tokens used", "serial": "small users do not pay for large ones", "shapley": "by what each adds",
}  # fmt: skip
EFFECTS_MOST = 12
"""Changes drawn; all of them are in the tables."""
INFLUENCES_MOST = 14


def costs(charter: Row) -> str:
    """A panel per kind of member: what eight years of tokens cost it by what it does."""
    found = kinds(charter)[:KINDS_MOST]
    bands = [band_of(members, "bill", option) for _, members in found for option in OPTION_WORDS]
    scale = decades([band[key] for band in bands for key in ("p5", "p95")], 1e5)
    panels = (_cost(name, members, scale, charter["years"]) for name, members in found)
    return f"<div class='grid'>{''.join(panels)}</div>{_more(charter)}"


def _cost(name: str, members: Sequence[Row], scale: Scale, years: Sequence[int]) -> str:
    items = []
    for option, said in OPTION_WORDS.items():
        band, best = band_of(members, "bill", option), mean_of(members, "best", option)
        about = f"{money(band['p50'])}, 5th to 95th percentile {money(band['p5'])} to {money(band['p95'])}"
        drawn = rails.band(f"{name}: {said}", band, scale, about, "own" if option == "consortium" else "")
        items.append(rails.item(capital(said), drawn, f"<strong>{short(band['p50'])}</strong><br/>best {percent(best)}"))
    items.append(rails.item("", rails.axis(scale, [short(mark) for mark in scale.marks]), "USD"))
    paid = band_of(members, "paid")
    about = f"Pays the consortium {spread(paid)} USD, by year:"
    yearly = [band_of(members, "yearly", at) for at in range(len(years))]
    return _panel(name, about, plots.payments(f"What {name} pays", years, yearly) + f"<ul class='items'>{''.join(items)}</ul>")


def _panel(title: str, about: str, body: str, state: str = "", tail: str = "") -> str:
    caption = f"<figcaption><b>{esc(title)}</b>{state}<span>{esc(about)}</span></figcaption>"
    return f"<div class='panel'>{caption}{body}{tail}</div>"


def _more(charter: Row) -> str:
    left = len(charter["kinds"]) - KINDS_MOST
    return f"<p class='lead'>{left} more kinds of members are in the tables.</p>" if left > 0 else ""


def walks(charter: Row) -> str:
    """By kind and year, who is there, and why those that left did."""
    years = charter["years"]
    lines = [rails.item("", rails.year_axis(years), "", kind="axis")]
    for name, members in kinds(charter)[:KINDS_MOST]:
        shares = [mean_of(members, "stays", at) for at in range(len(years))]
        why = [f"{reason} {percent(share)}" for reason, share in reasons(members)[:2]]
        said = f"<strong>first to leave {percent(mean_of(members, 'leaves_first'))}</strong><br/>{esc('; '.join(why))}"
        about = f"signs {percent(mean_of(members, 'signs'))}"
        lines.append(rails.item(name, rails.cells(name, shares, years), said, about))
    return f"<ul class='items long cells' style='--name:11em'>{''.join(lines)}</ul>{_more(charter)}"


def rules(charter: Row) -> str:
    """A panel per rule of sharing: what each kind would pay in the first year, and whether a group would do better alone."""
    game = mapping(charter.get("first_year"))
    found = mapping(game.get("rules"))
    if not found:
        return ""
    names = charter["kinds"][:KINDS_MOST]
    most = max((item["value"] for rule in found.values() for item in rule["pays"].values()), default=1.0)
    scale = Scale(0, max(most, 1.0))
    panels = []
    for rule, row in found.items():
        items = []
        for kind in names:
            value = sum(row["pays"][name]["value"] for name in kind) / len(kind)
            items.append(rails.item(name_of(kind), rails.bar(name_of(kind), value, scale, money(value)), _each(kind, value)))
        items.append(rails.item("", rails.axis(scale, [short(mark) for mark in scale.marks]), "USD"))
        state = "<em class='up'>✓ holds</em>" if row["in_core"] else "<em class='down'>✗ does not hold</em>"
        tail = "" if row["in_core"] else f"<p>{esc(capital(deviates(charter, row['deviating'])))}.</p>"
        panels.append(_panel(RULE_WORDS.get(rule, rule), RULE_ABOUT.get(rule, ""), f"<ul class='items'>{''.join(items)}</ul>",
                             state, tail))  # fmt: skip
    said = f"<p class='lead'>{esc(' '.join(filter(None, (own_core(charter), words(game.get('note'))))))}</p>"
    return f"<div class='grid'>{''.join(panels)}</div>{said}{_more(charter)}"


def _each(kind: Sequence[str], value: float) -> str:
    return f"<strong>{short(value)}</strong>{' each' if len(kind) > 1 else ''}"


def effects(charter: Row) -> str:
    """The changes of a clause that move most: points of chance to be near in year 5, with the error of the difference."""
    found = rows(charter.get("effects"))
    if not found:
        return ""
    if not any(row["change"]["low"] > 0 or row["change"]["high"] < 0 for row in found):
        return _founding(charter, found)
    most = sorted(found, key=lambda row: -abs(row["change"]["value"]))[:EFFECTS_MOST]
    found = [row for row in found if row in most]
    reach = max(0.01, *(abs(row["change"][key]) for row in found for key in ("low", "high")))
    scale = Scale(-reach, reach)
    items = [rails.item("", rails.axis(scale, [f"{100 * m:+g}" for m in scale.marks]), "points", kind="axis")]
    for row in found:
        change = row["change"]
        value = f"{100 * change['value']:+.1f} points, 90% interval {100 * change['low']:+.1f} to {100 * change['high']:+.1f}"
        looks = "worse" if change["value"] < 0 else ""
        drawn = rails.bar(words(row["says"]), change["value"], scale, value, (change["low"], change["high"]), looks)
        said = (f"<strong>{100 * change['value']:+.1f}</strong> · founded {percent(row['founded']['value'])}<br/>"
                f"there in year 5: {percent(row['stays']['value'])}")  # fmt: skip
        items.append(rails.item(capital(words(row["says"])), drawn, said, words(row["clause"])))
    return f"<ul class='items long' style='--name:20em'>{''.join(items)}</ul>"


def _founding(charter: Row, found: Sequence[Row]) -> str:
    """Where nothing moves the chance to be near: how often it comes about, and who is there in year 5, with each change."""
    scale = Scale(0, 1)
    lead = "No change moves that chance by more than the luck of the draws. The bars show instead how often it comes about."
    items = [rails.item("", rails.axis(scale, [percent(mark) for mark in scale.marks]), "", kind="axis")]
    founded = charter["founded"]
    shown: list[tuple[str, str, Row, Row | None]] = [("As it is", "", founded, None)]
    shown += [(capital(words(row["says"])), words(row["clause"]), row["founded"], row["stays"])
              for row in sorted(found, key=lambda row: -row["founded"]["value"])[:EFFECTS_MOST]]  # fmt: skip
    for name, clause, share, stays in shown:
        drawn = rails.bar(name, share["value"], scale, percent(share["value"]), (share["low"], share["high"]),
                          "own" if stays is None else "")  # fmt: skip
        there = "" if stays is None else f"<br/>there in year 5: {percent(stays['value'])}"
        items.append(rails.item(name, drawn, f"<strong>{percent(share['value'])}</strong>{there}", clause))
    return f"<p class='lead'>{esc(lead)}</p><ul class='items long' style='--name:20em'>{''.join(items)}</ul>"


def tornado(charter: Row, parameters: Mapping[str, Row]) -> str:
    """Which unknowns the lag in year 5 hangs on: total Sobol indices, alone full, with others pale."""
    found = rows(charter.get("sensitivity"))[:INFLUENCES_MOST]
    if not found:
        return ""
    scale = Scale(0, max(0.1, *(row["total"]["high"] for row in found)))
    items = []
    for row in found:
        total, first = row["total"], row["first"]
        drawn = rails.twofold(words(row["parameter"]), max(0.0, first["value"]), max(0.0, total["value"]),
                              (total["low"], total["high"]), scale)  # fmt: skip
        known = mapping(parameters.get(row["parameter"]))
        about = words(known.get("means")) or "all events and members' luck together"
        unit = words(known.get("unit"))
        ends = f"{known['low']:.3g} to {known['high']:.3g} {unit}" if known else ""
        said = f"<strong>{total['value']:.2f}</strong> · alone {max(0.0, first['value']):.2f}<br/>{esc(ends)}"
        items.append(rails.item(capital(about), drawn, said, row["parameter"]))
    items.append(rails.item("", rails.axis(scale, [f"{mark:g}" for mark in scale.marks]), "of variance", kind="axis"))
    return f"<ul class='items long' style='--name:22em'>{''.join(items)}</ul>"


def own_core(charter: Row) -> str:
    """Least core and nucleolus in words, where the game was solved."""
    game = mapping(charter.get("first_year"))
    if not game:
        return ""
    least, value = dig(game, "least_gain", "value"), dig(game, "surplus", "value")
    if not value:
        return "Together the members gain less than the run costs: no way to share it keeps them all."
    if least <= 0:
        return "There are ways to share under which no group would do better by itself."
    return f"Under every way to share some group would do better by itself, by {money(least)} or more."
