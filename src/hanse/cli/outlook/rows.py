"""Options that every outlook command shares, and opening the rows they speak of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.extras import need
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.outlook.catalogue.tables import Catalogue

catalogue_option = click.option(
    "--catalogue", "folder", type=click.Path(path_type=Path), help="A folder of tables instead of the shipped ones."
)
verified_option = click.option(
    "--verified-only",
    is_flag=True,
    help="Leave out releases and events of general knowledge or one source, and speculative compute.",
)
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def open_catalogue(folder: Path | None, verified_only: bool = False, any_lab: bool = False) -> Catalogue:
    """The shipped catalogue, or a user's own. Raises InputError for rows of unknown labs, unless `any_lab`."""
    need("outlook", "outlook", "numpy", "scipy", "lifelines")
    from hanse.outlook.catalogue.tables import read_catalogue, shipped

    found = shipped() if folder is None else read_catalogue(folder)
    named = {row.lab for row in found.releases} | {row.lab for row in found.events}
    unknown = sorted(named - found.lab.keys())
    if unknown and not any_lab:
        raise InputError(
            f"{folder}: {', '.join(unknown)}: no id in labs.csv; `hanse outlook check --catalogue {folder}` says in which rows"
        )
    return found.verified() if verified_only else found
