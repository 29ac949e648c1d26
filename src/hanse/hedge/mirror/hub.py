"""What the Hugging Face hub would answer, from a mirror: the part of its protocol that its clients read models with.

    GET  /api/models/{repo}[/revision/{rev}]          what a repository holds at a revision
    GET  /api/models/{repo}/tree/{rev}[/{folder}]     its files, with sizes and digests
    POST /api/models/{repo}/paths-info/{rev}          the same for named files
    GET  /api/models/{repo}/refs                      its one branch
    GET  /{repo}/resolve/{rev}/{path}                 a file; HEAD says its digest, commit and size

A repository goes by the name it was published under, and by its name in the lock. `main` is its newest entry.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from hanse.errors import HanseError
from hanse.hedge.lock.schema import LockedFile, LockedModel
from hanse.hedge.mirror.layout import Kept, Record
from hanse.hedge.mirror.reading import Mirror, age

FRESH_SECONDS = 10.0
"""How long a list of models is used before the mirror is asked again."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ASKS = ("revision", "tree", "paths-info", "refs", "resolve")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Ask:
    """A request: path and query as they came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By name in lower case: clients write them as they like."""
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer; a file's bytes are read by whoever sends it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: tuple[Record, int, int] | None = None
    """A file's record, and the first and last but one byte to send."""


class _NotThere(Exception):
    """The hub's own code for what is not there, and the commit when that much was found."""

    def __init__(self, code: str, what: str, commit: str = "") -> None:
        super().__init__(what)
        self.code, self.commit = code, commit


class Hub:
    """Answers requests from a mirror. Safe from several threads."""

    def __init__(self, mirror: Mirror, clock: Callable[[], float]) -> None:
        self.mirror, self._clock = mirror, clock
        self._listed: tuple[float, dict[str, list[Kept]]] | None = None

    def repositories(self) -> dict[str, list[Kept]]:
        """Entries by each name a repository goes by, newest first."""
        if self._listed is None or self._clock() - self._listed[0] > FRESH_SECONDS:
            found: dict[str, list[Kept]] = {}
            for kept in self.mirror.tables()[0]:
                for name in {kept.model.name, kept.model.repository} - {""}:
                    found.setdefault(name, []).append(kept)
            self._listed = (
                self._clock(),
                {name: sorted(entries, key=age, reverse=True) for name, entries in found.items()},
            )
        return self._listed[1]

    def answer(self, ask: Ask) -> Reply:
        """The reply to a request; what goes wrong is in it."""
        path, _, query = ask.target.partition("?")
        words = [unquote(word) for word in path.split("/") if word]
        try:
            if words[:2] == ["api", "models"]:
                return self._api(words[2:], parse_qs(query), ask)
            if ask.method in ("GET", "HEAD") and not words:
                return Reply(200, {"Content-Type": "text/plain"}, b"A mirror of models: point HF_ENDPOINT here.\n")
            repository, what, rest = self._split(words)
            if what == "resolve" and len(rest) > 1:
                if ask.method == "POST":
                    return Reply(405, {"Allow": "GET, HEAD"})
                return self._file(self._entry(repository, rest[0]), "/".join(rest[1:]), ask.headers)
            return _missing("EntryNotFound", "no such page; this mirror serves models only")
        except _NotThere as error:
            return _missing(error.code, str(error), error.commit)
        except (
            HanseError
        ) as error:  # the mirror is damaged, or cannot be reached: the client must not take it for a 404
            return Reply(500, {"X-Error-Message": one_line(str(error))})

    def _api(self, words: list[str], query: dict[str, list[str]], ask: Ask) -> Reply:
        if not words:
            return _json([_info(name, entries[0], False) for name, entries in sorted(self.repositories().items())])
        repository, what, rest = self._split(words)
        if (ask.method == "POST") != (what == "paths-info"):
            return Reply(405, {"Allow": "POST" if what == "paths-info" else "GET, HEAD"})
        if what in ("", "revision"):
            kept = self._entry(repository, rest[0] if rest else "main")
            return _json(_info(repository, kept, bool(query.get("blobs"))))
        if what == "refs":
            main = {
                "name": "main",
                "ref": "refs/heads/main",
                "targetCommit": commit_of(self._entry(repository, "main").model),
            }
            return _json({"branches": [main], "tags": [], "converts": []})
        if not rest:
            return _missing("RevisionNotFound", f"no revision in {ask.target}")
        kept, expand = self._entry(repository, rest[0]), query.get("expand", [""])[0].lower() == "true"
        if what == "tree":
            return _json(
                _tree(kept.model, "/".join(rest[1:]), query.get("recursive", [""])[0].lower() in ("true", "1"), expand)
            )
        return _json(_named(kept.model, ask))

    def _split(self, words: list[str]) -> tuple[str, str, list[str]]:
        """Repository (org/name or name), what is asked of it, the rest; of two readings the one that is here."""
        readings = [
            ("/".join(words[:size]), rest[0] if rest else "", rest[1:])
            for size in (2, 1)
            if len(words) >= size and (not (rest := words[size:]) or rest[0] in _ASKS)
        ]
        if not readings:
            raise _NotThere("RepoNotFound", f"no such page: /{'/'.join(words)}")
        return next((reading for reading in readings if reading[0] in self.repositories()), readings[0])

    def _entry(self, repository: str, revision: str) -> Kept:
        entries = self.repositories().get(repository)
        if not entries:
            raise _NotThere("RepoNotFound", f"{repository} is not in this mirror")
        for kept in entries:
            if revision in ("main", "HEAD", kept.model.revision, commit_of(kept.model), kept.model.entry):
                return kept
        have = ", ".join(commit_of(kept.model) for kept in entries)
        raise _NotThere("RevisionNotFound", f"{repository} is not in this mirror at {revision}; it is at {have}")

    def _file(self, kept: Kept, path: str, headers: Mapping[str, str]) -> Reply:
        commit = commit_of(kept.model)
        item = next((item for item in kept.model.file if item.path == path), None)
        if item is None:
            raise _NotThere("EntryNotFound", f"{kept.model.name} has no file {path}", commit)
        found = {"ETag": f'"{item.sha256}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes",
                 "Content-Type": "application/octet-stream"}  # fmt: skip
        if headers.get("if-none-match", "").strip() == found["ETag"]:
            return Reply(304, found)
        record, whole = self.mirror.record_of(item), (0, item.size)
        asked = headers.get("range", "") if headers.get("if-range", found["ETag"]) == found["ETag"] else ""
        part = _range(asked, item.size)
        if part is None:
            return Reply(416, found | {"Content-Range": f"bytes */{item.size}"})
        start, end = part
        if part == whole:
            return Reply(200, found | {"Content-Length": str(item.size)}, file=(record, start, end))
        ranged = {"Content-Range": f"bytes {start}-{end - 1}/{item.size}", "Content-Length": str(end - start)}
        return Reply(206, found | ranged, file=(record, start, end))


