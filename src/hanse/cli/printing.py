"""Tables for people, JSON for programs: every command that prints a table takes --json."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """The document as it is printed, without the last line feed."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """A table as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, title=title or None, header_style="bold", title_justify="left")
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))  # a cell is no markup
    Console(soft_wrap=False).print(drawn)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, gone when done: call what it gives with how much is done. Silent without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def steps_bar(total: int) -> Iterator[tuple[Progress, TaskID]]:
    """A bar of training steps on standard error with a `note` behind it; it stays when done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield bar, bar.add_task("steps", total=total, note="")


def read_text(path: Path) -> str:
    """A small text file. Raises InputError naming it."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path}: cannot read: {reason}") from error
