"""Folder -> GGUF file: planned whole from the headers, then written a few rows at a time, renamed when all of it stands."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from hanse.errors import QuantizeError
from hanse.hedge.quantize.architectures import Plan, Value, Wanted, plan_of
from hanse.hedge.quantize.encode import encode, need_engine
from hanse.hedge.quantize.folder import FLOATS, Folder, read_folder
from hanse.hedge.quantize.formats import FORMATS, Choice, Format, choose, refuse_fallbacks
from hanse.hedge.quantize.provenance import digests, quantized_before
from hanse.hedge.quantize.show import Shown, show
from hanse.hedge.quantize.tokenizer import vocabulary_of

CHUNK = 1 << 22
"""Weights that are float32 in memory at a time: 16 MB, and a row if it is longer."""
ROPE_FACTORS = "rope_freqs.weight"
_SKIPPED = (".rotary_emb.inv_freq",)
"""Buffers that old files have; llama.cpp computes them."""


@dataclass(frozen=True)
class Job:
    """A file to be written."""

    folder: Folder
    plan: Plan
    format: Format
    keys: Mapping[str, Value]
    tensors: Mapping[str, tuple[Wanted, Choice]]
    """By their GGUF names, in the file's order."""


def quantize(
    path: Path, to: str, out: Path, allow_fallback: bool, made_by: str, progress: Callable[[int], None] | None = None,
    chunk: int = CHUNK,
) -> Shown:  # fmt: skip
    """Write `out` and say what is in it, read back. `progress` hears the weights done so far; `chunk`: weights in memory at a
    time. Raises QuantizeError."""
    if out.exists():
        raise QuantizeError(f"{out}: is there already; choose another file")
    job = prepare(read_folder(path), to, allow_fallback, made_by)
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    try:
        _write(job, temporary, chunk, progress)
        os.link(temporary, out)
    except FileExistsError as error:
        raise QuantizeError(f"{out}: is there already; choose another file") from error
    except OSError as error:
        raise QuantizeError(f"{out}: cannot write: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return show(out)


def prepare(folder: Folder, to: str, allow_fallback: bool, made_by: str) -> Job:
    """Everything that can be refused before a byte is written. Raises QuantizeError, MissingExtraError."""
    where = str(folder.path / "config.json")
    format_, plan = FORMATS[to], plan_of(folder.config, where)
    wanted = _match(folder, plan)
    text = vocabulary_of(folder.tokenizer, folder.tokenizer_config, folder.config, folder.chat_template, plan.vocab_size)
    chosen = {name: choose(format_, name, item.shape, plan.layers, plan.tied) for name, item in wanted.items()}
    if not allow_fallback:
        refuse_fallbacks(chosen, {name: item.shape for name, item in wanted.items()}, to)
    need_engine({choice.type for choice in chosen.values()})
    matrices = [item.name for item in wanted.values() if len(item.shape) == 2]
    notes = [*plan.notes, *text.notes, *quantized_before(folder, matrices)]
    fallen = sum(choice.fell_back for choice in chosen.values())
    if fallen:
        notes.append(f"{fallen} of {len(chosen)} tensors could not be {to} and fell back")
    keys: dict[str, Value] = {
        "general.type": "model", "general.name": folder.path.resolve().name, "general.quantization_version": 2,
        "general.file_type": int(format_.label), "general.quantized_by": made_by, **plan.keys, **text.keys,
        "hanse.source.files": digests(folder.files), "hanse.notes": notes,
    }  # fmt: skip
    return Job(folder, plan, format_, keys, {name: (item, chosen[name]) for name, item in wanted.items()})


def _match(folder: Folder, plan: Plan) -> dict[str, Wanted]:
    """GGUF name -> tensor; the folder has exactly those, in those shapes."""
    there = {name: stored for name, (_, stored) in folder.tensors.items() if not name.endswith(_SKIPPED)}
    if plan.tied and "lm_head.weight" in there:
        _check_tied(folder)
        del there["lm_head.weight"]
    found = names_of(plan, str(folder.path))
    for item in found.values():
        stored = there.pop(item.name, None)
        if stored is None:
            raise QuantizeError(f"{folder.path}: has no tensor {item.name}, which its config.json asks for{_packed(folder)}")
        if stored.dtype not in FLOATS:
            raise QuantizeError(f"{folder.path}: tensor {item.name} is {stored.dtype}: packed or scaled weights, no floats"
                                f"{_packed(folder)}")  # fmt: skip
        if stored.shape != item.shape:
            raise QuantizeError(f"{folder.path}: tensor {item.name} has the shape {list(stored.shape)}, its config.json asks "
                                f"for {list(item.shape)}")  # fmt: skip
    if there:
        raise QuantizeError(f"{folder.path}: has {len(there)} tensors that its config.json does not ask for, as "
                            f"{min(there)}; dropping them would serve another model{_packed(folder)}")  # fmt: skip
    return found


def names_of(plan: Plan, where: str) -> dict[str, Wanted]:
    """GGUF name -> tensor of the folder, in order. Raises QuantizeError for one that gguf has no name for."""
    names, found = gguf.get_tensor_name_map(_ARCHITECTURES[plan.gguf], plan.layers), {}
    for item in plan.wanted:
        name = names.get_name(item.name, (".weight", ".bias"))
        if name is None:
            raise QuantizeError(f"{where}: gguf has no name for tensor {item.name} in {plan.gguf}")
        found[name] = item
    return found


_ARCHITECTURES = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}


