"""Entries from a hub and from folders: real digests, license texts, lineage; hostile repositories refused by name."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest
from tests.hedge.hub_server import Hub, git_blob
from tests.hedge.lock.small import FILES, LICENSE, taken_from, write
from tests.hedge.lock.test_lock_gguf import head, key, text

from hanse.errors import DigestMismatch, InputError, LockError, NotFound
from hanse.hedge.lock.take import Taken, Wanted, default_name, is_license, take, tokenizer_digest
from hanse.hedge.opening import open_source
from hanse.hedge.source.cache import CacheSource
from hanse.keys import SigningKey
from hanse.ledger.dsse import sign

LARGE = [path for path in FILES if path.endswith((".safetensors", ".onnx"))]


def take_from(hub: Hub, name: str = "org/m", revision: str = "", everything: bool = False, **more: bytes) -> Taken:
    return take(
        Wanted("", name, revision, ("hub",), "2026-11-25", **more), open_source(f"hub:{hub.endpoint}"), everything
    )


def test_every_digest_is_that_of_the_bytes_and_large_files_are_not_read(hub: Hub) -> None:
    commit = hub.push("org/m", FILES)
    taken = take_from(hub)
    assert taken.model.revision == commit
    assert {item.path: item.sha256 for item in taken.model.file} == {
        path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()
    }
    assert {item.path: item.size for item in taken.model.file} == {path: len(data) for path, data in FILES.items()}
    assert not [request for request in hub.requests if any(request.endswith(path) for path in LARGE)]
    assert taken.model.entry == taken.model.digest()


def test_a_hub_and_a_folder_give_the_same_files_license_and_lineage(hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    write(tmp_path / "m")
    one, two = take_from(hub).model, taken_from(tmp_path, "m").model
    for item in ("file", "license", "base", "relation", "tokenizer"):
        assert getattr(one, item) == getattr(two, item)
    assert (two.repository, two.revision, two.sources) == ("", "", ("m",))


def test_reading_everything_finds_out_a_hub_that_states_what_is_not_so(hub: Hub) -> None:
    hub.push("org/m", FILES)
    hub.repos["org/m"].served[LARGE[0]] = bytes(len(FILES[LARGE[0]]))
    assert take_from(hub).model.file
    with pytest.raises(DigestMismatch, match=rf"{LARGE[0]}: its bytes have the SHA-256 [0-9a-f]{{64}}, listed is"):
        take_from(hub, everything=True)


@pytest.mark.parametrize("path", ["config.json", "README.md"])
@pytest.mark.parametrize("change", [-1, 1, 100_000_000_000])
def test_a_size_that_is_not_so_is_found_out(hub: Hub, path: str, change: int) -> None:
    hub.push("org/m", FILES)
    hub.repos["org/m"].listed[path] = {"size": len(FILES[path]) + change}
    with pytest.raises(DigestMismatch, match=f"{path}: listed with {len(FILES[path]) + change} bytes"):
        take_from(hub)


def test_cut_lines_are_read_on(hub: Hub) -> None:
    hub.push("org/m", {**FILES, "vocab.txt": bytes(range(256)) * 9000})
    hub.cuts.extend([0, 1, 7, 100, 1000, 100_000])
    assert take_from(hub, everything=True).model == take_from(hub).model


def test_a_branch_that_moves_meanwhile_does_not_mix_two_revisions(hub: Hub) -> None:
    first = hub.push("org/m", FILES)
    source = open_source(f"hub:{hub.endpoint}")
    listing = source.listing("org/m", "main")
    hub.push("org/m", {**FILES, "config.json": b"{}"})
    assert listing.revision == first
    assert b"".join(source.read("org/m", listing.revision, "config.json")) == FILES["config.json"]
    assert take_from(hub, revision=first).model.revision == first


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("../../etc/cron.d/x", "expected relative segments"),
        ("/etc/passwd", "expected relative segments"),
        ("a/../../b", "expected relative segments"),
        ("new\nline", "holds a character"),
        ("back\\slash", "holds a character"),
        ("x" * 300, "cannot be stored"),
        ("bad\udcff", "holds a character"),
        ("CONFIG.json", "'CONFIG.json' and 'config.json' are one file"),
        ("config.json/x", "'config.json' is a file and"),
        ("aux.safetensors", "cannot be stored"),
    ],
)
def test_a_repository_with_a_name_that_cannot_be_stored_is_refused_by_name(hub: Hub, path: str, expected: str) -> None:
    hub.push("org/m", {**FILES, path: b"x"})
    with pytest.raises(InputError, match=rf"org/m: refused: .*{expected}") as caught:
        take_from(hub)
    assert str(caught.value).isprintable()


def test_a_file_that_a_hostile_listing_names_twice_is_refused(hub: Hub) -> None:
    hub.push("org/m", FILES)
    hub.repos["org/m"].listed["config.json"] = {"path": "README.md"}
    with pytest.raises(InputError, match=r"'README\.md' is there twice"):
        take_from(hub)


def test_a_name_of_200_characters_is_no_trouble(hub: Hub) -> None:
    long = "deep/" * 20 + "x" * 200
    hub.push("org/m", {"config.json": b"{}", long: b"x"})
    assert take_from(hub).model.file[1].path == long


@pytest.mark.slow
def test_ten_thousand_files(hub: Hub) -> None:
    files = {f"shard-{number // 500:03}/{number:05}.safetensors": number.to_bytes(2, "big") for number in range(10_000)}
    hub.push("org/m", {**files, "config.json": b"{}"})
    model = take_from(hub).model
    assert len(model.file) == 10_001
    assert model.file[-1].sha256 == hashlib.sha256((9999).to_bytes(2, "big")).hexdigest()
    assert len(hub.requests) == 1 + 11 + 1  # info, pages with their folders, the one small file


def test_gated_repositories_say_what_to_do_and_open_with_a_token(hub: Hub) -> None:
    hub.push("org/m", FILES)
    hub.repos["org/m"].gated = "manual"
    with pytest.raises(InputError, match=rf"gated: accept its terms at {hub.endpoint}/org/m, and set HF_ENDPOINT"):
        take_from(hub)


def test_without_files_or_under_an_unknown_name(hub: Hub) -> None:
    hub.push("org/empty", {})
    with pytest.raises(InputError, match="org/empty: has no files"):
        take_from(hub, "org/empty")
    with pytest.raises(NotFound, match="org/none: no such repository"):
        take_from(hub, "org/none")


def licensed(hub: Hub, files: dict[str, bytes], card: str = "license: mit") -> Taken:
    hub.push("org/m", {"README.md": f"---\n{card}\n---\n".encode(), "config.json": b"{}", **files})
    return take_from(hub)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["LICENSE", "NOTICE", "USE_POLICY.md"], "LICENSE"),
        (["license.txt", "sub/LICENSE"], "license.txt"),
        (["LICENCE.md"], "LICENCE.md"),
        (["COPYING"], "COPYING"),
        (["Use_Policy.md", "LICENSE-MIT"], "LICENSE-MIT"),
        (["licensed.py", "license.json", "license.pdf"], ""),
        (["USE_POLICY.md"], "USE_POLICY.md"),
    ],
)
def test_the_license_is_found_among_files_with_terms(hub: Hub, names: list[str], expected: str) -> None:
    taken = licensed(hub, {name: f"text of {name}".encode() for name in names})
    assert taken.model.license.path == expected
    kept = {f"text of {name}".encode() for name in names if is_license(name)}
    assert set(taken.texts.values()) == kept
    assert all(hashlib.sha256(data).hexdigest() == digest for digest, data in taken.texts.items())
    assert (taken.model.license.sha256 in taken.texts) == bool(expected)


def test_the_card_s_own_link_comes_first(hub: Hub) -> None:
    files = {"LICENSE": b"not this", "TERMS_FOR_ALL.md": b"these", "legal/terms.bin": b"no"}
    taken = licensed(hub, files, "license: other\nlicense_name: own\nlicense_link: TERMS_FOR_ALL.md")
    assert (taken.model.license.id, taken.model.license.path) == ("own", "TERMS_FOR_ALL.md")
    link = "license_link: https://huggingface.co/org/m/blob/main/TERMS_FOR_ALL.md"
    assert licensed(hub, files, link).model.license.path == "TERMS_FOR_ALL.md"
    other = licensed(hub, files, "license_link: https://huggingface.co/else/m/blob/main/TERMS_FOR_ALL.md")
    assert other.model.license.path == "LICENSE"
    assert "which is no file of it" in other.notes[0]


def test_a_model_without_a_text_is_noted_and_takes_one_had_elsewhere(hub: Hub) -> None:
    taken = licensed(hub, {})
    assert (taken.model.license.sha256, taken.texts) == ("", {})
    assert "carries no license text" in taken.notes[0]
    given = take_from(hub, license_text=LICENSE).model.license
    assert (given.id, given.path, given.sha256) == ("mit", "", hashlib.sha256(LICENSE).hexdigest())


def test_a_license_text_too_large_to_be_one_is_not_kept(hub: Hub) -> None:
    taken = licensed(hub, {"LICENSE": bytes(5 << 20)})
    assert (taken.model.license.path, taken.texts) == ("", {})
    assert len(taken.model.file) == 3


def test_an_adapter_names_its_base_with_revision(hub: Hub) -> None:
    adapter = json.dumps({"base_model_name_or_path": "org/base", "revision": "9" * 40}).encode()
    taken = licensed(hub, {"adapter_config.json": adapter}, "base_model: org/base")
    assert (taken.model.base, taken.model.relation) == ((f"org/base@{'9' * 40}",), "adapter")


def test_what_config_json_hints_at_is_a_note_only(hub: Hub) -> None:
    taken = licensed(hub, {"config.json": b'{"_name_or_path": "org/base"}'})
    assert taken.model.base == ()
    assert any("org/base" in note for note in taken.notes)


def gguf() -> bytes:
    url = key("general.base_model.0.repo_url", 8, text("https://huggingface.co/org/base"))
    count = key("general.base_model.count", 4, struct.pack("<I", 1))
    words = key("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2**50))
    return head([key("general.license", 8, text("apache-2.0")), count, url, words]) + bytes(100_000)


def test_a_gguf_file_says_license_and_base_before_its_vocabulary(hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", {"m.Q4_K_M.gguf": gguf(), "m.Q8_0.gguf": b"GGUF", ".gitattributes": b""})
    taken = take_from(hub)
    assert (taken.model.license.id, taken.model.base) == ("apache-2.0", ("org/base",))
    write(tmp_path / "m", {"m.gguf": gguf()})
    assert taken_from(tmp_path, "m").model.base == ("org/base",)
    write(tmp_path / "n", {"m.gguf": b"GGUF no more"})
    assert "no GGUF that can be read" in taken_from(tmp_path, "n").notes[0]


def test_two_models_with_one_tokenizer_are_seen(hub: Hub) -> None:
    one, two = licensed(hub, {"tokenizer.json": b"{}", "x": b"1"}), licensed(hub, {"tokenizer.json": b"{}", "x": b"2"})
    assert one.model.tokenizer == two.model.tokenizer != ""
    assert licensed(hub, {"tokenizer.json": b"{ }"}).model.tokenizer != one.model.tokenizer
    assert tokenizer_digest({"config.json": "0" * 64}) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("org/SmolLM2-135M-Instruct", "smollm2-135m-instruct"),
        ("gpt2", "gpt2"),
        ("Über Modell", "ber-modell"),
        ("a/..b", "b"),
        ("registry:5000/ns/model:v1", "model"),
        ("x" * 300, "x" * 200),
    ],
)
def test_default_names(name: str, expected: str) -> None:
    assert default_name(name) == expected


def test_a_name_of_nothing_is_asked_for() -> None:
    with pytest.raises(InputError, match="give one with --name"):
        default_name("org/...")


@pytest.mark.parametrize("odd", ["link", "folder link", "pipe"])
def test_a_folder_with_links_or_pipes_is_refused_by_name(tmp_path: Path, odd: str) -> None:
    folder = write(tmp_path / "m")
    if odd == "pipe":
        os.mkfifo(folder / "odd")
    else:
        (folder / "odd").symlink_to(tmp_path if odd == "folder link" else folder / "config.json")
    with pytest.raises(InputError, match=r"'odd' is a (pipe|symbolic link to)"):
        taken_from(tmp_path, "m")


def test_a_folder_with_names_that_cannot_be_stored_elsewhere_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "m", {**FILES, "line\nbreak": b""})
    with pytest.raises(InputError, match=r"refused: path 'line\\nbreak'"):
        taken_from(tmp_path, "m")
    write(tmp_path / "n", FILES)
    (tmp_path / "n" / os.fsdecode(b"bad\xff")).write_bytes(b"")
    with pytest.raises(InputError, match=r"refused: path 'bad\\udcff'"):
        taken_from(tmp_path, "n")


def cached(cache: Path, commit: str) -> Path:
    """A cache as Hugging Face's client lays it out."""
    home = cache / "models--org--m"
    for path, data in FILES.items():
        blob = home / "blobs" / (hashlib.sha256(data).hexdigest() if path in LARGE else git_blob(data))
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(data)
        at = home / "snapshots" / commit / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.symlink_to(os.path.relpath(blob, at.parent))
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(commit)
    return home


