"""Files that people keep (drafts, site files): the old one stays whole until the new one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hanse.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, to write; it takes `path`'s place at the end, or goes when anything fails.

    Raises InputError naming `path` when it cannot be written.
    """
    temporary = path.parent / f".{path.name}.tmp"
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}; choose another file") from error
    finally:
        with suppress(OSError):  # replaced, or never made
            temporary.unlink()


def check_place(path: Path) -> None:
    """Raise InputError unless a file can stand at `path`: asked before what cannot be taken back."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        reason = "is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise InputError(f"{path}: cannot write: {reason}; make one or choose another file")