def _packed(folder: Folder) -> str:
    said = folder.config.get("quantization_config")
    return f"; it has a quantization_config ({said}): save it dequantized first"[:300] if said is not None else ""


def _check_tied(folder: Folder) -> None:
    head, embedding = folder.tensors["lm_head.weight"][1], folder.tensors.get("model.embed_tokens.weight", (None, None))[1]
    same = embedding is not None and head.shape == embedding.shape
    for begin in range(0, head.shape[0] if same else 0, 1024):
        which = slice(begin, begin + 1024)
        same = same and np.array_equal(folder.rows("lm_head.weight", which), folder.rows("model.embed_tokens.weight", which))
    if not same:
        raise QuantizeError(f"{folder.path}: config.json ties the head to the embedding, but lm_head.weight is another tensor")


def _write(job: Job, path: Path, chunk: int, progress: Callable[[int], None] | None) -> None:
    writer = gguf.GGUFWriter(path, job.plan.gguf)
    try:
        for key, value in job.keys.items():
            _add(writer, key, value)
        factors = np.asarray(job.plan.rope.factors, np.float32)
        if factors.size:
            writer.add_tensor_info(ROPE_FACTORS, factors.shape, factors.dtype, factors.nbytes)
        for name, (item, choice) in job.tensors.items():
            writer.add_tensor_info(name, item.shape, np.dtype(np.float32), _bytes(item, choice), raw_dtype=choice.type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        assert writer.fout is not None
        file, done = writer.fout[0], 0
        writer.write_padding(file, file.tell())
        if factors.size:
            file.write(factors.tobytes())
            writer.write_padding(file, factors.nbytes)
        for item, choice in job.tensors.values():
            for rows in _chunks(item, chunk):
                file.write(encode(job.folder.rows(item.name, rows), choice.type, item.name))
                done += len(rows) * math.prod(item.shape[1:])
                if progress is not None:
                    progress(done)
            writer.write_padding(file, _bytes(item, choice))
        file.flush()
        os.fsync(file.fileno())
    finally:
        writer.close()


def order_of(item: Wanted) -> npt.NDArray[np.int64]:
    """The folder's rows in the file's order. Of the two halves of a head, llama.cpp wants a pair's rows side by side where
    transformers has them half a head apart."""
    order = np.arange(item.shape[0], dtype=np.int64)
    return order.reshape(item.heads, 2, -1).swapaxes(1, 2).reshape(-1) if item.heads else order


def _bytes(item: Wanted, choice: Choice) -> int:
    block, size = gguf.GGML_QUANT_SIZES[choice.type]
    return math.prod(item.shape) // block * size


def _chunks(item: Wanted, chunk: int) -> list[npt.NDArray[np.int64]]:
    """Indices of the rows in the file's order, so many at a time."""
    order = order_of(item)
    count = max(1, chunk // math.prod(item.shape[1:]))
    return [order[begin : begin + count] for begin in range(0, len(order), count)]


def _add(writer: gguf.GGUFWriter, key: str, value: Value) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)
