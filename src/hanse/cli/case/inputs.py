"""Options that every case command shares, and reading the charters and private files they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.cli.extras import need
from hanse.errors import CaseError

if TYPE_CHECKING:
    from hanse.case.private import Private
    from hanse.charter.schema import Charter

Command = Any
charter_argument = click.argument("charter", type=click.Path(path_type=Path))
members_option = click.option(
    "--members", type=click.Path(path_type=Path), help="Members' own numbers (TOML); stays on this machine."
)
preset_option = click.option(
    "--preset", type=click.Choice(["light", "typical", "heavy"]), help="Stands in for members the file does not name."
)
draws_option = click.option(
    "--draws", type=click.IntRange(100, 10_000_000), default=10_000, show_default=True, help="Simulated worlds."
)
seed_option = click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of all luck.")
out_option = click.option("--out", type=click.Path(path_type=Path), help="Write the page here.")
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def ready() -> None:
    """Raise MissingExtraError where the extra is not installed."""
    need("case", "case", "numpy", "scipy", "SALib")


def open_charter(path: Path) -> Charter:
    """Raises CharterError naming file, line or key."""
    from hanse.charter.schema import load_charter

    return load_charter(path)


def open_private(members: Path | None, preset: str | None, charters: list[Charter]) -> Private:
    """Members' own numbers, checked against every charter. Raises CaseError."""
    from hanse.case.private import Private, load_private

    found = Private()
    for charter in charters:
        if members is not None:
            found = load_private(members, charter)
    return found if preset is None else found.model_copy(update={"preset": preset})


def one_name_each(charters: list[Charter], paths: tuple[Path, ...]) -> list[str]:
    """Names to tell charters apart: their own, or the file's where two have the same. Raises CaseError for one file twice."""
    doubled = [path for path in paths if paths.count(path) > 1]
    if doubled:
        raise CaseError(f"{doubled[0]}: is given twice; give each charter once")
    names = [charter.name for charter in charters]
    return [name if names.count(name) == 1 else path.stem for name, path in zip(names, paths, strict=True)]
