"""OCI registries (distribution-spec 1.1): models in the CNCF ModelPack layout (media types application/vnd.cncf.model.*, a file's
path in the annotation org.cncf.model.filepath) and plain artifacts of ORAS (path in org.opencontainers.image.title).

    oci://registry/namespace/name            :latest, or the revision that is asked for
    oci://registry/namespace/name:tag
    oci://registry/namespace/name@sha256:... one manifest, whatever a tag says

One layer is one file, so the registry's own digests are those of the files. Layers that are archives are refused: a digest of
a tar says nothing about the files in it. Registries on this machine are spoken to without TLS, all others with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from hanse.errors import DigestMismatch, InputError, NotFound, Unavailable
from hanse.hedge.source.base import CHUNK, Listed, Listing
from hanse.hedge.source.http import Answer, Refused, request

MANIFEST_BYTES_MAX = 4 << 20
"""What registries accept at most."""
TOKEN_BYTES_MAX = 1 << 20
LAYERS_MAX = 100_000
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"
)
PATHS = ("org.cncf.model.filepath", "org.cnai.model.filepath", "org.opencontainers.image.title")
"""Annotations that carry a file's path, the first that is there; cnai is how cncf was called before."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TEXT = re.compile(
    r"oci://(?P<registry>[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?)/(?P<name>[a-z0-9]+([._/-]+[a-z0-9]+)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_ARCHIVE = re.compile(r"tar|zip|gzip|zstd")

Login = Callable[[str], tuple[str, str] | None]
"""User and password (or token) for a registry, when there are any."""


