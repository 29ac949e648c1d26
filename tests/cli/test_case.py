"""`hanse case` as a person types it: every command as text and as JSON, the page it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.case.charters import mixed, ten
from tests.cli.desk import Done

from hanse.charter.schema import load_charter, print_charter
from hanse.cli.case.waiting import waiting
from hanse.cli.main import main

Hanse = Callable[..., Done]
SMALL = ("--draws=200", "--preset=heavy", "--quick")


@pytest.fixture
def hanse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hanse:
    """`hanse case` in a folder with two charters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("mixed.toml").write_text(print_charter(mixed()))
    Path("ten.toml").write_text(print_charter(ten()))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["hanse", "case", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(str(ended.value.code)), captured.out, captured.err)

    return run


def test_a_charter_alone_is_a_run(hanse: Hanse) -> None:
    short, long = hanse("mixed.toml", *SMALL), hanse("run", "mixed.toml", *SMALL)
    assert short.code == long.code == 0
    assert short.out == long.out
    assert "--preset" in hanse("--draws=200", "--help").out  # options may come first


def test_the_summary_answers_in_words_before_it_tabulates(hanse: Hanse) -> None:
    said = hanse("mixed.toml", *SMALL).out
    places = [said.index(part) for part in (
        "The model misses some of history", "Will it still ship near the frontier?", "Who pays what?", "Who leaves first, and why?",
        "under 12 months behind", "200 draws, seed 1, preset heavy")]  # fmt: skip
    assert places == sorted(places)


def test_json_is_one_document_and_the_same_again(hanse: Hanse) -> None:
    first, second = (hanse("mixed.toml", "ten.toml", "--json", *SMALL).out for _ in range(2))
    assert first == second
    assert [row["name"] for row in json.loads(first)["charters"]] == ["Anchor & friends", "Ten equal"]
    assert json.loads(first)["draws"] == 200


def test_the_page_is_written_beside_the_summary(hanse: Hanse) -> None:
    done = hanse("mixed.toml", "ten.toml", "--out=case.html", *SMALL)
    assert done.code == 0
    ET.fromstring(Path("case.html").read_text(encoding="utf-8").partition("\n")[2])
    assert "case.html: open it in a browser" in done.err


def test_private_numbers_change_the_answer_and_stay_out_of_the_document(hanse: Hanse) -> None:
    Path("private.toml").write_text('[[member]]\nname = "clinic"\ntokens = 123_456_789\n')
    own = hanse("mixed.toml", "--members=private.toml", "--json", *SMALL).out
    assert json.loads(own)["charters"] != json.loads(hanse("mixed.toml", "--json", *SMALL).out)["charters"]
    assert "123456789" not in own


def test_two_charters_of_one_name_are_told_apart_by_their_files(hanse: Hanse) -> None:
    Path("other.toml").write_text(Path("mixed.toml").read_text())
    names = [row["name"] for row in json.loads(hanse("mixed.toml", "other.toml", "--json", *SMALL).out)["charters"]]
    assert names == ["mixed", "other"]


def test_advice_prints_its_changes_as_prose_and_writes_the_charter(hanse: Hanse) -> None:
    done = hanse("advise", "mixed.toml", "--draws=400", "--preset=heavy", "--out=advised.toml")
    assert done.code == 0, done.err
    advised = load_charter(Path("advised.toml"))
    assert advised != mixed()
    assert "draws that the search had not seen" in done.out
    assert "## What changes" in done.out
    found = json.loads(hanse("advise", "mixed.toml", "--draws=400", "--preset=heavy", "--json").out)
    assert found["draws"] == 1600
    assert found["changes"]


def test_sensitivity_lists_every_parameter(hanse: Hanse) -> None:
    found = json.loads(hanse("sensitivity", "mixed.toml", "--base=16", "--preset=heavy", "--json").out)["influences"]
    assert {"patience", "catch_up", "chance"} <= {row["parameter"] for row in found}
    assert "patience" in hanse("sensitivity", "mixed.toml", "--base=16", "--preset=heavy").out


