"""What the rows say: claims, signals, supply, scored forecasts; and whether the rows are in order."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from hanse.cli.outlook.rows import catalogue_option, json_option, open_catalogue, verified_option
from hanse.cli.printing import as_json, table
from hanse.errors import InputError


@click.command()
@catalogue_option
@json_option
def claims(folder: Path | None, json_: bool) -> None:
    """Put fourteen claims to the test, on all rows and on verified rows; where the two differ, it cannot be told."""
    catalogue = open_catalogue(folder)
    from hanse.outlook.claims.questions import claims as test_all

    found = test_all(catalogue)
    if json_:
        as_json([claim.as_json() for claim in found])
        return
    from rich.console import Console

    from hanse.console.outlook import claims_table

    title = f"Fourteen claims on {len(catalogue.releases)} releases, scores until {catalogue.rated_until}"
    Console().print(claims_table([claim.as_json() for claim in found], title))
    click.echo("`hanse outlook claim N` tells the rule, the data and the notes of one.")


@click.command()
@click.argument("number", type=click.IntRange(1, 14))
@catalogue_option
@json_option
def claim(number: int, folder: Path | None, json_: bool) -> None:
    """One claim in full: the rule it is put to, the data, both readings, the rows to look at first."""
    catalogue = open_catalogue(folder)
    from hanse.outlook.claims.questions import claims as test_all

    found = next(item for item in test_all(catalogue) if item.number == number)
    if json_:
        as_json(found.as_json())
        return
    click.echo(f"{number}. {found.claim}\n   [{found.label}]\n\n{found.verdict.upper()}\n\nRule: {found.all.rule}\n")
    for name, reading in (("All rows", found.all), ("Verified rows", found.verified)):
        click.echo(f"{name}: {reading.verdict}. {reading.figure}\n  data: {reading.data}, as of {reading.as_of}")
        for note in reading.notes:
            click.echo(f"  - {note}")
        if reading.rows:
            click.echo(f"  rows: {', '.join(reading.rows)}")
        click.echo("")


@click.command()
@catalogue_option
@json_option
def check(folder: Path | None, json_: bool) -> None:
    """Find what is wrong in the tables: dates, duplicates, unknown labs, rows without source, columns that no longer follow."""
    catalogue = open_catalogue(folder, any_lab=True)
    from importlib.resources import as_file, files

    from hanse.outlook.check import check as find

    with as_file(files("hanse.outlook.catalogue") / "data") as own:
        problems = find(catalogue, folder or own)
    if json_:
        as_json([{"table": p.table, "row": p.row, "column": p.column, "text": p.text} for p in problems])
    elif problems:
        table(["table", "row", "column", "problem"], [(p.table, p.row, p.column, p.text) for p in problems])
    else:
        rows = sum(len(getattr(catalogue, name)) for name in ("releases", "labs", "events", "scores", "licenses"))
        click.echo(f"{rows} rows of releases, labs, events, scores and licenses: nothing wrong")
    if problems:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--lab", help="Only this lab: its id or a name it goes by.")
@click.option("--since", help="From this day or month on: 2026-01 or 2026-01-31.")
@catalogue_option
@verified_option
@json_option
def signals(lab: str | None, since: str | None, folder: Path | None, verified_only: bool, json_: bool) -> None:
    """What happened, newest first: recorded events and what the tables show, each under one of five labels."""
    catalogue = open_catalogue(folder, verified_only)
    from hanse.outlook.signals import find_lab
    from hanse.outlook.signals import signals as find

    found = find(catalogue, find_lab(catalogue, lab) if lab else None, _day(since) if since else None)
    names = {item.id: item.name for item in catalogue.labs}
    if json_:
        as_json([signal.as_json(names) for signal in found])
        return
    rows = [(_when(s.date, s.precision), names[s.lab], s.label, s.what, f"{s.confidence}, {s.found}") for s in found]
    table(["date", "lab", "label", "what", "how sure, how found"], rows)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError as error:
        raise InputError(f"--since {text}: expected 2026-01 or 2026-01-31") from error


def _when(day: date, precision: str) -> str:
    """A date to as much as is known of it."""
    cut = {"day": 10, "year": 4}.get(precision, 7)
    return day.isoformat()[:cut] + ("" if precision in ("day", "month", "year") else f" ({precision})")


@click.command()
@catalogue_option
@verified_option
@json_option
def supply(folder: Path | None, verified_only: bool, json_: bool) -> None:
    """Releases per half-year by tier, labs near the frontier, time between releases, and who will release again."""
    catalogue = open_catalogue(folder, verified_only)
    from rich.console import Console

    from hanse.console.outlook import tiers_table
    from hanse.outlook.result import everything

    result = everything(catalogue)
    if json_:
        as_json({key: result[key] for key in ("catalogue", "supply", "survival", "forecast")})
        return
    Console().print(tiers_table(result["supply"]))
    _print_survival(result["survival"])
    asked = [row for row in result["forecast"] if row["state"] == "forecast"]
    table(
        ["lab", "last near-frontier", "months ago", "again within 12 months", "moved by", "note"],
        [
            (
                row["name"],
                row["last_release"],
                row["waited"],
                _percent(row["probability"]),
                _moved(row["moved"]),
                row["why"],
            )
            for row in asked
        ],
        "Next near-frontier open release, as of the newest score",
    )
    unknown = [row for row in result["forecast"] if row["state"] == "cannot rate"]
    table(["cannot rate", "why"], [(row["name"], row["why"]) for row in unknown])


def _print_survival(survival: dict[str, Any]) -> None:
    if not survival:
        click.echo("no near-frontier open release on these rows")
        return
    median = "more than half never ended" if survival["median"] is None else f"median {survival['median']} months"
    click.echo(
        f"{survival['spells']} times between near-frontier open releases, {survival['ended']} of them ended: {median}"
    )
    ratios = [(name, survival["covariates"][name], f"{i['value']:.2f} [{i['low']:.2f}, {i['high']:.2f}]")
              for name, i in survival["hazard_ratios"].items()]  # fmt: skip
    table(
        ["covariate", "meaning", "hazard ratio"], ratios, "Above 1 the next release comes sooner (Cox, ridge-penalized)"
    )


def _percent(interval: dict[str, float]) -> str:
    return f"{interval['value']:.0%} [{interval['low']:.0%}, {interval['high']:.0%}]"


def _moved(moved: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:+.2f}" for name, value in moved[:3]) or "base rate"


@click.command()
@catalogue_option
@verified_option
@click.option("--events", is_flag=True, help="Use departures too, though they were collected after the fact.")
@json_option
def backtest(folder: Path | None, verified_only: bool, events: bool, json_: bool) -> None:
    """Score the forecasts on the past against two baselines: Brier score, calibration, and where hindsight leaks in."""
    catalogue = open_catalogue(folder, verified_only)
    from hanse.outlook.backtest import backtest as test
    from hanse.outlook.result import HORIZONS, backtest_json

    found = [item for item in (test(catalogue, horizon, events) for horizon in HORIZONS) if item is not None]
    if json_:
        as_json([backtest_json(item) for item in found])
        return
    for item in found:
        rows = [
            (
                s.method,
                len(s.forecasts),
                f"{s.brier:.3f}",
                s.better_by.say(3) if s.better_by else "",
                f"{s.calibration_error:.2f}",
            )
            for s in item.scored
        ]
        days = ", ".join(item.days)
        title = f"Another near-frontier open release within {item.horizon_months:g} months? Asked at the end of {days}"
        table(["method", "forecasts", "Brier", "better than base rate by", "calibration error"], rows, title)
        click.echo(item.verdict)
        for bin_ in next(s for s in item.scored if s.method == "cox").calibration:
            click.echo(f"  said {bin_.said:.0%} on average, happened {bin_.happened:.0%} ({bin_.count} forecasts)")
    click.echo("Hindsight that leaks in:")
    for leak in found[0].leaks if found else ():
        click.echo(f"  - {leak}")
