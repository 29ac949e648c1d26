"""`hanse tune` on a tiny base: killed with -9 and resumed, on two processes, on a full disk, stopped early, with all data."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.hedge.tune.making_tune import chats, done, place, preferences, start

from hanse.hedge.lock.hashing import folder_digest

FEW = "steps = 24\nbatch_tokens = 400\ncheckpoint_steps = 4\nevaluate_steps = 6\npatience = 0\nheld_permille = 100\n"


def same(first: Path, second: Path) -> None:
    """The weights, bit for bit, and the losses."""
    for name in ("model/model.safetensors", "adapter/adapter_model.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    told = [json.loads((folder / "tuned.json").read_bytes()) for folder in (first, second)]
    for key in ("curve", "held_curve", "samples", "identity", "settings"):
        assert told[0][key] == told[1][key]
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()


def test_killed_and_resumed_gives_the_same_weights_as_unbroken(tmp_path: Path) -> None:
    config = place(tmp_path, FEW + "[lora]\ndropout = 0.1\n")
    broken = tmp_path / "broken.toml"
    broken.write_text('output = "broken"\n' + config.read_text())
    whole = start(config)
    kills = 0
    checkpoints = tmp_path / "broken" / "work" / "checkpoints-0"
    for wanted in (4, 12):
        process = start(broken)
        while not (checkpoints / f"{wanted:08d}").is_dir() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        done(process, -signal.SIGKILL)
        kills += 1
    assert kills == 2
    assert not (tmp_path / "broken" / "tuned.json").exists()
    done(start(broken))
    done(whole)
    same(tmp_path / "tuned", tmp_path / "broken")
    assert not (tmp_path / "broken" / "work").exists()
    told = json.loads((tmp_path / "tuned" / "tuned.json").read_bytes())
    assert told["curve"][-1][0] == 24
    assert told["result"]["held_after"] < told["result"]["held_before"] / 2
    said, _ = done(start(broken, "--json"))  # there is nothing left to do
    assert json.loads(said) == json.loads((tmp_path / "broken" / "tuned.json").read_bytes())
    broken.write_text(broken.read_text().replace("steps = 24", "steps = 25"))
    assert "holds a run with other settings" in done(start(broken), 2)[1]


def test_two_processes_come_to_what_one_does(tmp_path: Path) -> None:
    config = place(tmp_path, FEW.replace("24", "6"))
    two = tmp_path / "two.toml"
    two.write_text('output = "two"\n' + config.read_text())
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = start(two, launcher=launcher)
    done(start(config))
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


def test_a_full_disk_leaves_the_last_checkpoint_good(tmp_path: Path) -> None:
    config = place(tmp_path, FEW)
    full = tmp_path / "full.py"
    full.write_text(
        "import os, resource, sys, threading, time\n"
        f"sys.argv = ['hanse', 'tune', {str(config)!r}]\n"
        "def fill():\n"
        f"    while not os.path.isdir({str(tmp_path / 'tuned/work/checkpoints-0/00000004')!r}): time.sleep(0.01)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))\n"
        "threading.Thread(target=fill, daemon=True).start()\n"
        "from hanse.cli.main import main\nmain()\n"
    )
    import subprocess

    made = subprocess.run([sys.executable, str(full)], capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 1, made.stderr
    assert made.stderr.startswith("error: ")
    assert "File too large" in made.stderr
    assert not (tmp_path / "tuned" / "tuned.json").exists()
    done(start(config))
    whole = tmp_path / "whole.toml"
    whole.write_text('output = "whole"\n' + config.read_text())
    done(start(whole))
    same(tmp_path / "tuned", tmp_path / "whole")


def in_process(config: Path, is_stopped: Any = lambda: False) -> Any:
    from datetime import UTC, datetime

    import torch

    from hanse.hedge.tune.config import load_config
    from hanse.hedge.tune.defaults import Machine
    from hanse.hedge.tune.prepare import prepare
    from hanse.hedge.tune.run import Around, run
    from hanse.hedge.tune.tuner import World

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
    config = place(tmp_path, "steps = 30\nevaluate_steps = 2\npatience = 2\nlearning_rate = 0.5\nheld_permille = 200\n")
    asked = iter([False, True])
    assert in_process(config, lambda: next(asked)) is None
    told = in_process(config)
    held = [tuple(point) for point in told["held_curve"]]
    best = min(held[1:], key=lambda point: point[1])
    assert told["result"]["best_step"] == best[0]
    assert held[-1][0] - best[0] == 4  # two evaluations without a better one
    assert told["result"]["steps"] < 30
    assert told["result"]["held_after"] == best[1]


def test_the_page_shows_the_curve_first_and_escapes(tmp_path: Path) -> None:
    rows = [{"prompt": f"<b>{n} & ", "completion": "<script>x"} for n in range(9)]
    in_process(place(tmp_path, "steps = 2\nheld_permille = 0\n", rows))
    page = (tmp_path / "tuned" / "report.html").read_text(encoding="utf-8")
    assert page.index("<svg") < page.index("Before and after")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "Nothing was held out" in page
