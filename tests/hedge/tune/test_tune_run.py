"""`hanse tune` on a tiny base: killed with -9 and resumed, on two processes, on a full disk, stopped early, with all data."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.hedge.tune.making_tune import chats, done, place, preferences, start

from hanse.errors import TuneError
from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.tune.step import UNKNOWN, beside, step

FEW = "steps = 24\nbatch_tokens = 400\ncheckpoint_steps = 4\nevaluate_steps = 6\npatience = 0\nheld_permille = 100\n"


def same(first: Path, second: Path) -> None:
    """The weights, bit for bit, and the losses."""
    for name in ("model/model.safetensors", "adapter/adapter_model.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    told = [json.loads((folder / "tuned.json").read_bytes()) for folder in (first, second)]
    for key in ("curve", "held_curve", "samples", "identity", "settings"):
        assert told[0][key] == told[1][key]
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's settings; its output stands."""
    config = place(tmp_path_factory.mktemp("unbroken"), FEW + "[lora]\ndropout = 0.1\n")
    in_process(config)
    return config


def again(config: Path, name: str) -> Path:
    """The same settings with another output."""
    made = config.with_name(f"{name}.toml")
    made.write_text(f'output = "{name}"\n' + config.read_text())
    return made


def test_killed_and_resumed_gives_the_same_weights_as_unbroken(unbroken: Path) -> None:
    config, out = again(unbroken, "broken"), unbroken.parent / "broken"
    process = start(config)
    while not (out / "work" / "checkpoints-0" / "00000008").is_dir() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    done(process, -signal.SIGKILL)
    assert not (out / "tuned.json").exists()
    told = in_process(config)
    same(unbroken.parent / "tuned", out)
    assert not (out / "work").exists()
    assert told["curve"][-1][0] == 24
    assert told["result"]["held_after"] < told["result"]["held_before"] / 2
    assert in_process(config) == json.loads((out / "tuned.json").read_bytes())  # there is nothing left to do
    config.write_text(config.read_text().replace("steps = 24", "steps = 25"))
    with pytest.raises(TuneError, match="holds a run with other settings"):
        in_process(config)


