"""GGUF file -> Hugging Face folder, the way back of `write`: what the head says is checked whole, then a few rows at a time are
dequantized and written; the folder gets its name when all of it stands."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import gguf
import numpy as np

from hanse.errors import LockError, QuantizeError
from hanse.hedge.drill.gguf import GgufTensor, read_head
from hanse.hedge.quantize.architectures import Plan, Wanted, plan_of
from hanse.hedge.quantize.back import Back, back, origin_of
from hanse.hedge.quantize.encode import encode
from hanse.hedge.quantize.folder import ORIGIN, SINGLE, Rows
from hanse.hedge.quantize.formats import Type
from hanse.hedge.quantize.show import Shown, show, type_name
from hanse.hedge.quantize.write import CHUNK, ROPE_FACTORS, names_of, order_of
from hanse.store.disk import file_digest

DTYPES = {"float32": (Type.F32, "F32", 4), "bfloat16": (Type.BF16, "BF16", 2), "float16": (Type.F16, "F16", 2)}
"""As transformers calls them -> GGML's type, safetensors' name, bytes."""


def unpack(
    path: Path, out: Path, dtype: str, made_by: str, progress: Callable[[int], None] | None = None, chunk: int = CHUNK,
) -> Shown:  # fmt: skip
    """Write the folder `out`, whole or not at all, and say what the file was. `progress` hears the weights done so far; `chunk`:
    weights in memory at a time. Raises QuantizeError naming the file and the key or tensor."""
    if out.exists():
        raise QuantizeError(f"{out}: is there already; choose another folder")
    shown = show(path)
    try:
        head = read_head(path)
        sha256 = file_digest(path)
    except LockError as error:
        raise QuantizeError(str(error)) from error
    by_name = {item.name: item for item in head.tensors}
    factors = _factors(path, by_name.pop(ROPE_FACTORS, None))
    made = back(head, factors, dtype, path.name)
    pairs = _match(by_name, plan_of(made.config, path.name), path.name)
    origin = origin_of(path, sha256, head, shown.label, shown.types, made_by)
    origin["notes"] += made.notes
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.absolute().parent) as temporary:
            folder = Path(temporary) / "new"
            folder.mkdir()
            _write_texts(folder, made, origin)
            with open(folder / SINGLE, "wb") as file:
                _write(path, file, pairs, dtype, chunk, progress)
            folder.rename(out)
    except OSError as error:
        raise QuantizeError(f"{out}: cannot write: {error.strerror}") from error
    return shown


def _factors(path: Path, stored: GgufTensor | None) -> list[float]:
    if stored is None:
        return []
    if stored.type != Type.F32 or len(stored.shape) != 1:
        raise QuantizeError(f"{path.name}: {ROPE_FACTORS} is no vector of F32")
    return [float(value) for value in np.fromfile(path, "<f4", stored.shape[0], offset=stored.begin)]


def _match(there: dict[str, GgufTensor], plan: Plan, where: str) -> list[tuple[Wanted, GgufTensor]]:
    """Every tensor of the folder with that of the file, which has no other."""
    pairs = []
    for name, item in names_of(plan, where).items():
        stored = there.pop(name, None)
        if stored is None or stored.shape[::-1] != item.shape:
            found = "none" if stored is None else f"one of shape {list(stored.shape[::-1])}"
            raise QuantizeError(f"{where}: expected a tensor {name} of shape {list(item.shape)}, found {found}")
        if not _readable(stored.type):
            raise QuantizeError(f"{where}: tensor {name} is {type_name(stored.type)}, which gguf does not dequantize")
        pairs.append((item, stored))
    if there:
        raise QuantizeError(f"{where}: has {len(there)} tensors that a {plan.gguf} of these keys has not, as {min(there)}")
    return pairs


@cache
def _readable(type_: int) -> bool:
    """Whether gguf dequantizes it: asked with one block of zeros."""
    try:
        gguf.quants.dequantize(np.zeros(gguf.GGML_QUANT_SIZES[Type(type_)][1], np.uint8), Type(type_))
    except (ValueError, NotImplementedError):
        return False
    return True


def _write_texts(folder: Path, made: Back, origin: Mapping[str, Any]) -> None:
    texts = {"config.json": made.config, "tokenizer.json": made.tokenizer, "tokenizer_config.json": made.settings, ORIGIN: origin}
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write(
    path: Path, file: BinaryIO, pairs: list[tuple[Wanted, GgufTensor]], dtype: str, chunk: int,
    progress: Callable[[int], None] | None,
) -> None:  # fmt: skip
    """safetensors (github.com/huggingface/safetensors): u64 length, a JSON head, the tensors one after the other."""
    type_, called, size = DTYPES[dtype]
    described: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = done = 0
    for item, _ in pairs:
        end = at + size * math.prod(item.shape)
        described[item.name] = {"dtype": called, "shape": list(item.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for item, stored in pairs:
        count = max(1, chunk // math.prod(item.shape[1:]))
        order = np.argsort(order_of(item))  # where the folder's rows stand in the file
        for begin in range(0, len(order), count):
            rows = _rows(path, stored, order[begin : begin + count])
            file.write(encode(rows, type_, item.name))
            done += rows.size
            if progress is not None:
                progress(done)


def _rows(path: Path, stored: GgufTensor, which: Any) -> Rows:
    """Those rows of a tensor (elements of a vector) as float32."""
    shape = stored.shape[::-1]
    data = np.memmap(path, np.uint8, "r", offset=stored.begin, shape=(stored.size,)).reshape(shape[0], -1)
    found: Any = gguf.quants.dequantize(np.ascontiguousarray(data[which]), Type(stored.type))
    return np.asarray(found, np.float32).reshape(len(which), *shape[1:])
