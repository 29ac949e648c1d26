"""The charter: who the members are and what they have agreed. One TOML file; a run needs only the keys of FIRST.

Frozen pydantic models; unknown keys are refused. The canonical form writes every default of a clause out, so that two readers of
one charter digest hold the same charter (PROTOCOL rule 5); clauses a charter is silent about do not appear in it, so that logs
founded before a clause existed keep their digests. A charter without officer keys is a draft: it can be read, printed and
calculated with; founding needs the keys.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

import tomli_w
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.charter.clause import Clause, DecisionKind, Line, Name, Prose, Refused
from hanse.charter.clauses.leaving import Dissolution, Expulsion, Weights, Withdrawal
from hanse.charter.clauses.membership import Admission, Affiliates, Attendance, Membership, Term, Transfer
from hanse.charter.clauses.model import Audit, Bucket, Data, Release, Spec, Text, Training
from hanse.charter.clauses.money import Arrears, Assurance, Breach, Dues, InKind, Pledge, Price, Spending
from hanse.charter.clauses.votes import Amendment, Choice, Dispute, Power, Rule, Sunset, Technical, Veto
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError, KeyFileError
from hanse.keys import PublicKey
from hanse.units import Money, MoneyText

RULES = 1
"""The rule set this software implements; a log that demands another stops it, and voids nothing (PROTOCOL rule 5)."""
FIRST = frozenset({"name", "rules", "round_quorum", "cosigners", "member"})
"""Keys that stand in every canonical form."""


class Member(Clause):
    """One organization."""

    name: Name
    """Short name in entries and object names: 1-40 characters of a-z 0-9 '-', starting with a letter or digit."""
    organization: str = ""
    """Legal name, for people. Off: empty."""
    officer: str | None = None
    """Verifier key of the officer who founds, joins and leaves for this member, as `hanse keys show` prints it. Off: absent in a
    draft; founding needs it."""
    site: bool = True
    """Whether the member trains at a site of its own. Off: false (a member that gives money, data or evaluations)."""
    membership: Name | None = None
    """Its membership class. Off: absent, when the charter has no classes."""
    group: Name | None = None
    """Name of the group of affiliates it belongs to: members of one group count as one. Off: absent (a group of its own)."""
    base: MoneyText | None = None
    """Its yearly sales or income, for dues by sales share or key. Off: absent, when no rule asks for it."""

    @field_validator("officer")
    @classmethod
    def _officer(cls, value: str | None) -> str | None:
        try:
            return value if value is None else str(PublicKey.parse(value))
        except KeyFileError as error:
            raise ValueError(str(error)) from error

    @property
    def officer_key(self) -> PublicKey:
        """Raises CharterError for a member of a draft."""
        if self.officer is None:
            raise CharterError(f"member {self.name}: officer: missing; add its key, as `hanse keys show` prints it")
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
    purpose: Prose | None = None
    """What the consortium is for, in a few sentences; drift from it is what members complain about. Off: absent."""
    term: Term | None = None
    """How long it binds. Off: absent (without end)."""
    membership: tuple[Membership, ...] = ()
    """Classes of members. Off: empty (all members are alike)."""
    affiliates: Affiliates | None = None
    """What counts as one member. Off: absent (every company by itself)."""
    transfer: Transfer | None = None
    """Handing a membership on. Off: absent (silent)."""
    admission: Admission | None = None
    """New members. Off: absent (none can come in)."""
    attendance: Attendance | None = None
    """Who counts in a quorum. Off: absent (every member, present or not)."""
    dues: Dues | None = None
    """How a budget is shared. Off: absent (members pay what they pledge)."""
    pledge: tuple[Pledge, ...] = ()
    """What members promise."""
    price: tuple[Price, ...] = ()
    """What things in kind are worth."""
    in_kind: InKind | None = None
    """Limits of paying in kind. Off: absent (none, and prices are never revised)."""
    assurance: Assurance | None = None
    """Pledges bind together or not at all. Off: absent (each binds alone)."""
    spending: Spending | None = None
    """What may be spent. Off: absent (silent)."""
    arrears: Arrears | None = None
    """Late payment. Off: absent (nothing follows)."""
    breach: Breach | None = None
    """A duty broken that is not money. Off: absent (silent)."""
    power: Power | None = None
    """Who has how many votes. Off: absent (one each)."""
    sunset: tuple[Sunset, ...] = ()
    """Founders' votes that shrink with time."""
    decision: dict[DecisionKind, Rule] = Field(default_factory=dict)
    """How each kind of decision is taken; a kind without a rule cannot be decided."""
    veto: tuple[Veto, ...] = ()
    """Rights to stop what has passed."""
    choice: Choice | None = None
    """One of many options. Off: absent (yes or no only)."""
    technical: Technical | None = None
    """What a technical committee decides alone. Off: absent (nothing)."""
    amendment: Amendment | None = None
    """How the charter changes. Off: absent (it cannot)."""
    dispute: Dispute | None = None
    """Disagreement about a duty. Off: absent (the law of the place)."""
    withdrawal: Withdrawal | None = None
    """A member's own exit. Off: absent (at once, and nothing is owed)."""
    expulsion: Expulsion | None = None
    """An exit that others decide. Off: absent (nobody can be expelled)."""
    dissolution: Dissolution | None = None
    """The end of the consortium. Off: absent (silent)."""
    weights: Weights | None = None
    """What becomes of the model then. Off: absent (silent)."""
    spec: tuple[Spec, ...] = ()
    """The models members wish for."""
    training: Training | None = None
    """Where training runs. Off: absent (at members' sites)."""
    data: Data | None = None
    """What leaves a site, and who agreed. Off: absent (silent; the software lets updates, scores and counts out)."""
    audit: Audit | None = None
    """Rounds and books opened. Off: absent (none)."""
    release: Release | None = None
    """Terms and time of publication. Off: absent (silent)."""
    bucket: Bucket | None = None
    """Who owns and pays the store. Off: absent (silent)."""
    text: tuple[Text, ...] = ()
    """Prose that is carried and printed: competition law, export control, data protection."""
    currency: Line | None = None
    """ISO 4217 code of all money in the charter. Off: absent, when it has none."""
    member: tuple[Member, ...]
    """The founders, at least one. All of them sign genesis; only they can join until motions exist."""

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
        keys = [m.officer_key.id for m in self.member if m.officer is not None]
        for what, values in (("name", [m.name for m in self.member]), ("officer key", keys)):
            if doubled := _doubled(values):
                raise ValueError(f"member: {what} {doubled[0]!r} is used twice")
        if not Threshold.parse(self.round_quorum).denominator == "roll":
            raise ValueError("round_quorum counts the roll: '... of roll'")
        if not Threshold.parse(self.cosigners).denominator == "members":
            raise ValueError("cosigners counts the members: '... of members'")
        _names(self)
        _currencies(self)
        _dates(self)
        return self

    @property
    def quorum(self) -> Threshold:
        return Threshold.parse(self.round_quorum)

    @property
    def cosign_min(self) -> int:
        """Members that must have signed a tree head over a prefix for it to be final."""
        return Threshold.parse(self.cosigners).least(len(self.member))

    @property
    def is_draft(self) -> bool:
        """Whether an officer key is missing."""
        return any(member.officer is None for member in self.member)

    def document(self) -> dict[str, Any]:
        """The canonical form: plain JSON values, every default of a clause written out, no clause that is not there."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {key: value for key, value in values.items() if key in FIRST or value}

    @property
    def digest(self) -> str:
        return canonical.digest(self.document())


def _doubled(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _names(charter: Charter) -> None:
    """Who is named exists. Raises Refused saying where, who, and who there is."""
    members = [member.name for member in charter.member]
    classes = [item.name for item in charter.membership]
    for what, rows in (("membership", classes), ("price", [f"{p.kind} {p.hardware}".strip() for p in charter.price])):
        if doubled := _doubled(rows):
            raise ValueError(f"{what}: {doubled[0]!r} is there twice")
    named: list[tuple[str, str | None, list[str]]] = []
    for key in ("pledge", "sunset", "veto", "spec"):
        named += [(f"{key}.{at}.member", row.member, members) for at, row in enumerate(getattr(charter, key))]
    named += [(f"veto.{at}.membership", row.membership, classes) for at, row in enumerate(charter.veto)]
    named += [(f"member.{at}.membership", row.membership, classes) for at, row in enumerate(charter.member)]
    early = charter.release.early_access if charter.release else ()
    named += [(f"release.early_access.{at}", name, classes) for at, name in enumerate(early)]
    for where, name, known in named:
        if name is not None and name not in known:
            there = ", ".join(known) or "none"
            raise Refused("dangling-reference", f"{where}: {name!r} is not in the charter; it has: {there}")
    for at, member in enumerate(charter.member):
        if classes and member.membership is None:
            raise ValueError(f"member.{at}.membership: {member.name} needs a membership class: {', '.join(classes)}")


def _money(value: Any, where: str = "") -> Iterator[tuple[str, Money]]:
    if isinstance(value, Money):
        yield where, value
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from _money(getattr(value, key), f"{where}.{key}" if where else key)
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from _money(item, f"{where}.{at}")


def _currencies(charter: Charter) -> None:
    for where, money in _money(charter):
        if charter.currency is None:
            raise ValueError(f"currency: missing; {where} is {money}: add currency = {money.currency!r}")
        if money.currency != charter.currency:
            raise Refused("currency-mix", f"{where}: {money} is not in the charter's currency; expected {charter.currency}")


def _dates(charter: Charter) -> None:
    """What has dates lies within the term."""
    if charter.term is None:
        return
    for key in ("pledge", "sunset"):
        for at, row in enumerate(getattr(charter, key)):
            for edge in ("start", "end"):
                day = getattr(row, edge)
                if day is not None and not charter.term.start <= day <= charter.term.end:
                    term = f"{charter.term.start} to {charter.term.end}"
                    raise Refused("contradictory-dates", f"{key}.{at}.{edge}: {day} is outside of the term, {term}")


def parse_charter(document: Any, source: str) -> Charter:
    """A charter from plain values. Raises CharterError naming `source`, the key and the remedy."""
    try:
        charter = Charter.model_validate(document)
    except ValidationError as error:
        raise CharterError(explain(error, source, Charter)) from error
    check_canonical(charter.document(), source)
    return charter


def founded(charter: Charter, source: str) -> Charter:
    """The same charter, which can be signed. Raises CharterError naming members without an officer key."""
    lacking = [member.name for member in charter.member if member.officer is None]
    if lacking:
        need = "add its key, as `hanse keys show` prints it"
        raise CharterError(f"{source}: member {', '.join(lacking)}: officer: missing; {need}")
    return charter


def print_charter(charter: Charter) -> str:
    """TOML that `parse_charter` reads back equal; the same charter is always the same text."""
    return tomli_w.dumps(charter.document(), multiline_strings=True)


def load_charter(path: Path) -> Charter:
    """A charter from a TOML file. Raises CharterError naming file, line or key."""
    return parse_charter(load_toml(path), str(path))


def load_toml(path: Path) -> dict[str, Any]:
    """Plain values of a TOML file. Raises CharterError naming the file and line."""
    try:
        found = _days_as_text(tomllib.loads(path.read_text(encoding="utf-8")))
        assert isinstance(found, dict)
        return found
    except OSError as error:
        raise CharterError(f"{path}: cannot read: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise CharterError(f"{path}: not TOML: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:  # beside its own error, tomllib lets through Python's limits
        raise CharterError(f"{path}: not TOML: {error}") from error


def _days_as_text(value: Any) -> Any:
    """TOML has days of its own; canonical JSON has not, so they are the text that they look like."""
    if isinstance(value, dict):
        return {key: _days_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_days_as_text(item) for item in value]
    return value.isoformat() if type(value) is date else value


def check_canonical(value: Any, source: str, key: str = "") -> None:
    """Raise CharterError naming the first key whose value canonical JSON cannot hold."""
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if not str(name).isascii():
                raise CharterError(f"{source}: {key}{name}: expected a key of ASCII characters")
            check_canonical(item, source, f"{key}{name}.")
    elif isinstance(value, int) and abs(value) > canonical.INTEGER_MAX:
        raise CharterError(f"{source}: {key[:-1]}: expected an integer within 2^53-1")


@dataclass(frozen=True)
class Mistake:
    """One thing that keeps a document from being what it should be."""

    rule: str
    """Name of the lint rule that a `Refused` carries, or pydantic's type of error."""
    key: str
    """Where, dotted; empty for what spans keys, which names them itself."""
    text: str
    """What was expected."""
    value: Any
    """What is there."""


