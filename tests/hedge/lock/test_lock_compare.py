"""What moved upstream: terms first, every kind by itself, nothing without being asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.hub_server import Hub
from tests.hedge.lock.small import FILES, LICENSE, locked, model, write

from hanse.errors import InputError
from hanse.hedge.lock.compare import ORDER, Change, Upstream, ask, changes, text_diff, upstream
from hanse.hedge.lock.schema import LockedLicense, LockedModel
from hanse.hedge.lock.take import Wanted, take
from hanse.hedge.opening import open_source


def lock_from(hub: Hub, name: str = "org/m") -> LockedModel:
    hub.push(name, FILES)
    return take(Wanted("", name, "", ("hub",), "2026-11-25"), open_source(f"hub:{hub.endpoint}")).model


def asked(hub: Hub, model: LockedModel, revision: str = "") -> Upstream:
    return ask(model, open_source(f"hub:{hub.endpoint}"), "2026-12-01", revision)


def kinds(found: Upstream) -> list[tuple[str, str]]:
    return [(item.kind, item.path) for item in found.changes]


def test_nothing_moved(hub: Hub) -> None:
    model = lock_from(hub)
    found = asked(hub, model)
    assert (found.changes, found.untold) == ((), "")


def test_files_added_removed_changed_and_renamed_with_sizes(hub: Hub) -> None:
    model = lock_from(hub)
    files = {**FILES, "config.json": b"{}", "new.txt": b"abc", "decoder.onnx": FILES["onnx/decoder.onnx"]}
    del files["model-00002-of-00002.safetensors"], files["onnx/decoder.onnx"]
    hub.push("org/m", files)
    found = asked(hub, model)
    assert [item.text for item in found.changes[1:]] == [
        "removed model-00002-of-00002.safetensors (5120 bytes)",
        "changed config.json (22 -> 2 bytes)",
        "renamed onnx/decoder.onnx to decoder.onnx",
        "added new.txt (3 bytes)",
    ]
    assert found.changes[0].kind == "revision"
    assert found.taken is not None
    assert found.taken.model.locked == "2026-12-01"


def test_a_license_that_changed_comes_first(hub: Hub) -> None:
    model = lock_from(hub)
    card = b"---\nlicense: other\nlicense_name: research-only\nbase_model: org/newbase\nbase_model_relation: finetune\n---\n"
    hub.push("org/m", {**FILES, "README.md": card, "LICENSE": b"For research only.\n", "tokenizer.json": b"{}"})
    found = asked(hub, model)
    assert [item.kind for item in found.changes] == [
        "license", "license text", "base", "relation", "tokenizer", "revision", "changed", "changed", "changed",
    ]  # fmt: skip
    assert found.changes[0].text == "license: apache-2.0 -> research-only"
    assert (found.changes[2].before, found.changes[2].after) == ("org/base", "org/newbase")


def test_a_license_text_that_is_gone(hub: Hub) -> None:
    model = lock_from(hub)
    hub.push("org/m", {path: data for path, data in FILES.items() if path != "LICENSE"})
    assert kinds(asked(hub, model)) == [("license text", ""), ("revision", ""), ("removed", "LICENSE")]


def test_a_repository_that_is_gone_is_withdrawn(hub: Hub) -> None:
    model = lock_from(hub)
    del hub.repos["org/m"]
    found = asked(hub, model)
    assert kinds(found) == [("withdrawn", "")]
    assert found.taken is None
    assert "no such repository" in found.changes[0].text


def test_a_repository_that_the_hub_disabled_is_withdrawn(hub: Hub) -> None:
    model = lock_from(hub)
    hub.repos["org/m"].disabled = True
    found = asked(hub, model)
    assert kinds(found) == [("withdrawn", "")]
    assert "disabled" in found.changes[0].text


def test_a_revision_that_was_rewritten_away_is_withdrawn(hub: Hub) -> None:
    model = lock_from(hub)
    del hub.repos["org/m"].commits[model.revision]
    hub.push("org/m", {**FILES, "new.txt": b""})
    found = asked(hub, model)
    assert kinds(found)[0] == ("withdrawn", "")
    assert "is gone from the repository: keep your copy" in found.changes[0].text
    assert found.taken is not None


def test_a_repository_that_was_gated_since_is_a_finding_of_its_own(hub: Hub) -> None:
    model = lock_from(hub)
    hub.repos["org/m"].gated = "auto"
    found = asked(hub, model)
    assert kinds(found) == [("refused", "")]
    assert "accept its terms" in found.changes[0].text


def test_a_gate_that_opens_with_a_token_is_a_change() -> None:
    found = changes(model(), model(gated=True))
    assert [(item.kind, item.after) for item in found] == [("gated", "only for who accepts its terms")]


def test_a_gate_that_was_there_says_nothing_new(hub: Hub) -> None:
    model = lock_from(hub).model_copy(update={"gated": True})
    hub.repos["org/m"].gated = "auto"
    found = asked(hub, model)
    assert (found.changes, found.taken) == ((), None)
    assert "accept its terms" in found.untold


def test_a_repository_under_a_new_name_is_told_and_not_followed(hub: Hub) -> None:
    model = lock_from(hub)
    hub.repos["new/m"] = hub.repos.pop("org/m")
    hub.moved["org/m"] = "new/m"
    found = asked(hub, model)
    assert kinds(found) == [("moved", "")]
    assert found.taken is not None
    assert found.taken.model.repository == "org/m"


def test_a_hub_that_does_not_answer_tells_nothing(hub: Hub) -> None:
    model = lock_from(hub)
    hub.faults.append(500)
    found = asked(hub, model)
    assert (found.changes, found.taken) == ((), None)
    assert "try again later" in found.untold


def test_a_branch_or_tag_can_be_compared_with(hub: Hub) -> None:
    model = lock_from(hub)
    hub.push("org/m", {**FILES, "new.txt": b""}, "v2")
    assert asked(hub, model).changes == ()
    assert kinds(asked(hub, model, "v2")) == [("revision", ""), ("added", "new.txt")]


def test_a_statement_stays_while_the_files_do(hub: Hub) -> None:
    model = lock_from(hub).model_copy(update={"statement": "5" * 64})
    found = asked(hub, model)
    assert found.changes == ()
    hub.push("org/m", {**FILES, "new.txt": b""})
    assert kinds(asked(hub, model)) == [("statement", ""), ("revision", ""), ("added", "new.txt")]


def test_a_folder_is_compared_with_itself(tmp_path: Path) -> None:
    old = locked(tmp_path / "models.lock", "small").named("small")
    write(tmp_path / "small", {"config.json": b"{}"})
    found = ask(old, open_source("small", tmp_path), "2026-12-01")
    assert kinds(found) == [("changed", "config.json")]


def test_a_text_had_elsewhere_stays(hub: Hub) -> None:
    hub.push("org/m", {"config.json": b"{}"})
    source = open_source(f"hub:{hub.endpoint}")
    old = take(Wanted("", "org/m", "", ("hub",), "2026-11-25", LICENSE), source).model
    assert ask(old, source, "2026-12-01", license_text=LICENSE).changes == ()


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (("s3://mirror", "hub"), "hub"),
        (("file:///mirror", "oci://r/a/b"), "oci://r/a/b"),
        (("s3://mirror", "hub:https://h"), "hub:https://h"),
        (("s3://mirror",), "s3://mirror"),
        (("folder", "s3://b"), "folder"),
    ],
)
def test_the_publisher_s_source_is_asked(sources: tuple[str, ...], expected: str) -> None:
    assert upstream(model(sources=sources)) == expected


def test_without_a_source_there_is_nobody_to_ask() -> None:
    with pytest.raises(InputError, match="m: the lock names no source"):
        upstream(model(sources=()))


words = st.sampled_from(["", "a", "b"])
bases = st.lists(st.sampled_from(["a", "b", "a@b"]), max_size=2)


@st.composite
def entries(draw: st.DrawFn) -> LockedModel:
    files = draw(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([b"1", b"2", b"3"]), min_size=1))
    digest = draw(st.sampled_from(["", "1" * 64, "2" * 64]))
    return model(
        files=files, gated=draw(st.booleans()), revision=draw(words), tokenizer=draw(st.sampled_from(["", "3" * 64])),
        base=tuple(draw(bases)), relation=draw(st.sampled_from(["", "merge"])),
        license=LockedLicense(id=draw(words), path="", sha256=digest),
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(entries(), entries())
def test_changes_are_empty_only_for_equal_entries_and_stand_in_order(old: LockedModel, new: LockedModel) -> None:
    found = changes(old, new)
    assert (found == ()) == (old == new)
    assert [ORDER.index(item.kind) for item in found] == sorted(ORDER.index(item.kind) for item in found)
    files = {item.path for item in found if item.path}
    differ = {item.path for item in set(old.file) ^ set(new.file)}
    assert files <= differ
    assert all(isinstance(item, Change) for item in found)


def test_a_text_is_shown_as_a_diff_that_no_terminal_obeys() -> None:
    lines = text_diff(b"one\ntwo\n", b"one\nthree\x1b[31m\x00\n", 60)
    assert lines[-2:] == ["-two", "+three\ufffd[31m\ufffd"]
    many = text_diff(b"", b"\n".join(str(n).encode() for n in range(500)), 10)
    assert (len(many), many[-1]) == (11, "... and 493 more lines")
