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
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from hanse.case.calibrate import calibrate
from hanse.case.parameters import PARAMETERS
from hanse.case.private import OWN_TASKS, PRESETS, Private
from hanse.case.result import Document
from hanse.case.solve import Question, solve
from hanse.charter.lint.check import lint_document
from hanse.charter.lint.rules import RULES
from hanse.charter.schema import load_toml, parse_charter
from hanse.cli.case import case
from hanse.cli.main import STAGES, hanse
from hanse.cli.outlook import outlook
from hanse.cli.quantize import NAMES
from hanse.consortium.standing import OFFICER_KINDS, SITE_KINDS
from hanse.hedge.compare.forecast import Forecast, Power
from hanse.hedge.compare.journal import Journal
from hanse.hedge.compare.paired import Comparison, Rule, Slice, decide
from hanse.hedge.compare.run import Pair, Plan, run
from hanse.hedge.compare.summary import document
from hanse.hedge.compare.tasks import Accepted, Message, Numeric, Pairwise, Python, Regex, Schema, Task
from hanse.hedge.drill.record import Drilled, Generated, History, Machine, Network, Record, Stage
from hanse.hedge.engine.base import Answer
from hanse.hedge.engine.fixed import FixedEngine
from hanse.hedge.lock.schema import LockedFile, LockedLicense, LockedModel
from hanse.hedge.quantize.architectures import TABLE
from hanse.hedge.quantize.formats import FORMATS as FORMATS_OF_GGUF
from hanse.hedge.quantize.show import Shown, Tensor
from hanse.hedge.record.line import Environment
from hanse.hedge.record.made import FACTS, Side
from hanse.outlook.catalogue.tables import shipped
from tests import warm

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


@pytest.mark.parametrize("model", [LockedModel, LockedLicense, LockedFile, Record, Drilled, Network, Stage, Generated, Machine,
                                   History])
def test_every_key_of_the_lock_and_of_a_drill_is_named(model: type[BaseModel]) -> None:
    page = FORMATS[FORMATS.index("## models.lock") :]
    assert [key for key in model.model_fields if f"`{key}`" not in page] == []


@pytest.mark.parametrize("model", [*dict.fromkeys(FACTS.values()), Side, Environment])
def test_every_key_of_the_hedge_s_record_is_named(model: type[BaseModel]) -> None:
    page = FORMATS[FORMATS.index("## The hedge's record") : FORMATS.index("## A case")]
    assert [key for key in model.model_fields if f"`{key}`" not in page and f'"{key}"' not in page] == []
    assert [kind for kind in FACTS if f"`{kind}`" not in page] == []


@pytest.mark.parametrize("model", [Task, Message, Accepted, Regex, Numeric, Schema, Python, Pairwise])
def test_every_key_of_a_task_is_named(model: type[BaseModel]) -> None:
    page = FORMATS[FORMATS.index("## Tasks") : FORMATS.index("## A comparison")]
    assert [key for key, field in model.model_fields.items() if f"`{field.alias or key}`" not in page] == []


def test_every_key_of_a_comparison_document_is_named() -> None:
    page = FORMATS[FORMATS.index("## A comparison") :]
    right, wrong = Answer("yes", 1, 1, 1.0, 1.0, False), Answer("no", 1, 1, 1.0, 1.0, False)
    check = Accepted(kind="accepted", answers=("yes",))
    tasks = tuple(Task(id=name, prompt="?", check=check, slices=("a",)) for name in ("a", "b"))
    pair: Pair = {"incumbent": FixedEngine("a", {"a": right, "b": right}), "substitute": FixedEngine("b", {"a": wrong, "b": wrong})}
    plan = Plan(tasks, "", Path(), Rule(Fraction(1, 2), 2))
    journal = Journal(None, {})
    journal.marks["a"] = None, "why"
    made = document(run(plan, pair, None, journal), pair, {})
    assert made["items_worse"]
    assert [key for key in sorted(keys_of(made)) if f"`{key}`" not in page and key not in Task.model_fields] == []


