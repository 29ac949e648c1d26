"""From a template to a linted, signed charter, as a person types it."""

from __future__ import annotations

import re

from tests.cli.desk import Desk

from hanse.charter.template import names

DRAFT = ["found", "draft", "charter.toml", "plan.toml", "--out", "genesis.json"]
PASSES = '[decision.plan]\npasses = "{}"\n'


def test_templates_are_listed_with_what_they_are_for(desk: Desk) -> None:
    lines = desk.hanse("found", "template").out.splitlines()
    assert [line.split(": ")[0] for line in lines] == list(names())
    assert "ten-equal: One open model near the frontier" in desk.hanse("found", "template").out


def test_a_template_goes_to_a_file_that_is_not_there_or_to_standard_output(desk: Desk) -> None:
    said = desk.hanse("found", "template", "cern-key").out
    assert desk.hanse("found", "template", "cern-key", "--out", "cern.toml").out.startswith("cern.toml: fill in")
    assert (desk.folder / "cern.toml").read_text(encoding="utf-8") == said
    desk.refuses(["found", "template", "fifty", "--out", "cern.toml"], "cern.toml: is there already", "choose another file")
    desk.refuses(["found", "template", "fifty", "--out", "none/cern.toml"], "none/cern.toml: cannot write")
    desk.refuses(["found", "template", "cern"], "template 'cern': unknown; did you mean cern-key?")


def test_a_template_becomes_a_signed_charter(desk: Desk) -> None:
    (desk.folder / "charter.toml").unlink()
    desk.hanse("found", "template", "rival-startup", "--out", "charter.toml")
    desk.refuses(DRAFT, "officer: missing; add its key, as `hanse keys show` prints it")
    text = (desk.folder / "charter.toml").read_text(encoding="utf-8")
    members = re.findall(r'^name = "(.*)"\n# officer', text, re.M)
    for name in members:
        public = desk.hanse("keys", "new", f"{name}/officer", "--out", f"own/{name}.pem").out.strip()
        text = re.sub(rf'^(name = "{name}"\n)# officer = "".*', rf'\1officer = "{public}"', text, flags=re.M)
    desk.write("charter.toml", text)
    desk.hanse(*DRAFT)
    signed = desk.hanse("found", "sign", "genesis.json", *(f"--key=own/{name}.pem" for name in members)).out
    assert signed == f"genesis.json: {len(members)} signed, complete\n"


def test_a_charter_in_which_lint_finds_errors_is_not_founded_unless_it_is_meant(desk: Desk) -> None:
    text = (desk.folder / "charter.toml").read_text()
    desk.write("charter.toml", text + PASSES.format(">= 1/3 of cast") + '[decision.dues]\npasses = ">= 1/2 of cast"\n')
    before = desk.files()
    done = desk.run(*DRAFT)
    lines = done.err.splitlines()
    assert done.code == 2
    assert re.fullmatch(r"error: charter\.toml: lint finds \w+ errors; correct the charter, or .* --unlinted", lines[0])
    found = [line for line in lines if line.endswith("[support-under-half]")]
    assert [line.split(" lets")[0] for line in found] == [
        "charter.toml: decision.plan.passes: >= 1/3 of cast", "charter.toml: decision.dues.passes: >= 1/2 of cast",
    ]  # fmt: skip
    assert desk.files() == before
    assert "signed by nobody yet" in desk.hanse(*DRAFT, "--unlinted").out


def test_a_warning_does_not_keep_a_charter_from_being_founded(desk: Desk) -> None:
    text = (desk.folder / "charter.toml").read_text()
    desk.write("charter.toml", text + '[bucket]\nowner = "ada"\npayer = "ada"\n')
    desk.hanse(*DRAFT)


def test_a_charter_that_is_silent_is_founded(desk: Desk) -> None:
    assert "signed by nobody yet" in desk.hanse(*DRAFT).out
