"""`hanse outlook` as a person types it: every command once as text and as JSON, one's own tables, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.desk import Done
from tests.outlook.rows import LAST, before, catalogue, day, event, frontier, lab, scored, shipped

from hanse.cli.main import main
from hanse.outlook.catalogue.tables import TABLES, read_catalogue, write_catalogue
from hanse.outlook.check import FILE, write_computed
from hanse.outlook.claims.questions import claims
from hanse.outlook.signals import signals

Hanse = Callable[..., Done]


@pytest.fixture
def hanse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hanse:
    """`hanse outlook` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["hanse", "outlook", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(str(ended.value.code)), captured.out, captured.err)

    return run


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A folder of few rows: a lab near the frontier four times a year, a small one, and one that nobody scored."""
    days = [day("2023-03-01") + timedelta(days=90 * at) for at in range(14)]
    pairs = [
        scored(
            f"a-{when}", "a", when, 3 + when.month % 3, confidence="single source" if when.year < 2024 else "verified"
        )
        for when in days
    ]
    pairs += [
        scored("b-1", "b", day("2025-03-01"), 14, 8),
        scored("c-1", "c", before(LAST, 5), None, license="Metered"),
    ]
    events = [
        event("e-1", "a", day("2025-03-01"), "departure", what="A leader left a."),
        event(
            "e-2", "c", day("2025-05-01"), "funding", precision="month", confidence="low", usd_m=5, what="c got money."
        ),
    ]
    rows = catalogue(pairs, frontier(step=14), events, [lab("a", name="Alpha Lab", aliases="A"), lab("b"), lab("c")])
    write_catalogue(tmp_path / "own", rows)
    write_computed(rows, tmp_path / "own")
    return str(tmp_path / "own")


def well(done: Done) -> str:
    assert done.code == 0, done.err
    return done.out


def parsed(done: Done) -> Any:
    """The output as strict JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(well(done), parse_constant=refuse)


# --- every command


def test_the_group_lists_its_commands(hanse: Hanse) -> None:
    text = well(hanse("--help"))
    for name in (
        "claims",
        "claim",
        "signals",
        "supply",
        "backtest",
        "brief",
        "report",
        "check",
        "compute",
        "copy",
        "import",
    ):
        assert f"\n  {name} " in text


def test_claims_are_printed_with_their_figures_and_verdicts(hanse: Hanse) -> None:
    text = well(hanse("claims"))
    found = parsed(hanse("claims", "--json"))
    assert found == json.loads(json.dumps([claim.as_json() for claim in claims(shipped())]))
    assert text.count("● holds") == sum(c["verdict"] == "holds" for c in found)
    assert text.count("○ does not hold") == sum(c["verdict"] == "does not hold" for c in found)
    assert f"on {len(shipped().releases)} releases" in text


def test_a_claim_is_told_in_full(hanse: Hanse, own: str) -> None:
    found = parsed(hanse("claim", "8", "--json", "--catalogue", own))
    text = well(hanse("claim", "8", "--catalogue", own))
    assert found["number"] == 8
    assert f"\n{found['verdict'].upper()}\n" in text
    for part in (
        found["claim"],
        found["all"]["rule"],
        found["all"]["figure"],
        found["verified"]["figure"],
        *found["all"]["notes"],
    ):
        assert part in text


def test_signals_are_filtered_by_lab_and_date(hanse: Hanse, own: str) -> None:
    found = parsed(hanse("signals", "--lab", "alpha lab", "--since", "2025-03", "--json", "--catalogue", own))
    wanted = signals(read_catalogue(Path(own)), "a", day("2025-03-01"))
    assert [row["id"] for row in found] == [signal.id for signal in wanted]
    assert {row["name"] for row in found} == {"Alpha Lab"}
    text = well(hanse("signals", "--since", "2025-03-01", "--catalogue", own))
    assert "A leader left a." in text
    assert "2025-05 " in text
    assert "2025-05-01" not in text
    assert "c got money." not in well(hanse("signals", "--catalogue", own, "--verified-only"))
    assert len(parsed(hanse("signals", "--json"))) == len(signals(shipped()))


def test_supply_is_told_with_who_can_be_forecast_and_who_cannot_be_rated(hanse: Hanse, own: str) -> None:
    found = parsed(hanse("supply", "--json", "--catalogue", own))
    assert found.keys() == {"catalogue", "supply", "survival", "forecast"}
    assert {row["lab"]: row["state"] for row in found["forecast"]} == {
        "a": "forecast",
        "b": "not near",
        "c": "cannot rate",
    }
    text = well(hanse("supply", "--catalogue", own))
    assert "14 times between near-frontier open releases, 13 of them ended: median 2.96 months" in text
    assert "large and never scored: C 1" in text
    fewer = parsed(hanse("supply", "--json", "--verified-only", "--catalogue", own))
    assert fewer["catalogue"]["releases"] < found["catalogue"]["releases"]


