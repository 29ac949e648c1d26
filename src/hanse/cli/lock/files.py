"""Options that the lock's commands share, and opening what they speak of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.extras import need
from hanse.cli.printing import progress
from hanse.cli.recording import Recording, now
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.lock.schema import LockedModel

lock_option = click.option(
    "--lock", "path", type=click.Path(path_type=Path), default=Path("models.lock"), show_default=True, help="The lock."
)
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")
names_argument = click.argument("names", nargs=-1)


def ready(*modules: str) -> None:
    """Raise MissingExtraError unless what a lock needs is installed, and `modules` too."""
    need("lock", "hedge", "tomli_w", *modules)


def need_for(text: str) -> None:
    """What reading a source needs."""
    from hanse.hedge.source.base import kind_of

    ready("yaml", *(("huggingface_hub",) if kind_of(text) == "hub" else ()))


def today() -> str:
    """The day, as a lock writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def stored(text: str, lock: Path) -> str:
    """A source as the lock writes it: a folder relative to the lock, the rest as given."""
    from hanse.hedge.source.base import kind_of

    if kind_of(text) != "folder":
        return text
    try:
        return Path(os.path.relpath(text, lock.parent)).as_posix()
    except ValueError:  # another drive, where the system has drives
        return Path(text).absolute().as_posix()


def read_bytes(path: Path | None) -> bytes:
    """A small file; nothing for None. Raises InputError naming it."""
    try:
        return b"" if path is None else path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error


@contextmanager
def megabytes(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar that counts MB."""
    with progress(f"{what}, MB", None if total is None else max(1, total // 1_000_000)) as count:
        yield lambda done: count(done // 1_000_000)


def record_entry(recording: Recording | None, model: LockedModel, by: str) -> None:
    """The record's line of an entry that stands in the lock now."""
    if recording is not None:
        from hanse.hedge.record.made import locked

        recording.add(locked(model, ("hanse", "lock", by)), now(), f"`hanse hedge add {model.name}` with --record and --key")


def size(count: int) -> str:
    """Bytes for people: 98.0 MB."""
    for unit, digits in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= digits:
            return f"{count / digits:.1f} {unit}"
    return f"{count} B"
