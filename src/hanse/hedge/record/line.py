"""One line of the record: a DSSE envelope over an in-toto Statement v1 with the link predicate
(github.com/in-toto/attestation, spec/predicates/link.md, v0.3).

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "model-Q8_0.gguf", "digest": {"sha256": "..."}}],
     "predicateType": "https://in-toto.io/attestation/link/v0.3",
     "predicate": {
       "name": "quantize",
       "command": ["hanse", "quantize", "--to", "Q8_0"],
       "materials": [{"name": "previous", "digest": {"sha256": <of the line before, without its line feed>}}, ...],
       "byproducts": {"number": 1, "at": "2026-11-30T12:00:00Z", "name": "model-Q8_0.gguf", "facts": {...}},
       "environment": {"hanse", "system", "architecture", "processors", "python"}}}

The first line has no `previous`. A payload is canonical JSON; one step has one spelling.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hanse import canonical
from hanse.errors import CanonicalError, EnvelopeError
from hanse.hedge.record.made import FACTS, PREVIOUS, Kind, Made, Name, Resource
from hanse.keys import SigningKey
from hanse.ledger import dsse
from hanse.ledger.entry import STATEMENT_TYPE

PREDICATE_TYPE = "https://in-toto.io/attestation/link/v0.3"
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Environment(_Strict):
    """Where a step was taken: the program and the kind of machine, no name and no path of it."""

    hanse: str
    """Version of this program."""
    system: str
    architecture: str
    processors: Count
    python: str


class _Byproducts(_Strict):
    number: Count
    at: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
    name: Name
    facts: dict[str, Any]

    @field_validator("at")
    @classmethod
    def _time(cls, value: str) -> str:
        datetime.datetime.fromisoformat(value)
        return value


class _Predicate(_Strict):
    name: Kind
    command: tuple[str, ...]
    materials: tuple[Resource, ...]
    byproducts: _Byproducts
    environment: Environment


class _Statement(_Strict):
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Resource, ...]
    predicateType: Literal["https://in-toto.io/attestation/link/v0.3"]
    predicate: _Predicate


@dataclass(frozen=True)
class Line:
    """A step in its place."""

    number: int
    at: str
    """When it was taken, by the clock of who signed: UTC, RFC 3339."""
    previous: str
    """SHA-256 of the line before; empty for the first."""
    made: Made
    environment: Environment

    def payload(self) -> bytes:
        """The statement's canonical bytes. Raises CanonicalError for facts that have none."""
        made = self.made
        chained = (Resource.of(PREVIOUS, self.previous),) if self.previous else ()
        return canonical.encode({
            "_type": STATEMENT_TYPE,
            "subject": [item.model_dump() for item in made.subjects],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "name": made.kind,
                "command": list(made.command),
                "materials": [item.model_dump() for item in (*chained, *made.materials)],
                "byproducts": {
                    "number": self.number, "at": self.at, "name": made.name, "facts": made.facts.model_dump(mode="json"),
                },
                "environment": self.environment.model_dump(),
            },
        })  # fmt: skip

    def sign(self, key: SigningKey) -> bytes:
        """The line, without a line feed."""
        return dsse.sign(self.payload(), [key]).encode()


def parse_line(payload: bytes) -> Line:
    """Read what `payload` prints, and nothing else. Raises EnvelopeError naming the field."""
    try:
        canonical.decode(payload)
        read = _Statement.model_validate_json(payload)
        predicate, told = read.predicate, read.predicate.byproducts
        facts = FACTS[predicate.name].model_validate_json(canonical.encode(told.facts))
        chained = bool(predicate.materials) and predicate.materials[0].name == PREVIOUS
        made = Made(predicate.name, told.name, read.subject, predicate.materials[chained:], facts, predicate.command)
        previous = predicate.materials[0].sha256 if chained else ""
        line = Line(told.number, told.at, previous, made, predicate.environment)
    except ValidationError as error:
        first = error.errors()[0]
        raise EnvelopeError(f"no step: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (CanonicalError, ValueError) as error:
        raise EnvelopeError(f"no step: {error}") from error
    if line.payload() != payload:
        raise EnvelopeError("no step: a default is left out or spelled otherwise")
    return line


def digest_of(line: bytes) -> str:
    """What the next line names: SHA-256 of the bytes without the line feed."""
    return hashlib.sha256(line).hexdigest()
