"""The demo as a newcomer runs it, at its smallest size: interrupted once, then to the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hanse.demo.settings import SIZES, plan_of_size

COMMAND = (sys.executable, "-m", "hanse.cli.main", "demo", "--size", "tiny", "--folder", "demo")
MEMBERS = {"foundry", "abbey", "atlas", "harbor"}


@pytest.mark.slow
def test_interrupted_and_run_again_it_tells_the_whole_story(tmp_path: Path) -> None:
    interrupt_after_the_first_rounds(tmp_path)
    done = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads((tmp_path / "demo" / "result.json").read_text())
    assert result["replay"]["verdict"] == "identical"
    assert result["replay"]["implementations"] == ["numba", "numpy"]
    assert result["replay"]["state"] == result["replay"]["agreed"]
    assert set(result["gain"]) == {row["name"] for row in result["members"]} == MEMBERS
    assert len(result["rounds"]) == 6
    assert len(result["outlook"]["claims"]) == 14
    assert len(result["case"]["charters"]) == 4
    assert "What it costs each member" in (tmp_path / "demo" / "case.html").read_text()
    assert result["hedge"]["verified"] == []
    assert [row["kind"] for row in result["hedge"]["tampered"]] == ["bytes"]
    assert {row["ref"] for row in result["hedge"]["findings"]} >= {"Qwen/Qwen3-32B", "settings.model", "llama3.3:70b"}
    check_swap(result["hedge"]["swap"])
    assert "The chain" in (tmp_path / "demo" / "hedge.html").read_text()
    assert all(set(row["admitted"]) == MEMBERS for row in result["rounds"])
    report = (tmp_path / "demo" / "report.html").read_text()
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", report)  # self-contained
    assert report.count("<svg") >= 3
    check_model(tmp_path / "demo" / "model", result)
    again = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, timeout=1200, check=False)
    assert again.returncode == 0
    after = json.loads((tmp_path / "demo" / "result.json").read_text())
    assert (after["final"], after["replay"]["state"]) == (result["final"], result["replay"]["state"])
    assert after["hedge"]["swap"] == result["hedge"]["swap"]  # not done again


def interrupt_after_the_first_rounds(folder: Path) -> None:
    """Ctrl-C goes to the whole group of processes, as from a terminal."""
    process = subprocess.Popen(
        COMMAND, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        interrupt(process, folder)
    finally:
        process.kill()
        process.wait()


def interrupt(process: subprocess.Popen[bytes], folder: Path) -> None:
    log, end = folder / "demo" / "bucket" / "log", time.monotonic() + 600
    while not log.exists() or len(list(log.iterdir())) < 20:
        assert process.poll() is None, "the demo ended early"
        assert time.monotonic() < end, "no rounds after ten minutes"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(300) != 0


def check_swap(found: dict[str, Any]) -> None:
    """At this size Q4_0 may say what F16 says, or not; the client is served by its verdict either way, and rolled back."""
    assert [row["file"] for row in found["files"]] == ["F16.gguf", "Q8_0.gguf", "Q4_0.gguf"]
    verdicts = {row["to"]: row["verdict"] for row in found["verdicts"]}
    swapped = [row["target"] for row in found["asked"] if row["when"].endswith("swapped in")]
    assert swapped == [to for to, verdict in verdicts.items() if verdict == "swap"]
    assert found["asked"][-1]["target"] == "F16"
    assert found["status"]["problems"] == []
    (demo,) = found["status"]["models"]
    assert {child["name"] for child in demo["children"]} == {"F16.gguf", "Q8_0.gguf", "Q4_0.gguf"}


def check_model(folder: Path, result: dict[str, object]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer("And it came to pass", return_tensors="pt")
    with torch.no_grad():
        made = model.generate(**prompt, max_new_tokens=8, do_sample=False, pad_token_id=0)
    assert made.shape[1] > prompt["input_ids"].shape[1]
    assert result["bytes"]["parameters"] == sum(p.numel() for p in model.parameters())  # type: ignore[index]


@pytest.mark.parametrize("name", SIZES)
def test_every_size_is_a_plan_whose_derivative_branches_where_the_decay_begins(name: str) -> None:
    size = SIZES[name]
    plan = plan_of_size(size)
    assert plan.total_steps == size.total_steps
    assert plan.first_step(size.branch_round + 1) == size.branch_step == plan.train.decay_start
    tokens = size.total_steps * size.batch * plan.data.sequence_length
    if name != "tiny":
        assert 0.7 <= size.branch_step / size.total_steps <= 0.8
        assert tokens / (size.train_bytes / 2) >= 8  # epochs, were a token as short as two bytes
