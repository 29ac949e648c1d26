"""Tables for people, JSON for programs: every command that prints a table takes --json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """A table as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*columns, title=title or None, header_style="bold", title_justify="left")
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    Console(soft_wrap=False).print(drawn)
