"""Serving: the hub's protocol byte for byte as its clients need it, and nothing wrong that ends whole."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.mirror.made import COMMIT, FILES, PART, MemorySource, kept, model, noise, sha256
from tests.hedge.mirror.serving import Served, serving

from hanse.errors import InputError
from hanse.hedge.mirror import serve
from hanse.hedge.mirror.hub import Ask, Hub, commit_of
from hanse.hedge.mirror.layout import Record, record_name
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.serve import Server
from hanse.store.memory import MemoryStore

NEW = FILES | {"new": b"more", "sub/deep/er": b"1"}
NEWER = model(NEW, revision="f" * 40, locked="2026-12-01")
OWN = model({"a": b"1"}, name="own", repository="", revision="")
SAFE = "/org/tiny/resolve/main/model.safetensors"


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    kept(made, model())
    kept(made, NEWER, sources=(MemorySource(NEW),))
    kept(made, OWN, sources=(MemorySource({"a": b"1"}),))
    return made


@pytest.fixture
def served(store: MemoryStore) -> Iterator[Served]:
    with serving(store) as made:
        yield made


@pytest.mark.parametrize("path", sorted(NEW))
def test_a_file_is_served_with_its_digest_and_commit(served: Served, path: str) -> None:
    status, headers, body = served.ask("GET", f"/org/tiny/resolve/main/{quote(path)}")
    assert (status, body) == (200, NEW[path])
    assert headers["etag"] == f'"{sha256(NEW[path])}"'
    assert headers["x-repo-commit"] == "f" * 40
    assert headers["content-length"] == str(len(NEW[path]))
    status, head, body = served.ask("HEAD", f"/org/tiny/resolve/main/{quote(path)}")
    assert (status, body) == (200, b"")
    assert {name: head[name] for name in ("etag", "x-repo-commit", "content-length", "accept-ranges")} == {
        name: headers[name] for name in ("etag", "x-repo-commit", "content-length", "accept-ranges")
    }


@pytest.mark.parametrize("revision", [COMMIT, "f" * 40, "main"])
@pytest.mark.parametrize("name", ["org/tiny", "tiny"])
def test_a_repository_goes_by_both_names_at_each_commit(served: Served, name: str, revision: str) -> None:
    status, _, body = served.ask("GET", f"/api/models/{name}/revision/{revision}?blobs=true")
    told = json.loads(body)
    wanted = FILES if revision == COMMIT else NEW
    assert (status, told["id"], told["sha"]) == (200, name, COMMIT if revision == COMMIT else "f" * 40)
    assert {s["rfilename"]: (s["size"], s["lfs"]["sha256"]) for s in told["siblings"]} == {
        path: (len(data), sha256(data)) for path, data in wanted.items()
    }


def test_a_model_without_a_commit_gets_one_that_stays(served: Served) -> None:
    told = json.loads(served.ask("GET", "/api/models/own")[2])
    assert told["sha"] == commit_of(OWN) == OWN.entry[:40]
    assert served.ask("GET", f"/own/resolve/{told['sha']}/a")[2] == b"1"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/models/no/such", "RepoNotFound"),
        ("/api/models/no/such/tree/main", "RepoNotFound"),
        ("/no/such/resolve/main/a", "RepoNotFound"),
        ("/api/models/org/tiny/revision/dev", "RevisionNotFound"),
        ("/org/tiny/resolve/dev/config.json", "RevisionNotFound"),
        ("/org/tiny/resolve/refs%2Fpr%2F1/config.json", "RevisionNotFound"),
        ("/org/tiny/resolve/main/no.such", "EntryNotFound"),
        ("/org/tiny/resolve/main/../../secret", "EntryNotFound"),
        ("/org/tiny/resolve/main/%2e%2e/secret", "EntryNotFound"),
        ("/org/tiny/resolve/main/sub", "EntryNotFound"),
        ("/api/models/org/tiny/tree/main/no", "EntryNotFound"),
        ("/datasets/org/tiny/resolve/main/a", "RepoNotFound"),
        ("/api/datasets/org/tiny", "RepoNotFound"),
        ("/x", "EntryNotFound"),
    ],
)
def test_what_is_not_there_is_told_in_the_hubs_own_words(served: Served, path: str, code: str) -> None:
    status, headers, body = served.ask("GET", path)
    assert (status, headers["x-error-code"], body) == (404, code, b"")
    assert served.ask("HEAD", path)[0] == 404
    assert ("x-repo-commit" in headers) == (code == "EntryNotFound" and path.startswith(("/org", "/api/models/org")))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=4000-4200", 4000, 4201),
     ("bytes=0-99999999", 0, None), ("bytes=-99999999", 0, None), (f"bytes={PART}-{2 * PART - 1}", PART, 2 * PART)],
)  # fmt: skip
def test_a_range_is_served_as_asked(served: Served, asked: str, start: int, end: int | None) -> None:
    data = NEW["model.safetensors"]
    for name in (
        "Range",
        "range",
    ):  # first while the file is checked, then when it has been; clients write it as they like
        status, headers, body = served.ask("GET", SAFE, {name: asked})
        assert body == data[start:end]
        assert status == (206 if len(body) < len(data) else 200)
        if status == 206:
            low = start if start >= 0 else len(data) + start
            assert headers["content-range"] == f"bytes {low}-{low + len(body) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=5-4"])
def test_a_range_that_cannot_be_met_is_416(served: Served, asked: str) -> None:
    status, headers, _ = served.ask("GET", SAFE, {"Range": asked})
    assert (status, headers["content-range"]) == (416, f"bytes */{len(NEW['model.safetensors'])}")


@pytest.mark.parametrize("asked", ["bytes=1-2,5-6", "pages=1-2", "bytes=x-y", "bytes=-", f"bytes={'9' * 40}-"])
def test_a_range_that_is_not_understood_gives_the_whole(served: Served, asked: str) -> None:
    assert served.ask("GET", SAFE, {"Range": asked})[2] == NEW["model.safetensors"]


def test_a_client_that_has_the_file_is_told_so(served: Served) -> None:
    etag = f'"{sha256(NEW["model.safetensors"])}"'
    assert served.ask("GET", SAFE, {"If-None-Match": etag})[0] == 304
    assert served.ask("GET", SAFE, {"Range": "bytes=5-", "If-Range": etag})[0] == 206
    assert served.ask("GET", SAFE, {"Range": "bytes=5-", "If-Range": '"other"'})[0] == 200


def test_the_tree_has_files_and_folders(served: Served) -> None:
    def tree(path: str) -> dict[str, str]:
        return {
            row["path"]: row["type"]
            for row in json.loads(served.ask("GET", f"/api/models/org/tiny/tree/main{path}")[2])
        }

    flat = {"config.json": "file", "model.safetensors": "file", "new": "file", "sub": "directory"}
    assert tree("") == flat
    below = {"sub/deep": "directory", "sub/deep/er": "file", "sub/empty": "file", "sub/exact": "file"}
    assert tree("?recursive=true") == flat | below
    assert tree("/sub") == {path: kind for path, kind in below.items() if path != "sub/deep/er"}
    assert "lastCommit" in json.loads(served.ask("GET", "/api/models/org/tiny/tree/main?expand=true")[2])[0]


def test_named_files_are_looked_up(served: Served) -> None:
    path = "/api/models/org/tiny/paths-info/main"
    form = urlencode({"paths": ["new", "no", "config.json"]}, doseq=True).encode()
    for kind, body in (
        ("application/x-www-form-urlencoded", form),
        ("application/json", b'{"paths": ["new", "config.json"]}'),
    ):
        status, _, told = served.ask("POST", path, {"Content-Type": kind}, body)
        assert (status, [row["path"] for row in json.loads(told)]) == (200, ["config.json", "new"])
    for kind, body in (("application/json", b"{"), ("application/json", b'{"paths": 5}'), ("text/plain", b"\xff\xfe")):
        assert served.ask("POST", path, {"Content-Type": kind}, body)[::2] == (200, b"[]")
    assert served.ask("POST", path, {"Content-Length": str(2 << 20)}, b"x")[0] == 413


def test_models_and_refs_are_listed(served: Served) -> None:
    assert [row["id"] for row in json.loads(served.ask("GET", "/api/models")[2])] == ["org/tiny", "own", "tiny"]
    assert json.loads(served.ask("GET", "/api/models/own/refs")[2])["branches"][0]["targetCommit"] == commit_of(OWN)
    assert served.ask("GET", "/")[0] == 200


def test_nothing_can_be_written(served: Served, store: MemoryStore) -> None:
    before = dict(store.objects)
    for method in ("PUT", "DELETE", "PATCH"):
        assert served.ask(method, SAFE)[0] == 501
    assert served.ask("POST", SAFE, {}, b"x")[0] == 405
    assert served.ask("POST", "/api/models/org/tiny/tree/main", {}, b"x")[0] == 405
    assert store.objects == before


def damage(store: MemoryStore, path: str, index: int) -> None:
    digest = sha256(NEW[path])
    name = Record.decode(digest, store.objects[record_name(digest)]).part(index)
    store.objects[name] = bytes([store.objects[name][0] ^ 1]) + store.objects[name][1:]


@pytest.mark.parametrize("index", range(6))
def test_a_damaged_file_never_arrives_whole(served: Served, store: MemoryStore, index: int) -> None:
    damage(store, "model.safetensors", index)
    for headers in ({}, {"Range": "bytes=0-4095"}, {"Range": "bytes=5000-"}):
        try:
            status, _, body = served.ask("GET", SAFE, headers)
        except http.client.IncompleteRead:
            continue
        assert (status, body) == (500, b"")
    assert any(line.startswith("DAMAGED") and f"part {index + 1} of 6" in line for line in served.log)
    assert served.ask("GET", "/org/tiny/resolve/main/config.json")[2] == NEW["config.json"]


def test_a_large_damaged_file_is_cut_off_before_its_end() -> None:
    data = {"w": noise(3 << 20)}
    store = MemoryStore()
    kept(store, model(data), sources=(MemorySource(data, chunk=1 << 20),))
    record = Record.decode(sha256(data["w"]), store.objects[record_name(sha256(data["w"]))])
    last = record.part(len(record.prefixes) - 1)
    store.objects[last] = b"\0" * record.part_size(len(record.prefixes) - 1)
    with serving(store) as served:
        with pytest.raises(http.client.IncompleteRead) as cut:
            served.ask("GET", "/org/tiny/resolve/main/w")
        assert 0 < len(cut.value.partial) < len(data["w"])
        assert served.ask("GET", "/org/tiny/resolve/main/w", {"Range": f"bytes={len(cut.value.partial)}-"})[0] == 500
        for name in record.prefixes[-1:]:  # mended, it is served again once the refusal is over
            store.objects[record.part(len(record.prefixes) - 1)] = data["w"][
                -record.part_size(len(record.prefixes) - 1) :
            ]
            assert name == sha256(data["w"])
        served.server._damaged.clear()  # as when the time of refusal is over
        assert served.ask("GET", "/org/tiny/resolve/main/w")[2] == data["w"]


def test_a_missing_part_or_record_is_no_404(served: Served, store: MemoryStore) -> None:
    digest = sha256(NEW["model.safetensors"])
    record = Record.decode(digest, store.objects[record_name(digest)])
    del store.objects[record.part(0)]
    assert served.ask("GET", SAFE)[0] == 500
    del store.objects[record_name(digest)]
    status, headers, _ = served.ask("GET", SAFE)
    assert (status, "no file" in headers["x-error-message"]) == (500, True)


def test_models_kept_meanwhile_are_served(store: MemoryStore) -> None:
    now = [0.0]
    hub = Hub(Mirror(store), lambda: now[0])
    assert hub.answer(Ask("GET", "/api/models/late", {})).status == 404
    kept(store, model({"a": b"1"}, name="late"), sources=(MemorySource({"a": b"1"}),))
    now[0] = 11.0
    assert hub.answer(Ask("GET", "/api/models/late", {})).status == 200


def test_another_sites_name_is_refused(served: Served) -> None:
    assert served.ask("GET", "/api/models", {"Host": "evil.example"})[0] == 403
    for name in ("localhost", "127.0.0.1:80", "[::1]:8080"):
        assert served.ask("GET", "/api/models", {"Host": name})[0] == 200


def test_a_log_line_is_one_line_whatever_is_asked(served: Served) -> None:
    served.ask("GET", "/%0a%1b[31mred/x/resolve/a/b")
    with socket.create_connection(("127.0.0.1", int(served.server.server_address[1]))) as line:
        line.sendall(b"GET /\x1b[31m\r\n\r\n")
        line.recv(1000)
    assert all(part.isprintable() for part in served.log)


def test_idle_connections_do_not_hold_up_the_end(store: MemoryStore) -> None:
    with serving(store) as served:
        port = int(served.server.server_address[1])
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        lines[0].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert lines[0].recv(1000).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
    assert time.monotonic() - began < serve.IDLE_SECONDS / 2
    for line in lines:
        line.close()


def test_more_connections_than_threads_are_told_to_come_back(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "THREADS", 2)
    monkeypatch.setattr(serve, "WAIT_SECONDS", 0.1)
    with serving(store) as served:
        port = int(served.server.server_address[1])
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        assert lines[2].recv(1000).startswith(b"HTTP/1.1 503")
        for line in lines:
            line.close()


def test_many_clients_at_once_get_right_bytes(served: Served) -> None:
    wrong: list[str] = []

    def fetch(number: int) -> None:
        for path, data in NEW.items():
            if served.ask("GET", f"/org/tiny/resolve/main/{path}")[2] != data:
                wrong.append(f"{number} {path}")

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_address_that_is_taken_is_named(served: Served, store: MemoryStore) -> None:
    with pytest.raises(InputError, match="cannot serve at 127"):
        Server(Mirror(store), ("127.0.0.1", int(served.server.server_address[1])), lambda line: None)


HEADERS = st.dictionaries(st.sampled_from(["range", "if-range", "if-none-match", "content-type"]), st.text(max_size=20))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["GET", "HEAD", "POST"]), st.text(max_size=60), HEADERS, st.binary(max_size=50))
def test_no_request_is_answered_with_a_crash(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    hub = Hub(Mirror(HYPOTHESIS), lambda: 0.0)
    for prefix in ("/", "/api/models/", "/api/models/tiny/", "/tiny/resolve/main/", "/api/models/tiny/tree/main/"):
        reply = hub.answer(Ask(method, prefix + target, headers, body))
        assert reply.status in (200, 206, 304, 404, 405, 416)
        assert all(value.isprintable() for value in reply.headers.values())


HYPOTHESIS = MemoryStore()
kept(HYPOTHESIS, model())
