"""A Hugging Face model folder: its config, tokenizer and tensors, without torch and without unpickling anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hanse.errors import LockError, QuantizeError
from hanse.hedge.drill.tensors import Stored, list_safetensors, read_index

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
ORIGIN = "hanse-quantize.json"
"""What Hanse wrote into a folder that it made: `made_by`, `source` (digests) and `notes`."""
JSON_BYTES_MAX = 256 << 20
FLOATS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
"""dtypes that are numbers of their own, and how NumPy reads their bytes; anything else is packed or scaled by something else."""

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Folder:
    """What was found. Tensors are mapped, not read."""

    path: Path
    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    """tokenizer.json"""
    tokenizer_config: Mapping[str, Any]
    """tokenizer_config.json, or nothing."""
    chat_template: str | None
    tensors: Mapping[str, tuple[Path, Stored]]
    notes: tuple[str, ...]
    """What was said of these weights when the folder was made, if Hanse made it."""
    files: tuple[Path, ...]
    """Those that a conversion reads, in order."""

    def rows(self, name: str, which: npt.NDArray[np.int64] | slice) -> Rows:
        """Those rows of a tensor (elements of a vector) as float32. float64 is rounded."""
        path, stored = self.tensors[name]
        kind = FLOATS[stored.dtype]
        data = np.memmap(path, dtype=kind, mode="r", offset=stored.begin, shape=stored.shape)[which]
        if stored.dtype == "BF16":
            return (np.asarray(data).astype("<u4") << 16).view("<f4")
        return np.asarray(data).astype(np.float32)


def read_folder(path: Path) -> Folder:
    """Raises QuantizeError naming the file: what is missing, corrupt, a pickle, or no float."""
    if not path.is_dir():
        what = "a file; give the folder of the model in the Hugging Face layout" if path.is_file() else "no such folder"
        raise QuantizeError(f"{path}: {what}")
    config = read_json(path / "config.json")
    weights = _weights(path)
    tensors: dict[str, tuple[Path, Stored]] = {}
    for file in weights:
        for stored in _listed(file):
            if stored.name in tensors:
                raise QuantizeError(f"{file.name}: tensor {stored.name[:200]!r} stands in {tensors[stored.name][0].name}, too")
            tensors[stored.name] = (file, stored)
    names = (INDEX, "tokenizer_config.json", "chat_template.jinja", ORIGIN)
    optional = [path / name for name in names if (path / name).is_file()]
    notes = read_json(path / ORIGIN).get("notes", ()) if path / ORIGIN in optional else ()
    settings = read_json(path / "tokenizer_config.json") if path / "tokenizer_config.json" in optional else {}
    files = (path / "config.json", path / "tokenizer.json", *optional, *weights)
    template, said = _template(path, settings), tuple(map(str, notes))
    return Folder(path, config, read_json(path / "tokenizer.json"), settings, template, tensors, said, files)


def read_json(path: Path) -> dict[str, Any]:
    """An object. Raises QuantizeError naming the file."""
    try:
        if path.stat().st_size > JSON_BYTES_MAX:
            raise QuantizeError(f"{path}: more than {JSON_BYTES_MAX} bytes")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise QuantizeError(f"{path}: cannot read: {error.strerror}; a model's folder has one") from error
    except (ValueError, RecursionError) as error:
        raise QuantizeError(f"{path}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise QuantizeError(f"{path}: expected a JSON object")
    return found


def _weights(path: Path) -> list[Path]:
    if (path / INDEX).is_file():
        named = read_json(path / INDEX).get("weight_map")
        if not isinstance(named, dict) or not all(_plain(name) for name in named.values()):
            raise QuantizeError(f"{path / INDEX}: expected 'weight_map', tensors with the names of files beside it")
        files = [path / name for name in sorted(set(named.values()))]
        for file in files:
            if not file.is_file():
                raise QuantizeError(f"{file}: is missing; {INDEX} names it")
        try:
            read_index(path / INDEX, {file.name: {stored.name for stored in _listed(file)} for file in files})
        except LockError as error:
            raise QuantizeError(str(error)) from error
        return files
    if (path / SINGLE).is_file():
        return [path / SINGLE]
    pickles = sorted(file.name for ending in ("bin", "pt", "pth") for file in path.glob(f"*.{ending}"))
    if pickles:
        raise QuantizeError(f"{path}: has {pickles[0]}, a pickle, which is never opened: it may run code. Get or make "
                            "the model's safetensors")  # fmt: skip
    raise QuantizeError(f"{path}: has neither {SINGLE} nor {INDEX}")


def _plain(name: object) -> bool:
    return isinstance(name, str) and name not in ("", ".", "..") and not set("/\\\0") & set(name)


def _listed(file: Path) -> list[Stored]:
    try:
        return list_safetensors(file)
    except LockError as error:
        raise QuantizeError(str(error)) from error


def _template(path: Path, settings: Mapping[str, Any]) -> str | None:
    """The default chat template: its own file, or inside tokenizer_config.json."""
    file = path / "chat_template.jinja"
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise QuantizeError(f"{file}: not UTF-8") from error
    found = settings.get("chat_template")
    if isinstance(found, list):  # several, each with a name
        found = next((item.get("template") for item in found if isinstance(item, dict) and item.get("name") == "default"), None)
    if found is not None and not isinstance(found, str):
        raise QuantizeError(f"{path / 'tokenizer_config.json'}: chat_template is no text")
    return found
