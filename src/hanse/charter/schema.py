"""The charter as far as a run needs it: members, their officers, who cosigns, how many close a round.

Frozen pydantic models; unknown keys are refused, and the canonical form writes every default out, so that two readers of
one charter digest hold the same charter (PROTOCOL rule 5).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError, KeyFileError
from hanse.keys import PublicKey

RULES = 1
"""The rule set this software implements; a log that demands another stops it, and voids nothing (PROTOCOL rule 5)."""


class Clause(BaseModel):
    """Base of every clause: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Member(Clause):
    """One organization."""

    name: str
    """Short name in entries and object names: 1-40 characters of a-z 0-9 '-', starting with a letter or digit."""
    organization: str = ""
    """Legal name, for people. Off: empty."""
    officer: str
    """Verifier key of the officer who founds, joins and leaves for this member, as `hanse keys show` prints it."""
    site: bool = True
    """Whether the member trains at a site of its own. Off: false (a member that gives money, data or evaluations)."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", value):
            raise ValueError("expected 1-40 characters of a-z 0-9 '-', starting with a letter or digit")
        return value

    @field_validator("officer")
    @classmethod
    def _officer(cls, value: str) -> str:
        try:
            PublicKey.parse(value)
        except KeyFileError as error:
            raise ValueError(str(error)) from error
        return value

    @property
    def officer_key(self) -> PublicKey:
        return PublicKey.parse(self.officer)


class Charter(Clause):
    """What the founders sign."""

    name: str
    """The consortium's name, for people: 1-100 characters."""
    rules: int = RULES
    """Rule set in force from genesis: entry kinds, codecs, merge. Only 1 exists."""
    round_quorum: str = "> 1/2 of roll"
    """Updates that let a round close once its deadline passed. More than half, or two halves could close two rounds."""
    cosigners: str = "> 1/2 of members"
    """Members whose signed tree heads make a prefix final. More than half, or two prefixes could be final."""
    member: tuple[Member, ...]
    """The founders, at least one. All of them sign genesis; only they can join until motions exist."""

    @field_validator("member", mode="before")
    @classmethod
    def _member_list(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("round_quorum", "cosigners")
    @classmethod
    def _more_than_half(cls, value: str) -> str:
        try:
            threshold = Threshold.parse(value)
        except CharterError as error:
            raise ValueError(str(error)) from error
        if not threshold.more_than_half:
            raise ValueError(f"{value!r} lets two halves decide two things; use '> 1/2' or more")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Charter:
        if self.rules != RULES:
            known = f"this software implements rules {RULES}; install one that knows {self.rules}"
            raise ValueError(f"rules = {self.rules}: {known}")
        if not 1 <= len(self.name) <= 100:
            raise ValueError("name: expected 1-100 characters")
        if not self.member:
            raise ValueError("member: a charter needs at least one [[member]]")
        if not any(member.site for member in self.member):
            raise ValueError("member: at least one member needs a site (site = true)")
        for what, values in (("name", [m.name for m in self.member]), ("officer key", [m.officer_key.id for m in self.member])):
            doubled = sorted({v for v in values if values.count(v) > 1})
            if doubled:
                raise ValueError(f"member: {what} {doubled[0]!r} is used twice")
        if not Threshold.parse(self.round_quorum).denominator == "roll":
            raise ValueError("round_quorum counts the roll: '... of roll'")
        if not Threshold.parse(self.cosigners).denominator == "members":
            raise ValueError("cosigners counts the members: '... of members'")
        return self

    @property
    def quorum(self) -> Threshold:
        return Threshold.parse(self.round_quorum)

    @property
    def cosign_min(self) -> int:
        """Members that must have signed a tree head over a prefix for it to be final."""
        return Threshold.parse(self.cosigners).least(len(self.member))

    def document(self) -> dict[str, Any]:
        """The canonical form: plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        return canonical.digest(self.document())


def parse_charter(document: Any, source: str) -> Charter:
    """A charter from plain values. Raises CharterError naming `source`, the key and the remedy."""
    try:
        charter = Charter.model_validate(document)
    except ValidationError as error:
        raise CharterError(explain(error, source)) from error
    check_canonical(charter.document(), source)
    return charter


def load_charter(path: Path) -> Charter:
    """A charter from a TOML file. Raises CharterError naming file, line or key."""
    return parse_charter(load_toml(path), str(path))


def load_toml(path: Path) -> dict[str, Any]:
    """Plain values of a TOML file. Raises CharterError naming the file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CharterError(f"{path}: cannot read: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise CharterError(f"{path}: not TOML: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:  # beside its own error, tomllib lets through Python's limits
        raise CharterError(f"{path}: not TOML: {error}") from error


def check_canonical(value: Any, source: str, key: str = "") -> None:
    """Raise CharterError naming the first key whose value canonical JSON cannot hold."""
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if not str(name).isascii():
                raise CharterError(f"{source}: {key}{name}: expected a key of ASCII characters")
            check_canonical(item, source, f"{key}{name}.")
    elif isinstance(value, int) and abs(value) > canonical.INTEGER_MAX:
        raise CharterError(f"{source}: {key[:-1]}: expected an integer within 2^53-1")


def explain(error: ValidationError, source: str) -> str:
    """One line per mistake: file, key, what was expected."""
    lines = []
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "unknown key; remove it or correct its spelling"
        elif item["type"] == "missing":
            message = "missing; add it"
        lines.append(f"{source}: {key}: {message}" if key else f"{source}: {message}")  # what spans keys names them itself
    return "\n".join(lines)
