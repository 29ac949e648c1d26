"""The second labeled sample (CONVENTIONS2.md), written without a look at the scanner: what unseen code may expect."""

from __future__ import annotations

import csv
from pathlib import Path

from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.tree import scan

HERE = Path(__file__).parent
BAR = 0.95


def matches(label: dict[str, str], found: Finding) -> bool:
    """Whether a finding is this label: file, one of its lines, one of its spellings; unresolved ones by file and line."""
    if found.file != label["file"] or str(found.line) not in {label["line"], *label["alt_line"].split(";")}:
        return False
    if label["resolved"] == "false":
        return not found.resolved
    spellings = {found.ref} | {f"{found.ref}{mark}{found.revision}" for mark in "@:/" if found.revision}
    return found.resolved and bool(spellings & {label["ref"], *label["alt_ref"].split(";")})


def test_recall_and_precision_on_unseen_code_stay_above_the_bar() -> None:
    with open(HERE / "labels2.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    required = [row for row in rows if row["optional"] == "no"]
    neutral = {(row["file"], int(line)) for row in rows if row["optional"] == "yes"
               for line in (row["line"], *filter(None, row["alt_line"].split(";")))}  # fmt: skip
    findings = scan(HERE / "sample2").findings
    missed = [row for row in required if not any(matches(row, item) for item in findings)]
    false = [item for item in findings if (item.file, item.line) not in neutral and not any(matches(r, item) for r in rows)]
    assert len(missed) <= (1 - BAR) * len(required), [(row["file"], row["line"], row["ref"]) for row in missed]
    assert len(false) <= (1 - BAR) * len(findings), [(item.file, item.line, item.ref) for item in false]
