"""Every file below a folder in a fixed order, and what was left out with the reason. Nothing outside is ever opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hanse.errors import InputError
from hanse.hedge.scan import ignore
from hanse.hedge.scan.decode import decode
from hanse.hedge.scan.vocabulary import word_lists

_WORDS = word_lists("walk")
FOLDERS = _WORDS["folders"]
"""Vendored, generated or cached: left out by name."""
SUFFIXES = (".dist-info", ".egg-info")


@dataclass(frozen=True, order=True)
class Skipped:
    """A file or folder that was not read."""

    file: str
    reason: str


@dataclass
class Walk:
    """What is below a folder."""

    files: list[tuple[str, int]] = field(default_factory=list)
    """Relative paths with '/', in order, with their sizes in bytes."""
    skipped: list[Skipped] = field(default_factory=list)


def walk(root: Path, exclude: Sequence[str] = ()) -> Walk:
    """Every regular file below `root`, links and devices left out. Raises InputError when `root` is no folder that can be read."""
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give the folder of a repository")
    found = Walk()
    patterns = (*exclude, *_own_patterns(root))
    _below(root, "", patterns, found, top=True)
    found.files.sort()
    found.skipped.sort()
    return found


def _own_patterns(root: Path) -> tuple[str, ...]:
    path = root / ignore.FILE
    try:
        if path.is_symlink() or not path.is_file():
            return ()
        return ignore.read_patterns(decode(path.read_bytes()[: 1 << 20]))
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}; make it readable or remove it") from error


def _below(folder: Path, prefix: str, patterns: Sequence[str], found: Walk, top: bool = False) -> None:
    """Breadth is bounded by the file system; depth by a list instead of calls."""
    waiting = [(folder, prefix, top)]
    while waiting:
        here, before, first = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            if first:
                raise InputError(f"{here}: cannot read the folder: {error.strerror}") from error
            found.skipped.append(Skipped(before.rstrip("/"), f"cannot read: {error.strerror}"))
            continue
        if not first and any(entry.name == "pyvenv.cfg" for entry in entries):
            found.skipped.append(Skipped(before.rstrip("/"), "a virtual environment"))
            continue
        for entry in entries:
            path = before + entry.name
            is_folder = not entry.is_symlink() and entry.is_dir(follow_symlinks=False)
            if ignore.matches(f"{path}/" if is_folder else path, patterns):
                found.skipped.append(Skipped(path, "excluded"))
            elif entry.is_symlink():
                found.skipped.append(Skipped(path, "a symbolic link"))
            elif is_folder:
                if entry.name in FOLDERS or entry.name.endswith(SUFFIXES):
                    found.skipped.append(Skipped(path, "vendored or generated"))
                else:
                    waiting.append((Path(entry.path), f"{path}/", False))
            else:
                _file(entry, path, found)


def _file(entry: os.DirEntry[str], path: str, found: Walk) -> None:
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError as error:
        found.skipped.append(Skipped(path, f"cannot read: {error.strerror}"))
        return
    if stat.S_ISREG(about.st_mode):
        found.files.append((path, about.st_size))
    else:
        found.skipped.append(Skipped(path, "no regular file"))


def open_below(root: Path, path: str) -> int:
    """A descriptor of a file below `root`, without following a link in its place. Raises OSError."""
    return os.open(root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def shown(path: str) -> str:
    """A path as text that any output takes: bytes that are no UTF-8 as \\xNN, control letters escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() or letter == " " else letter.encode("unicode_escape").decode() for letter in text
    )
