"""What the mirror's commands share: the extra they need, opening mirrors, locks and sources, writing small files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.extras import need
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.mirror.reading import Mirror
    from hanse.hedge.source.base import Source

json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")
lock_argument = click.argument("lock", type=click.Path(path_type=Path), default=Path("models.lock"))


def ready(command: str = "mirror") -> None:
    """Raise MissingExtraError unless what a lock needs is installed."""
    need(command, "hedge", "tomli_w")


def open_mirror(url: str) -> Mirror:
    """A mirror to read from. Raises InputError for a URL that names no store."""
    from hanse.hedge.mirror.reading import Mirror
    from hanse.store import open_store

    return Mirror(open_store(url))


def opener(lock: Path) -> Callable[[str], Source]:
    """Opens sources as the lock in that file names them; says which extra one needs."""
    from hanse.hedge.opening import open_source

    def open_(text: str) -> Source:
        if text == "hub" or text.startswith("hub:"):
            need("mirror", "hedge", "huggingface_hub")
        if "://" not in text and (lock.parent / text / "mirror" / "files").is_dir():
            from hanse.hedge.mirror.source import MirrorSource

            return MirrorSource(str(lock.parent / text))
        return open_source(text, lock.parent)

    return open_


def as_given(text: str) -> str:
    """A source from the command line: a folder is meant from here, not from where the lock lies."""
    return text if text == "hub" or text.startswith("hub:") or "://" in text else str(Path(text).absolute())


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that is not there yet, whole or not at all. Raises InputError naming it."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError as error:
        raise InputError(f"{path}: is there already; choose another file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_file(path: Path) -> bytes:
    """A small file. Raises InputError naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error
