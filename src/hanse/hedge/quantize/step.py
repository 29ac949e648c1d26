"""The line of the record that a quantized file gets: made from the file alone, which says itself what it was made from."""

from __future__ import annotations

from pathlib import Path

from hanse.errors import QuantizeError
from hanse.hedge.quantize.folder import ORIGIN, SINGLE, read_json
from hanse.hedge.quantize.show import Shown
from hanse.hedge.record.made import Made, QuantizeFacts, Resource, files_of
from hanse.store.disk import file_digest


def step(shown: Shown, path: Path) -> Made:
    """Of a GGUF file, or of a folder of CTranslate2. Raises QuantizeError for one that does not say what it was made from."""
    read = [line.partition("  ") for line in shown.source]
    if not read:
        raise QuantizeError(f"{path}: does not say what it was made from: `hanse quantize` did not make it, so the record cannot "
                            "have it as quantized; lock it")  # fmt: skip
    subjects = files_of(path) if path.is_dir() else (Resource.of(path.name, file_digest(path)),)
    facts = QuantizeFacts(
        format=shown.label or "ct2-int8", types=dict(shown.types), bits_per_weight=f"{shown.bits_per_weight:.4f}",
        weights=shown.weights, bytes=shown.bytes, metadata_sha256=shown.metadata_sha256, notes=shown.notes,
    )  # fmt: skip
    materials = tuple(Resource.of(name, digest) for digest, _, name in read)
    return Made("quantize", path.name, subjects, materials, facts, ("hanse", "quantize", "--to", facts.format))


def unpacked(shown: Shown, file: Path, dtype: str, out: Path) -> Made:
    """Of the folder that a GGUF file was unpacked to; its metadata are the file's."""
    weights = out / SINGLE
    bits = {"float32": 32, "bfloat16": 16, "float16": 16}[dtype]
    types = ", ".join(f"{count} {name}" for name, count in shown.types.items())
    facts = QuantizeFacts(
        format=dtype, types={dtype: sum(shown.types.values())}, bits_per_weight=f"{bits}.0000", weights=shown.weights,
        bytes=weights.stat().st_size, metadata_sha256=shown.metadata_sha256,
        notes=(*shown.notes, f"unpacked from {file.name}, whose tensors were {types}"),
    )  # fmt: skip
    sha256 = read_json(out / ORIGIN)["source"][0].partition("  ")[0]
    materials = (Resource.of(file.name, sha256),)
    return Made("quantize", out.name, files_of(out), materials, facts, ("hanse", "quantize", "unpack", "--dtype", dtype))
