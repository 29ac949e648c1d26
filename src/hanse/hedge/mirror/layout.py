"""What stands in a mirror, below `mirror/` of any store.

    mirror/parts/<file>/<index>-<prefix>     8 MiB of a file, 4 MiB in a bucket (the last part is shorter)
    mirror/files/<file>                      its record, written last: {"part_bytes", "parts": [<prefix>, ...], "size"}
    mirror/models/<name>/<entry>.json        a model of a lock, written after all its files: {"kept", "model"}

<file> is the SHA-256 of the file and <name> that of the model's name; <prefix> is the SHA-256 of the file from its first
byte to the end of that part. So one pass over the bytes gives every name (the hash goes on, it is only read off at each
part), the last prefix is the file's own digest, two writers of right bytes write the same objects, and bytes of a wrong
source get other names than the right ones: they can never stand in their way. Two models, or two revisions, that share a
file share its record and its parts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hanse import canonical
from hanse.errors import CanonicalError, MalformedError
from hanse.hedge.lock.schema import LockedModel

PART_BYTES = 8 << 20
"""In a folder: what a disk is written at full speed with, several at once."""
BUCKET_PART_BYTES = 4 << 20
"""In any other store: a request's bytes are copied on the way, so less of them is in memory at once."""
PART_BYTES_MAX = 64 << 20
"""Of parts that are read: a store's objects are no larger."""
FILE_BYTES_MAX = 1_000_000 * BUCKET_PART_BYTES
"""4 TiB: a part's index has six digits."""
RECORD_BYTES_MAX = 70 * 1_000_000
TABLE_BYTES_MAX = 64 << 20
FILES, PARTS, MODELS = "mirror/files/", "mirror/parts/", "mirror/models/"
EMPTY = hashlib.sha256(b"").hexdigest()
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"mirror/parts/([0-9a-f]{64})/([0-9]{6})-([0-9a-f]{64})")
_MODEL = re.compile(r"mirror/models/([0-9a-f]{64})/([0-9a-f]{64})\.json")


@dataclass(frozen=True)
class Record:
    """A file that is here, whole and hashed when this was written."""

    sha256: str
    size: int
    """In bytes."""
    prefixes: tuple[str, ...]
    """Per part, the digest of the file up to its end."""
    part_bytes: int = PART_BYTES

    @property
    def name(self) -> str:
        """Of its object."""
        return record_name(self.sha256)

    def part(self, index: int) -> str:
        """Object name of a part."""
        return part_name(self.sha256, index, self.prefixes[index])

    def part_size(self, index: int) -> int:
        """Bytes of a part."""
        return min(self.part_bytes, self.size - index * self.part_bytes)

    def encode(self) -> bytes:
        return canonical.encode({"part_bytes": self.part_bytes, "parts": list(self.prefixes), "size": self.size})

    @classmethod
    def decode(cls, sha256: str, data: bytes) -> Record:
        """Read what `encode` prints, and nothing else. Raises MalformedError naming the object."""
        value = _object(data, record_name(sha256), {"part_bytes", "parts", "size"})
        parts, size, part_bytes = value["parts"], value["size"], value["part_bytes"]
        good = _whole(size, 0, FILE_BYTES_MAX) and _whole(part_bytes, 1, PART_BYTES_MAX) and isinstance(parts, list)
        if not good or not all(isinstance(item, str) and _SHA256.fullmatch(item) for item in parts):
            raise MalformedError(f"{record_name(sha256)}: expected a size, the bytes of a part and a list of digests")
        if len(parts) != parts_of(size, part_bytes) or (parts[-1] if parts else EMPTY) != sha256:
            raise MalformedError(f"{record_name(sha256)}: its list of parts is not one of this file")
        return cls(sha256, size, tuple(parts), part_bytes)


@dataclass(frozen=True)
class Kept:
    """A model that is here."""

    model: LockedModel
    kept: int
    """When all of it was first here, in Unix seconds."""

    @property
    def name(self) -> str:
        """Of its object."""
        return model_name(self.model)

    def encode(self) -> bytes:
        return canonical.encode({"kept": self.kept, "model": self.model.model_dump(mode="json")})

    @classmethod
    def decode(cls, name: str, data: bytes) -> Kept:
        """Read what `encode` prints, and nothing else. Raises MalformedError naming the object."""
        value = _object(data, name, {"kept", "model"})
        try:
            model = LockedModel.model_validate_json(canonical.encode(value["model"]))
        except ValidationError as error:
            raise MalformedError(f"{name}: no model of a lock: {error.errors()[0]['msg']}") from error
        if not _whole(value["kept"], 0, 1 << 40) or model.entry != model.digest() or model_name(model) != name:
            raise MalformedError(f"{name}: was changed: its model is not the one that its name says")
        return cls(model, value["kept"])


def record_name(sha256: str) -> str:
    """Object name of a file's record."""
    return f"{FILES}{sha256}"


def part_name(sha256: str, index: int, prefix: str) -> str:
    """Object name of a part of a file."""
    return f"{PARTS}{sha256}/{index:06d}-{prefix}"


def model_name(model: LockedModel) -> str:
    """Object name of a model's table."""
    return f"{MODELS}{hashlib.sha256(model.name.encode()).hexdigest()}/{model.entry}.json"


def parts_of(size: int, part_bytes: int = PART_BYTES) -> int:
    """How many parts a file of `size` bytes has."""
    return -(-size // part_bytes)


def read_part_name(name: str) -> tuple[str, int, str] | None:
    """File, index and prefix of a part's object name; None when it is none."""
    found = _PART.fullmatch(name)
    return (found[1], int(found[2]), found[3]) if found else None


def is_record_name(name: str) -> bool:
    """Whether an object is named like a record."""
    return name.startswith(FILES) and _SHA256.fullmatch(name.removeprefix(FILES)) is not None


def is_model_name(name: str) -> bool:
    """Whether an object is named like a model's table."""
    return _MODEL.fullmatch(name) is not None


def _object(data: bytes, name: str, keys: set[str]) -> dict[str, Any]:
    try:
        value = canonical.decode(data)
    except CanonicalError as error:
        raise MalformedError(f"{name}: {error}") from error
    if not isinstance(value, dict) or set(value) != keys:
        raise MalformedError(f"{name}: expected the keys {', '.join(sorted(keys))}")
    return value


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
