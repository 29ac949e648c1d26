"""docs/route.md runs as it stands, and names every key of the routes file that a reader meets there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import warm

from hanse.hedge.route.routes import load_routes

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "route.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    script += "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S))
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    environment = kept | {"PATH": warm.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert '"what": "more"' not in done.stdout
    assert "small answers for assistant; a rollback leads to big" in done.stdout


def test_its_table_of_a_locked_engine_is_one(tmp_path: Path) -> None:
    (table,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    (tmp_path / "routes.toml").write_text(f'{table}[route.assistant]\ntarget = "small"\n')
    assert load_routes(tmp_path / "routes.toml").target["small"].url is None
