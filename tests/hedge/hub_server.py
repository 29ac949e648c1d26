"""A few lines that speak the Hugging Face hub's protocol on 127.0.0.1, for its real client: model info, tree in pages,
`resolve` with HEAD, GET, Range, ETag, X-Repo-Commit and X-Linked-Etag, a CDN on a port of its own, gated and private
repositories, tokens, branches that move, connections that are cut.

    with running(Hub()) as hub:
        commit = hub.push("org/model", {"config.json": b"{}", "model.safetensors": weights})
        HfApi(endpoint=hub.endpoint).model_info("org/model")
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.loopback import listening

LARGE = re.compile(r".*\.(safetensors|bin|gguf|onnx|pt|model)$", re.S)
"""Names that a repository keeps in LFS, so that the listing states their SHA-256 and the CDN serves them."""
PAGE_ENTRIES = 1000
SIGNATURE = "Signature=signed-for-the-test"


@dataclass
class Repo:
    """One model repository."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: str | bool = False
    """'auto' or 'manual': files need a token that accepted the terms; the listing does not, as on the real hub."""
    private: bool = False
    disabled: bool = False
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path, keys of the tree's entry to state instead of the truth: {"size": 1}, {"lfs": {...}}."""
    served: dict[str, bytes] = field(default_factory=dict)
    """By path, bytes to serve instead of the truth."""


@dataclass
class Hub:
    """State of the server; change it while it runs."""

    repos: dict[str, Repo] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    """Token -> repositories it may read beyond the public ones."""
    moved: dict[str, str] = field(default_factory=dict)
    """Old name -> new name: requests are redirected."""
    cuts: deque[int | None] = field(default_factory=deque)
    """Each body of a file takes the next: after so many bytes the line is cut. None, or none left: it is sent whole."""
    faults: deque[int] = field(default_factory=deque)
    """Each request takes the next: answered with this status. 0: as it should be."""
    ignores_range: bool = False
    cdn: bool = True
    """Off: LFS files are served where small ones are."""
    requests: list[str] = field(default_factory=list)
    """'GET /org/model/resolve/main/config.json', in order."""
    leaks: list[str] = field(default_factory=list)
    """Authorization headers that reached the CDN: always a bug of the client."""
    sent: int = 0
    """Bytes of files sent so far."""
    port: int = 0
    cdn_port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def push(self, name: str, files: Mapping[str, bytes], branch: str = "main") -> str:
        """Make a commit of these files, move the branch to it, and give its id."""
        repo = self.repos.setdefault(name, Repo())
        made = hashlib.sha1(repr((name, len(repo.commits), sorted(files.items()))).encode("utf-8", "surrogatepass"))
        commit = made.hexdigest()
        repo.commits[commit] = dict(files)
        repo.refs[branch] = commit
        return commit


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """Serve until the block ends."""

    class Handler(_Handler):
        state = hub

    with listening(Handler) as hub.port, listening(Handler) as hub.cdn_port:
        yield hub


