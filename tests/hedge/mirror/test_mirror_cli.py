"""`hanse mirror` as a person types it: exit codes, what it says, what it leaves on disk."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hedge.mirror.made import COMMIT, FILES, model, noise, sha256, write_files, write_lock
from tests.store.tiny_s3 import TinyS3, running

from hanse.cli.main import main
from hanse.hedge.mirror.layout import Record, record_name
from hanse.store import open_store

Say = Callable[..., tuple[int, str, str]]
OTHER = {"w": noise(10_000, 5), "shared": FILES["model.safetensors"]}


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run hanse in a folder with two models, `tiny` and `other`, and a lock of both."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tiny", FILES)
    write_files(tmp_path / "other", OTHER)
    one = model(sources=("tiny",))
    two = model(OTHER, name="other", repository="", revision="", sources=("gone", "other"))
    write_lock(tmp_path / "models.lock", one, two)
    write_lock(tmp_path / "one" / "models.lock", one)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hanse", "mirror", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    return run


def test_keep_list_verify_get(say: Say, tmp_path: Path) -> None:
    code, out, err = say("keep", "--to", "mirror")
    assert (code, "2 of 2 models are whole in mirror: 5 files" in out) == (0, True)
    assert "other: w: from gone: " in err
    assert json.loads(say("keep", "--to", "mirror", "--json")[1])["files_there"] == 5
    code, out, _ = say("list", "mirror", "--json")
    assert [(m["name"], m["commit"] == COMMIT) for m in json.loads(out)["models"]] == [("other", False), ("tiny", True)]
    assert "org/tiny" in say("list", "mirror")[1]
    assert say("verify", "mirror")[0] == 0
    assert "2 models, 5 files" in say("verify", "mirror", "models.lock")[1]
    assert json.loads(say("verify", "mirror", "models.lock", "--json")[1])["problems"] == []
    code, out, _ = say("get", "org/tiny", "--from", "mirror", "--to", "out")
    assert (code, "4 files written" in out) == (0, True)
    assert (tmp_path / "out" / "sub" / "exact").read_bytes() == FILES["sub/exact"]
    assert (
        json.loads(say("get", "tiny", "--from", "mirror", "--to", "out", "--revision", COMMIT, "--json")[1])["there"]
        == 4
    )


def test_keep_with_other_sources_and_only_some_models(say: Say, tmp_path: Path) -> None:
    assert say("keep", "--to", "first", "--only", "tiny")[0] == 0
    (tmp_path / "tiny" / "config.json").write_bytes(b"other")
    code, out, err = say("keep", "one/models.lock", "--to", "second")
    assert code == 1
    assert "NOT KEPT tiny: config.json" in err
    assert "0 of 1 models are whole" in out
    for source in ("first", (tmp_path / "first").as_uri()):
        code, out, err = say("keep", "one/models.lock", "--to", "second", "--from", source)
        assert (code, err) == (0, "")


def test_damage_is_told_and_exit_codes_say_so(say: Say, tmp_path: Path) -> None:
    say("keep", "--to", "mirror")
    store = open_store(str(tmp_path / "mirror"))
    digest = sha256(FILES["model.safetensors"])
    record = Record.decode(digest, store.get(record_name(digest), 10_000))
    store.overwrite(record.part(0), noise(record.part_size(0), 9))
    code, out, _ = say("verify", "mirror")
    assert (code, "tiny: model.safetensors: " in out, "other: shared: " in out, "2 problems" in out) == (
        1,
        True,
        True,
        True,
    )
    code, _, err = say("get", "tiny", "--from", "mirror", "--to", "out")
    assert (code, "run `hanse mirror verify`" in err) == (1, True)
    assert not (tmp_path / "out" / "model.safetensors").exists()
    store.remove(record.part(0))
    assert say("keep", "--to", "mirror")[0] == 0
    assert say("verify", "mirror")[0] == 0


def test_a_sweep_says_first_and_removes_when_told(say: Say) -> None:
    say("keep", "--to", "mirror")
    code, out, _ = say("sweep", "mirror", "--keep", "one/models.lock")
    assert (code, "would remove 1 files" in out, "nothing was removed" in out) == (0, True, True)
    assert say("verify", "mirror", "models.lock")[0] == 0
    assert json.loads(say("sweep", "mirror", "--keep", "one/models.lock", "--yes", "--json")[1])["removed"] == 3
    assert say("verify", "mirror", "one/models.lock")[0] == 0
    assert say("verify", "mirror", "models.lock")[0] == 1
    assert say("sweep", "mirror")[0] == 2


def test_a_partners_mirror_is_challenged(say: Say, tmp_path: Path) -> None:
    say("keep", "--to", "mirror")
    say("keep", "--to", "partner")
    assert say("challenge", "mirror", "models.lock", "--out", "q.json", "--count", "20")[0] == 0
    assert stat.S_IMODE((tmp_path / "q.json.private").stat().st_mode) == 0o600
    assert "answer" not in (tmp_path / "q.json").read_text()
    assert say("answer", "partner", "q.json", "--out", "a.json")[0] == 0
    code, out, _ = say("judge", "q.json.private", "a.json")
    assert (code, "files answered right" in out) == (0, True)
    code, out, _ = say("answer", "partner", "q.json")
    (tmp_path / "printed.json").write_text(out)
    assert json.loads(say("judge", "q.json.private", "printed.json", "--json")[1])[0]["verdict"] == "right"
    assert say("challenge", ".", "models.lock", "--out", "q2.json", "--count", "20")[0] == 0
    code, _, err = say("judge", "q2.json.private", "a.json")
    assert (code, "prove nothing" in err) == (2, True)
    assert say("challenge", "mirror", "models.lock", "--out", "q.json")[0] == 2
    store = open_store(str(tmp_path / "partner"))
    store.remove(record_name(sha256(FILES["model.safetensors"])))
    code, _, err = say("answer", "partner", "q.json", "--out", "late.json")
    assert (code, "in this mirror" in err) == (1, True)
    assert say("judge", "q.json.private", "late.json")[0] == 1


def test_a_challenge_from_files_that_are_not_as_locked_is_refused(say: Say, tmp_path: Path) -> None:
    (tmp_path / "tiny" / "model.safetensors").write_bytes(noise(len(FILES["model.safetensors"]), 9))
    code, _, err = say("challenge", ".", "one/models.lock", "--out", "q.json")
    assert (code, "has other bytes than the lock says" in err) == (2, True)
    assert not (tmp_path / "q.json").exists()
    assert not (tmp_path / "q.json.private").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keep", "no.lock", "--to", "mirror"), "no.lock: cannot read"),
        (("keep", "--to", "tiny/config.json"), "is a file, expected a folder"),
        (("keep", "--to", "ftp://x"), "expected a folder"),
        (("keep", "--to", "mirror", "--only", "nobody"), "not in the lock"),
        (("list", "nowhere"), "no such folder"),
        (("verify", "nowhere"), "no such folder"),
        (("answer", "tiny", "models.lock"), "no questions file"),
        (("judge", "models.lock", "models.lock"), "no private file"),
        (("serve", "nowhere"), "no such folder"),
    ],
)
def test_wrong_input_is_named_with_exit_code_2(say: Say, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = say(*arguments)
    assert (code, said in err) == (2, True), err


def test_a_model_that_is_not_there_is_named(say: Say) -> None:
    say("keep", "--to", "mirror")
    code, _, err = say("get", "nobody", "--from", "mirror", "--to", "out")
    assert (code, "this mirror has other, tiny" in err) == (1, True)


def test_a_bucket_serves_as_a_folder_does_and_its_keys_are_never_told(say: Say) -> None:
    with running(TinyS3()) as tiny:
        url = tiny.url
        texts = [say("keep", "--to", url), say("verify", url, "models.lock"), say("list", url),
                 say("get", "tiny", "--from", url, "--to", "out"), say("keep", "--to", "copy", "--from", url)]  # fmt: skip
        assert [code for code, _, _ in texts] == [0] * 5
        assert "tiny-secret" not in str(texts)
        tiny.objects.clear()
        failed = [say("verify", tiny.url, "models.lock"), say("get", "tiny", "--from", tiny.url, "--to", "out")]
        assert [code for code, _, _ in failed] == [1, 1]
        assert "tiny-secret" not in str(failed)


def test_serve_prints_its_address_and_ends_on_a_signal(say: Say, tmp_path: Path) -> None:
    say("keep", "--to", "mirror")
    command = [sys.executable, "-m", "hanse.cli.main", "mirror", "serve", "mirror"]
    for number in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("serving 2 models from file:")
            address = process.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
            with urllib.request.urlopen(f"{address}/org/tiny/resolve/main/config.json", timeout=60) as reply:
                assert reply.read() == FILES["config.json"]
            process.send_signal(number)
            try:
                _, err = process.communicate(timeout=60)
            finally:
                process.kill()
            assert process.returncode == 0
            assert "200 GET /org/tiny/resolve/main/config.json" in err