class OciSource:
    """One repository of a registry."""

    def __init__(self, text: str, login: Login | None = None) -> None:
        found = _TEXT.fullmatch(text)
        if found is None:
            raise InputError(
                f"source {text[:200]!r}: expected oci://registry/namespace/name, with :tag or @sha256:... after it"
            )
        self.text, self.registry, self.name = text, found["registry"], found["name"]
        self._reference = found["digest"] or found["tag"] or "latest"
        self._fixed = found["digest"] is not None
        host = urlsplit(f"//{self.registry}").hostname or ""
        scheme = "http" if host in ("localhost", "::1") or host.startswith("127.") else "https"
        self._base = f"{scheme}://{self.registry}/v2/{self.name}"
        self._login = login or docker_login
        self._authorization = ""
        self._manifests: dict[str, tuple[str, tuple[Listed, ...]]] = {}
        self._lock = threading.Lock()

    def listing(self, repository: str, revision: str) -> Listing:
        digest, files = self._manifest(self._asked(revision))
        return Listing(digest, files)

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        _, files = self._manifest(self._asked(revision), again=False)
        item = next((item for item in files if item.path == path), None)
        if item is None:
            raise NotFound(f"{self.text}: no file {path} in it")
        if item.size is not None and offset >= item.size:
            return
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        with self._ask(f"/blobs/sha256:{item.sha256}", headers) as answer:
            if offset and answer.status == 206 and answer.range_start != offset:
                raise Unavailable(f"{self.text}: {path}: sent another range than was asked for")
            skip = 0 if answer.status == 206 else offset  # a registry may send everything all the same
            for chunk in answer.chunks(CHUNK):
                if skip < len(chunk):
                    yield chunk[skip:]
                skip = max(0, skip - len(chunk))

    def _asked(self, revision: str) -> str:
        """A digest, or a tag. A commit of another source is neither: what stands in the text is then meant."""
        if self._fixed or not revision or re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", revision):
            return self._reference
        return revision

    def _manifest(self, reference: str, again: bool = True) -> tuple[str, tuple[Listed, ...]]:
        """Digest and files of a manifest. Tags move, so they are asked again for every listing."""
        if reference in self._manifests and (not again or _DIGEST.fullmatch(reference)):
            return self._manifests[reference]
        digest, value = self._get_manifest(reference)
        if "manifests" in value and "layers" not in value:
            inner = [item.get("digest") for item in _list(value, "manifests") if isinstance(item, dict)]
            if len(inner) != 1 or not isinstance(inner[0], str) or not _DIGEST.fullmatch(inner[0]):
                names = ", ".join(str(item)[:71] for item in inner[:5])
                raise InputError(f"{self.text}: is an index of {len(inner)} manifests; name one with @digest: {names}")
            digest, value = self._get_manifest(inner[0])
        found = digest, self._files(value)
        self._manifests[reference] = self._manifests[digest] = found
        return found

    def _get_manifest(self, reference: str) -> tuple[str, dict[str, Any]]:
        with self._ask(f"/manifests/{quote(reference, safe=':')}", {"Accept": MANIFESTS}) as answer:
            data = answer.whole(MANIFEST_BYTES_MAX)
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if _DIGEST.fullmatch(reference) and digest != reference:
            raise DigestMismatch(f"{self.text}: asked for the manifest {reference}, got {digest}")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self.text}: {reference}: its manifest is no JSON") from error
        if not isinstance(value, dict):
            raise InputError(f"{self.text}: {reference}: its manifest is no JSON object")
        return digest, value

    def _files(self, manifest: dict[str, Any]) -> tuple[Listed, ...]:
        layers = _list(manifest, "layers")
        if len(layers) > LAYERS_MAX:
            raise InputError(f"{self.text}: {len(layers)} layers, at most {LAYERS_MAX}")
        found = [self._file(at, layer) for at, layer in enumerate(layers)]
        return tuple(sorted(found, key=lambda item: item.path))

    def _file(self, at: int, layer: Any) -> Listed:
        name = f"{self.text}: layer {at}"
        if not isinstance(layer, dict) or not isinstance(layer.get("size"), int) or layer["size"] < 0:
            raise InputError(f"{name}: states no size")
        digest, media = str(layer.get("digest")), str(layer.get("mediaType", ""))
        if not _DIGEST.fullmatch(digest):
            raise InputError(f"{name}: its digest {digest[:80]!r} is no sha256")
        notes = layer.get("annotations")
        path = (
            next((notes[key] for key in PATHS if isinstance(notes.get(key), str)), "")
            if isinstance(notes, dict)
            else ""
        )
        unpacked = isinstance(notes, dict) and str(notes.get("io.deis.oras.content.unpack")) == "true"
        packed = media.startswith(("application/vnd.cncf.model.", "application/vnd.cnai.model.")) or not path
        if unpacked or (packed and _ARCHIVE.search(media.rsplit("/", 1)[-1])):
            raise InputError(f"{name} ({path or media}): is an archive, whose digest says nothing about the files in it; "
                             "pack the model with raw layers, one file each")  # fmt: skip
        if not path:
            raise InputError(f"{name} ({media}): has no file name; expected the annotation {PATHS[0]} or {PATHS[-1]}")
        return Listed(path, layer["size"], digest.removeprefix("sha256:"))

    def _ask(self, path: str, headers: dict[str, str]) -> Answer:
        """A request, logged in when the registry asks for it."""
        sent = self._authorization
        try:
            return request(self._base + path, headers, sent)
        except Refused as error:
            if error.status == 401:
                with self._lock:
                    if self._authorization == sent:  # no other thread has been faster
                        self._authorization = self._authorize(error.challenge)
                    sent = self._authorization
            try:
                if error.status == 401:
                    return request(self._base + path, headers, sent)
                raise error
            except Refused as again:
                raise self._said(again) from again

    def _authorize(self, challenge: str) -> str:
        """The Authorization header for a 401: Basic at once, Bearer from the realm that the registry names."""
        kind, _, rest = challenge.partition(" ")
        account = self._login(self.registry)
        basic = "Basic " + base64.b64encode(":".join(account).encode()).decode() if account else ""
        if kind.lower() == "basic" and basic:
            return basic
        given = dict(_PARAMETER.findall(rest))
        realm = urlsplit(given.get("realm", ""))
        allowed = ("http", "https") if self._base.startswith("http:") else ("https",)
        if kind.lower() != "bearer" or realm.scheme not in allowed:
            raise InputError(f"{self.text}: refused (401): log in with `docker login {self.registry}`")
        query = {"service": given.get("service", ""), "scope": given.get("scope") or f"repository:{self.name}:pull"}
        text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items() if value)
        try:
            with request(f"{realm.geturl()}{'&' if realm.query else '?'}{text}", {}, basic) as answer:
                value = json.loads(answer.whole(TOKEN_BYTES_MAX))
            token = value.get("token") or value["access_token"]
        except Refused as error:
            raise self._said(error) from error
        except (ValueError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(f"{self.text}: {realm.netloc} gave no token") from error
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise InputError(f"{self.text}: {realm.netloc} gave no token")
        return f"Bearer {token}"

    def _said(self, error: Refused) -> Exception:
        if error.status in (401, 403):
            return InputError(f"{self.text}: refused ({error.status}): log in with `docker login {self.registry}`")
        if error.status == 404:
            return NotFound(f"{self.text}: not found: {urlsplit(error.url).path}")
        return Unavailable(f"{self.text}: answered {error.status} for {urlsplit(error.url).path}; try again later")


def docker_login(registry: str) -> tuple[str, str] | None:
    """What `docker login`, `oras login` or `modctl login` left in ~/.docker/config.json; None when it holds nothing for it."""
    try:
        value = json.loads((Path.home() / ".docker" / "config.json").read_text(encoding="utf-8"))
        user, separator, password = base64.b64decode(value["auths"][registry]["auth"]).decode("utf-8").partition(":")
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    return (user, password) if separator else None


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    return found if isinstance(found, list) else []