def test_two_processes_come_to_what_one_does(tmp_path: Path) -> None:
    config = place(tmp_path, FEW.replace("24", "6"))
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = start(again(config, "two"), launcher=launcher)
    in_process(config)
    done(process)
    alone, both = (json.loads((tmp_path / name / "tuned.json").read_bytes()) for name in ("tuned", "two"))
    assert both["machine"]["processes"] == 2
    assert both["result"]["tokens"] == alone["result"]["tokens"]
    for one, other in zip(alone["curve"] + alone["held_curve"], both["curve"] + both["held_curve"], strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    weights = [load_file(tmp_path / name / "adapter" / "adapter_model.safetensors") for name in ("tuned", "two")]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert (tensor - weights[1][name]).abs().max() < 0.02 * tensor.abs().max(), name


def test_a_full_disk_leaves_the_last_checkpoint_good(unbroken: Path) -> None:
    config, out = again(unbroken, "full"), unbroken.parent / "full"
    script = unbroken.with_name("full.py")
    script.write_text(
        "import os, resource, sys, threading, time\n"
        f"sys.argv = ['hanse', 'tune', {str(config)!r}]\n"
        "def fill():\n"
        f"    while not os.path.isdir({str(out / 'work/checkpoints-0/00000004')!r}): time.sleep(0.001)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))\n"
        "threading.Thread(target=fill, daemon=True).start()\n"
        "from hanse.cli.main import main\nmain()\n"
    )
    made = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 1, made.stderr
    assert "File too large" in made.stderr.splitlines()[-1]
    assert not (out / "tuned.json").exists()
    in_process(config)
    same(unbroken.parent / "tuned", out)


def in_process(config: Path, is_stopped: Any = lambda: False) -> Any:
    from datetime import UTC, datetime

    import torch

    from hanse.hedge.tune.config import load_config
    from hanse.hedge.tune.defaults import Machine
    from hanse.hedge.tune.prepare import prepare
    from hanse.hedge.tune.run import Around, run
    from hanse.hedge.tune.tuner import World

    torch.set_num_threads(1)  # as the settings say
    prepared = prepare(load_config(config), lambda model: Machine(8 << 30, 1e10, "cpu"))
    around = Around(torch.device("cpu"), World(), lambda step, course: None, is_stopped, lambda: 1, "test",
                    lambda: datetime(2026, 11, 30, tzinfo=UTC))  # fmt: skip
    return run(prepared, around)


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("kind", ["sft", "dpo", "text"])
def test_every_kind_learns(tmp_path: Path, method: str, kind: str) -> None:
    texts = [{"text": "the number is one of ours. " * 30 + str(n)} for n in range(9)]
    rows = {"sft": chats(), "dpo": preferences(), "text": texts}[kind]
    rate = "learning_rate = 0.003\n" if method == "full" or kind == "dpo" else ""
    told = in_process(place(tmp_path, f'method = "{method}"\nsteps = 12\nheld_permille = 200\nbatch_tokens = 600\n{rate}', rows))
    assert told["settings"]["objective"] == ("dpo" if kind == "dpo" else "sft")
    assert told["result"]["held_after"] < told["result"]["held_before"]
    assert told["result"]["model_sha256"] == folder_digest(tmp_path / "tuned" / "model")
    assert (tmp_path / "tuned" / "adapter").is_dir() == (method == "lora")
    if kind == "dpo":
        assert told["result"]["held_before"] == pytest.approx(0.6931, abs=1e-3)


def test_stopped_by_hand_and_early_by_itself(tmp_path: Path) -> None:
    # Nothing to generalize:
    rows = [{"prompt": f"Code of item {n}: ", "completion": str(n * 7919**3 % 10**9)} for n in range(20)]
    given = "steps = 60\nbatch_tokens = 400\nevaluate_steps = 4\npatience = 2\nlearning_rate = 0.03\nheld_permille = 300\n"
    config = place(tmp_path, given, rows)
    asked = iter([False, True])
    assert in_process(config, lambda: next(asked)) is None
    told = in_process(config)
    held = [tuple(point) for point in told["held_curve"]]
    best = min(held[1:], key=lambda point: point[1])
    assert told["result"]["best_step"] == best[0]
    assert held[-1][0] - best[0] == 8  # two evaluations without a better one
    assert told["result"]["steps"] < 60
    assert told["result"]["held_after"] == best[1]


def test_the_page_shows_the_curve_first_and_escapes(tmp_path: Path) -> None:
    rows = [{"prompt": f"<b>{n} & ", "completion": "<script>x"} for n in range(9)]
    in_process(place(tmp_path, "steps = 2\nheld_permille = 0\n", rows))
    page = (tmp_path / "tuned" / "report.html").read_text(encoding="utf-8")
    assert page.index("<svg") < page.index("Before and after")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "Nothing was held out" in page


def test_its_line_of_the_record_speaks_of_the_files_that_stand_there(unbroken: Path) -> None:
    out = unbroken.parent / "tuned"
    told = json.loads((out / "tuned.json").read_bytes())
    made = step(told, out)
    assert made.origins() == [folder_digest(unbroken.parent / "base")]
    assert told["result"]["model_sha256"] in made.outputs()
    assert {subject.name for subject in made.subjects} >= {"model/", "model/model.safetensors", "adapter/"}
    moved = json.loads(json.dumps(told))
    moved["result"]["model_sha256"] = "0" * 64
    with pytest.raises(TuneError, match="not the model that"):
        step(moved, out)


def test_an_adapter_is_known_by_the_tuned_json_beside_it_or_not_at_all(unbroken: Path) -> None:
    out = unbroken.parent / "tuned"
    told = json.loads((out / "tuned.json").read_bytes())
    found = beside(out / "adapter", told["result"]["adapter_sha256"])
    assert (found.method, found.data, found.settings) == ("lora sft", told["data"]["files"], told["identity"]["settings"])
    assert beside(out / "adapter", "0" * 64).method == UNKNOWN
