"""Registries: both layouts, tags and digests, logging in, redirects, cuts; archives and lies refused."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.registry_server import Packed, Registry, modelpack, oras

from hanse.errors import DigestMismatch, HanseError, InputError, NotFound, Unavailable
from hanse.hedge.lock.take import Wanted, take
from hanse.hedge.source.base import Listed, read_on
from hanse.hedge.source.oci import OciSource, docker_login

WEIGHTS = bytes(range(256)) * 4000
FILES = {"config.json": b"{}", "sub/empty.txt": b"", "model.safetensors": WEIGHTS}
LISTED = tuple(Listed(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in sorted(FILES.items()))


def source(registry: Registry, reference: str = "org/m") -> OciSource:
    return OciSource(f"oci://{registry.address}/{reference}", lambda name: ("ada", "secret"))


@pytest.mark.parametrize("layout", [modelpack, oras])
def test_files_of_both_layouts_with_the_registry_s_digests(registry: Registry, layout: Any) -> None:
    digest = registry.push("org/m", "v1", layout(FILES))
    for reference in ("org/m:v1", f"org/m@{digest}"):
        listing = source(registry, reference).listing("", "")
        assert (listing.revision, listing.files) == (digest, LISTED)
    assert source(registry).listing("", digest).files == LISTED
    assert source(registry).listing("", "v1").files == LISTED


def test_a_tag_moves_and_a_digest_does_not(registry: Registry) -> None:
    first = registry.push("org/m", "latest", modelpack(FILES))
    tagged = source(registry)
    assert tagged.listing("", "").revision == first
    second = registry.push("org/m", "latest", modelpack({"config.json": b"{}"}))
    assert tagged.listing("", "").revision == second
    assert b"".join(tagged.read("", first, "model.safetensors")) == WEIGHTS
    assert source(registry, f"org/m@{first}").listing("", second).revision == first
    assert tagged.listing("", "c" * 40).revision == second  # a commit of another source means what the text says


@pytest.mark.parametrize("offset", [0, 1, 1000, len(WEIGHTS) - 1, len(WEIGHTS), len(WEIGHTS) + 1])
@pytest.mark.parametrize("ignores", [False, True])
def test_reading_starts_where_it_is_asked_to(registry: Registry, offset: int, ignores: bool) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    registry.ignores_range = ignores
    assert b"".join(source(registry).read("", "", "model.safetensors", offset)) == WEIGHTS[offset:]


@pytest.mark.parametrize("basic", [False, True])
@pytest.mark.parametrize("redirects", [False, True])
def test_logged_in_through_cuts_and_redirects_and_without_a_leak(
    registry: Registry, basic: bool, redirects: bool
) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    registry.protected, registry.account, registry.basic, registry.redirects = True, ("ada", "secret"), basic, redirects
    registry.cuts.extend([0, 7, 250_000, 0])
    found = source(registry)
    for item in found.listing("", "").files:
        assert b"".join(read_on(found, "", "", item, lambda seconds: None)) == FILES[item.path]
    assert registry.leaks == []


def test_a_token_that_ran_out_is_renewed(registry: Registry) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    registry.protected = True
    found = source(registry)
    found.listing("", "")
    registry.tokens += 1
    assert b"".join(found.read("", "", "config.json")) == b"{}"
    assert registry.tokens == 3


def test_a_wrong_password_says_what_to_do(registry: Registry) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    registry.protected, registry.account = True, ("ada", "other")
    for basic in (False, True):
        registry.basic = basic
        with pytest.raises(InputError, match=rf"refused \(401\): log in with `docker login {registry.address}`"):
            source(registry).listing("", "")


def test_what_docker_login_left_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert docker_login("r") is None
    (tmp_path / ".docker").mkdir()
    config = tmp_path / ".docker" / "config.json"
    auth = base64.b64encode(b"ada:se:cret").decode()
    config.write_text(json.dumps({"auths": {"r": {"auth": auth}, "s": {}}}))
    assert docker_login("r") == ("ada", "se:cret")
    assert docker_login("s") is None
    for text in ("[]", "{", '{"auths": {"r": {"auth": "###"}}}', '{"auths": {"r": {"auth": "YQ=="}}}', '{"auths": 7}'):
        config.write_text(text)
        assert docker_login("r") is None


def packed(**changes: Any) -> Packed:
    made = modelpack({"config.json": b"{}"})
    made.manifest["layers"][0] |= changes
    return made


LAYERS: dict[str, tuple[Packed, str]] = {
    "tar": (modelpack(FILES, "tar"), r"layer 0 \(config.json\): is an archive"),
    "gzip": (modelpack(FILES, "tar+gzip"), "is an archive"),
    "image": (packed(mediaType="application/vnd.oci.image.layer.v1.tar+gzip", annotations={}), "is an archive"),
    "unpacked": (
        packed(annotations={"org.opencontainers.image.title": "d", "io.deis.oras.content.unpack": "true"}),
        "is an archive",
    ),
    "nameless": (packed(annotations=None), r"has no file name; expected the annotation org\.cncf\.model\.filepath"),
    "odd name": (packed(annotations={"org.cncf.model.filepath": 7}), "has no file name"),
    "no size": (packed(size=None), "states no size"),
    "negative": (packed(size=-1), "states no size"),
    "odd digest": (packed(digest="sha512:" + "0" * 128), "is no sha256"),
    "no layer": (Packed({"schemaVersion": 2, "layers": ["x"]}, {}), "states no size"),
    "index": (
        Packed({"manifests": [{"digest": "sha256:" + "1" * 64}, {"digest": "sha256:" + "2" * 64}]}, {}),
        "index of 2 manifests",
    ),
}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_manifest_that_names_no_files_is_refused_saying_why(registry: Registry, name: str) -> None:
    made, text = LAYERS[name]
    registry.push("org/m", "latest", made)
    with pytest.raises(InputError, match=text):
        source(registry).listing("", "")


def test_a_file_that_is_an_archive_by_itself_is_a_file(registry: Registry) -> None:
    made = oras({"data.tar.gz": b"\x1f\x8b"})
    made.manifest["layers"][0]["mediaType"] = "application/x-tar+gzip"
    registry.push("org/m", "latest", made)
    assert source(registry).listing("", "").files[0].path == "data.tar.gz"


def test_an_index_of_one_manifest_is_that_manifest(registry: Registry) -> None:
    digest = registry.push("org/m", "inner", modelpack(FILES))
    registry.push("org/m", "latest", Packed({"manifests": [{"digest": digest}]}, {}))
    assert source(registry).listing("", "").revision == digest


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>", "is no JSON"),
        (b"[]", "no JSON object"),
        (b"[" * 100_000, "is no JSON"),
        (bytes(5 << 20), "sends more than"),
    ],
)
def test_what_is_no_manifest_is_refused(registry: Registry, body: bytes, text: str) -> None:
    registry.manifests["org/m", "latest"] = body
    with pytest.raises(InputError, match=text):
        source(registry).listing("", "")


def test_a_manifest_that_has_not_its_digest_is_found_out(registry: Registry) -> None:
    digest = registry.push("org/m", "v1", modelpack(FILES))
    registry.manifests["org/m", digest] = b"{}"
    with pytest.raises(DigestMismatch, match=f"asked for the manifest {digest}"):
        source(registry, f"org/m@{digest}").listing("", "")


ABSENT: list[tuple[str, type[HanseError], str]] = [
    ("org/none", NotFound, "not found"),
    ("org/m:none", NotFound, "not found"),
    (f"org/m@sha256:{'0' * 64}", NotFound, "not found"),
]


@pytest.mark.parametrize(("reference", "kind", "text"), ABSENT)
def test_what_is_not_there(registry: Registry, reference: str, kind: type[HanseError], text: str) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    with pytest.raises(kind, match=text):
        source(registry, reference).listing("", "")
    with pytest.raises(NotFound, match="no file none in it"):
        b"".join(source(registry).read("", "", "none"))


def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match="check the network"):
        OciSource("oci://127.0.0.1:1/org/m").listing("", "")


def test_a_company_proxy_is_used(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.push("org/m", "latest", modelpack(FILES))
    monkeypatch.setenv("http_proxy", f"http://{registry.address}")
    found = OciSource("oci://127.0.0.1:1/org/m")  # nobody listens there: only the proxy can answer
    assert b"".join(found.read("", "", "config.json")) == b"{}"


def test_a_model_is_locked_from_a_registry_and_a_lie_is_found_out(registry: Registry) -> None:
    files = {**FILES, "LICENSE": b"Free.", "README.md": b"---\nlicense: mit\n---\n"}
    digest = registry.push("org/m", "latest", modelpack(files))
    wanted = Wanted("", "registry/org/m", "", (f"oci://{registry.address}/org/m",), "2026-11-25")
    taken = take(wanted, source(registry))
    assert (taken.model.revision, taken.model.license.id) == (digest, "mit")
    assert {item.path: item.sha256 for item in taken.model.file} == {
        p: hashlib.sha256(d).hexdigest() for p, d in files.items()
    }
    registry.served[f"sha256:{hashlib.sha256(WEIGHTS).hexdigest()}"] = WEIGHTS[:-1] + b"\0"
    assert take(wanted, source(registry)).model == taken.model
    with pytest.raises(DigestMismatch, match=r"model\.safetensors: its bytes have the SHA-256"):
        take(wanted, source(registry), everything=True)
    registry.push("org/m", "latest", modelpack({"../../evil": b"x"}))
    with pytest.raises(InputError, match=r"refused: path '\.\./\.\./evil'"):
        take(wanted, source(registry))
