"""The main path on a real model: SmolLM2-135M learns a format of ours within the memory it may take, `hanse compare` says swap, and
its Q8_0 answers behind the router; every step is in the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.hedge.quantize.making import smollm2
from tests.hedge.tune.tags import TOLD, begin, chat, check_swapped, check_verdict, hanse, serve


@pytest.mark.slow
def test_smollm2_learns_our_format_and_is_served_by_its_verdict(tmp_path: Path) -> None:
    smollm2(tmp_path / "smollm2")
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"messages": chat(*pair)}) + "\n" for pair in TOLD))
    (tmp_path / "TUNE.toml").write_text(
        'base = "smollm2"\ndata = "data.jsonl"\nevaluation = "tasks.jsonl"\nsteps = 6\nbatch_tokens = 150\n'
        "threads = 1\nheld_permille = 0\n"
        "samples = 1\nsample_tokens = 8\n"
    )
    begin(tmp_path)
    tuned = json.loads(hanse(tmp_path, "tune", "TUNE.toml", "--json"))
    assert tuned["data"]["examples"] == len(TOLD)
    assert tuned["data"]["overlapping"] == 0
    assert tuned["result"]["peak_memory_bytes"] < 2.2e9
    serve(tmp_path, "tuned/model")
    verdict = check_verdict(tmp_path, "served/smollm2.gguf", "tuned/model")
    assert verdict["engines"]["incumbent"]["kind"] == "gguf"
    assert verdict["engines"]["substitute"]["sha256"] == tuned["result"]["model_sha256"]
    made = [{"tune": [{"quantize": [{"lock": []}, {"route": []}]}, {"compare": []}]}, {"quantize": [{"lock": []}]}]
    assert check_swapped(tmp_path) == [{"lock": made}]
