"""The cache that Hugging Face's client keeps: `models--org--name/snapshots/<commit>/` with links into the same repository's
`blobs/`, and from there, since version 2, into `blobs/` of the whole cache. Those two steps are followed, no other.

When a repository is gone, this is often where a company still has its files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from hanse.errors import InputError, NotFound
from hanse.hedge.source.base import Listed, Listing
from hanse.hedge.source.folder import Found, Place, look, read_place

_BLOB = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SHARED = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")


class CacheSource:
    """A client's cache folder: has what that client has downloaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = f"cache {folder}"

    def look(self, repository: str, revision: str) -> Found:
        """Where a repository's files are. Raises as `find_snapshot`."""
        return look_snapshot(find_snapshot(self.folder, repository, revision))

    def listing(self, repository: str, revision: str) -> Listing:
        snapshot = find_snapshot(self.folder, repository, revision)
        found = look_snapshot(snapshot)
        if found.odd:
            path, what = next(iter(sorted(found.odd.items())))
            raise InputError(f"{snapshot}: {path!r} is {what}; expected links into the repository's blobs")
        files = tuple(Listed(path, size, None) for path, (_, size) in sorted(found.files.items()))
        return Listing(snapshot.name, files)

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        snapshot = find_snapshot(self.folder, repository, revision)
        found = look_snapshot(snapshot).files.get(path)
        if found is None:
            raise NotFound(f"{snapshot}: no file {path}")
        return read_place(found[0], offset)


def find_snapshot(cache: Path, repository: str, revision: str) -> Path:
    """Folder of a repository's snapshot in a cache; an empty revision is the one its `main` was when last fetched. Raises
    NotFound saying which there are."""
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository!r}: expected org/name, as the hub calls it")
    home = cache / f"models--{repository.replace('/', '--')}"
    if not home.is_dir():
        raise NotFound(f"{cache}: has no {repository}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", revision or "main") or ".." in revision:
        raise InputError(f"revision {revision!r}: expected a commit, a branch or a tag")
    try:
        commit = (home / "refs" / (revision or "main")).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        commit = revision
    snapshot = home / "snapshots" / commit
    if not re.fullmatch(r"[0-9a-f]{40}", commit) or not snapshot.is_dir():
        kept = sorted(item.name for item in (home / "snapshots").glob("*") if item.is_dir())
        raise NotFound(
            f"{cache}: {repository} is there at {', '.join(kept) or 'no revision'}, not at {revision or 'main'}"
        )
    return snapshot


def look_snapshot(snapshot: Path) -> Found:
    """What lies in a snapshot's folder. A link that leads anywhere but to blobs is odd."""
    found = look(snapshot)
    files, odd = dict(found.files), dict(found.odd)
    for path in found.odd:
        place = _blob(snapshot, path)
        if place is not None:
            files[path] = (place, (place.folder / place.path).lstat().st_size)
            del odd[path]
    return Found(files, odd, found.ignored)


def _blob(snapshot: Path, path: str) -> Place | None:
    """The regular file that a link of a snapshot stands for."""
    blobs = snapshot.parent.parent / "blobs"
    name = _target(snapshot / path, blobs)
    if name is None or not _BLOB.fullmatch(name):
        return None
    if _regular(blobs / name):
        return Place(blobs, name)
    shared = snapshot.parent.parent.parent / "blobs"
    name = _target(blobs / name, shared)
    if name is not None and _SHARED.fullmatch(name) and _regular(shared / name):
        return Place(shared, name)
    return None


def _target(link: Path, expected: Path) -> str | None:
    """Where a link leads below `expected`; None when it leads elsewhere."""
    try:
        target = os.path.normpath(os.path.join(os.path.abspath(link.parent), os.readlink(link)))
    except OSError:
        return None
    below = os.path.relpath(target, os.path.abspath(expected))
    return None if below.startswith(os.pardir) else below.replace(os.sep, "/")


def _regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