def commit_of(model: LockedModel) -> str:
    """The commit that clients are told: the publisher's, or one made up of the entry's digest where there is none."""
    return model.revision if _COMMIT.fullmatch(model.revision) else model.entry[:40]


def one_line(text: str) -> str:
    """Text that fits a header or a line of a log, whatever was asked for."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:500]


def _range(text: str, size: int) -> tuple[int, int] | None:
    """First byte and end of a Range header; all for none or for one that is not understood; None when it cannot be met."""
    found = _RANGE.fullmatch(text.strip())
    if not found or not (found[1] or found[2]) or max(map(len, found.groups())) > 18:
        return 0, size
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    return (start, end) if start < end else None


def _json(value: Any) -> Reply:
    body = json.dumps(value).encode()
    return Reply(200, {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}, body)


def _missing(code: str, what: str, commit: str = "") -> Reply:
    headers = {"X-Error-Code": code, "X-Error-Message": one_line(what)}
    return Reply(404, headers | ({"X-Repo-Commit": commit} if commit else {}))


def _info(name: str, kept: Kept, blobs: bool) -> dict[str, Any]:
    model = kept.model
    day = f"{model.locked}T00:00:00.000Z"
    siblings = [{"rfilename": item.path} | (_blob(item) if blobs else {}) for item in model.file]
    return {
        "id": name,
        "modelId": name,
        "author": name.partition("/")[0] if "/" in name else None,
        "sha": commit_of(model),
        "lastModified": day,
        "createdAt": day,
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [f"license:{model.license.id}"] if model.license.id else [],
        "siblings": siblings,
        "usedStorage": model.size,
    }


def _blob(item: LockedFile) -> dict[str, Any]:
    pointer = _pointer(item)
    return {
        "size": item.size,
        "blobId": _git(pointer),
        "lfs": {"sha256": item.sha256, "size": item.size, "pointerSize": len(pointer)},
    }


def _tree(model: LockedModel, folder: str, recursive: bool, expand: bool) -> list[dict[str, Any]]:
    inside = f"{folder}/" if folder else ""
    files = [item for item in model.file if item.path.startswith(inside)]
    if not files:
        raise _NotThere("EntryNotFound", f"{model.name} has no folder {folder}", commit_of(model))
    rows: dict[str, dict[str, Any]] = {}
    for item in files:
        steps = item.path[len(inside) :].split("/")
        for depth in range(1, len(steps)) if recursive else range(1, min(2, len(steps))):
            path = inside + "/".join(steps[:depth])
            rows[path] = {"type": "directory", "oid": _git(path.encode()), "size": 0, "path": path}
        if recursive or len(steps) == 1:
            rows[item.path] = _row(item)
    last = {"id": commit_of(model), "title": f"locked {model.locked}", "date": f"{model.locked}T00:00:00.000Z"}
    return [row | ({"lastCommit": last} if expand else {}) for _, row in sorted(rows.items())]


def _row(item: LockedFile) -> dict[str, Any]:
    pointer = _pointer(item)
    lfs = {"oid": item.sha256, "size": item.size, "pointerSize": len(pointer)}
    return {"type": "file", "oid": _git(pointer), "size": item.size, "path": item.path, "lfs": lfs}


def _named(model: LockedModel, ask: Ask) -> list[dict[str, Any]]:
    if "json" in ask.headers.get("content-type", ""):
        try:
            value = json.loads(ask.body)
        except ValueError:
            value = {}
        paths = value.get("paths", []) if isinstance(value, dict) else []
    else:
        paths = parse_qs(ask.body.decode("utf-8", "replace")).get("paths", [])
    wanted = {path for path in (paths if isinstance(paths, list) else [paths]) if isinstance(path, str)}
    rows = {row["path"]: row for row in _tree(model, "", True, False)}
    return [rows[path] for path in sorted(wanted & rows.keys())]


def _pointer(item: LockedFile) -> bytes:
    """What git would hold in the file's place: every file is shown as one kept outside git, by its SHA-256."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{item.sha256}\nsize {item.size}\n".encode()


def _git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
