"""How a scan is scored against labels.

A label and a finding match when file and line agree and, for a resolved label, the name does as well (an unresolved one is
matched by file and line alone, by an unresolved finding). Each matches at most once. Recall is the share of labels that are
matched, precision the share of findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any


@dataclass
class Score:
    """Counts of one format, or of all."""

    labels: int = 0
    findings: int = 0
    matched: int = 0
    missed: list[Mapping[str, Any]] = field(default_factory=list)
    wrong: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.matched / self.labels if self.labels else 1.0

    @property
    def precision(self) -> float:
        return self.matched / self.findings if self.findings else 1.0


def key(item: Mapping[str, Any]) -> tuple[str, int, str]:
    return item["file"], item["line"], item["ref"] if item["resolved"] else "?"


def score(labels: Iterable[Mapping[str, Any]], findings: Iterable[Mapping[str, Any]]) -> Score:
    """Labels against findings, both as plain values."""
    labels, findings = list(labels), list(findings)
    left = Counter(key(item) for item in labels)
    found = Score(len(labels), len(findings))
    for item in findings:
        if left[key(item)] > 0:
            left[key(item)] -= 1
            found.matched += 1
        else:
            found.wrong.append(item)
    for item in labels:
        if left[key(item)] > 0:
            left[key(item)] -= 1
            found.missed.append(item)
    return found


def format_of(file: str) -> str:
    """A word for a file's format, by its name."""
    name = PurePosixPath(file).name.lower()
    for word in (
        "dockerfile",
        "containerfile",
        "modelfile",
        "makefile",
        "justfile",
        "procfile",
        "requirements",
        "package.json",
    ):
        if word in name:
            return word
    if name.startswith(".env") or name.endswith(".env"):
        return ".env"
    return PurePosixPath(name).suffix or name


def by_format(labels: Iterable[Mapping[str, Any]], findings: Iterable[Mapping[str, Any]]) -> dict[str, Score]:
    """One score per format."""
    labels, findings = list(labels), list(findings)
    formats = sorted({format_of(item["file"]) for item in (*labels, *findings)})
    return {
        one: score(
            [item for item in labels if format_of(item["file"]) == one],
            [item for item in findings if format_of(item["file"]) == one],
        )
        for one in formats
    }
