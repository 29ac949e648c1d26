"""`hanse charter render` and `diff`, as a person types them."""

from __future__ import annotations

import json

from tests.cli.desk import Desk

RENDER = ["charter", "render", "charter.toml"]


def test_a_charter_is_printed_as_markdown_or_written_as_a_page(desk: Desk) -> None:
    said = desk.hanse(*RENDER).out
    assert said.startswith("# Charter of Two presses\n\nSHA-256 of the canonical charter: `")
    assert "## Article 2. Parties\n" in said
    assert desk.hanse(*RENDER, "--out", "charter.md").out == ""
    assert (desk.folder / "charter.md").read_text(encoding="utf-8") == said
    page = desk.hanse(*RENDER, "--html").out
    assert page.startswith("<!doctype html>")
    assert "<h2>Article 2. Parties</h2>" in page
    assert "http" not in page  # nothing is fetched


def test_a_draft_is_printed_as_one(desk: Desk) -> None:
    desk.write("draft.toml", 'name = "A draft"\n[[member]]\nname = "ada"\n')
    assert "This is a draft. SHA-256" in desk.hanse("charter", "render", "draft.toml").out


def test_two_charters_are_compared_as_prose_and_as_json(desk: Desk) -> None:
    text = (desk.folder / "charter.toml").read_text()
    desk.write("after.toml", 'cosigners = ">= 2/3 of members"\n' + text + '[withdrawal]\nnotice_days = 90\nowed = "whole_term"\n')
    said = desk.hanse("charter", "diff", "charter.toml", "after.toml").out
    assert "### Withdrawal\n\nWas:\n\n- A member leaves at once and owes nothing.\n" in said
    assert "### ada, bob and sam\n\n- Loses: leaves without owing anything.\n" in said
    found = json.loads(desk.hanse("charter", "diff", "charter.toml", "after.toml", "--json").out)
    assert [item["title"] for item in found["clauses"]] == ["The log", "Withdrawal"]
    assert not found["same"]
    assert desk.hanse("charter", "diff", "charter.toml", "charter.toml").out == "Nothing changes: both charters are the same.\n"


def test_what_is_no_charter_is_named(desk: Desk) -> None:
    desk.refuses(["charter", "render", "none.toml"], "none.toml: cannot read: No such file")
    desk.refuses([*RENDER, "--out", "none/charter.md"], "none/charter.md: cannot write")
