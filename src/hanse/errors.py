"""Every error Hanse raises on purpose, as one tree; one branch per decision a caller can take.

    HanseError
    ├── InputError               the user's file, key, flag or value is wrong: fix it and run again
    │   ├── CharterError         a charter or run plan breaks a rule of its schema
    │   ├── ConfigError          a site or model file breaks a rule of its schema
    │   ├── CaseError            private inputs, parameters or a question that a case cannot answer
    │   ├── CatalogueError       a table of the outlook or a publisher's file breaks its format
    │   ├── CorpusError          text that cannot be read, is empty, or overlaps an evaluation set
    │   ├── LockError            a models.lock or a model's files that break their format
    │   ├── QuantizeError        a model's folder or file that cannot be quantized as asked
    │   ├── TuneError            data, a base, an adapter or settings that a model cannot be tuned or distilled with
    │   ├── TaskError            a task of a comparison, or its checker's file, that breaks its format
    │   └── KeyFileError         a key file that is missing, malformed or already there
    ├── MissingExtraError        a command needs an optional dependency: install the extra it names
    ├── StoreError               the bucket did not do what was asked
    │   ├── NotFound             no such object (yet): wait, or look elsewhere
    │   ├── AlreadyExists        put-if-absent lost: read the winner
    │   ├── TooLarge             an object is larger than the reader's limit
    │   └── Unavailable          transient errors outlasted the retries: try later
    ├── MalformedError           bytes that break their format: void, for everyone alike
    │   ├── CanonicalError       not the one canonical JSON encoding
    │   ├── EnvelopeError        not a DSSE envelope over an in-toto statement we accept
    │   ├── NoteError            not a signed note, tree head or cosignature
    │   └── CodecError           update bytes that do not decode under the plan
    └── IntegrityError           bytes contradict what was signed, hashed or merged before: stop
        ├── DigestMismatch       an object's bytes are not those its digest names
        ├── RecordError          a hedge's record whose chain or signatures do not hold
        ├── ProofError           an inclusion or consistency proof does not hold
        ├── ForkError            the bucket contradicts entries this node has verified
        └── ReplayError          recomputed weights differ from the agreed state
"""

from __future__ import annotations


class HanseError(Exception):
    """Root of the tree. The message names the thing, what was expected, and what to do."""


class InputError(HanseError):
    """The user's file, key, flag or value is wrong."""


class CharterError(InputError):
    """A charter or run plan breaks a rule of its schema."""


class ConfigError(InputError):
    """A site or model file breaks a rule of its schema."""


class CaseError(InputError):
    """Private inputs, parameters or a question that a case cannot answer."""


class CatalogueError(InputError):
    """A table of the outlook or a publisher's file breaks its format."""


class CorpusError(InputError):
    """Text that cannot be read, is empty, or overlaps an evaluation set."""


class LockError(InputError):
    """A models.lock or a model's files that break their format."""


class QuantizeError(InputError):
    """A model's folder or file that cannot be quantized as asked."""


class TuneError(InputError):
    """Data, a base, an adapter or settings that a model cannot be tuned or distilled with."""


class TaskError(InputError):
    """A task of a comparison, or its checker's file, that breaks its format."""


class KeyFileError(InputError):
    """A key file that is missing, malformed or already there."""


class MissingExtraError(HanseError):
    """A command needs an optional dependency that is not installed."""

    def __init__(self, command: str, extra: str) -> None:
        super().__init__(f"{command} needs the '{extra}' extra: pip install 'hanse[{extra}]'")


class StoreError(HanseError):
    """The bucket did not do what was asked."""


class NotFound(StoreError):
    """No such object (yet)."""


class AlreadyExists(StoreError):
    """Put-if-absent lost: the object is there already."""


class TooLarge(StoreError):
    """An object is larger than the reader's limit."""


class Unavailable(StoreError):
    """Transient errors outlasted the retries."""


class MalformedError(HanseError):
    """Bytes that break their format: void, for everyone alike."""


class CanonicalError(MalformedError):
    """Not the one canonical JSON encoding."""


class EnvelopeError(MalformedError):
    """Not a DSSE envelope over an in-toto statement we accept."""


class NoteError(MalformedError):
    """Not a signed note, tree head or cosignature."""


class CodecError(MalformedError):
    """Update bytes that do not decode under the plan."""


class IntegrityError(HanseError):
    """Bytes contradict what was signed, hashed or merged before."""


class DigestMismatch(IntegrityError):
    """An object's bytes are not those its digest names."""


class RecordError(IntegrityError):
    """A hedge's record whose chain or signatures do not hold."""


class ProofError(IntegrityError):
    """An inclusion or consistency proof does not hold."""


class ForkError(IntegrityError):
    """The bucket contradicts entries this node has verified."""


class ReplayError(IntegrityError):
    """Recomputed weights differ from the agreed state."""
