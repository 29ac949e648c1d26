"""Findings about a charter, or about a document that is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hanse.charter.lint.before import right_removed
from hanse.charter.lint.rules import RULES, LintRule, Severity
from hanse.charter.lint.subject import Found, subject_of
from hanse.charter.schema import Charter, Mistake, check_canonical, mistakes
from hanse.errors import CharterError, InputError

BY_NAME = {rule.name: rule for rule in RULES}
TYPES = {"extra_forbidden": "unknown-key", "missing": "missing-key", "literal_error": "unknown-value"}
"""Rules for pydantic's own types of error; what is in neither table is malformed."""


@dataclass(frozen=True)
class Finding:
    """A rule that a charter breaks, where, with which numbers, and what to do."""

    rule: str
    severity: Severity
    where: str
    """Path of keys; empty for what spans keys, which `what` names."""
    what: str
    remedy: str
    """Empty where `what` says it already."""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text


def lint(charter: Charter, before: Charter | None = None) -> tuple[Finding, ...]:
    """Findings in the order of the rules; `before` is the charter that this one is to replace. Off: None."""
    subject = subject_of(charter)
    found = [_finding(rule, item) for rule in RULES if rule.look is not None for item in rule.look(subject)]
    if before is not None:
        found += [_finding(BY_NAME["right-removed"], item) for item in right_removed(before, charter)]
    return tuple(found)


def lint_document(document: Any, before: Charter | None = None) -> tuple[Finding, ...]:
    """The same for plain values of a TOML file; what the parser refuses becomes findings, and then nothing else is looked at."""
    try:
        charter = Charter.model_validate(document)
        check_canonical(charter.document(), "charter")
    except ValidationError as error:
        return tuple(
            _finding(BY_NAME[_rule_of(item)], Found(item.key, item.text, "")) for item in mistakes(error, Charter)
        )
    except CharterError as error:
        return (_finding(BY_NAME["malformed"], Found("", str(error), "")),)
    return lint(charter, before)


def _rule_of(mistake: Mistake) -> str:
    if mistake.rule in BY_NAME:
        return mistake.rule
    value = mistake.value
    is_negative = (
        value.startswith("-") and value[1:2].isdigit()
        if isinstance(value, str)
        else isinstance(value, int) and value < 0
    )
    return "negative" if is_negative else TYPES.get(mistake.rule, "malformed")


def _finding(rule: LintRule, found: Found) -> Finding:
    return Finding(rule.name, rule.severity, *found)


def errors(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Those of severity error."""
    return (finding for finding in findings if finding.severity == "error")


def explanation(rule: str) -> str:
    """Why a rule is there. Raises InputError naming the rules there are."""
    if rule not in BY_NAME:
        raise InputError(f"rule {rule!r}: there is none of that name; there are: {', '.join(BY_NAME)}")
    return BY_NAME[rule].why