def mistakes(error: ValidationError, model: type[BaseModel]) -> list[Mistake]:
    """In the order of the document. `model` is what was read; it knows the keys there are."""
    found = []
    for item in error.errors(include_url=False):
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = _unknown(str(item["loc"][-1]), _model_at(model, item["loc"][:-1]))
        elif item["type"] == "missing":
            text = "missing; add it"
        found.append(Mistake(item["type"], ".".join(str(part) for part in item["loc"]), text, item["input"]))
    return found


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """One line per mistake: file, key, what was expected."""
    return "\n".join(": ".join(part for part in (source, found.key, found.text) if part) for found in mistakes(error, model))


def _unknown(key: str, model: type[BaseModel] | None) -> str:
    known = sorted(model.model_fields) if model is not None else []
    close = difflib.get_close_matches(key, known, 1)
    meant = f"; did you mean {close[0]}?" if close else f"; there are: {', '.join(known)}" if known else ""
    return f"unknown key{meant or '; remove it or correct its spelling'}"


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model whose keys stand at a path of keys, indexes and keys of a table."""
    found: type[BaseModel] | None = model
    for part in path:
        field = found.model_fields.get(str(part)) if found is not None else None
        if field is not None:
            found = _model_in(field.annotation)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for item in get_args(annotation) if (found := _model_in(item)) is not None), None)
