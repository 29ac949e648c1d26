"""What is really in a GGUF file: the type of every tensor, bits per weight, a digest of the metadata. Read back, not remembered."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gguf import GGMLQuantizationType, LlamaFileType

from hanse.errors import LockError, QuantizeError
from hanse.hedge.drill.gguf import GgufHead, read_head


@dataclass(frozen=True)
class Tensor:
    """One tensor."""

    name: str
    type: str
    shape: tuple[int, ...]
    """Rows first."""
    bytes: int


@dataclass(frozen=True)
class Shown:
    """What a file holds."""

    file: str
    bytes: int
    weights: int
    bits_per_weight: float
    """Bits of the tensors by weights: scales included, metadata not."""
    label: str
    """What `general.file_type` claims."""
    types: Mapping[str, int]
    """Type -> tensors that have it."""
    architecture: str
    source: tuple[str, ...]
    """What the file says that it was made from, when Hanse made it."""
    notes: tuple[str, ...]
    metadata_sha256: str
    """Of all keys and values as JSON, sorted, without spaces: equal for files that differ in weights alone."""
    tensors: tuple[Tensor, ...]

    def row(self) -> dict[str, Any]:
        return asdict(self)


def show(path: Path) -> Shown:
    """Raises QuantizeError naming the file and what is wrong."""
    try:
        head = read_head(path)
        size = path.stat().st_size
    except LockError as error:
        raise QuantizeError(str(error)) from error
    except (OSError, ValueError) as error:
        raise QuantizeError(f"{path}: cannot read: {error}") from error
    tensors = tuple(Tensor(item.name, type_name(item.type), item.shape[::-1], item.size) for item in head.tensors)
    weights = sum(math.prod(item.shape) for item in tensors)
    known = sum(item.bytes for item in tensors)
    return Shown(
        file=path.name, bytes=size, weights=weights, bits_per_weight=round(8 * known / weights, 4) if weights else 0.0,
        label=_label(head.keys.get("general.file_type")), types=dict(Counter(item.type for item in tensors).most_common()),
        architecture=str(head.keys.get("general.architecture", "")), source=_texts(head, "hanse.source.files"),
        notes=_texts(head, "hanse.notes"), metadata_sha256=_digest(head), tensors=tensors,
    )  # fmt: skip


def type_name(number: int) -> str:
    """As GGML calls a type."""
    known = {int(item): item.name for item in GGMLQuantizationType}
    return known.get(number, f"type {number}")


def _label(value: object) -> str:
    known = {int(item): item.name for item in LlamaFileType}
    return known.get(value, str(value)) if isinstance(value, int) else ""


def _texts(head: GgufHead, key: str) -> tuple[str, ...]:
    found = head.keys.get(key)
    return tuple(str(item) for item in found) if isinstance(found, list) else ()


def _digest(head: GgufHead) -> str:
    text = json.dumps(head.keys, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