def test_the_compare_page_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    said = run_blocks(page, tmp_path)
    assert "swap: after" in said
    assert said.splitlines()[-1].startswith("keep ")
    assert (tmp_path / "new.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    promised = re.search(r"difference, (\d+) at 1/2, (\d+) at 1/20, (\d+) at 1/50", page)
    assert promised is not None
    found = [decide([0.0] * 300, Rule(Fraction(1, margin), 300))[1] for margin in (2, 20, 50)]
    assert found == [int(number) for number in promised.groups()]


def test_the_tune_page_runs_as_it_stands_and_every_key_of_its_document_is_named(tmp_path: Path) -> None:
    run_blocks((ROOT / "docs" / "tune.md").read_text(encoding="utf-8"), tmp_path)
    told = json.loads((tmp_path / "tuned.json").read_bytes())
    assert (tmp_path / "again" / "model.safetensors").is_file()
    page = FORMATS[FORMATS.index("## A tuned model") :]
    inner = {key for name in ("identity", "base", "data", "result", "estimate", "machine") for key in told[name]}
    assert [key for key in sorted({*told, *inner, *told["samples"][0]}) if f"`{key}`" not in page] == []


@pytest.mark.slow
def test_the_distill_page_runs_as_it_stands(tmp_path: Path) -> None:
    said = run_blocks((ROOT / "docs" / "distill.md").read_text(encoding="utf-8"), tmp_path)
    assert "at equal tokens the taught student is" in said
    for page in ("distilled/distilled.html", "family/family.html"):
        assert (tmp_path / page).read_text(encoding="utf-8").startswith("<!doctype html>")
    formats = FORMATS[FORMATS.index("## A distilled model") :]
    told, whole = (json.loads((tmp_path / f"{name}.json").read_bytes()) for name in ("distilled/distilled", "family/family"))
    arms = [row for rows in told["arms"].values() for row in rows]
    gains = [row for rows in told["gains"].values() for row in rows]
    files = [item for member in whole["members"] for item in member["files"]]
    groups = [told, told["teacher"], told["student"], told["data"], told["lead"], told["arms"], *arms, *gains, whole,
              *whole["members"], *files]  # fmt: skip
    assert [key for key in sorted({key for group in groups for key in group}) if f"`{key}`" not in formats] == []


@pytest.mark.parametrize("made", [Comparison, Rule, Power, Forecast, Slice])
def test_every_key_of_a_comparison_is_named(made: type) -> None:
    page = FORMATS[FORMATS.index("## A comparison") :]
    assert [field.name for field in dataclasses.fields(made) if f"`{field.name}`" not in page] == []


@pytest.mark.parametrize("made", [Shown, Tensor])
def test_every_key_of_a_quantized_file_is_named(made: type) -> None:
    page = FORMATS[FORMATS.index("## A quantized file") :]
    assert [field.name for field in dataclasses.fields(made) if f"`{field.name}`" not in page] == []


def test_the_page_on_quantizing_has_every_format_and_architecture() -> None:
    page = (ROOT / "docs" / "quantize.md").read_text(encoding="utf-8")
    assert [name for name in (*FORMATS_OF_GGUF, *TABLE) if f"`{name}`" not in page] == []
    assert set(NAMES) == {*FORMATS_OF_GGUF, "ct2-int8"}


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
    done = CliRunner().invoke(hanse, [*names, "--help"])
    assert done.exit_code == 0, words
    for option in (word for word in words if word.startswith("--")):
        assert option in done.output, (words, option)


def run_blocks(page: str, tmp_path: Path) -> str:
    """What the shell blocks of a page print, run one after another in an empty folder; they must all end well."""
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.S))
    path = warm.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    environment = os.environ | {"PATH": path, "HANSE": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=1200,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_the_walkthrough_runs_as_it_stands(tmp_path: Path) -> None:
    run_blocks((ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8"), tmp_path)
    replayed = json.loads((tmp_path / "replay.json").read_text())
    assert replayed["verdict"] == "identical"
    assert len(replayed["rounds"]) == 17
    for site in ("ada", "bob"):
        assert f"complete: state {replayed['state']}" in (tmp_path / f"{site}.log").read_text()
    assert (tmp_path / "proof.txt").read_text().startswith("c2sp.org/tlog-proof@v1\nindex 3\n")


def test_the_charter_page_has_every_rule_of_the_lint_as_the_code_has_it() -> None:
    page = (ROOT / "docs" / "charter.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \|$", page, re.M)
    assert rows == [(rule.name, rule.severity, rule.why) for rule in RULES]


def test_the_charter_page_runs_as_it_stands_and_its_charter_lints_clean(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "charter.md").read_text(encoding="utf-8")
    (small,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    (tmp_path / "small.toml").write_text(small, encoding="utf-8")
    assert lint_document(load_toml(tmp_path / "small.toml")) == ()
    said = run_blocks(page, tmp_path)
    assert "1 charter: no findings" in said
    assert "notice_days = 90" in (tmp_path / "proposal.toml").read_text(encoding="utf-8")
    assert "5 signed, complete" in said
    assert "### Withdrawal" in (tmp_path / "changes.md").read_text(encoding="utf-8")


def test_the_settings_page_is_that_of_the_models() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page_of("settings")


def test_the_outlook_page_is_that_of_the_catalogue() -> None:
    assert (ROOT / "docs" / "outlook.md").read_text(encoding="utf-8") == page_of("outlook")


@pytest.mark.slow
def test_the_equations_page_is_that_of_the_case() -> None:
    assert (ROOT / "docs" / "equations.md").read_text(encoding="utf-8") == page_of("equations")


@pytest.mark.parametrize("name", [item.name for item in PARAMETERS])
def test_every_parameter_of_the_case_stands_in_an_equation(name: str) -> None:
    by_hand = (ROOT / "docs" / "equations.md").read_text(encoding="utf-8").split("## Parameters\n")[0]
    assert re.search(rf"\b{name}\b", by_hand)


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
    run_blocks(page, tmp_path)
    assert (tmp_path / "outlook.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_every_case_command_is_on_its_page() -> None:
    page = (ROOT / "docs" / "case.md").read_text(encoding="utf-8")
    assert [name for name in case.commands if name != "run" and f"hanse case {name}" not in page] == []


def test_the_presets_on_the_page_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "case.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d.]+)% \| ([\d.]+) M USD \| ([\d.]+) M USD \|$", page, re.M)
    assert [row[0] for row in rows] == list(PRESETS)
    for name, tokens, of_sales, control, early in rows:
        preset = PRESETS[name]
        assert float(tokens.replace(",", "")) == preset.tokens
        assert [float(control) * 1e6, float(early) * 1e6] == [preset.control, preset.early_month]
        assert float(of_sales) / 100 == pytest.approx(preset.of_sales)
    assert pytest.approx(1 / 3) == OWN_TASKS


def test_the_miss_of_history_that_the_case_page_names_is_the_only_one() -> None:
    assert [target.name for target in calibrate(1024, 1).misses] == ["open-lag-2024"]


def keys_of(value: object) -> set[str]:
    """Keys at any depth, but those that are names of members, parameters, rules, options or reasons."""
    named = ("structures", "reasons", "best", "bill", "net", "benefits", "costs", "shapley", "nucleolus", "least_core", "rules",
             "pays", "less_there", "sources")  # fmt: skip
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for key, item in value.items():
        found |= set().union(*map(keys_of, item.values())) if key in named and isinstance(item, dict) else keys_of(item)
    return found


def test_every_key_of_a_case_is_named() -> None:
    page = FORMATS[FORMATS.index("## A case") :]
    assert [key for key in sorted(keys_of(a_case())) if f"`{key}`" not in page] == []


def a_case() -> Document:
    charter = parse_charter(load_toml(ROOT / "examples" / "charters" / "tiered-foundation.toml"), "charter")
    return solve([Question("x", "x.toml", charter)], Private(preset="heavy"), 100, 1).document()


@pytest.mark.slow
def test_the_case_page_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "case.md").read_text(encoding="utf-8")
    run_blocks(page, tmp_path)
    assert json.loads((tmp_path / "case.json").read_text())["format"] == "hanse-case/1"
    assert (tmp_path / "advised.toml").exists()
    for name in ("case.html", "both.html"):
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_links_between_docs_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), (path.name, target)


def test_no_module_outgrows_its_job() -> None:
    files = [p for p in (ROOT / "src").rglob("*.py") if len(p.read_text().splitlines()) > 400]
    assert files == []
