"""The commands, end to end: lock from a hub, lose the hub, verify, see what moved, move, watch the outlook."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.hub_server import Hub
from tests.hedge.lock.conftest import Done
from tests.hedge.lock.small import FILES, LICENSE, model, write
from tests.hedge.lock.test_lock_take import cached, statement

from hanse.hedge.lock.kept import save_lock
from hanse.hedge.lock.schema import Lock, read_lock

Hanse = Callable[..., Done]


def add(hanse: Hanse, hub: Hub, *more: object) -> Done:
    done = hanse("lock", "add", "org/m", "--source", f"hub:{hub.endpoint}", *more)
    assert done.code == 0, done.err
    return done


def test_the_story_from_a_hub_that_goes_away(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    said = add(hanse, hub)
    assert "locked m: 7 files, 11.8 kB" in said.out
    assert "license apache-2.0 (LICENSE, text kept); made from org/base" in said.out
    del hub.repos["org/m"]
    write(tmp_path / "models" / "m")
    assert hanse("lock", "verify", "--models-dir", "models").code == 0
    assert hanse("lock", "verify", "--at", f"m={tmp_path / 'models' / 'm'}").code == 0
    gone = hanse("lock", "diff", "--json")
    assert (gone.code, json.loads(gone.out)[0]["changes"][0]["kind"]) == (1, "withdrawn")
    refused = hanse("lock", "update", "m", "--yes")
    assert refused.code == 1
    assert "no such repository" in refused.out
    assert (tmp_path / "models.lock.d" / f"{hashlib.sha256(LICENSE).hexdigest()}.txt").read_bytes() == LICENSE


def test_verify_names_everything_and_its_exit_code_says_so(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    add(hanse, hub)
    write(tmp_path / "m", {**FILES, "evil.py": b"", "config.json": b"{}"})
    done = hanse("lock", "verify", "--models-dir", ".")
    assert done.code == 1
    assert "m: config.json: has 2 of 22 bytes\nm: evil.py: is not in the lock" in done.out
    assert "2 problems" in done.out
    report = json.loads(hanse("lock", "verify", "--models-dir", ".", "--json").out)
    assert report["ok"] is False
    assert [(item["model"], item["kind"], item["path"]) for item in report["problems"]] == [
        ("m", "truncated", "config.json"), ("m", "added", "evil.py"),
    ]  # fmt: skip
    assert "no folder given for it" in hanse("lock", "verify").out
    assert hanse("lock", "verify", "--at", "m").err.startswith("error: --at 'm': expected NAME=FOLDER")
    assert hanse("lock", "verify", "nobody").code == 2


def test_models_lie_below_a_folder_by_any_of_their_names(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    add(hanse, hub, "--name", "mine")
    for place in ("one/mine", "two/org/m", "three/m"):
        write(tmp_path / place)
        assert hanse("lock", "verify", "--models-dir", tmp_path / place.partition("/")[0]).code == 0


def test_a_cache_is_verified_and_locked_from_when_the_repository_is_gone(
    hanse: Hanse, hub: Hub, tmp_path: Path
) -> None:
    home = cached(tmp_path / "cache", hub.push("org/m", FILES))
    add(hanse, hub)
    before = read_lock(tmp_path / "models.lock")
    assert hanse("lock", "verify", "--cache", "cache").code == 0
    blob = home / "blobs" / hashlib.sha256(FILES["onnx/decoder.onnx"]).hexdigest()
    blob.write_bytes(b"\0" + FILES["onnx/decoder.onnx"][1:])
    assert "m: onnx/decoder.onnx: holds other bytes" in hanse("lock", "verify", "--cache", "cache").out
    blob.write_bytes(FILES["onnx/decoder.onnx"])
    del hub.repos["org/m"]
    assert hanse("lock", "remove", "m").code == 0
    add(hanse, hub, "--cache", "cache")
    assert read_lock(tmp_path / "models.lock") == before


def test_nothing_moves_without_being_asked(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    add(hanse, hub)
    before = (tmp_path / "models.lock").read_bytes()
    assert hanse("lock", "diff").code == 0
    commit = hub.push("org/m", {**FILES, "LICENSE": b"Pay us.\n", "README.md": b"---\nlicense: other\n---\n"})
    shown = hanse("lock", "diff")
    assert shown.code == 1
    lines = shown.out.splitlines()
    assert lines[0] == "m: license: apache-2.0 -> other"
    assert lines[1] == "m: license text: changed"
    assert "    +Pay us." in lines
    refused = hanse("lock", "update", "m")
    assert (refused.code, "without a terminal say --yes" in refused.err) == (2, True)
    assert hanse("lock", "update").code == 2
    assert (tmp_path / "models.lock").read_bytes() == before
    moved = hanse("lock", "update", "m", "--yes")
    assert moved.code == 0
    assert moved.out.splitlines()[0] == lines[0]
    assert read_lock(tmp_path / "models.lock").named("m").revision == commit
    kept = {item.read_bytes() for item in (tmp_path / "models.lock.d").iterdir()}
    assert kept == {LICENSE, b"Pay us.\n"}
    assert hanse("lock", "update", "m", "--yes").out == "m: as locked\n"


def test_a_folder_is_locked_relative_to_the_lock(hanse: Hanse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "models" / "My Model")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "models")
    done = hanse("lock", "add", "My Model", "--lock", "../project/models.lock", "--json")
    assert done.code == 0
    assert json.loads(done.out)["sources"] == ["../models/My Model"]
    monkeypatch.chdir(tmp_path)
    assert hanse("lock", "verify", "--lock", "project/models.lock").code == 0
    assert hanse("lock", "diff", "--lock", "project/models.lock").out == "my-model: as locked\n"
    again = hanse("lock", "add", "models/My Model", "--lock", "project/models.lock")
    assert "has a my-model already; `hanse lock update my-model`" in again.err
    assert hanse("lock", "add", "./models", "--revision", "main").code == 2


def test_show_source_and_remove(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    add(hanse, hub)
    assert "org/m@" in hanse("lock", "show").out
    write(tmp_path / "copy")
    listed = hanse("lock", "show", "m").out
    (tmp_path / "sums").write_text(listed)
    subprocess.run(["sha256sum", "--check", "--quiet", tmp_path / "sums"], cwd=tmp_path / "copy", check=True)
    assert json.loads(hanse("lock", "show", "--json").out)[0]["name"] == "m"
    assert hanse("lock", "source", "m", "copy", "hub", "copy").out == "m: copy, hub\n"
    assert hanse("lock", "verify").code == 0
    assert hanse("lock", "source", "m", "oci://Bad Name/x").code == 2
    assert hanse("lock", "remove", "m", "other").code == 2
    assert hanse("lock", "remove", "org/m").code == 0
    assert read_lock(tmp_path / "models.lock").model == ()
    assert len(list((tmp_path / "models.lock.d").iterdir())) == 1


def test_texts_and_statements_from_files(hanse: Hanse, hub: Hub, tmp_path: Path) -> None:
    files = {"config.json": b"{}"}
    hub.push("org/m", files)
    (tmp_path / "terms.txt").write_bytes(b"terms")
    (tmp_path / "statement.json").write_bytes(statement(files))
    add(hanse, hub, "--license-text", "terms.txt", "--statement", "statement.json", "--verify-all")
    write(tmp_path / "m", files)
    assert json.loads(hanse("lock", "verify", "--models-dir", ".", "--json").out)["texts"] == 2
    assert hanse("lock", "diff").out == "m: as locked\n"
    digest = hashlib.sha256(statement(files)).hexdigest()
    (tmp_path / "models.lock.d" / f"{digest}.txt").write_bytes(b"{}")
    assert "its release statement was edited" in hanse("lock", "verify", "--models-dir", ".").out
    assert hanse("lock", "add", "org/n", "--license-text", "none.txt").code == 2


@pytest.mark.parametrize("given", ["not a name", "../none", "/none", "oci://x", "org/m/more"])
def test_what_is_no_model_is_refused_with_what_it_should_be(hanse: Hanse, given: str) -> None:
    done = hanse("lock", "add", given)
    assert done.code in (1, 2)
    assert done.err.startswith("error: ")


def test_the_token_goes_to_the_hub_of_the_environment_and_no_other(hub: Hub, tmp_path: Path) -> None:
    hub.push("org/m", FILES)
    hub.repos["org/m"].gated = "auto"
    hub.repos["org/m"].private = True
    hub.tokens["hf_accepted"] = {"org/m"}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_TOKEN": "hf_accepted", **more}
        command = [sys.executable, "-m", "hanse.cli.main", "lock", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    elsewhere = run("add", "org/m", "--source", f"hub:{hub.endpoint}")
    assert (elsewhere.returncode, "a token goes to HF_ENDPOINT alone" in elsewhere.stderr) == (1, True)
    assert run("add", "org/m", HF_ENDPOINT=hub.endpoint).returncode == 0
    assert read_lock(tmp_path / "models.lock").named("m").gated
    assert run("diff", HF_ENDPOINT=hub.endpoint).returncode == 0
    hub.tokens.clear()
    refused = run("diff", HF_ENDPOINT=hub.endpoint)
    assert (refused.returncode, "log in with `hf auth login` or set HF_TOKEN" in refused.stdout) == (1, True)
    assert hub.leaks == []


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """The shipped tables with a lab that closed, a license that changed, a release that followed."""
    folder = tmp_path / "catalogue"
    with as_file(files("hanse.outlook.catalogue") / "data") as own:
        shutil.copytree(own, folder)
    _add(folder / "labs.csv", confidence="verified", source="press", id="org", name="Org Labs", country="France",
         region="Europe", funding="startup", hub_orgs="org")  # fmt: skip
    for name, date in (("Orgon-7B", "2024-01-15"), ("Orgon2-7B", "2026-03-01")):
        _add(folder / "releases.csv", confidence="verified", source="card", id=name.lower(), lab="org", model=name, date=date,
             total_params_b="7", active_params_b="7", license="Apache-2.0", weights="open", data="none", code="none",
             family="Orgon")  # fmt: skip
    for kind, date, precision in (
        ("withdrawal", "2026-06-01", "day"), ("license", "2025-12-01", "month"), ("departure", "2024-06-01", "day"),
    ):  # fmt: skip
        _add(folder / "events.csv", confidence="verified", source=f"news of {date}", id=f"{date}-org-{kind}", date=date,
             precision=precision, lab="org", kind=kind, label="industry update", what=f"Org did {kind}.",
             found="systematic")  # fmt: skip
    return folder


def _add(path: Path, **cells: str) -> None:
    with open(path, newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file))
    with open(path, "a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, columns).writerow({column: cells.get(column, "") for column in columns})


def checked(hanse: Hanse, catalogue: Path, *more: object) -> tuple[int, list[dict[str, Any]]]:
    done = hanse("lock", "check", "--catalogue", catalogue, "--json", *more)
    assert done.err == ""
    return done.code, json.loads(done.out)


def test_check_tells_what_happened_since_the_lock(hanse: Hanse, catalogue: Path, tmp_path: Path) -> None:
    entry = model("mine", repository="org/Orgon-7B-Instruct", locked="2025-12-20")
    save_lock(tmp_path / "models.lock", Lock().replaced(entry), "", {})
    code, found = checked(hanse, catalogue)
    assert code == 0
    assert [(item["kind"], item["date"], item["about"]) for item in found] == [
        ("withdrawn", "2026-06-01", "Org Labs"),
        ("successor", "2026-03-01", "Orgon2-7B"),
        ("relicensed", "2025-12-01", "Org Labs"),  # of that month: it may have been after the 20th
    ]
    assert found[0]["source"] == "news of 2026-06-01"
    assert checked(hanse, catalogue, "--fail-on", "withdrawn")[0] == 1
    assert checked(hanse, catalogue, "--fail-on", "closed,unknown")[0] == 0
    assert checked(hanse, catalogue, "--fail-on", "any")[0] == 1
    assert [item["kind"] for item in checked(hanse, catalogue, "--since", "2024-01-01")[1]][-1] == "departure"
    assert checked(hanse, catalogue, "--since", "2026-11-01", "--fail-on", "any") == (0, [])
    assert "Org did withdrawal." in hanse("lock", "check", "--catalogue", catalogue).out


def test_check_asks_about_the_base_too_and_says_what_it_does_not_know(
    hanse: Hanse, catalogue: Path, tmp_path: Path
) -> None:
    entry = model("mine", repository="nobody/unheard-of", locked="2026-05-01", base=("org/Orgon-7B@abc",))
    save_lock(tmp_path / "models.lock", Lock().replaced(entry), "", {})
    _, found = checked(hanse, catalogue)
    assert [(item["kind"], item["base"]) for item in found] == [("unknown", ""), ("withdrawn", "org/Orgon-7B@abc")]
    assert "nobody/unheard-of is not in the catalogue" in found[0]["text"]
    assert checked(hanse, catalogue, "--fail-on", "unknown")[0] == 1


def test_check_refuses_what_it_does_not_know(hanse: Hanse, tmp_path: Path) -> None:
    save_lock(tmp_path / "models.lock", Lock().replaced(model()), "", {})
    assert "--fail-on closd: expected" in hanse("lock", "check", "--fail-on", "closd").err
    assert "--since: 'now' is no date" in hanse("lock", "check", "--since", "now").err
