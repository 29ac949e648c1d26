"""`hanse keys`"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from hanse.keys import SigningKey


@click.group()
def keys() -> None:
    """Make and show Ed25519 keys."""


@keys.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write, readable by its owner only."
)
def new(name: str, out: Path) -> None:
    """Make a key for NAME (e.g. acme/officer) and print its public half for the charter."""
    key = SigningKey(name, secrets.token_bytes(32))
    key.save(out)
    click.echo(str(key.public))


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Print the public half of a key FILE."""
    click.echo(str(SigningKey.load(file).public))