def test_calibration_says_what_was_met_missed_and_fitted(hanse: Hanse) -> None:
    found = json.loads(hanse("calibrate", "--draws=200", "--json").out)
    done = hanse("calibrate", "--draws=200")
    for target in found["targets"]:
        assert target["name"] in done.out
        assert ("MISSED: " + target["says"] in done.out) is (not target["met"])
    assert {"held out", "fitted: exit_hazard"} <= {part.strip() for part in done.out.replace("│", "\n").splitlines()}


CHARTER = "ten.toml"
BAD = {
    "a member that is not there": ('member = "company-3"\nkind', 'member = "company-33"\nkind',
                                   ("pledge.2.member: 'company-33' is not in the charter; it has: company-1, company-2",)),
    "a negative pledge": ('amount = "150_000_000 USD"', 'amount = "-150_000_000 USD"', ("pledge.0.amount: '-150_000_000 USD'",)),
    "an unknown rule": ("[release]", '[dues]\nrule = "fair"\nbudget = "1_000 USD"\n[release]',
                        ("dues.rule: ", "'equal', 'class', 'sales_share', 'key', 'usage', 'serial' or 'shapley'")),
    "contradictory dates": ('end = "2035-01-01"', 'end = "2026-01-01"', ("term: end 2026-01-01 is not after start 2027-01-01",)),
    "another currency": ('threshold = "1_200_000_000 USD"', 'threshold = "1_200_000_000 EUR"',
                         ("assurance.threshold: 1_200_000_000 EUR is not in the charter's currency; expected USD",)),
    "an unknown key": ("notice_days", "notice_day", ("withdrawal.notice_day: unknown key; did you mean notice_days?",)),
    "not TOML": ("[release]", "[release", ("not TOML", "line")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_charter_is_refused_naming_file_key_and_what_is_allowed(hanse: Hanse, name: str) -> None:
    before, after, said = BAD[name]
    good = Path(CHARTER).read_text()
    assert before in good
    Path(CHARTER).write_text(good.replace(before, after, 1))
    done = hanse(CHARTER, *SMALL, "--out=case.html")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {CHARTER}: ")
    assert all(part in done.err for part in said), done.err
    assert not Path("case.html").exists()


PRIVATE = {
    "a member that is not there": ('[[member]]\nname = "nobody"', "private.toml: member 'nobody' is not in the charter; it has: "),
    "negative tokens": ('[[member]]\nname = "clinic"\ntokens = -1', "private.toml: member.0.tokens: "),
    "an unknown preset": ('preset = "huge"', "private.toml: preset: Input should be 'light', 'typical' or 'heavy'"),
    "another currency": ('[[member]]\nname = "clinic"\ncontrol = "1 EUR"', "private.toml: member.0.control: 1 EUR is not in "),
    "years in the wrong order": ('[[grant]]\nsource = "State"\namount = "5 USD"\nfirst_year = 4\nlast_year = 2',
                                 "private.toml: grant.0: last_year 2 is before first_year 4"),
    "an unknown parameter": ('[[parameter]]\nname = "luck"\nvalue = "1/1"\nlow = "1/1"\nhigh = "1/1"', "luck"),
}  # fmt: skip


@pytest.mark.parametrize("name", PRIVATE)
def test_a_bad_private_file_is_refused_naming_file_key_and_what_is_allowed(hanse: Hanse, name: str) -> None:
    text, said = PRIVATE[name]
    Path("private.toml").write_text(text + "\n")
    done = hanse("mixed.toml", "--members=private.toml", *SMALL)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nowhere.toml"], "error: nowhere.toml: cannot read"), (["mixed.toml", "mixed.toml"], "error: mixed.toml: is given twice"),
     (["mixed.toml", "--preset=huge"], "'light', 'typical', 'heavy'"), (["mixed.toml", "--draws=1"], "--draws"),
     (["run"], "Missing argument"), (["--draws=200"], "Missing argument"),
     (["sensitivity", "mixed.toml", "--base=100"], "error: a base sample of 100: expected one of 16, 32")],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(hanse: Hanse, arguments: list[str], said: str) -> None:
    done = hanse(*arguments)
    assert done.code == 2
    assert said in done.err


def test_nothing_is_drawn_for_who_waits_less_than_two_seconds_or_has_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting() as seen:
        began = time.process_time()
        for done in range(100):
            seen("counting", done, 100)
        assert time.process_time() - began < 1
    assert capsys.readouterr() == ("", "")
