"""Findings a project knows already, in a file under version control. Lines do not count, so moved code stays known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.scan.finding import Finding

VERSION = 1
_TEXTS = ("file", "ref", "how")
_OPTIONAL = ("revision", "pickle")
MAX_BYTES = 64 << 20


@dataclass(frozen=True, order=True)
class Known:
    """One known finding; the same one may be known several times in its file."""

    file: str
    ref: str
    revision: str
    how: str
    pickle: str

    def __str__(self) -> str:
        return f"{self.file}: {self.ref}{f'@{self.revision}' if self.revision else ''} ({self.how})"


def of(finding: Finding) -> Known:
    """A finding without its line."""
    return Known(finding.file, finding.ref, finding.revision or "", finding.how, finding.danger or "")


def to_text(findings: Iterable[Finding]) -> str:
    """A baseline of these findings: JSON in a fixed order, one entry a row, so that diffs are small."""
    counts = Counter(of(finding) for finding in findings)
    rows = [
        json.dumps(
            {"file": known.file, "ref": known.ref, "revision": known.revision or None, "how": known.how,
             "pickle": known.pickle or None, "count": counts[known]},
            ensure_ascii=False,
        )
        for known in sorted(counts)
    ]  # fmt: skip
    body = ",\n".join(f"  {row}" for row in rows)
    return f'{{"version": {VERSION}, "findings": [\n{body}\n]}}\n'


def read(path: Path) -> Counter[Known]:
    """A baseline file. Raises InputError naming the file and the entry that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MiB; is this a baseline?")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot read the baseline: {error}; write one with --write-baseline") from error
    if not isinstance(value, dict) or value.get("version") != VERSION or not isinstance(value.get("findings"), list):
        raise InputError(f"{path}: no baseline of version {VERSION}; write one with --write-baseline")
    counts: Counter[Known] = Counter()
    for number, entry in enumerate(value["findings"], 1):
        counts[_known(path, number, entry)] += entry["count"]
    return counts


def _known(path: Path, number: int, entry: Any) -> Known:
    right = (
        isinstance(entry, dict)
        and set(entry) == {*_TEXTS, *_OPTIONAL, "count"}
        and all(isinstance(entry[key], str) for key in _TEXTS)
        and all(entry[key] is None or isinstance(entry[key], str) for key in _OPTIONAL)
        and type(entry["count"]) is int
        and entry["count"] > 0
    )
    if not right:
        raise InputError(f"{path}: entry {number} is not one that --write-baseline writes; write the file anew")
    return Known(entry["file"], entry["ref"], entry["revision"] or "", entry["how"], entry["pickle"] or "")


def compare(findings: Iterable[Finding], known: Counter[Known]) -> tuple[list[Finding], list[Known]]:
    """Findings that are new, and known ones that are gone (each as often as it is missing)."""
    left = Counter(known)
    new = []
    for finding in findings:
        entry = of(finding)
        if left[entry] > 0:
            left[entry] -= 1
        else:
            new.append(finding)
    return new, sorted(left.elements())
