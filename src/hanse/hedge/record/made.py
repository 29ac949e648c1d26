"""What a step made, and the facts of each kind. Numbers with a point are text: signed bytes hold none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hanse.hedge.lock.hashing import folder_digests, listed_digest
from hanse.hedge.lock.schema import Base, Line, LockedModel, MaybeSha256, Sha256

Kind = Literal["lock", "train", "tune", "distill", "quantize", "compare", "swap", "rollback", "drill"]
Count = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1, max_length=1300)]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Digest(_Strict):
    """Of the bytes."""

    sha256: Sha256


class Resource(_Strict):
    """An in-toto ResourceDescriptor: a file, a model or a document by what it is."""

    name: Name
    digest: Digest

    @classmethod
    def of(cls, name: str, sha256: str) -> Resource:
        """From a name and 64 hex digits."""
        return cls(name=name, digest=Digest(sha256=sha256))

    @property
    def sha256(self) -> str:
        """Its digest."""
        return self.digest.sha256


class LockFacts(_Strict):
    """Subjects: the model by `entry`, then every file."""

    model: Line
    entry: Sha256
    """Digest of the model's table in the lock."""
    folder: Sha256
    """Over the lines of `sha256sum` of all files: what a comparison says of the folder."""
    repository: Line
    revision: Line
    license: Line
    license_sha256: MaybeSha256
    base: tuple[Base, ...] = ()
    """What the card says that it was made from."""


class TrainFacts(_Strict):
    """Of a model that began as random weights. Subjects: its files, and its folder. Materials: the data."""

    method: Line
    data: tuple[Sha256, ...]
    settings: Sha256
    figures: dict[Line, Decimal] = {}
    """Such as losses."""


class TuneFacts(_Strict):
    """Subjects: the files of the new model, and its folder. Materials: the files of the base, and the data."""

    method: Line
    base: Sha256
    """Of the base: a file's digest, or a folder's as in `LockFacts`."""
    data: tuple[Sha256, ...]
    settings: Sha256
    figures: dict[Line, Decimal] = {}
    """Such as losses."""


class DistillFacts(_Strict):
    """Subjects: the files of the student, and its folder. Materials: those of the teacher and the base, and the data."""

    method: Line
    teacher: MaybeSha256
    """Empty: an endpoint, whose files nobody here has."""
    teacher_name: Line
    base: MaybeSha256
    """What the student began as; empty: random weights."""
    data: tuple[Sha256, ...]
    settings: Sha256
    figures: dict[Line, Decimal] = {}


class QuantizeFacts(_Strict):
    """Subjects: the file, or the files of the folder and the folder. Materials: every file that was read."""

    format: Line
    """As the file calls itself."""
    types: dict[Line, Count]
    """How many tensors really have each type."""
    bits_per_weight: Decimal
    weights: Count
    bytes: Count
    metadata_sha256: Sha256
    notes: tuple[str, ...] = ()
    """Of the provenance, such as weights that had been quantized before."""


class Side(_Strict):
    """One of two models that were compared: who it is, as the comparison's document says."""

    kind: Literal["gguf", "folder", "ctranslate2", "endpoint", "answers"]
    name: str
    sha256: MaybeSha256
    template_sha256: MaybeSha256
    engine: str


class CompareFacts(_Strict):
    """Subject: the document, as `hanse compare --json` prints it. Materials: tasks, and both models where they are files."""

    incumbent: Side
    substitute: Side
    tasks: Sha256
    margin: Line
    error: Line
    items_max: Count
    seed: Count
    items: Count
    verdict: Literal["swap", "keep", "more"]
    document: Sha256


class TurnFacts(_Strict):
    """Of a swap or a rollback. Subject: the file that is served from now on, else what the routes say of the endpoint. Material:
    the verdict's document, where one was followed."""

    route: Line
    before: Line
    after: Line
    """Targets."""
    file: MaybeSha256
    """Empty: an endpoint."""
    endpoint: str
    """model@url; empty: a file."""
    verdict: MaybeSha256
    """Of the comparison's document; empty: a person said so."""


class DrillFacts(_Strict):
    """Subject: the drill's own record. Materials: the drilled models by `entry`."""

    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    passed: bool
    models: dict[Line, Sha256]
    """Name -> entry."""


Facts = LockFacts | TrainFacts | TuneFacts | DistillFacts | QuantizeFacts | CompareFacts | TurnFacts | DrillFacts
FACTS: Mapping[Kind, type[Facts]] = {
    "lock": LockFacts, "train": TrainFacts, "tune": TuneFacts, "distill": DistillFacts, "quantize": QuantizeFacts,
    "compare": CompareFacts, "swap": TurnFacts, "rollback": TurnFacts, "drill": DrillFacts,
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """One step, whoever took it. Raises ValueError for facts of another kind, no subject, or a name that stands twice."""

    kind: Kind
    name: str
    """What was made or spoken of: a model, a file, a route."""
    subjects: tuple[Resource, ...]
    materials: tuple[Resource, ...]
    facts: Facts
    command: tuple[str, ...] = ()
    """In words that name no place: ("hanse", "quantize", "--to", "Q8_0")."""

    def __post_init__(self) -> None:
        if type(self.facts) is not FACTS[self.kind]:
            raise ValueError(f"{self.kind}: has facts of another kind: {type(self.facts).__name__}")
        if not self.subjects:
            raise ValueError(f"{self.kind}: has no subject")
        for group in (self.subjects, self.materials):
            names = [item.name for item in group]
            if len(set(names)) != len(names):
                raise ValueError(f"{self.kind}: a name stands twice among its subjects or materials")
        if any(item.name == PREVIOUS for item in self.materials):
            raise ValueError(f"{self.kind}: the material {PREVIOUS!r} is the chain's own")

    def origins(self) -> list[str]:
        """Digests of the models that it was made from; each must be known for the chain to be whole."""
        match self.facts:
            case TuneFacts(base=base):
                return [base]
            case DistillFacts(teacher=teacher, base=base):
                return [digest for digest in (teacher, base) if digest]
            case QuantizeFacts():
                return [item.sha256 for item in self.materials]
            case _:
                return []

    def outputs(self) -> list[str]:
        """Digests of what it made or spoke of, a locked folder's too."""
        found = [item.sha256 for item in self.subjects]
        return [*found, self.facts.folder] if isinstance(self.facts, LockFacts) else found


PREVIOUS = "previous"
"""Name of the material that chains a line to the one before."""


def files_of(folder: Path) -> tuple[Resource, ...]:
    """A model's folder as subjects: all of it by its digest, then each file. Raises OSError."""
    found = folder_digests(folder)
    files = (Resource.of(f"{folder.name}/{path}", sha256) for path, sha256 in found.items())
    return (Resource.of(f"{folder.name}/", listed_digest(found)), *files)


def locked(model: LockedModel, command: Sequence[str]) -> Made:
    """The step of an entry that was taken into a lock."""
    files = tuple(Resource.of(f"{model.name}/{item.path}", item.sha256) for item in model.file)
    facts = LockFacts(
        model=model.name, entry=model.entry, folder=listed_digest({item.path: item.sha256 for item in model.file}),
        repository=model.repository, revision=model.revision, license=model.license.id,
        license_sha256=model.license.sha256, base=model.base,
    )  # fmt: skip
    return Made("lock", model.name, (Resource.of(model.name, model.entry), *files), (), facts, tuple(command))
