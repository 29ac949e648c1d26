"""The hub through its real client: listings, ranges, cuts, gates, tokens, proxies, and answers that are none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import huggingface_hub
import pytest
from huggingface_hub.utils import close_session
from tests.hedge.hub_server import Hub
from tests.loopback import listening

import hanse.hedge.source.hub
from hanse.errors import HanseError, InputError, NotFound, Unavailable
from hanse.hedge.source.base import read_on
from hanse.hedge.source.hub import HubSource

WEIGHTS = bytes(range(256)) * 4000
FILES = {"config.json": b"{}", "sub/empty.txt": b"", "model.safetensors": WEIGHTS, "vocab.txt": WEIGHTS[:100_000]}


@pytest.fixture
def source(hub: Hub) -> HubSource:
    hub.push("org/m", FILES)
    return HubSource(f"hub:{hub.endpoint}")


def whole(source: HubSource, path: str, offset: int = 0) -> bytes:
    return b"".join(source.read("org/m", "main", path, offset))


def test_a_listing_states_sizes_and_the_digests_of_large_files(source: HubSource, hub: Hub) -> None:
    listing = source.listing("org/m", "")
    assert listing.revision == hub.repos["org/m"].refs["main"]
    assert [(item.path, item.size, item.sha256 is not None) for item in listing.files] == [
        ("config.json", 2, False), ("model.safetensors", len(WEIGHTS), True), ("sub/empty.txt", 0, False),
        ("vocab.txt", 100_000, False),
    ]  # fmt: skip
    assert not listing.gated
    for revision in ("main", listing.revision):
        assert source.listing("org/m", revision) == listing


@pytest.mark.parametrize("path", sorted(FILES))
@pytest.mark.parametrize("offset", [0, 1, 2, 99_999, 100_000, len(WEIGHTS) - 1, len(WEIGHTS), len(WEIGHTS) + 5])
def test_reading_starts_where_it_is_asked_to(source: HubSource, path: str, offset: int) -> None:
    assert whole(source, path, offset) == FILES[path][offset:]


@pytest.mark.parametrize("ignores", [False, True])
@pytest.mark.parametrize("cdn", [False, True])
def test_a_file_comes_whole_through_cuts_and_spans(
    source: HubSource, hub: Hub, cdn: bool, ignores: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hanse.hedge.source.hub, "SPAN", 300_000)
    hub.cdn, hub.ignores_range = cdn, ignores
    hub.cuts.extend([0, 7, 250_000, None, 1])
    listing = source.listing("org/m", "")
    for item in listing.files:
        assert b"".join(read_on(source, "org/m", listing.revision, item, lambda seconds: None)) == FILES[item.path]
    assert hub.leaks == []


def test_a_cut_line_says_so(source: HubSource, hub: Hub) -> None:
    hub.cuts.append(10)
    with pytest.raises(Unavailable, match=r"org/m@main: model\.safetensors: "):
        whole(source, "model.safetensors")


REFUSALS: dict[str, tuple[Callable[[Hub], object], type[HanseError], str]] = {
    "gated": (lambda hub: setattr(hub.repos["org/m"], "gated", "auto"), InputError, "gated: accept its terms at http"),
    "private": (lambda hub: setattr(hub.repos["org/m"], "private", True), NotFound, "or it is private"),
    "deleted": (lambda hub: hub.repos.pop("org/m"), NotFound, "no such repository"),
    "disabled": (
        lambda hub: setattr(hub.repos["org/m"], "disabled", True),
        NotFound,
        "withdrawn: the hub has disabled",
    ),
    "no branch": (lambda hub: hub.repos["org/m"].refs.clear(), NotFound, "no such revision"),
    "forbidden": (lambda hub: hub.faults.append(403), InputError, "refused \\(403\\): set HF_ENDPOINT"),
    "broken": (lambda hub: hub.faults.append(500), Unavailable, "try again later"),
    "busy": (lambda hub: hub.faults.append(429), Unavailable, "try again later"),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_a_refusal_says_what_to_do(source: HubSource, hub: Hub, name: str) -> None:
    arrange, kind, text = REFUSALS[name]
    arrange(hub)
    with pytest.raises(kind, match=text):
        whole(source, "config.json")
    if name != "gated":  # its listing is open, as on the real hub
        arrange(hub) if name in ("forbidden", "broken", "busy") else None
        with pytest.raises(kind, match=text):
            source.listing("org/m", "main")


def test_gated_is_said_of_the_listing(source: HubSource, hub: Hub) -> None:
    hub.repos["org/m"].gated = "manual"
    assert source.listing("org/m", "").gated


def test_a_renamed_repository_says_its_new_name(source: HubSource, hub: Hub) -> None:
    hub.moved["old/m"] = "org/m"
    assert source.listing("old/m", "").moved == "org/m"
    assert source.listing("org/m", "").moved == ""


@pytest.mark.parametrize("name", ["", "a/b/c", "org/m\n", "../m", "org/..", "-x/y", "org/m?x=1"])
def test_a_name_that_is_none_asks_nobody(source: HubSource, hub: Hub, name: str) -> None:
    before = len(hub.requests)
    with pytest.raises(InputError, match="expected org/name") as caught:
        source.listing(name, "")
    assert str(caught.value).isprintable()
    assert len(hub.requests) == before


def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match="check the network and the proxy"):
        HubSource("hub:http://127.0.0.1:1").listing("org/m", "")


def test_offline_mode_is_obeyed(source: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE"):
        source.listing("org/m", "")


def test_a_company_proxy_is_used(source: HubSource, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", hub.endpoint)  # it answers whatever name it is asked for
    close_session()
    try:
        behind = HubSource("hub:http://hub.company.example")
        assert len(behind.listing("org/m", "").files) == 4
        assert b"".join(behind.read("org/m", "main", "model.safetensors")) == WEIGHTS
    finally:
        monkeypatch.undo()
        close_session()


ANSWERS = {
    "html": b"<html>",
    "list": b"[]",
    "no sha": json.dumps({"id": "org/m"}).encode(),
    "odd sha": json.dumps({"id": "org/m", "sha": "../../x"}).encode(),
    "empty": b"",
}


@pytest.fixture
def liar() -> Iterator[dict[str, bytes]]:
    """A server that answers every path with the bytes in 'body'."""
    said = {"body": b""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(said["body"])))
            self.end_headers()
            self.wfile.write(said["body"])

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with listening(Handler) as port:
        said["url"] = f"http://127.0.0.1:{port}".encode()
        yield said


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_is_no_hub_is_said_to_be_none(liar: dict[str, bytes], name: str) -> None:
    liar["body"] = ANSWERS[name]
    with pytest.raises(InputError, match=r"not answer as a hub|is .* a hub"):
        HubSource(f"hub:{liar['url'].decode()}").listing("org/m", "")


@pytest.mark.parametrize(
    "entry", [{}, {"path": 7}, {"size": "x"}, {"size": -1}, {"size": 1e400}, {"lfs": [1]}, {"lfs": {"oid": "0" * 64}}]
)
def test_a_listing_with_odd_entries_is_refused(source: HubSource, hub: Hub, entry: dict[str, object]) -> None:
    hub.repos["org/m"].listed["config.json"] = entry
    if not entry:
        assert len(source.listing("org/m", "").files) == 4
        return
    with pytest.raises(InputError, match="does not answer as a hub"):
        source.listing("org/m", "")


def test_an_odd_digest_is_not_taken_for_one(source: HubSource, hub: Hub) -> None:
    hub.repos["org/m"].listed["model.safetensors"] = {"lfs": {"oid": "sha256:" + "0" * 64, "size": 5, "pointerSize": 1}}
    assert source.listing("org/m", "").files[1].sha256 is None
