"""`hanse lock check`: each locked model, and what it was made from, against what the outlook has recorded since the lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.lock.files import json_option, lock_option, names_argument, ready
from hanse.cli.outlook.rows import catalogue_option, open_catalogue, verified_option
from hanse.cli.printing import as_json, table
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.lock.schema import LockedModel
    from hanse.outlook.catalogue.schema import Lab, Release
    from hanse.outlook.catalogue.tables import Catalogue
    from hanse.outlook.signals import Signal

KINDS = {
    "withdrawal": "withdrawn",
    "license": "relicensed",
    "closed ahead": "closed",
    "departure": "departure",
    "strategy": "strategy",
}
"""Kinds of signals that touch who depends on a lab's models, as this command calls them."""
FAIL_ON = (*KINDS.values(), "successor", "unknown", "any")
DAYS = {"day": 0, "month": 30, "quarter": 91, "half": 183, "year": 365}
"""How much later than its row's date a thing may have happened: rows stand at the first day of what is known."""


@dataclass(frozen=True)
class News:
    """One thing that the outlook knows about a locked model."""

    model: str
    kind: str
    date: str
    """When it happened; empty for a model that is not in the catalogue."""
    about: str
    """The lab or the release."""
    text: str
    source: str
    confidence: str
    base: str = ""
    """The model it was made from, when the news is about that one."""


@click.command()
@names_argument
@lock_option
@click.option(
    "--since",
    default="",
    metavar="DATE",
    help="Look from this day (YYYY-MM-DD). Off: from each model's day of locking.",
)
@click.option("--fail-on", default="", metavar="KINDS", help=f"Exit code 1 when there is one of: {', '.join(FAIL_ON)}.")
@catalogue_option
@verified_option
@json_option
def check(
    names: tuple[str, ...], path: Path, since: str, fail_on: str, folder: Path | None, verified_only: bool, json_: bool
) -> None:
    """What the outlook knows since the lock: withdrawn, relicensed, lab closed, successor, with date and source."""
    ready()
    from hanse.hedge.lock.schema import read_lock

    wanted = {item.strip() for item in fail_on.split(",") if item.strip()}
    if wanted - set(FAIL_ON):
        raise InputError(f"--fail-on {', '.join(sorted(wanted - set(FAIL_ON)))}: expected {', '.join(FAIL_ON)}")
    lock = read_lock(path)
    catalogue = open_catalogue(folder, verified_only)
    chosen = [lock.named(name) for name in names] or list(lock.model)
    found = news(chosen, catalogue, _day(since, "--since") if since else None)
    if json_:
        as_json([asdict(item) for item in found])
    else:
        rows = [(n.model, n.kind, n.date or "-", f"{n.base}: {n.text}" if n.base else n.text, n.source) for n in found]
        table(("model", "what", "date", "", "source"), rows, f"{len(chosen)} models; rows until {catalogue.collected}")
    if wanted & {*(item.kind for item in found), *(["any"] if any(item.kind != "unknown" for item in found) else [])}:
        raise click.exceptions.Exit(1)


def news(models: Sequence[LockedModel], catalogue: Catalogue, since: date | None) -> list[News]:
    """What happened to each model and to what it was made from, newest first, since its day of locking."""
    from hanse.outlook.signals import signals

    said = signals(catalogue)
    found: list[News] = []
    for model in models:
        start = since or _day(model.locked, model.name)
        asked = [(model.repository or model.name, "")] + [(base.partition("@")[0], base) for base in model.base]
        for name, base in asked:
            found += _about(model.name, name, base, start, catalogue, said)
    return found


def _about(
    model: str, name: str, base: str, start: date, catalogue: Catalogue, said: Sequence[Signal]
) -> list[News]:  # fmt: skip
    from hanse.outlook.brief import find_release

    release = find_release(catalogue, name)
    lab = catalogue.lab[release.lab] if release is not None else _lab_of(catalogue, name)
    if lab is None:
        text = f"{name} is not in the catalogue: nothing is known about its supply"
        return [News(model, "unknown", "", name, text, "", "", base)]
    found = [
        News(model, KINDS[item.kind], item.date.isoformat(), lab.name, item.what, item.source, item.confidence, base)
        for item in said
        if item.lab == lab.id and item.kind in KINDS and item.date + timedelta(DAYS.get(item.precision, 0)) >= start
    ]
    if release is not None:
        found += [
            News(model, "successor", r.date.isoformat(), r.model, _successor(r, lab), r.source, r.confidence, base)
            for r in catalogue.releases
            if r.lab == lab.id and r.family == release.family and r.date >= start and r.date > release.date
        ]
    return sorted(found, key=lambda item: item.date, reverse=True)


def _successor(release: Release, lab: Lab) -> str:
    return f"{lab.name} released {release.model} ({release.license}), of the same family"


def _lab_of(catalogue: Catalogue, name: str) -> Lab | None:
    """The lab whose organization on the hub a repository stands under."""
    organization = name.partition("/")[0].lower() if "/" in name else ""
    return next((lab for lab in catalogue.labs if organization in (org.lower() for org in lab.orgs)), None)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{name}: {text!r} is no date; expected YYYY-MM-DD") from error
