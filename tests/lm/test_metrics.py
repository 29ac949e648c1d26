from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hanse.errors import MissingExtraError
from hanse.lm.metrics import Metrics, Tracker, _stepped, matmul_flops


def test_records_are_json_lines_in_order(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "deep" / "metrics.jsonl")
    metrics.write({"step": 1, "loss": 2.5})
    metrics.write({"step": 2, "dev/notes/bits_per_byte": 1.25})
    lines = (tmp_path / "deep" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]
    assert lines[0] == '{"loss": 2.5, "step": 1}'


def test_no_path_writes_nothing() -> None:
    Metrics(None).write({"step": 1})


@pytest.mark.parametrize("tracker", ["trackio", "wandb", "tensorboard"])
def test_a_tracker_that_is_not_installed_is_named(tmp_path: Path, tracker: Tracker) -> None:
    if find_spec(tracker) is not None:
        pytest.skip(f"{tracker} is installed here")
    with pytest.raises(MissingExtraError, match=tracker):
        Metrics(tmp_path / "metrics.jsonl", tracker)


def test_a_tracker_gets_the_step_beside_the_record() -> None:
    sent: list[tuple[dict[str, float], int]] = []
    _stepped(lambda record, step: sent.append((record, step)))({"step": 3, "loss": 1.5})
    assert sent == [({"loss": 1.5}, 3)]


def test_utilization_is_work_over_what_the_machine_reaches() -> None:
    metrics = Metrics(None)
    weights = {"a": np.zeros(1000, np.float32)}
    assert metrics.utilization(weights, 10, 0.0) == 0.0
    assert metrics.utilization(weights, 10**6, 1.0) >= 0
    assert matmul_flops(64, 2) > 1e6
    assert matmul_flops(64, 2, bf16=True) > 1e6
