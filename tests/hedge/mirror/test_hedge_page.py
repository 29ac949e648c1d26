"""docs/hedge.md runs as it stands; after its third step the hub forgets the model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hedge.hub_server import Hub, running
from tests.hedge.mirror import tiny_llama

from hanse.cli.main import STAGES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "hedge.md").read_text(encoding="utf-8")
NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"


def run(blocks: list[str], folder: Path, environment: dict[str, str]) -> None:
    script = "set -euo pipefail\n" + "".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.skipif("scan" not in STAGES["Hedge"], reason="`hanse scan` is not there yet")
def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    source = tiny_llama.write(tmp_path / "source")
    files = {path.name: path.read_bytes() for path in source.iterdir()} | {
        "README.md": b"---\nlicense: apache-2.0\n---\n# A stand-in\n",
        "LICENSE": b"Apache License, as of the day of locking\n" * 20,
    }
    work = tmp_path / "work"
    work.mkdir()
    (work / "app.py").write_text(f'from transformers import pipeline\n\nspeak = pipeline(model="{NAME}")\n')
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    with running(Hub()) as hub:
        hub.push(NAME, files)
        environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_TELEMETRY": "1",
        }  # fmt: skip
        before, after = PAGE.split("From here on the hub may be gone.")
        blocks = [re.findall(r"```sh\n(.*?)```", half, re.S) for half in (before, after)]
        run(blocks[0], work, environment)
        hub.repos.clear()
        run(blocks[1], work, environment)
    assert {path.name for path in (work / "from-mirror").iterdir() if path.is_file()} == set(files)