def test_the_backtest_prints_scores_and_where_hindsight_leaks_in(hanse: Hanse, own: str) -> None:
    found = parsed(hanse("backtest", "--json", "--catalogue", own))
    assert [test["horizon_months"] for test in found] == [12, 6]
    assert [method["method"] for method in found[0]["methods"]] == ["cox", "base rate", "last half-year repeats"]
    text = well(hanse("backtest", "--catalogue", own))
    assert all(test["verdict"] in text for test in found)
    assert all(f"  - {leak}" in text for leak in found[0]["leaks"])
    assert parsed(hanse("backtest", "--json", "--events"))[0]["events"] is True
    assert parsed(hanse("backtest", "--json", "--verified-only"))[0]["events"] is False


def test_a_brief_is_printed_written_or_given_as_json(hanse: Hanse, own: str, tmp_path: Path) -> None:
    models = ["--models", "c-1,b-1, somebody/else", "--catalogue", own]
    text = well(hanse("brief", *models))
    assert text.startswith("# Open models you depend on\n")
    assert "| c-1 | cannot rate | C 1," in text
    assert "not in the catalogue" in text
    assert well(hanse("brief", *models, "--out", "brief.md")) == "brief.md: 3 models\n"
    assert (tmp_path / "brief.md").read_text() == text
    assert "[b-1]" in well(hanse("brief", *models, "--sources"))
    assert "[b-1]" not in text
    found = parsed(hanse("brief", *models, "--json", "--verified-only"))
    assert {m["asked"] for m in found["models"]} == {"c-1", "b-1", "somebody/else"}
    (tmp_path / "models.lock").write_text('[[model]]\nrepository = "x/b-1"\n')
    assert "### x/b-1: low" in well(hanse("brief", "--models", "models.lock", "--catalogue", own))


def test_a_report_is_one_page_or_json(hanse: Hanse, own: str, tmp_path: Path) -> None:
    done = hanse("report", "--out", "page.html", "--catalogue", own)
    assert well(done) == "page.html: open it in a browser; it fetches nothing\n"
    assert (tmp_path / "page.html").read_text().lstrip().lower().startswith("<!doctype html>")
    assert "claims ..." in done.err
    assert "signals ..." in done.err
    found = parsed(hanse("report", "--json", "--verified-only", "--catalogue", own))
    assert found["catalogue"]["verified_only"] is True
    assert len(found["claims"]) == 14


def test_check_finds_nothing_in_the_shipped_tables(hanse: Hanse) -> None:
    rows = shipped()
    count = sum(len(getattr(rows, name)) for name in ("releases", "labs", "events", "scores", "licenses"))
    assert well(hanse("check")) == f"{count} rows of releases, labs, events, scores and licenses: nothing wrong\n"
    assert parsed(hanse("check", "--json")) == []