def test_a_cache_gives_what_a_repository_that_is_gone_had(hub: Hub, tmp_path: Path) -> None:
    commit = hub.push("org/m", FILES)
    cached(tmp_path, commit)
    there = take_from(hub).model
    del hub.repos["org/m"]
    kept = take(Wanted("", "org/m", "", ("hub",), "2026-11-25"), CacheSource(tmp_path))
    assert kept.model == there
    assert LICENSE in kept.texts.values()


def statement(files: dict[str, bytes]) -> bytes:
    subjects = [{"name": path, "digest": {"sha256": hashlib.sha256(data).hexdigest()}} for path, data in files.items()]
    payload = json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": subjects}).encode()
    return sign(payload, [SigningKey("ada/officer", bytes(32))]).encode()


def test_a_release_statement_is_kept_when_it_speaks_of_all_files(hub: Hub) -> None:
    hub.push("org/m", FILES)
    data = statement(FILES)
    taken = take_from(hub, statement=data)
    assert taken.texts[taken.model.statement] == data
    for wrong, expected in [
        (statement({**FILES, "config.json": b"{}"}), "its subject config.json is no file of the model"),
        (statement({"LICENSE": LICENSE}), "it does not speak of README.md"),
        (b"{}", "expected the keys payload"),
        (sign(b"[]", [SigningKey("a", bytes(32))]).encode(), "no in-toto statement"),
        (statement({}), "it has no subjects"),
    ]:
        with pytest.raises(LockError, match=f"release statement: .*{expected}"):
            take_from(hub, statement=wrong)
