"""What the outlook writes (brief, report, a catalogue of one's own) and reads (publishers' files)."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import click

from hanse.cli.outlook.rows import catalogue_option, json_option, open_catalogue, verified_option
from hanse.cli.printing import as_json, table
from hanse.errors import InputError


@click.command()
@click.option("--models", required=True, help="Names with commas, a file with one per line, or a models.lock.")
@catalogue_option
@verified_option
@click.option("--sources", is_flag=True, help="End each sentence with the ids of its rows.")
@click.option("--out", type=click.Path(path_type=Path), help="Write Markdown here instead of printing it.")
@json_option
def brief(models: str, folder: Path | None, verified_only: bool, sources: bool, out: Path | None, json_: bool) -> None:
    """Two pages for whoever depends on these models: what is at risk, how sure that is, what to do."""
    catalogue = open_catalogue(folder, verified_only)
    from hanse.outlook.backtest import backtest, proven
    from hanse.outlook.brief import read_models, render, write_brief
    from hanse.outlook.catalogue.tables import write_text
    from hanse.outlook.forecast import outlooks

    asked = read_models(models)
    found = write_brief(catalogue, asked, outlooks(catalogue, proven(backtest(catalogue))))
    if json_:
        as_json(found.as_json())
    elif out is not None:
        write_text(out, render(found, sources))
        click.echo(f"{out}: {len(found.models)} models")
    else:
        click.echo(render(found, sources), nl=False)


@click.command()
@catalogue_option
@verified_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("outlook.html"),
    show_default=True,
    help="Where the page goes.",
)
@json_option
def report(folder: Path | None, verified_only: bool, out: Path, json_: bool) -> None:
    """Everything as one self-contained page; with --json all of it as JSON on standard output instead."""
    catalogue = open_catalogue(folder)
    from hanse.outlook.catalogue.tables import write_text
    from hanse.outlook.report.page import render
    from hanse.outlook.result import everything

    result = everything(catalogue, verified_only, lambda stage: click.echo(f"{stage} ...", err=True))
    if json_:
        as_json(result)
        return
    write_text(out, render(result))
    click.echo(f"{out}: open it in a browser; it fetches nothing")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def copy(folder: Path) -> None:
    """Copy the shipped tables into a folder, to correct or add rows there and use it with --catalogue."""
    catalogue = open_catalogue(None)
    from hanse.outlook.catalogue.tables import TABLES, write_catalogue
    from hanse.outlook.check import write_computed

    there = [name for name in TABLES if (folder / f"{name}.csv").exists()]
    if there:
        raise InputError(
            f"{folder}: has a catalogue already ({there[0]}.csv); choose another folder, nothing was overwritten"
        )
    write_catalogue(folder, catalogue)
    write_computed(catalogue, folder)
    click.echo(
        f"{folder}: {len(TABLES)} tables; edit them, then `hanse outlook compute {folder}` and `check --catalogue {folder}`"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def compute(folder: Path) -> None:
    """Write computed.csv of a catalogue's folder anew: score, lag, tiers and license class of every open release."""
    catalogue = open_catalogue(folder)
    from hanse.outlook.check import FILE, write_computed

    write_computed(catalogue, folder)
    click.echo(f"{folder / FILE}: {len(catalogue.open_releases)} releases")


@click.command("import")
@click.argument("publisher", type=click.Choice(["eci", "epoch", "models-dev", "atom"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    help="Catalogue folder; a new one begins with the shipped tables.",
)
@click.option("--vintage", required=True, help="The day the files were downloaded or published: 2026-11-25.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write rejected lines with their reasons here (CSV).")
@json_option
def import_(
    publisher: str, files: tuple[Path, ...], into: Path, vintage: str, rejects: Path | None, json_: bool
) -> None:
    """Read a publisher's files into a catalogue: every line is counted as kept, or rejected with a reason."""
    try:
        day = date.fromisoformat(vintage)
    except ValueError as error:
        raise InputError(f"--vintage {vintage}: expected a day like 2026-11-25") from error
    catalogue = open_catalogue(into if (into / "releases.csv").exists() else None)
    from hanse.outlook.catalogue.tables import write_catalogue, write_text
    from hanse.outlook.check import write_computed
    from hanse.outlook.importers import IMPORTERS

    done = IMPORTERS[publisher](catalogue, files, day)
    write_catalogue(into, done.catalogue)
    write_computed(done.catalogue, into)
    outcome = done.outcome
    if rejects is not None:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "line", "reason", "text"])
        writer.writerows([(r.file, r.line, r.reason, r.text) for r in outcome.rejects])
        write_text(rejects, out.getvalue())
    if json_:
        as_json(
            outcome.as_json() | {"notes": list(done.notes), "tallies": {k: dict(v) for k, v in done.tallies.items()}}
        )
        return
    rows = [(kind, count) for kind, count in outcome.kept.items()]
    rows += [(f"rejected: {reason}", count) for reason, count in outcome.by_reason().items()]
    table(["lines", "count"], rows, f"{outcome.read} lines read into {into}")
    for title, tally in done.tallies.items():
        table(["", "count"], list(tally.items()), title)
    for note in done.notes:
        click.echo(f"- {note}")
