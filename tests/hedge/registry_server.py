"""A few lines that pass for an OCI registry on 127.0.0.1: manifests by tag and digest, blobs with Range, the token realm, a
redirect to storage, connections that are cut.

    with running(Registry()) as registry:
        digest = registry.push("org/model", "v1", modelpack({"model.safetensors": weights}))
        OciSource(f"oci://{registry.address}/org/model:v1").listing("", "")
"""

from __future__ import annotations

import base64
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
from urllib.parse import parse_qs, urlsplit

from tests.loopback import listening

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Packed:
    """A manifest and the blobs it names."""

    manifest: dict[str, Any]
    blobs: dict[str, bytes]


@dataclass
class Registry:
    """State of the server; change it while it runs."""

    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(repository, tag or digest) -> bytes."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    account: tuple[str, str] | None = None
    """User and password that the token realm wants; None: it gives a token to anyone. See `protected`."""
    protected: bool = False
    """Whether a token is needed at all."""
    basic: bool = False
    """Ask for Basic instead of a token."""
    redirects: bool = False
    """Blobs are answered with a redirect to /storage, where an Authorization header is a leak."""
    cuts: deque[int | None] = field(default_factory=deque)
    """Each blob takes the next: after so many bytes the line is cut."""
    served: dict[str, bytes] = field(default_factory=dict)
    """By digest, bytes to serve instead of the truth."""
    ignores_range: bool = False
    requests: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    tokens: int = 0
    """Tokens given so far; only the newest counts."""
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def push(self, name: str, tag: str, packed: Packed) -> str:
        """Store a manifest under a tag and its digest, which is given back."""
        data = json.dumps(packed.manifest).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.manifests[name, tag] = self.manifests[name, digest] = data
        self.blobs |= packed.blobs
        return digest


def modelpack(files: Mapping[str, bytes], kind: str = "raw") -> Packed:
    """Files in the layout of CNCF ModelPack; `kind` is the end of the media types (raw, tar, tar+gzip)."""
    layers, blobs = [], {}
    for path, data in files.items():
        group = (
            "weight"
            if path.endswith((".safetensors", ".gguf"))
            else "weight.config"
            if path.endswith(".json")
            else "doc"
        )
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        blobs[digest] = data
        layers.append({
            "mediaType": f"application/vnd.cncf.model.{group}.v1.{kind}",
            "digest": digest,
            "size": len(data),
            "annotations": {"org.cncf.model.filepath": path},
        })  # fmt: skip
    return Packed(_manifest("application/vnd.cncf.model.manifest.v1+json", layers, blobs), blobs)


def oras(files: Mapping[str, bytes]) -> Packed:
    """Files as `oras push` lays them out."""
    layers, blobs = [], {}
    for path, data in files.items():
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        blobs[digest] = data
        notes = {"org.opencontainers.image.title": path}
        layers.append(
            {"mediaType": "application/octet-stream", "digest": digest, "size": len(data), "annotations": notes}
        )
    return Packed(_manifest("application/vnd.unknown.artifact.v1", layers, blobs), blobs)


def _manifest(kind: str, layers: list[dict[str, Any]], blobs: dict[str, bytes]) -> dict[str, Any]:
    config = b"{}"
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    blobs[digest] = config
    described = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest, "size": len(config)}
    return {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind, "config": described, "layers": layers}


@contextmanager
def running(registry: Registry) -> Iterator[Registry]:
    """Serve until the block ends."""

    class Handler(_Handler):
        state = registry

    with listening(Handler) as registry.port:
        yield registry


class _Handler(BaseHTTPRequestHandler):
    state: Registry

    def do_GET(self) -> None:
        registry, path = self.state, urlsplit(self.path).path
        with registry.lock:
            registry.requests.append(f"{self.command} {path}")
        if path == "/token":
            self._token()
        elif path.startswith("/storage/"):
            if self.headers.get("Authorization"):
                registry.leaks.append(str(self.headers["Authorization"]))
            self._blob(path.removeprefix("/storage/"))
        elif not self._allowed():
            kind = (
                'Basic realm="here"'
                if registry.basic
                else f'Bearer realm="http://{registry.address}/token",service="s"'
            )
            self._answer(401, b"{}", {"WWW-Authenticate": kind})
        elif found := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path):
            data = registry.manifests.get((found[1], found[2].replace("%3A", ":")))
            self._answer(404 if data is None else 200, data or b"{}", {"Content-Type": MANIFEST})
        elif found := re.fullmatch(r"/v2/(.+)/blobs/([^/]+)", path):
            digest = found[2].replace("%3A", ":")
            if registry.redirects:
                self._answer(307, b"", {"Location": f"http://127.0.0.1:{registry.port}/storage/{digest}"})
            else:
                self._blob(digest)
        else:
            self._answer(404, b"{}", {})

    do_HEAD = do_GET

    def _allowed(self) -> bool:
        registry, sent = self.state, self.headers.get("Authorization") or ""
        if not registry.protected:
            return True
        if registry.basic:
            return sent == self._account()
        return sent == f"Bearer token-{registry.tokens}"

    def _account(self) -> str:
        return "Basic " + base64.b64encode(":".join(self.state.account or ("", "")).encode()).decode()

    def _token(self) -> None:
        registry, query = self.state, parse_qs(urlsplit(self.path).query)
        if registry.account is not None and self.headers.get("Authorization") != self._account():
            self._answer(401, b"{}", {})
            return
        assert query["service"] == ["s"], query
        assert query["scope"][0].endswith(":pull"), query
        with registry.lock:
            registry.tokens += 1
        self._answer(200, json.dumps({"token": f"token-{registry.tokens}"}).encode(), {})

    def _blob(self, digest: str) -> None:
        registry = self.state
        data = registry.served.get(digest, registry.blobs.get(digest))
        if data is None:
            self._answer(404, b"{}", {})
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        with registry.lock:
            cut = registry.cuts.popleft() if registry.cuts else None
        if asked and not registry.ignores_range:
            start = int(asked[1])
            headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self._answer(206, data[start:], headers, cut)
        else:
            self._answer(200, data, {}, cut)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body if cut is None else body[:cut])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the reader had enough

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the requests stand in `requests`."""
