"""The labeled sample (CONVENTIONS.md): found by file, line and name, unresolved ones by file and line."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from hanse.cli.scan import scan as command
from hanse.hedge.scan.tree import scan

HERE = Path(__file__).parent
BAR = 0.95


def test_recall_and_precision_on_the_labeled_sample_stay_above_the_bar() -> None:
    labels = json.loads((HERE / "labels.json").read_text())
    wanted = {(x["file"], x["line"], x["ref"] if x["resolved"] else None) for x in labels}
    found = {(f.file, f.line, f.ref if f.resolved else None) for f in scan(HERE / "sample").findings}
    assert len(wanted & found) >= BAR * len(wanted), sorted(wanted - found, key=str)
    assert len(wanted & found) >= BAR * len(found), sorted(found - wanted, key=str)


def test_dangerous_pickles_are_told_and_harmless_ones_are_not() -> None:
    labels = json.loads((HERE / "labels.json").read_text())
    dangerous = {x["file"] for x in labels if x.get("pickle")}
    assert {f.file for f in scan(HERE / "sample").findings if f.danger} == dangerous


def test_a_scan_is_the_same_twice_and_with_several_processes() -> None:
    assert scan(HERE / "sample") == scan(HERE / "sample", processes=2)


def test_the_command_gives_a_list_and_fails_by_policy(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text('x = AutoModel.from_pretrained("org/name")\n')
    (tmp_path / "app" / "b.py").write_text('y = AutoModel.from_pretrained("org/other")  # hanse: ignore\n')
    run = CliRunner().invoke
    done = run(command, [str(tmp_path / "app"), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.output)
    assert [(row["file"], row["line"], row["ref"], row["pinned"]) for row in rows] == [("a.py", 1, "org/name", False)]
    assert run(command, [str(tmp_path / "app"), "--fail-on", "unpinned"]).exit_code == 1
    baseline = str(tmp_path / "baseline")
    assert run(command, [str(tmp_path / "app"), "--write-baseline", baseline]).exit_code == 0
    assert run(command, [str(tmp_path / "app"), "--fail-on", "unpinned", "--baseline", baseline]).exit_code == 0
    for kind in ("sarif", "cyclonedx"):
        out = run(command, [str(tmp_path / "app"), "--format", kind])
        assert out.exit_code == 0, out.output
        assert "org/name" in json.dumps(json.loads(out.output))
