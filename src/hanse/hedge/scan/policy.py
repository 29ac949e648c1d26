"""What fails a build: terms such as `unpinned` or `license:research-only`, put to every finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hanse.errors import InputError
from hanse.hedge.scan.finding import Finding, Kind

PLAIN: dict[str, str] = {
    "unpinned": "it may change: no full commit, digest or exact version",
    "unresolved": "its name is made while the program runs",
    "pickle": "loading it would run code",
    "hosted": "it is behind somebody's API and cannot be kept",
}
"""Terms without a value, and why each matters."""
VALUED: dict[str, tuple[str, ...]] = {
    "license": ("open", "metered", "research-only", "unknown"),
    "tier": ("near-frontier", "mid", "small", "unrated"),
    "risk": ("high", "medium", "low", "unknown"),
}
"""Terms with a value; they need what the outlook knows of a model."""
SUPPLIED: frozenset[Kind] = frozenset({"hub", "ollama", "hosted", "package"})
"""Kinds of findings that name a release, so that its supply can be asked for."""


@dataclass(frozen=True)
class Supply:
    """What is known of the supply of one model."""

    lab: str
    """Empty when the catalogue does not have the model."""
    license: str
    license_class: str
    """open, metered, research-only, unknown."""
    tier: str
    """near-frontier, mid, small, unrated."""
    risk: str
    """high, medium, low, unknown."""
    why: str

    def as_json(self) -> dict[str, str]:
        """Plain values."""
        return {
            "lab": self.lab,
            "license": self.license,
            "license_class": self.license_class,
            "tier": self.tier,
            "risk": self.risk,
            "why": self.why,
        }


NOTHING_KNOWN = Supply("", "", "unknown", "unrated", "unknown", "not in the catalogue")
Lookup = Callable[[str], Supply | None]
"""A model's name to what is known of its supply; None when nothing is."""


@dataclass(frozen=True)
class Violation:
    """A finding that a term of the policy does not allow."""

    finding: Finding
    term: str
    why: str


def parse_policy(text: str) -> tuple[str, ...]:
    """The terms of `--fail-on`, each once, in their order. Raises InputError naming a term that is none."""
    terms = [term.strip().lower() for term in text.split(",") if term.strip()]
    for term in terms:
        name, colon, value = term.partition(":")
        if not (term in PLAIN or (colon and value in VALUED.get(name, ()))):
            known = [*PLAIN, *(f"{key}:{'|'.join(values)}" for key, values in VALUED.items())]
            raise InputError(f"--fail-on {term}: no such term; use {', '.join(known)}, separated by commas")
    return tuple(dict.fromkeys(terms))


def needs_supply(terms: Iterable[str]) -> bool:
    """Whether a policy asks what only the outlook knows."""
    return any(":" in term for term in terms)


def violations(findings: Iterable[Finding], terms: Iterable[str], supply: Lookup | None = None) -> list[Violation]:
    """Every finding with every term it breaks, in order of the findings, then of the terms."""
    terms = tuple(terms)
    return [
        Violation(finding, term, why)
        for finding in findings
        for term in terms
        if (why := _broken(finding, term, supply)) is not None
    ]


def supply_of(finding: Finding, supply: Lookup | None) -> Supply | None:
    """What is known of a finding's model; None when it names no release."""
    if supply is None or not finding.resolved or finding.kind not in SUPPLIED:
        return None
    return supply(finding.ref) or NOTHING_KNOWN


def _broken(finding: Finding, term: str, supply: Lookup | None) -> str | None:
    """Why a finding breaks a term; None when it does not."""
    if term == "unpinned":
        return PLAIN[term] if finding.resolved and not finding.pinned and finding.kind != "hosted" else None
    if term == "unresolved":
        return None if finding.resolved else PLAIN[term]
    if term == "hosted":
        return PLAIN[term] if finding.kind == "hosted" else None
    if term == "pickle":
        return f"{PLAIN[term]}: {finding.danger}" if finding.danger else None
    known = supply_of(finding, supply)
    name, _, value = term.partition(":")
    if known is None:
        return None
    given = {"license": known.license_class, "tier": known.tier, "risk": known.risk}[name]
    return f"its {name} is {given}{f': {known.why}' if known.why else ''}" if given == value else None
