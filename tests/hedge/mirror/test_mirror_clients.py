"""The stock clients of the hub, unchanged, against a mirror whose source is gone: huggingface_hub, `hf`, transformers, curl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hedge.mirror import tiny_llama
from tests.hedge.mirror.made import COMMIT, NOW, model, noise, sha256
from tests.hedge.mirror.serving import Served, serving

from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import Record, record_name
from hanse.hedge.opening import open_source
from hanse.store import open_store

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], LockedModel]:
    """A mirror of a tiny Llama, whose folder is deleted."""
    folder = tmp_path_factory.mktemp("clients")
    source = tiny_llama.write(folder / "source")
    (source / "additional").mkdir()
    (source / "additional" / "notes with space.txt").write_text("notes")
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    made = model(files, sources=(str(source),))
    store = open_store(str(folder / "mirror"), create=True)
    assert keep(store, Order((made,)), open_source, lambda: NOW).incomplete == []
    shutil.rmtree(source)
    return folder / "mirror", files, made


@pytest.fixture
def served(mirror: tuple[Path, dict[str, bytes], LockedModel]) -> Iterator[Served]:
    with serving(open_store(str(mirror[0]))) as made:
        yield made


def environment(served: Served, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return kept | {
        "HF_ENDPOINT": served.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_TOKEN": "unused",
    }


def content(folder: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in files}


def test_huggingface_hub_reads_a_mirror(
    served: Served, mirror: tuple[Path, dict[str, bytes], LockedModel], tmp_path: Path
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    files = mirror[1]
    for revision in (None, "main", COMMIT):
        cache = tmp_path / str(revision)
        found = hub.snapshot_download("org/tiny", revision=revision, cache_dir=cache, endpoint=served.url)
        assert content(Path(found), files) == files
        assert Path(found).name == COMMIT
    local = hub.snapshot_download("org/tiny", local_dir=tmp_path / "local", endpoint=served.url)
    assert content(Path(local), files) == files
    one = hub.hf_hub_download("org/tiny", "config.json", cache_dir=tmp_path / "one", endpoint=served.url)
    assert Path(one).read_bytes() == files["config.json"]
    some = hub.snapshot_download(
        "org/tiny", allow_patterns=["*.json"], cache_dir=tmp_path / "some", endpoint=served.url
    )
    assert not (Path(some) / "model.safetensors").exists()


def test_huggingface_hub_asks_and_gets_answers(
    served: Served, mirror: tuple[Path, dict[str, bytes], LockedModel]
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    api, files = hub.HfApi(endpoint=served.url), mirror[1]
    told = api.model_info("org/tiny", files_metadata=True)
    assert told.sha == COMMIT
    assert {s.rfilename: (s.size, s.lfs.sha256) for s in told.siblings} == {
        path: (len(data), sha256(data)) for path, data in files.items()
    }
    assert sorted(api.list_repo_files("org/tiny")) == sorted(files)
    assert {item.path for item in api.list_repo_tree("org/tiny")} == {*FILES, "additional"}
    assert [item.path for item in api.get_paths_info("org/tiny", ["config.json", "no"])] == ["config.json"]
    assert api.list_repo_refs("org/tiny").branches[0].target_commit == COMMIT
    assert [item.id for item in api.list_models()] == ["org/tiny", "tiny"]
    assert api.file_exists("org/tiny", "config.json")
    assert not api.file_exists("org/tiny", "no.json")
    assert api.revision_exists("org/tiny", COMMIT)
    assert not api.revision_exists("org/tiny", "dev")
    assert not api.repo_exists("no/such")
    with pytest.raises(hub.errors.EntryNotFoundError):
        hub.hf_hub_download("org/tiny", "no.json", endpoint=served.url)
    with pytest.raises(hub.errors.RevisionNotFoundError):
        hub.hf_hub_download("org/tiny", "config.json", revision="dev", endpoint=served.url)
    with pytest.raises(hub.errors.RepositoryNotFoundError):
        hub.snapshot_download("no/such", endpoint=served.url)


@pytest.mark.parametrize("size", [1000, 3 << 20])
def test_a_damaged_file_never_ends_in_a_clients_cache(tmp_path: Path, size: int) -> None:
    """A small one is refused before its first byte; a large one is cut off, and the client's next try is refused."""
    hub = pytest.importorskip("huggingface_hub")
    source, data = tmp_path / "source", noise(size)
    source.mkdir()
    (source / "w").write_bytes(data)
    store = open_store(str(tmp_path / "mirror"), create=True)
    keep(store, Order((model({"w": data}, sources=(str(source),)),)), open_source, lambda: NOW)
    record = Record.decode(sha256(data), store.get(record_name(sha256(data)), 10_000))
    store.overwrite(record.part(0), data[:-1] + bytes([data[-1] ^ 1]))
    with serving(store) as served, pytest.raises(hub.errors.HfHubHTTPError):
        hub.snapshot_download("org/tiny", cache_dir=tmp_path / "cache", endpoint=served.url)
    assert any(line.startswith("DAMAGED") for line in served.log)
    assert not [path for path in (tmp_path / "cache").rglob("w") if path.is_file()]


def test_the_hf_command_downloads_from_a_mirror(
    served: Served, mirror: tuple[Path, dict[str, bytes], LockedModel], tmp_path: Path
) -> None:
    command = Path(sys.executable).parent / "hf"
    if not command.exists():
        pytest.skip("no `hf` here")
    arguments = [command, "download", "org/tiny", "--local-dir", tmp_path / "got"]
    done = subprocess.run(
        arguments, env=environment(served, tmp_path), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "got", mirror[1]) == mirror[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_curl_downloads_and_resumes(
    served: Served, mirror: tuple[Path, dict[str, bytes], LockedModel], tmp_path: Path
) -> None:
    data, target = mirror[1]["model.safetensors"], tmp_path / "w"
    target.write_bytes(data[:1000])
    url = f"{served.url}/org/tiny/resolve/main/model.safetensors"
    subprocess.run(["curl", "-sSf", "--noproxy", "*", "-C", "-", "-o", target, url], check=True, timeout=300)
    assert target.read_bytes() == data


LOAD = """
import json, sys
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
name = "org/tiny"
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name, revision=sys.argv[1])
asked = tokenizer("ada", return_tensors="pt")
made = model.generate(**asked, max_new_tokens=4, do_sample=False, pad_token_id=1)
print(json.dumps({"type": AutoConfig.from_pretrained(name).model_type, "tokens": made[0].tolist()}))
"""


@pytest.mark.slow
def test_transformers_loads_from_a_mirror(served: Served, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, COMMIT], env=environment(served, tmp_path), capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["type"] == "llama"
    assert len(told["tokens"]) == 7
