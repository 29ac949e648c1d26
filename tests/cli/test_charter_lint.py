"""`hanse charter lint` as a person types it: exit codes, one line a finding, the power table, JSON, explanations."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from tests.cli.desk import Done

from hanse.charter.lint.rules import RULES
from hanse.cli.main import main

Lint = Callable[..., Done]
EXAMPLES = Path(str(resources.files("hanse.charter") / "examples"))
FOUNDER = """name = "founder"
[[member]]
name = "ada"
[[member]]
name = "bob"
[[member]]
name = "cy"
[[sunset]]
member = "ada"
votes = 3
start = 2027-01-01
end = 2028-01-01
[term]
start = 2027-01-01
end = 2029-01-01
renewal = "ends"
[decision.stop]
passes = "> 1/2 of roll"
any_members = 2
lapses_hours = 24
[decision.routine]
passes = "> 1/2 of roll"
lazy_hours = 72
[[veto]]
member = "bob"
kinds = ["stop"]
until = 2028-01-01
"""


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    """`hanse charter lint` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["hanse", "charter", "lint", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(str(ended.value.code)), captured.out, captured.err)

    return run


def test_a_clean_charter_is_exit_code_0_and_a_finding_1(lint: Lint) -> None:
    good, bad = EXAMPLES / "ten-equal.toml", EXAMPLES / "bad" / "arrears-order.toml"
    assert lint(good) == Done(0, "1 charter: no findings\n", "")
    done = lint(good, bad)
    assert done.code == 1
    assert done.out.splitlines() == [
        f"{bad}: error: arrears: days are out of order: notice 60, suspension 75, end 45; "
        "let each step come no earlier than the one before [arrears-order]",
        "2 charters: 1 finding",
    ]


def test_what_cannot_be_read_is_exit_code_2(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "open.toml").write_text("name = ")
    for name, words in (("none.toml", "cannot read: No such file"), ("open.toml", "not TOML")):
        done = lint(EXAMPLES / "ten-equal.toml", name)
        assert (done.code, done.out) == (2, "")
        assert words in done.err
    assert lint().code == 2
    assert lint("--before", "none.toml", EXAMPLES / "ten-equal.toml").code == 2


def test_rights_lost_since_the_charter_before_are_named(lint: Lint) -> None:
    bad = EXAMPLES / "bad"
    done = lint(bad / "right-removed.toml", "--before", bad / "right-removed.before.toml")
    assert done.code == 1
    assert "warning: member: cy had a vote and has none; " in done.out
    assert lint(bad / "right-removed.toml").code == 0


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_the_power_table_says_who_and_from_when(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "founder.toml").write_text(FOUNDER)
    done = lint("founder.toml", "--power")
    rows = [cells(line) for line in done.out.splitlines() if line.startswith("│")]
    assert rows == [
        ["routine", "2027-01-01", "5", "3", "ada", "nobody", "ada", "nobody", "1 / 1 / 1", "silence for 72 h passes"],
        ["routine", "2028-01-01", "3", "3", "nobody", "any of 3 pairs", "nobody", "any of 3 pairs", "2 / 2 / 2",
         "silence for 72 h passes"],
        ["stop", "2027-01-01", "5", "3", "ada", "nobody", "ada", "nobody", "1 / 1 / 1", "any 2 at once; veto: bob"],
        ["stop", "2028-01-01", "3", "3", "nobody", "any of 3 pairs", "nobody", "any of 3 pairs", "2 / 2 / 2", "any 2 at once"],
    ]  # fmt: skip


def test_json_has_findings_and_table_whole(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "founder.toml").write_text(FOUNDER)
    done = lint("founder.toml", "--power", "--json")
    (report,) = json.loads(done.out)
    assert report["file"] == "founder.toml"
    assert [(one["rule"], one["where"]) for one in report["findings"]] == [("schedule-gap", "sunset")]
    assert report["power"][0]["pass_alone"] == ["ada"]
    assert (report["power"][0]["votes"], report["power"][1]["pass_pairs"][2]) == ("5", ["bob", "cy"])


def test_a_charter_that_does_not_parse_has_findings_and_no_table(lint: Lint) -> None:
    done = lint(EXAMPLES / "bad" / "missing-key.toml", "--power")
    assert done.code == 1
    assert "error: member: missing; add it [missing-key]" in done.out
    assert "no power table before the findings are mended" in done.err


def test_rules_are_explained(lint: Lint) -> None:
    done = lint("--explain", "all", "--json")
    assert [row["rule"] for row in json.loads(done.out)] == [rule.name for rule in RULES]
    done = lint("--explain", "schedule-gap")
    assert done.code == 0
    assert "year 2 is undefined" in done.out
    done = lint("--explain", "spelling")
    assert done.code == 2
    assert "there are: unknown-key, unknown-value" in done.err
