"""Drills in real processes, cut off the network: what passes, what fails and how it is told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hedge.mirror import tiny_llama
from tests.hedge.mirror.made import NOW, model, sha256, write_files, write_lock
from tests.hedge.test_cut import can_unshare
from tests.store.tiny_s3 import TinyS3, running

from hanse.cli.main import main
from hanse.errors import InputError, MissingExtraError
from hanse.hedge.drill import run
from hanse.hedge.drill.generate import Silent, generate
from hanse.hedge.drill.run import Plan, drill
from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import Record, record_name
from hanse.hedge.opening import open_source
from hanse.keys import SigningKey
from hanse.store import open_store

NAMESPACE = "namespace" if can_unshare() else "hook"
Say = Callable[..., tuple[int, str, str]]


def locked(folder: Path, name: str = "tiny") -> LockedModel:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return model(files, name=name, sources=(str(folder),))


@pytest.fixture
def mirror(tmp_path: Path) -> tuple[Path, LockedModel]:
    made = locked(tiny_llama.write(tmp_path / "source"))
    keep(open_store(str(tmp_path / "mirror"), create=True, fsync=False), Order((made,)), open_source, lambda: NOW)
    return tmp_path / "mirror", made


@pytest.mark.parametrize("cut", ["hook", None])
def test_a_model_passes_and_the_record_says_how(
    mirror: tuple[Path, LockedModel], tmp_path: Path, cut: str | None
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (found,) = drill((mirror[1],), Plan(str(mirror[0]), work, cut))  # type: ignore[arg-type]
    assert found.failure == ""
    assert found.passed
    assert found.network is not None
    assert found.network.cut == (cut or NAMESPACE)
    assert "127.0.0.1:" in found.network.probe
    assert list(found.stages) == ["materialize", "verify", "load"]
    assert all(stage.ok for stage in found.stages.values())
    assert found.stages["load"].detail == "21 tensors in 1 safetensors"
    assert found.peak_memory_bytes is not None
    assert 10 << 20 < found.peak_memory_bytes < 300 << 20
    assert found.spool_milliseconds is None
    assert list(work.iterdir()) == []


def test_a_remote_mirror_is_fetched_before_the_cut(mirror: tuple[Path, LockedModel]) -> None:
    with running(TinyS3()) as tiny:
        keep(open_store(tiny.url), Order((mirror[1],)), open_source, lambda: NOW)
        (found,) = drill((mirror[1],), Plan(tiny.url))
        assert found.failure == ""
        assert found.spool_milliseconds is not None
        digest = sha256((mirror[0].parent / "source" / "model.safetensors").read_bytes())
        name = Record.decode(digest, tiny.objects[record_name(digest)]).part(0)
        tiny.objects[name] = b"\0" * len(tiny.objects[name])
        (found,) = drill((mirror[1],), Plan(tiny.url))  # the lock's own source has the file; it must not be asked
        assert "spool: the mirror does not give all of it: model.safetensors" in found.failure


def test_damage_in_the_mirror_fails_the_drill_by_name(mirror: tuple[Path, LockedModel]) -> None:
    store = open_store(str(mirror[0]))
    digest = next(item.sha256 for item in mirror[1].file if item.path == "model.safetensors")
    record = Record.decode(digest, store.get(record_name(digest), 10_000))
    data = bytearray(store.get(record.part(0), record.size))
    data[-1] ^= 1
    store.overwrite(record.part(0), bytes(data))
    (found,) = drill((mirror[1],), Plan(str(mirror[0])))
    assert found.failure.startswith("materialize: model.safetensors: its bytes have the digest")
    assert not found.stages["materialize"].ok
    store.remove(record_name(digest))
    (found,) = drill((mirror[1],), Plan(str(mirror[0])))
    assert "materialize: " in found.failure
    assert "no file" in found.failure


def test_a_model_that_is_not_in_the_mirror_fails(mirror: tuple[Path, LockedModel]) -> None:
    other = mirror[1].model_copy(update={"locked": "2026-12-01"}).sealed()
    (found,) = drill((other,), Plan(str(mirror[0])))
    assert "is not in this mirror as locked" in found.failure


def test_weights_that_cannot_be_opened_fail_and_the_next_model_is_drilled(
    mirror: tuple[Path, LockedModel], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"not weights")
    made = locked(broken, "broken")
    keep(open_store(str(mirror[0])), Order((made,)), open_source, lambda: NOW)
    heard: list[str] = []
    found = drill((made, mirror[1]), Plan(str(mirror[0])), heard.append)
    assert found[0].failure.startswith("load: model.safetensors: no safetensors file")
    assert found[1].passed
    assert heard == ["broken", "tiny"]


def test_a_process_that_dies_or_hangs_is_told(
    mirror: tuple[Path, LockedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = drill((mirror[1],), Plan(str(mirror[0]), timeout_seconds=0.01))
    assert "was ended after 0.01 seconds" in found.failure
    monkeypatch.setattr(run.sys, "executable", "/bin/false")
    (found,) = drill((mirror[1],), Plan(str(mirror[0])))
    assert found.failure == "start: the process ended with code 1"
    assert not found.passed


def test_a_work_folder_without_room_is_named(mirror: tuple[Path, LockedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SPARE_BYTES", 1 << 60)
    with pytest.raises(InputError, match="name another folder with --work"):
        drill((mirror[1],), Plan(str(mirror[0])))


@pytest.fixture
def say(mirror: tuple[Path, LockedModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> Say:  # fmt: skip
    """Run `hanse drill` beside a lock, a mirror and a key."""
    monkeypatch.chdir(tmp_path)
    write_lock(tmp_path / "models.lock", mirror[1])
    key = SigningKey("acme/ops", b"k" * 32)
    key.save(tmp_path / "key.pem")
    (tmp_path / "key.pub").write_text(f"{key.public}\n")
    lines = ("every_days = 30", 'mirror = "mirror"', 'records = "drills"', f'key = "{key.public}"')
    (tmp_path / "drill.toml").write_text("\n".join(lines) + "\n")

    def run_(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hanse", "drill", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    return run_


def test_drill_verify_and_tampering(say: Say, tmp_path: Path) -> None:
    code, out, _ = say(
        "models.lock", "--from", "mirror", "--record", "r.json", "--key", "key.pem", "--date", "2026-11-25"
    )
    assert (code, "passed on 2026-11-25: 1 models from file:" in out) == (0, True)
    for key in ("key.pub", (tmp_path / "key.pub").read_text().strip()):
        code, out, _ = say("verify", "r.json", "--key", key, "--lock", "models.lock")
        assert (code, "the signature of acme/ops holds; 0 models" in out) == (0, True)
    assert "not compared with a lock" in say("verify", "r.json", "--key", "key.pub")[1]
    told = json.loads(say("verify", "r.json", "--key", "key.pub", "--json")[1])
    assert (told["passed"], told["problems"], told["machine"]["processors"]) == (True, [], os.cpu_count())
    write_lock(tmp_path / "moved.lock", model({"x": b"1"}, name="other"), model(name="tiny"))
    code, out, _ = say("verify", "r.json", "--key", "key.pub", "--lock", "moved.lock")
    assert (code, "other: was not drilled" in out, "tiny: was drilled at entry" in out) == (1, True, True)
    data = (tmp_path / "r.json").read_bytes()
    (tmp_path / "forged.json").write_bytes(data.replace(data[60:64], b"AAAA", 1))
    code, _, err = say("verify", "forged.json", "--key", "key.pub")
    assert (code, "forged.json" in err) == (1, True)
    code, _, err = say("verify", "r.json", "--key", "key.pem")
    assert (code, "is a private key" in err) == (2, True)
    assert say("models.lock", "--from", "mirror", "--record", "r.json", "--key", "key.pem")[0] == 2


def test_a_failed_drill_is_recorded_and_ends_with_1(say: Say, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, _ = say("models.lock", "--from", "empty", "--record", "r.json", "--key", "key.pem")
    assert (code, "FAILED" in out) == (1, True)
    code, out, _ = say("verify", "r.json", "--key", "key.pub", "--lock", "models.lock")
    assert (code, "tiny: failed: materialize" in out) == (1, True)


def test_a_schedule_says_what_to_drill_and_when_it_is_due(say: Say, tmp_path: Path) -> None:
    code, out, _ = say("due", "drill.toml")
    assert (code, "overdue: no drill that counts" in out) == (1, True)
    for _ in range(2):
        assert say("--schedule", "drill.toml", "--key", "key.pem", "--date", "2026-11-25")[0] == 0
    assert sorted(path.name for path in (tmp_path / "drills").iterdir()) == ["2026-11-25-2.json", "2026-11-25.json"]
    assert say("due", "drill.toml", "--date", "2026-12-01")[0] == 0
    code, out, _ = say("due", "drill.toml", "--date", "2026-12-20", "--json")
    assert (code, json.loads(out)["verdict"]) == (0, "soon")
    assert say("due", "drill.toml", "--date", "2027-01-01")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("models.lock", "--key", "key.pem"), "name the mirror with --from"),
        (("no.lock", "--from", "mirror", "--record", "r", "--key", "key.pem"), "no.lock: cannot read"),
        (("models.lock", "--from", "nowhere", "--record", "r", "--key", "key.pem"), "no such folder"),
        (("models.lock", "--from", "mirror", "--record", "r", "--key", "no.pem"), "no.pem"),
        (("models.lock", "--from", "mirror", "--record", "r", "--key", "key.pem", "--only", "x"), "not in the lock"),
        (("models.lock", "--from", "mirror", "--record", "r", "--key", "key.pem", "--date", "x"), "YYYY-MM-DD"),
        (("due", "no.toml"), "no.toml: cannot read"),
        (("verify", "no.json", "--key", "key.pub"), "no.json: cannot read"),
        (("verify", "models.lock", "--key", "nobody"), "nobody: cannot read"),
    ],
)
def test_wrong_input_is_named_with_exit_code_2(say: Say, arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    code, _, err = say(*arguments)
    assert (code, said in err) == (2, True), err
    assert not (tmp_path / "r").exists()


def test_the_help_shows_the_options_of_a_drill(say: Say) -> None:
    code, out, _ = say("--help")
    assert code == 0
    for part in ("--from", "--record", "--key", "--generate", "--schedule", "--only", "verify", "due"):
        assert part in out


@pytest.mark.slow
def test_a_model_generates_with_the_network_cut(mirror: tuple[Path, LockedModel]) -> None:
    pytest.importorskip("transformers")
    (found,) = drill((mirror[1],), Plan(str(mirror[0]), generate=True))
    assert found.failure == ""
    assert found.generated is not None
    assert found.generated.tokens == 16
    assert "with transformers" in found.stages["generate"].detail


def test_what_is_no_language_model_is_not_asked_and_what_cannot_be_asked_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert isinstance(generate(tmp_path), Silent)
    write_files(tmp_path, {"adapter_config.json": b"{}", "adapter_model.safetensors": b"x"})
    said = generate(tmp_path)
    assert isinstance(said, Silent)
    assert "adapter" in said.why
    write_files(tmp_path, {"config.json": b'{"architectures": ["BertModel"]}', "model.safetensors": b"x"})
    said = generate(tmp_path)
    assert isinstance(said, Silent)
    assert "BertModel" in said.why
    monkeypatch.setattr("hanse.hedge.drill.generate.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="train"):
        generate(tmp_path)
    (tmp_path / "config.json").unlink()
    write_files(tmp_path, {"w.gguf": b"x"})
    with pytest.raises(InputError, match="xllamacpp"):
        generate(tmp_path)
