"""Options that every outlook command shares, and opening the rows they speak of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.extras import need

if TYPE_CHECKING:
    from hanse.outlook.catalogue.tables import Catalogue

catalogue_option = click.option(
    "--catalogue", "folder", type=click.Path(path_type=Path), help="A folder of tables instead of the shipped ones."
)
verified_option = click.option(
    "--verified-only", is_flag=True, help="Leave out rows of general knowledge, of one source and of speculation."
)
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def open_catalogue(folder: Path | None, verified_only: bool = False) -> Catalogue:
    """The shipped catalogue, or a user's own."""
    need("outlook", "outlook", "numpy", "scipy", "lifelines")
    from hanse.outlook.catalogue.tables import read_catalogue, shipped

    found = shipped() if folder is None else read_catalogue(folder)
    return found.verified() if verified_only else found
