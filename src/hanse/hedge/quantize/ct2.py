"""int8 for CTranslate2, by its own converter (which needs transformers and torch), and what is really in its folder.

model.bin (OpenNMT/CTranslate2, python/ctranslate2/specs/model_spec.py, version 6), numbers little-endian, text with a u16 length
that counts a closing NUL:

    version u32 | name | revision u32 | count u32 | variable: name, dimensions u8, each u32, type u8, bytes u32, data | ...
    | count u32 | alias: name, name of the variable | ...
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from hanse.errors import QuantizeError
from hanse.hedge.offline import offline
from hanse.hedge.quantize.folder import FLOATS, ORIGIN, read_folder, read_json
from hanse.hedge.quantize.provenance import digests, quantized_before
from hanse.hedge.quantize.show import Shown, Tensor

MODEL = "model.bin"
COPIED = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
"""So that the folder can be asked in text."""
VERSION = 6
VARIABLES_MAX = 1 << 20
_TYPES = {0: ("float32", 4), 1: ("int8", 1), 2: ("int16", 2), 3: ("int32", 4), 4: ("float16", 2), 5: ("bfloat16", 2)}
_SCALES = "_scale"


def convert(path: Path, out: Path, made_by: str, type_: str = "int8") -> Shown:
    """Write the folder `out`, whole or not at all, and say what is in it: the weights in a type of CTranslate2, the tokenizer's
    files, and beside its own keys in config.json where a text ends and how long it may be. Raises QuantizeError."""
    if out.exists():
        raise QuantizeError(f"{out}: is there already; choose another folder")
    folder = read_folder(path)
    packed = [stored for _, stored in folder.tensors.values() if stored.dtype not in FLOATS]
    if packed:
        raise QuantizeError(f"{path}: tensor {packed[0].name} is {packed[0].dtype}: packed or scaled weights, no floats")
    matrices = [name for name, (_, stored) in folder.tensors.items() if len(stored.shape) == 2]
    origin = {"made_by": made_by, "source": digests(folder.files), "notes": quantized_before(folder, matrices)}
    converters: Any = import_module("ctranslate2.converters")
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary,
            offline(),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # transformers' on its own loading
            made = Path(temporary) / "new"
            copied = [name for name in COPIED if (path / name).is_file()]
            converter = converters.TransformersConverter(str(path), copy_files=copied, low_cpu_mem_usage=True)
            converter.convert(str(made), quantization=type_)
            config = read_json(made / "config.json") | _source_keys(folder.config, path)
            (made / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            (made / ORIGIN).write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")
            made.rename(out)
    except (ValueError, NotImplementedError, RuntimeError, OSError, KeyError) as error:
        raise QuantizeError(f"{path}: CTranslate2 does not convert it: {' '.join(str(error).split())[:300]}") from error
    return show_folder(out)


def _source_keys(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What CTranslate2 does not keep. As transformers reads it: generation_config.json goes before."""
    own = path / "generation_config.json"
    found = {name: config.get(name) for name in ("eos_token_id", "max_position_embeddings")}
    found |= {"eos_token_id": read_json(own).get("eos_token_id", found["eos_token_id"])} if own.is_file() else {}
    return {name: value for name, value in found.items() if value is not None}


def show_folder(path: Path) -> Shown:
    """Read back. Raises QuantizeError naming the file and what is wrong."""
    if not (path / MODEL).is_file():
        raise QuantizeError(f"{path}: no {MODEL} in it: no folder of CTranslate2")
    size = (path / MODEL).stat().st_size
    with open(path / MODEL, "rb") as file:
        try:
            name, tensors = _read(file, size)
        except struct.error as error:
            raise QuantizeError(f"{path / MODEL}: ends in the middle of its variables") from error
        except ValueError as error:
            raise QuantizeError(f"{path / MODEL}: no model of CTranslate2 that can be read: {error}") from error
    weights = sum(math.prod(item.shape) for item in tensors if item.shape and not item.name.endswith(_SCALES))
    known = sum(item.bytes for item in tensors)
    origin = read_json(path / ORIGIN) if (path / ORIGIN).is_file() else {}
    config = (path / "config.json").read_bytes() if (path / "config.json").is_file() else b""
    return Shown(
        file=path.name, bytes=size, weights=weights, bits_per_weight=round(8 * known / weights, 4) if weights else 0.0,
        label="", types=dict(Counter(item.type for item in tensors).most_common()), architecture=name,
        source=tuple(map(str, origin.get("source", ()))), notes=tuple(map(str, origin.get("notes", ()))),
        metadata_sha256=hashlib.sha256(config).hexdigest(), tensors=tensors,
    )  # fmt: skip


def _read(file: BinaryIO, size: int) -> tuple[str, tuple[Tensor, ...]]:
    version = _number(file, "<I")
    if version != VERSION:
        raise ValueError(f"version {version}; {VERSION} is read")
    name = _text(file)
    _number(file, "<I")
    count, tensors = _number(file, "<I"), []
    if count > VARIABLES_MAX:
        raise ValueError(f"{count} variables, at most {VARIABLES_MAX}")
    for _ in range(count):
        variable = _text(file)
        shape = tuple(_number(file, "<I") for _ in range(_number(file, "<B")))
        type_, length = _number(file, "<B"), _number(file, "<I")
        if type_ not in _TYPES or math.prod(shape) * _TYPES[type_][1] != length or file.tell() + length > size:
            raise ValueError(f"variable {variable[:200]!r} of shape {list(shape)}, type {type_} and {length} bytes")
        file.seek(length, os.SEEK_CUR)
        tensors.append(Tensor(variable, _TYPES[type_][0], shape, length))
    return name, tuple(tensors)


def _number(file: BinaryIO, code: str) -> int:
    return int(struct.unpack(code, file.read(struct.calcsize(code)))[0])


def _text(file: BinaryIO) -> str:
    length = _number(file, "<H")
    return file.read(length)[:-1].decode("utf-8")