def test_a_copy_is_the_shipped_tables_and_never_overwrites(hanse: Hanse, tmp_path: Path) -> None:
    assert "mine: 10 tables" in well(hanse("copy", "mine"))
    assert read_catalogue(tmp_path / "mine") == shipped()
    assert hanse("check", "--catalogue", "mine").code == 0
    kept = {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    assert set(kept) == {f"{name}.csv" for name in TABLES} | {FILE}
    done = hanse("copy", "mine")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == "error: mine: has a catalogue already (releases.csv); choose another folder, nothing was overwritten\n"
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == kept


def test_an_edited_table_shows_in_everything_and_its_columns_are_computed_anew(hanse: Hanse, own: str) -> None:
    path = Path(own) / "releases.csv"
    text = path.read_text()
    assert text.count(",8,,MIT,") == 1
    path.write_text(text.replace(",8,,MIT,", ",80,9,Metered,"))
    done = hanse("check", "--catalogue", own)
    assert done.code == 1
    assert "license_class" in done.out
    assert "says open, follows metered" in done.out
    problems = json.loads(hanse("check", "--json", "--catalogue", own).out)
    assert {p["column"] for p in problems} == {"tier_6", "tier_9", "tier_12", "license_class"}
    assert well(hanse("compute", own)) == f"{own}/computed.csv: 16 releases\n"
    assert hanse("check", "--catalogue", own).code == 0


def test_a_publishers_file_is_taken_into_a_catalogue_of_ones_own(hanse: Hanse, tmp_path: Path) -> None:
    header = "Model,eci,eci_ci_low,eci_ci_high,date,Organization,Model accessibility\n"
    (tmp_path / "eci.csv").write_text(
        f"{header}Nobody's model,101.5,99,104,2026-08-01,Nobody,API access\nbroken,x,,,2026-08-01,Nobody,API access\n"
    )
    arguments = ["import", "eci", "eci.csv", "--into", "mine", "--vintage", "2026-09-01"]
    found = parsed(hanse(*arguments, "--json", "--rejects", "rejects.csv"))
    assert found["read"] == 2
    assert sum(found["kept"].values()) == 1
    assert (tmp_path / "rejects.csv").read_text().splitlines()[1].startswith("eci.csv,3,not a number,")
    assert "2 lines read into mine" in well(hanse(*arguments))
    assert "Nobody's model" in {score.name for score in read_catalogue(tmp_path / "mine").scores}


# --- what is refused

REFUSED = {
    "an unknown lab": (["signals", "--lab", "Atlantis"], "Atlantis: no such lab; known are 01ai,"),
    "a lab that could be several": (["signals", "--lab", "research"], "research: no such lab; could be "),
    "a bad day": (["signals", "--since", "last May"], "--since last May: expected 2026-01 or 2026-01-31"),
    "a month that is none": (["signals", "--since", "2026-13"], "--since 2026-13: expected"),
    "a folder that is not there": (["claims", "--catalogue", "none"], "none/releases.csv: cannot read: No such file or directory"),
    "a file for a folder": (["check", "--catalogue", "file"], "file/releases.csv: cannot read: Not a directory"),
    "no model": (["brief", "--models", " , "], "names no model; give names with commas"),
    "a lock that is not there": (["brief", "--models", "none.lock"], "none.lock: cannot read models from it"),
    "a vintage that is no day": (
        ["import", "eci", "file", "--into", "x", "--vintage", "soon"], "--vintage soon: expected a day like 2026-11-25"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_one_line_and_code_2(name: str, hanse: Hanse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    arguments, message = REFUSED[name]
    done = hanse(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "arguments", [["claim", "15"], ["claim"], ["brief"], ["import", "nobody", "f"], ["compute", "none"]]
)
def test_what_click_refuses_ends_with_code_2_too(arguments: list[str], hanse: Hanse) -> None:
    done = hanse(*arguments)
    assert done.code == 2
    assert "Usage: " in done.err


EDITS = {
    "a column gone": ("scores", "eci,low", "eci", "scores.csv: wrong header: missing ['low']"),
    "a bad cell": (
        "events",
        ",departure,",
        ",farewell,",
        "events.csv line 2, column kind: Input should be 'departure'",
    ),
    "a bad date": ("releases", "2025-03-01", "1 March", "releases.csv line 16, column date: "),
    "no score": ("scores", None, "", "scores.csv: has no rows"),
    "an unknown lab": (
        "releases",
        ",b-1,b,",
        ",b-1,nobody,",
        "own: nobody: no id in labs.csv; `hanse outlook check --catalogue ",
    ),
}


@pytest.mark.parametrize("command", ["claims", "supply", "backtest"])
@pytest.mark.parametrize("name", EDITS)
def test_a_table_with_a_mistake_is_named(name: str, command: str, hanse: Hanse, own: str) -> None:
    table, old, new, message = EDITS[name]
    path = Path(own) / f"{table}.csv"
    text = path.read_text()
    if old is None:
        path.write_text(text.splitlines()[0] + "\n")
    else:
        assert old in text
        path.write_text(text.replace(old, new, 1))
    done = hanse(command, "--catalogue", own)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_check_tells_every_problem_with_code_1(hanse: Hanse, own: str) -> None:
    path = Path(own) / "releases.csv"
    path.write_text(path.read_text().replace(",b-1,b,", ",b-1,nobody,").replace(",c-1,c,", ",c-1,someone,"))
    (Path(own) / FILE).unlink()
    done = hanse("check", "--json", "--catalogue", own)
    assert done.code == 1
    found = json.loads(done.out)
    assert {(p["table"], p["row"], p["column"]) for p in found} == {
        ("releases", "b-1", "lab"), ("releases", "c-1", "lab"), ("computed", "computed.csv", "file")}  # fmt: skip
    text = hanse("check", "--catalogue", own)
    assert text.code == 1
    assert "nobody is no id in labs.csv" in text.out


# --- what it does not do

WATCH = """
import json, sys
seen = []
sys.addaudithook(lambda name, _: seen.append(name) if name.startswith("socket.") else None)
from hanse.cli.main import hanse
for arguments in json.loads(sys.argv[1]):
    hanse(["outlook", *arguments], standalone_mode=False)
loaded = [name for name in ("torch", "transformers", "datasets", "tokenizers") if name in sys.modules]
print(json.dumps({"sockets": seen, "loaded": loaded}), file=sys.stderr)
"""


def test_no_command_loads_torch_or_opens_a_socket(own: str, tmp_path: Path) -> None:
    there = ["--catalogue", own]
    commands = [
        ["claims"], ["claim", "4"], ["signals"], ["check"], ["supply", *there], ["backtest", *there], ["report", *there],
        ["brief", "--models", "kimi-k3", *there], ["copy", "mine"], ["compute", "mine"],
    ]  # fmt: skip
    done = subprocess.run([sys.executable, "-W", "error", "-c", WATCH, json.dumps(commands)], cwd=tmp_path, capture_output=True,
                          text=True, check=False, env=os.environ | {"COLUMNS": "200"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == {"sockets": [], "loaded": []}
