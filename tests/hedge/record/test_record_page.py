"""docs/record.md runs as it stands, on a tiny model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import warm
from tests.hedge.quantize.making import small

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "record.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    small(tmp_path / "model")
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S))
    path = warm.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    environment = os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "problem:" not in done.stdout
    assert "drilled on" in done.stdout
    assert len((tmp_path / "models.intoto.jsonl").read_bytes().splitlines()) == 8
    assert (tmp_path / "hedge.html").read_text(encoding="utf-8").startswith("<!doctype html>")
