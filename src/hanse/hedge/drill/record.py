"""What a drill leaves: a DSSE envelope over an in-toto Statement v1, one subject per model (its entry in the lock).

{"_type": "https://in-toto.io/Statement/v1",
 "subject": [{"name": <model>, "digest": {"sha256": <entry>}}, ...],
 "predicateType": "https://hanse.dev/drill/v1",
 "predicate": <the Record below>}

With what the hedge's record said, `history`, it is https://hanse.dev/drill/v2; v1 has no such key.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.errors import CanonicalError, EnvelopeError, IntegrityError
from hanse.hedge.lock.schema import Lock, MaybeSha256, Sha256
from hanse.keys import PublicKey, SigningKey
from hanse.ledger import dsse
from hanse.ledger.entry import STATEMENT_TYPE

PREDICATE_TYPE = "https://hanse.dev/drill/v1"
WITH_HISTORY = "https://hanse.dev/drill/v2"
Count = Annotated[int, Field(ge=0)]
StageName = Literal["materialize", "verify", "load", "generate"]
STAGES: tuple[StageName, ...] = ("materialize", "verify", "load", "generate")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Stage(_Strict):
    """One thing that was done with a model."""

    ok: bool
    milliseconds: Count
    detail: str
    """What came of it, or why it failed, in words."""


class Network(_Strict):
    """How the process was cut off, and how it was seen to be."""

    cut: Literal["namespace", "hook"]
    """namespace: the system's, nothing gets out of it; hook: Python's own sockets were refused."""
    devices: tuple[str, ...]
    """Network devices the process saw."""
    probe: str
    """What came of a connection to a listener that was there."""


class Generated(_Strict):
    """What the model said, greedily."""

    tokens: Count
    text: str


class Drilled(_Strict):
    """One model."""

    name: str
    entry: Sha256
    """Of its table in the lock: the subject of the statement."""
    repository: str
    revision: str
    files: Count
    bytes: Count
    network: Network | None
    """None when the process ended before it was cut off."""
    spool_milliseconds: Count | None
    """How long the model was fetched from a remote mirror before the cut; None for a mirror in a folder."""
    stages: dict[StageName, Stage]
    generated: Generated | None
    peak_memory_bytes: Count | None
    """Of the process that did all this."""
    failure: str
    """Why it did not pass; empty when it did."""

    @property
    def passed(self) -> bool:
        """Whether every stage that was asked for went well."""
        return not self.failure


class Machine(_Strict):
    """Where it was done."""

    name: str
    system: str
    architecture: str
    processors: Count
    memory_bytes: Count
    python: str


class History(_Strict):
    """What the hedge's record said before the drill."""

    head: MaybeSha256
    """Digest of the last line that holds."""
    lines: Count
    """That hold."""
    problems: tuple[str, ...]
    """A chain that is broken; files of drilled models that it does not have."""


class Record(_Strict):
    """The predicate."""

    date: str
    """Day of the drill, YYYY-MM-DD."""
    at: Count
    """When it ended, by the clock of who signed, in Unix seconds."""
    hanse: str
    """Version of this program."""
    lock: Sha256
    """Digest of the lock's file as it was."""
    mirror: str
    generate: bool
    """Whether models were asked to generate."""
    machine: Machine
    model: tuple[Drilled, ...]
    history: History | None = None
    """None: no record was given."""
    passed: bool

    @field_validator("date")
    @classmethod
    def _day(cls, value: str) -> str:
        datetime.date.fromisoformat(value)
        return value

    @model_validator(mode="after")
    def _sum(self) -> Record:
        is_known = self.history is None or not self.history.problems
        if self.passed != (bool(self.model) and all(item.passed for item in self.model) and is_known):
            raise ValueError("passed is not what its models say")
        if any(item.passed and not _done(item, self.generate) for item in self.model):
            raise ValueError("a model without failure lacks a stage, or one went wrong")
        if len({item.name for item in self.model}) != len(self.model):
            raise ValueError("a model stands twice")
        return self

    @property
    def day(self) -> datetime.date:
        """Day of the drill."""
        return datetime.date.fromisoformat(self.date)


def _done(item: Drilled, generate: bool) -> bool:
    wanted = STAGES if generate else STAGES[:-1]
    return item.network is not None and all(name in item.stages and item.stages[name].ok for name in wanted)


def sign(record: Record, key: SigningKey) -> bytes:
    """The signed record."""
    return dsse.sign(canonical.encode(_statement(record)), [key]).encode()


def read(data: bytes, key: PublicKey, name: str) -> Record:
    """A record that `key` signed. Raises EnvelopeError for what is none, IntegrityError for another's or a broken
    signature, naming the file."""
    try:
        envelope = dsse.Envelope.decode(data.strip())
    except EnvelopeError as error:
        raise EnvelopeError(f"{name}: {error}") from error
    signatures = dict(envelope.signatures)
    if key.id not in signatures:
        raise IntegrityError(
            f"{name}: is not signed by {key.name} (key {key.id[:16]}, signed by {min(signatures)[:16]})"
        )
    if not key.verify(signatures[key.id], dsse.pae(envelope.payload)):
        raise IntegrityError(f"{name}: the signature of {key.name} does not hold: the record was changed")
    try:
        value = canonical.decode(envelope.payload)
        if not isinstance(value, dict) or value.get("predicateType") not in (PREDICATE_TYPE, WITH_HISTORY):
            raise EnvelopeError(f"{name}: is no record of a drill ({PREDICATE_TYPE})")
        record = Record.model_validate_json(canonical.encode(value.get("predicate")))
    except (CanonicalError, ValidationError) as error:
        text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise EnvelopeError(f"{name}: is no record of a drill: {text}") from error
    if value != _statement(record):
        raise EnvelopeError(f"{name}: its subjects are not the models it tells of")
    return record


def compare(record: Record, lock: Lock) -> list[str]:
    """What of a lock a record does not show, one line each; empty when every model was drilled as it is locked now."""
    drilled = {item.name: item for item in record.model}
    found = list(record.history.problems) if record.history is not None else []
    for model in lock.model:
        item = drilled.get(model.name)
        if item is None:
            found.append(f"{model.name}: was not drilled")
        elif item.entry != model.entry:
            found.append(f"{model.name}: was drilled at entry {item.entry[:16]}, the lock has {model.entry[:16]} now")
        elif not item.passed:
            found.append(f"{model.name}: failed: {item.failure}")
    return found


def _statement(record: Record) -> dict[str, Any]:
    left_out = {"history"} if record.history is None else None
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": item.name, "digest": {"sha256": item.entry}} for item in record.model],
        "predicateType": PREDICATE_TYPE if record.history is None else WITH_HISTORY,
        "predicate": record.model_dump(mode="json", exclude=left_out),
    }
