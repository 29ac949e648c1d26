"""Findings as SARIF 2.1.0, which code hosts show at the lines of a change."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.policy import PLAIN, Violation

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULES: tuple[tuple[str, str, str, str], ...] = (
    ("pickle", "A file of weights runs code when it is loaded", "error", f"{PLAIN['pickle']}. Convert it to safetensors, or remove it."),
    ("unresolved", "A model's name is made while the program runs", "warning", "What is used cannot be told from the code. Name it, or pin what it may be."),
    ("unpinned", "A model may change under its name", "warning", "Give a full commit, a digest or an exact version, for example with `hanse lock`."),
    ("hosted", "A model is behind somebody's API", "note", "It cannot be kept or mirrored; plan for its withdrawal."),
    ("model", "A model this code depends on", "note", "Nothing is wrong: it is pinned."),
)  # fmt: skip
"""Id, title, level, help; a finding is reported under the first that fits."""


def rule_of(finding: Finding) -> str:
    """The rule a finding is reported under."""
    if finding.danger:
        return "pickle"
    if not finding.resolved:
        return "unresolved"
    if finding.kind == "hosted":
        return "hosted"
    return "model" if finding.pinned else "unpinned"


def to_sarif(
    findings: Iterable[Finding], version: str, broken: Iterable[Violation] = (), new: Sequence[Finding] | None = None
) -> dict[str, Any]:
    """A SARIF log of one run. What breaks the policy is an error; `new` are the findings a baseline does not know."""
    wrong: dict[Finding, list[Violation]] = {}
    for violation in broken:
        wrong.setdefault(violation.finding, []).append(violation)
    counts: Counter[str] = Counter()
    fresh = None if new is None else Counter(new)
    results = []
    for finding in findings:
        result = _result(finding, wrong.get(finding, []), counts)
        if fresh is not None:
            result["baselineState"] = "new" if fresh[finding] > 0 else "unchanged"
        results.append(result)
    driver = {
        "name": "hanse scan",
        "version": version,
        "informationUri": "https://github.com/hanse-consortium/hanse",
        "rules": [
            {
                "id": id_,
                "name": id_.capitalize(),
                "shortDescription": {"text": title},
                "help": {"text": text},
                "defaultConfiguration": {"level": level},
            }
            for id_, title, level, text in RULES
        ],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, broken: Sequence[Violation], counts: Counter[str]) -> dict[str, Any]:
    rule = rule_of(finding)
    ids = [id_ for id_, *_ in RULES]
    level = "error" if broken else RULES[ids.index(rule)][2]
    named = f"{finding.ref}{f' at {finding.revision}' if finding.revision else ''}"
    said = f"{named} ({finding.how}): {RULES[ids.index(rule)][1]}."
    said += "".join(f" Not allowed ({v.term}): {v.why}." for v in broken)
    identity = "\n".join((finding.file, finding.ref, finding.revision or "", finding.how))
    counts[identity] += 1
    digest = hashlib.sha256(f"{identity}\n{counts[identity]}".encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "ruleId": rule,
        "ruleIndex": ids.index(rule),
        "level": level,
        "message": {"text": said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": finding.line},
                }
            }
        ],
        "partialFingerprints": {"hanseFinding/v1": digest},
        "properties": finding.as_json(),
    }
