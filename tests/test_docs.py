"""The docs are under test: every command, entry kind and codec has its place; every README command exists."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from hanse.cli.main import STAGES
from hanse.cli.outlook import outlook
from hanse.consortium.standing import OFFICER_KINDS, SITE_KINDS
from hanse.hedge.compare.forecast import Forecast, Power
from hanse.hedge.compare.paired import Comparison, Rule, Slice
from hanse.hedge.compare.tasks import Accepted, Message, Numeric, Pairwise, Python, Regex, Schema, Task
from hanse.hedge.drill.record import Drilled, Generated, Machine, Network, Record, Stage
from hanse.hedge.lock.schema import LockedFile, LockedLicense, LockedModel
from hanse.outlook.catalogue.tables import shipped

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
COMMANDS = [name for stage in STAGES.values() for name in stage]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`hanse {name}`" in README or f"hanse {name} " in README


@pytest.mark.parametrize("kind", sorted(OFFICER_KINDS | SITE_KINDS))
def test_every_entry_kind_has_its_row(kind: str) -> None:
    assert f"| `{kind}` |" in FORMATS


@pytest.mark.parametrize("codec", ["fixed32", "int8", "1bit", "topk"])
def test_every_codec_has_its_row(codec: str) -> None:
    assert f"| `{codec}` |" in FORMATS


@pytest.mark.parametrize("model", [LockedModel, LockedLicense, LockedFile, Record, Drilled, Network, Stage, Generated, Machine])
def test_every_key_of_the_lock_and_of_a_drill_is_named(model: type[BaseModel]) -> None:
    page = FORMATS[FORMATS.index("## models.lock") :]
    assert [key for key in model.model_fields if f"`{key}`" not in page] == []


@pytest.mark.parametrize("model", [Task, Message, Accepted, Regex, Numeric, Schema, Python, Pairwise])
def test_every_key_of_a_task_is_named(model: type[BaseModel]) -> None:
    page = FORMATS[FORMATS.index("## Tasks") : FORMATS.index("## A comparison")]
    assert [key for key, field in model.model_fields.items() if f"`{field.alias or key}`" not in page] == []


@pytest.mark.parametrize("made", [Comparison, Rule, Power, Forecast, Slice])
def test_every_key_of_a_comparison_is_named(made: type) -> None:
    page = FORMATS[FORMATS.index("## A comparison") :]
    assert [field.name for field in dataclasses.fields(made) if f"`{field.name}`" not in page] == []


def test_the_readme_starts_with_the_two_commands() -> None:
    first = re.search(r"```sh\n(.*?)```", README, re.S)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text()
    assert "\ndemo: " in makefile
    assert "\ntest: " in makefile


def test_every_hanse_line_of_the_docs_names_a_command_and_options_that_exist() -> None:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(r"```sh[^\n]*\n(.*?)```", path.read_text(encoding="utf-8"), re.S):
            for line in block.splitlines():
                if line.startswith("hanse "):
                    check_line(line.split("#")[0].split())


def check_line(words: list[str]) -> None:
    names = [word for word in words[1:3] if re.fullmatch(r"[a-z]+", word)]
    done = subprocess.run(
        [sys.executable, "-m", "hanse.cli.main", *names, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, words
    for option in (word for word in words if word.startswith("--")):
        assert option in done.stdout, (words, option)


@pytest.mark.slow
def test_the_walkthrough_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.S))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "HANSE": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    replayed = json.loads((tmp_path / "replay.json").read_text())
    assert replayed["verdict"] == "identical"
    assert len(replayed["rounds"]) == 17
    for site in ("ada", "bob"):
        assert f"complete: state {replayed['state']}" in (tmp_path / f"{site}.log").read_text()
    assert (tmp_path / "proof.txt").read_text().startswith("c2sp.org/tlog-proof@v1\nindex 3\n")


def test_the_settings_page_is_that_of_the_models() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page_of("settings")


def test_the_outlook_page_is_that_of_the_catalogue() -> None:
    assert (ROOT / "docs" / "outlook.md").read_text(encoding="utf-8") == page_of("outlook")


def page_of(name: str) -> str:
    found = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return str(module.render())


def test_every_outlook_command_is_on_its_page() -> None:
    page = (ROOT / "docs" / "outlook.md").read_text(encoding="utf-8")
    assert [name for name in outlook.commands if f"hanse outlook {name}" not in page] == []


def test_the_outlook_page_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "outlook.md").read_text(encoding="utf-8")
    with open(tmp_path / "eci_scores.csv", "w", newline="", encoding="utf-8") as file:  # as the publisher lays it out
        writer = csv.writer(file)
        writer.writerow(["Model", "eci", "eci_ci_low", "eci_ci_high", "date", "Organization", "Model accessibility"])
        access = {"open": "Open weights (unrestricted)", "closed": "API access", "unknown": ""}
        writer.writerows([(s.name, s.eci, s.low, s.high, s.date, s.organization, access[s.access]) for s in shipped().scores])
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.S))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True,
                          text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "outlook.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_links_between_docs_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), (path.name, target)


def test_no_module_outgrows_its_job() -> None:
    files = [p for p in (ROOT / "src").rglob("*.py") if len(p.read_text().splitlines()) > 400]
    assert files == []
