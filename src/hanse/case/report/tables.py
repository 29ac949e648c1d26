"""Every figure of a case behind its pictures: value, range, unit, source; folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hanse.case.verdict import money, percent
from hanse.page.table import fold
from hanse.page.values import mapping, rows

Row = Mapping[str, Any]
CHANCE = ("chance", "low (90%)", "high (90%)", "source")
AMOUNT = ("p5", "p25", "p50", "p75", "p95", "unit", "source")


def of_charter(charter: Row) -> str:
    """All tables of one charter."""
    years = charter["years"]
    parts = [
        fold("Chance by year", ("structure", "what", "year", *CHANCE), _structures(charter)),
        fold("Lag by year, where it still trains", ("structure", "year", *AMOUNT), _lags(charter)),
        fold("Budget and members by year", ("what", "year", *AMOUNT),
             [[what, year, *_amount(item)] for what in ("budget", "members_there")
              for year, item in zip(years, charter[what], strict=True)]),
        fold("Members: money over eight years, discounted", ("member", "what", "option", *AMOUNT), _money(charter)),
        fold("Members: chances", ("member", "what", "which", *CHANCE), _members(charter)),
        fold("First year under each rule of sharing", ("rule", "member", "pays", "unit", "in the core", "source"),
             _rules(charter)),
        fold("Changes of clauses", ("clause", "change", "what", *CHANCE), _effects(charter)),
        fold("Influence of parameters on the lag in year 5", ("parameter", "index", *CHANCE), _influences(charter)),
    ]  # fmt: skip
    return "".join(parts)


def of_all(document: Row) -> str:
    """What all charters share: parameters and history."""
    heads = ("parameter", "value", "low", "high", "unit", "what", "source")
    parameters = [[row["name"], *(f"{row[key]:g}" for key in ("value", "low", "high")), row["unit"], row["means"], row["source"]]
                  for row in rows(document.get("parameters"))]  # fmt: skip
    targets = [
        [row["name"], row["says"], f"{row['low']:.3g} to {row['high']:.3g}", _answer(row), "yes" if row["met"] else "no",
         ", ".join(row["fitted"]) or "none", "yes" if row["held_out"] else "no", row["source"]]
        for row in rows(mapping(document.get("calibration")).get("targets"))
    ]  # fmt: skip
    history = ("target", "what", "expected", "model", "met", "fitted to it", "held out", "source")
    sources = [[key, said] for key, said in mapping(document.get("sources")).items()]
    return (
        fold("History that the model must reproduce", history, targets)
        + fold("Parameters with their ranges", heads, parameters)
        + fold("Where figures are from", ("source", "is"), sources)
    )


def _answer(target: Row) -> str:
    return f"{target['value']:.3g} [{target['model'][0]:.3g}, {target['model'][-1]:.3g}]"


def _chance(item: Row) -> list[Any]:
    return [percent(item["value"]), percent(item["low"]), percent(item["high"]), item["source"]]


def _amount(item: Row) -> list[Any]:
    said = money if item["unit"].startswith("USD") else "{:.3g}".format
    return [said(item[key]) for key in AMOUNT[:5]] + [item["unit"], item["source"]]


def _structures(charter: Row) -> Iterable[list[Any]]:
    years = charter["years"]
    yield ["consortium", "founded", years[0], *_chance(charter["founded"])]
    for year, item in zip(years, charter["close"], strict=True):
        yield ["consortium", "less than 9 months behind", year, *_chance(item)]
    for name, found in charter["structures"].items():
        for what, said in (("near", "less than 12 months behind"), ("going", "still trains")):
            for year, item in zip(years, found[what], strict=True):
                yield [name, said, year, *_chance(item)]


def _lags(charter: Row) -> Iterable[list[Any]]:
    for name, found in charter["structures"].items():
        for year, item in zip(charter["years"], found["lag"], strict=True):
            if item is not None:
                yield [name, year, *_amount(item)]


def _money(charter: Row) -> Iterable[list[Any]]:
    for member in charter["members"]:
        yield [member["name"], "pays the consortium", "consortium", *_amount(member["paid"])]
        for year, item in zip(charter["years"], member["yearly"], strict=True):
            yield [member["name"], f"pays in {year}, not discounted", "consortium", *_amount(item)]
        for what, said in (("bill", "spends in all"), ("net", "gains against a closed API")):
            for option, item in member[what].items():
                yield [member["name"], said, option, *_amount(item)]


def _members(charter: Row) -> Iterable[list[Any]]:
    for member in charter["members"]:
        yield [member["name"], "signs", "", *_chance(member["signs"])]
        yield [member["name"], "leaves first", "", *_chance(member["leaves_first"])]
        for year, item in zip(charter["years"], member["stays"], strict=True):
            yield [member["name"], "is there", str(year), *_chance(item)]
        for what, said in (("reasons", "is not there at the end"), ("best", "likeliest best option")):
            for which, item in member[what].items():
                yield [member["name"], said, which, *_chance(item)]


def _rules(charter: Row) -> Iterable[list[Any]]:
    game = mapping(charter.get("first_year"))
    for rule, row in mapping(game.get("rules")).items():
        for member, value in row["pays"].items():
            yield [rule, member, money(value["value"]), "USD/yr", "yes" if row["in_core"] else "no", value["source"]]
    for what in ("shapley", "nucleolus", "least_core", "benefits", "costs"):
        for member, item in mapping(game.get(what)).items():
            ends = f" [{money(item['low'])}, {money(item['high'])}]" if item["low"] < item["high"] else ""
            yield [what.replace("_", " "), member, money(item["value"]) + ends, item["unit"], "", item["source"]]


def _effects(charter: Row) -> Iterable[list[Any]]:
    for row in rows(charter.get("effects")):
        for what in ("change", "near", "near_before", "founded", "stays"):
            item = row[what]
            ends = [f"{100 * item[key]:.2f}%" for key in ("value", "low", "high")]
            yield [row["clause"], row["says"], what, *ends, item["source"]]


def _influences(charter: Row) -> Iterable[list[Any]]:
    for row in rows(charter.get("sensitivity")):
        for index in ("total", "first"):
            item = row[index]
            yield [row["parameter"], index, *(f"{item[key]:.3f}" for key in ("value", "low", "high")), item["source"]]