def git_blob(data: bytes) -> str:
    """Git's id of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Refused(Exception):
    """An answer other than the asked one."""

    def __init__(self, status: int, code: str = "", message: str = "", location: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.location = status, code, message, location


class _Handler(BaseHTTPRequestHandler):
    state: Hub

    def do_GET(self) -> None:
        hub = self.state
        split = urlsplit(self.path)
        with hub.lock:
            hub.requests.append(f"{self.command} {unquote(split.path)}")
            fault = hub.faults.popleft() if hub.faults else 0
        self.query = parse_qs(split.query)
        length = int(self.headers.get("Content-Length") or 0)
        self.posted = self.rfile.read(length) if length else b""
        try:
            if fault:
                raise _Refused(fault, message="on purpose")
            self._route(split.path)
        except _Refused as error:
            headers = {"X-Error-Code": error.code, "X-Error-Message": error.message, "Location": error.location}
            self._json({"error": error.message}, {k: v for k, v in headers.items() if v}, error.status)

    do_HEAD = do_GET
    do_POST = do_GET

    def _route(self, path: str) -> None:
        if path.startswith("/cdn/"):
            self._cdn(path.removeprefix("/cdn/"))
        elif path.startswith("/api/models/"):
            name, repo, rest = self._find(path.removeprefix("/api/models/"), "/api/models/")
            verb, _, rest = rest.partition("/")
            if verb in ("", "revision"):
                self._json(self._info(name, repo, self._commit(repo, unquote(rest) or "main")))
            elif verb == "tree":
                revision, _, below = rest.partition("/")
                self._tree(repo, self._commit(repo, unquote(revision)), unquote(below))
            elif verb == "paths-info":
                self._paths(repo, self._commit(repo, unquote(rest)))
            else:
                raise _Refused(404, message=f"no such route {verb}")
        elif path == "/api/whoami-v2":
            if self._token() not in self.state.tokens:
                raise _Refused(401, message="Invalid user token.")
            self._json({"name": "tester", "type": "user", "orgs": [], "auth": {"type": "access_token"}})
        else:
            name, repo, rest = self._find(path.removeprefix("/"), "/")
            verb, _, rest = rest.partition("/")
            revision, _, below = rest.partition("/")
            if verb != "resolve":
                raise _Refused(404, message=f"no such route {verb}")
            self._resolve(name, repo, unquote(revision), unquote(below, errors="surrogateescape"))

    def _find(self, path: str, prefix: str) -> tuple[str, Repo, str]:
        """The repository a path starts with, and the rest of the path. Refuses as the real hub does."""
        hub, parts = self.state, path.split("/")
        for count in (2, 1):
            name = unquote("/".join(parts[:count]))
            rest = "/".join(parts[count:])
            if name in hub.moved:
                query = urlsplit(self.path).query
                target = f"{prefix}{quote(hub.moved[name])}/{rest}".rstrip("/") + (f"?{query}" if query else "")
                raise _Refused(307, location=target)
            if name in hub.repos:
                repo = hub.repos[name]
                if repo.private and name not in hub.tokens.get(self._token(), ()):
                    break
                if repo.disabled:
                    raise _Refused(403, message="Access to this resource is disabled.")
                return name, repo, rest
        known = self._token() in hub.tokens
        raise _Refused(404 if known else 401, "RepoNotFound", "Repository not found")

    def _token(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _commit(self, repo: Repo, revision: str) -> str:
        commit = repo.refs.get(revision, revision)
        if commit not in repo.commits:
            raise _Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def _info(self, name: str, repo: Repo, commit: str) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for path in sorted(repo.commits[commit]):
            item: dict[str, Any] = {"rfilename": path}
            if "blobs" in self.query:
                entry = self._entry(repo, path, repo.commits[commit][path])
                item |= {"size": entry["size"], "blobId": entry["oid"]}
                if "lfs" in entry:
                    lfs = entry["lfs"]
                    item["lfs"] = {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}
            siblings.append(item)
        return {
            "_id": hashlib.sha1(name.encode()).hexdigest()[:24],
            "id": name,
            "modelId": name,
            "author": name.partition("/")[0],
            "sha": commit,
            "lastModified": "2026-01-01T00:00:00.000Z",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "private": repo.private,
            "gated": repo.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": siblings,
        }

    def _entry(self, repo: Repo, path: str, data: bytes) -> dict[str, Any]:
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": git_blob(data)}
        if LARGE.fullmatch(path):
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return entry | repo.listed.get(path, {})

    def _tree(self, repo: Repo, commit: str, below: str) -> None:
        prefix = f"{below}/" if below else ""
        recursive = self.query.get("recursive", [""])[0].lower() in ("true", "1")
        entries: dict[str, dict[str, Any]] = {}
        for path, data in sorted(repo.commits[commit].items()):
            if not path.startswith(prefix):
                continue
            parts = path.removeprefix(prefix).split("/")
            for depth in range(1, len(parts)):
                if recursive or depth == 1:
                    folder = prefix + "/".join(parts[:depth])
                    oid = hashlib.sha1(folder.encode("utf-8", "surrogatepass")).hexdigest()
                    entries.setdefault(folder, {"type": "directory", "path": folder, "size": 0, "oid": oid})
            if recursive or len(parts) == 1:
                entries[path] = self._entry(repo, path, data)
        start = int(self.query.get("cursor", ["0"])[0])
        page, end = list(entries.values())[start : start + PAGE_ENTRIES], start + PAGE_ENTRIES
        headers = {}
        if end < len(entries):
            query = f"recursive={recursive}&cursor={end}"
            headers["Link"] = f'<{self.state.endpoint}{urlsplit(self.path).path}?{query}>; rel="next"'
        self._json(page, headers)

    def _paths(self, repo: Repo, commit: str) -> None:
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(self.posted)["paths"]
        else:
            wanted = parse_qs(self.posted.decode())["paths"]
        files = repo.commits[commit]
        self._json([self._entry(repo, path, files[path]) for path in wanted if path in files])

    def _resolve(self, name: str, repo: Repo, revision: str, path: str) -> None:
        hub = self.state
        if repo.gated and name not in hub.tokens.get(self._token(), ()):
            text = f"Access to model {name} is restricted."
            raise _Refused(403 if self._token() in hub.tokens else 401, "GatedRepo", text)
        commit = self._commit(repo, revision)
        data = repo.commits[commit].get(path)
        if data is None:
            raise _Refused(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not LARGE.fullmatch(path):
            self._bytes(repo.served.get(path, data), headers | {"ETag": f'"{git_blob(data)}"'})
            return
        sha256 = hashlib.sha256(data).hexdigest()
        headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data))}
        if not hub.cdn:
            self._bytes(repo.served.get(path, data), headers | {"ETag": f'"{sha256}"'})
            return
        where = f"{quote(name, safe='')}/{quote(path, safe='', errors='surrogateescape')}"
        location = f"http://127.0.0.1:{hub.cdn_port}/cdn/{sha256}/{where}?{SIGNATURE}"
        self._answer(302, b"", headers | {"Location": location, "ETag": f'"{sha256}"'})

    def _cdn(self, rest: str) -> None:
        hub = self.state
        if self.headers.get("Authorization"):
            hub.leaks.append(str(self.headers["Authorization"]))
        if SIGNATURE not in self.path:
            raise _Refused(403, message="unsigned")
        sha256, name, path = (unquote(part, errors="surrogateescape") for part in rest.split("/", 2))
        repo = hub.repos.get(name, Repo())
        for files in repo.commits.values():
            if path in files and hashlib.sha256(files[path]).hexdigest() == sha256:
                self._bytes(repo.served.get(path, files[path]), {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"})
                return
        raise _Refused(404, message="gone")

    def _bytes(self, data: bytes, headers: dict[str, str]) -> None:
        """A file's bytes, or the range that is asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None or self.state.ignores_range:
            self._answer(200, data, headers, body_of_file=True)
            return
        start, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        if start >= len(data) or end < start:
            self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(data)}"})
            return
        headers = headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
        self._answer(206, data[start : end + 1], headers, body_of_file=True)

    def _json(self, value: Any, headers: Mapping[str, str] = {}, status: int = 200) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | dict(headers))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str], body_of_file: bool = False) -> None:
        hub = self.state
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = None
        if body_of_file:
            with hub.lock:
                cut = hub.cuts.popleft() if hub.cuts else None
                hub.sent += len(body) if cut is None else min(cut, len(body))
        try:
            self.wfile.write(body if cut is None else body[:cut])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the reader had enough: it wanted the beginning only

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the requests stand in `requests`."""
