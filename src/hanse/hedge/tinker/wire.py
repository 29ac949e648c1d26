"""From bytes to sequences and back, in both eras: JSON, and protobuf (little-endian arrays in byte strings, perhaps under zstd)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard
from google.protobuf.message import DecodeError

from hanse.hedge.tinker import schema
from hanse.hedge.tinker.losses import LOSSES, OPTIONAL, check_loss
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.requests import ModelInput, PassBody, TensorBody

Array = npt.NDArray[Any]
PROTOBUF = "application/x-protobuf"
NOTHING = -99999.0
"""The log-probability that stands where a row of the k likeliest has none."""
_TYPES: Mapping[int, str] = {schema.FLOAT32: "<f4", schema.INT64: "<i8", schema.INT32: "<i4"}


@dataclass(frozen=True)
class Example:
    """One sequence: tokens, and per position what the loss needs."""

    tokens: Array
    """int64, (length,)."""
    targets: Array
    """int64, (length,) or (length, k)."""
    inputs: Mapping[str, Array]
    """float32, of the targets' shape."""


@dataclass(frozen=True)
class Pass:
    """What a forward (and backward) pass is asked for."""

    examples: Sequence[Example]
    loss: str
    settings: Mapping[str, float]
    backward: bool


@dataclass(frozen=True)
class Passed:
    """What it gives."""

    logprobs: Sequence[Array]
    """Of each example's targets, float32, of their shape."""
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    """What was sampled."""

    tokens: Sequence[int]
    logprobs: Sequence[float]
    stopped: bool
    """Rather than out of tokens."""
    top: Sequence[Sequence[tuple[int, float]]] | None = None


@dataclass(frozen=True)
class Sampled:
    """The answer to a request for samples."""

    sequences: Sequence[Answer]
    prompt_logprobs: Sequence[float | None] | None = None
    prompt_top: Sequence[Sequence[tuple[int, float]] | None] | None = None
    ids: Sequence[str] = field(default=())


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """A body as it was before it was compressed. Raises Refused, 413 when it is larger than `limit`, 415 for a compression that is
    not served."""
    if encoding in ("", "identity"):
        return body
    if encoding != "zstd":
        raise Refused(f"content-encoding {encoding[:40]!r} is not served; use zstd or none", 415)
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body) as reader:
            made = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise Refused(f"the body is not zstd: {error}") from error
    if len(made) > limit:
        raise Refused(f"a body has at most {limit} bytes after decompression", 413)
    return bytes(made)


def read_message(body: bytes) -> Any:
    """A ForwardBackwardRequest of the protobuf era. Raises Refused."""
    message = schema.new("ForwardBackwardRequest")
    try:
        message.ParseFromString(body)
    except (DecodeError, RecursionError) as error:
        raise Refused(f"the body is not a ForwardBackwardRequest: {error}") from error
    if not message.model_id or message.seq_id < 0:
        raise Refused("model_id or seq_id is missing")
    return message


def pass_of_message(message: Any) -> Pass:
    """What it asks for. Raises Refused naming the datum."""
    settings: dict[str, float | str] = dict(message.loss_fn_config)
    for key, value in message.loss_fn_config_v2.items():
        settings[key] = value.text if value.WhichOneof("value") == "text" else value.number
    examples = []
    for number, datum in enumerate(message.data):
        tokens: list[Array] = []
        for chunk in datum.model_input:
            if chunk.WhichOneof("chunk") != "encoded_text":
                raise Refused(f"datum {number}: only text is served, no {chunk.WhichOneof('chunk') or 'empty chunk'}")
            tokens.append(_array(chunk.encoded_text.tokens, schema.INT32, f"datum {number}: model_input"))
        given = {}
        for name, tensor in datum.loss_fn_inputs.items():
            where = f"datum {number}: {name[:60]}"
            if tensor.WhichOneof("encoding") == "sparse_csr":
                csr = tensor.sparse_csr
                rows, columns = (
                    _array(csr.crow_indices, schema.INT64, where),
                    _array(csr.col_indices, schema.INT64, where),
                )
                given[name] = _sparse(_array(csr.values, tensor.dtype, where), rows, columns, list(tensor.shape), where)
            else:
                given[name] = _shaped(_array(tensor.dense, tensor.dtype, where), list(tensor.shape), where)
        examples.append(_example(np.concatenate(tokens) if tokens else np.zeros(0), given, message.loss_fn, number))
    return _pass(examples, message.loss_fn, settings, not message.forward_only)


def pass_of_json(body: PassBody, backward: bool) -> Pass:
    """What a JSON body asks for. Raises Refused naming the datum."""
    examples = []
    for number, datum in enumerate(body.data):
        given = {name: _tensor(tensor, f"datum {number}: {name[:60]}") for name, tensor in datum.loss_fn_inputs.items()}
        examples.append(_example(tokens_of(datum.model_input), given, body.loss_fn, number))
    return _pass(examples, body.loss_fn, body.loss_fn_config or {}, backward)


def tokens_of(prompt: ModelInput) -> Array:
    """A prompt's tokens, int64. Raises Refused for anything but text."""
    found: list[int] = []
    for chunk in prompt.chunks:
        if chunk.tokens is None or chunk.type != "encoded_text":
            raise Refused(f"only text is served, no chunk of type {chunk.type[:60]!r}")
        found += chunk.tokens
    return np.array(found, np.int64)


def _pass(examples: Sequence[Example], loss: str, settings: Mapping[str, float | str], backward: bool) -> Pass:
    if not examples:
        raise Refused("data: expected at least one datum")
    numbers = {}
    for key, value in settings.items():
        if isinstance(value, str) or not math.isfinite(value):
            raise Refused(f"loss_fn_config: {key[:60]}: expected a finite number")
        numbers[key] = value
    return Pass(examples, loss, check_loss(loss, numbers), backward)


def _example(tokens: Array, given: Mapping[str, Array], loss: str, number: int) -> Example:
    check_loss(loss, {})
    where, rule, length = f"datum {number}", LOSSES[loss], len(tokens)
    if not length:
        raise Refused(f"{where}: model_input is empty")
    if "target_tokens" not in given:
        raise Refused(f"{where}: loss_fn_inputs has no target_tokens")
    targets = given["target_tokens"]
    if targets.dtype.kind != "i" or targets.shape[0] != length or (targets.ndim > 1 and not rule.several):
        also = " or (length, k)" if rule.several else ""
        raise Refused(f"{where}: target_tokens: expected int64 of shape ({length},){also}, found "
                      f"{targets.dtype} {targets.shape}")  # fmt: skip
    for name in rule.needs:
        if name not in given:
            raise Refused(f"{where}: {loss} needs loss_fn_inputs[{name!r}]")
    inputs = {}
    for name in (*rule.needs, *(set(OPTIONAL) & set(rule.settings) & set(given))):
        value = given[name].astype(np.float32)
        if value.shape != targets.shape or not np.isfinite(value).all():
            raise Refused(f"{where}: {name}: expected finite numbers of shape {targets.shape}, found {value.shape}")
        inputs[name] = value
    return Example(tokens.astype(np.int64), targets.astype(np.int64), inputs)


def _tensor(body: TensorBody, where: str) -> Array:
    try:
        flat = np.array(body.data, np.int64 if body.dtype == "int64" else np.float32)
    except (OverflowError, ValueError) as error:
        raise Refused(f"{where}: {error}") from error
    if body.sparse_crow_indices is None or body.sparse_col_indices is None:
        return _shaped(flat, body.shape, where)
    rows, columns = np.array(body.sparse_crow_indices, np.int64), np.array(body.sparse_col_indices, np.int64)
    return _sparse(flat, rows, columns, body.shape or [], where)


def _array(data: bytes, kind: int, where: str) -> Array:
    if kind not in _TYPES:
        raise Refused(f"{where}: type {kind} is not served; there are float32, int64, int32")
    if len(data) % np.dtype(_TYPES[kind]).itemsize:
        raise Refused(f"{where}: {len(data)} bytes are no whole number of {_TYPES[kind]}")
    return np.frombuffer(data, _TYPES[kind])


def _shaped(flat: Array, shape: Sequence[int] | None, where: str) -> Array:
    shape = tuple(shape or (len(flat),))
    if len(shape) > 2 or min(shape) < 0 or math.prod(shape) != len(flat):
        raise Refused(f"{where}: {len(flat)} numbers have not the shape {str(shape)[:60]}")
    return flat.reshape(shape)


def _sparse(values: Array, rows: Array, columns: Array, shape: Sequence[int], where: str) -> Array:
    """Dense, zeros where nothing stands; a matrix of more than 2^24 numbers is refused."""
    wrong = (
        len(shape) != 2
        or min(shape) < 0
        or math.prod(shape) > 1 << 24
        or len(rows) != shape[0] + 1
        or len(values) != len(columns)
        or rows[0] != 0
        or rows[-1] != len(values)
        or bool((np.diff(rows) < 0).any())
        or bool(((columns < 0) | (columns >= shape[1])).any())
    )
    if wrong:
        raise Refused(f"{where}: its rows, columns and values are no sparse matrix of shape {str(list(shape))[:60]}")
    made = np.zeros(tuple(shape), values.dtype)
    made[np.repeat(np.arange(shape[0]), np.diff(rows)), columns] = values
    return made


def passed_json(passed: Passed) -> dict[str, Any]:
    """A result of the JSON era."""
    outputs = [
        {"logprobs": {"data": row.ravel().tolist(), "dtype": "float32", "shape": list(row.shape)}}
        for row in passed.logprobs
    ]
    return {"loss_fn_output_type": "ArrayRecord", "loss_fn_outputs": outputs, "metrics": dict(passed.metrics)}


def passed_message(passed: Passed) -> bytes:
    """A result of the protobuf era: one record a run of examples with equal numbers of targets a position."""
    message = schema.new("ForwardBackwardOutput")
    message.loss_fn_output_type = "ArrayRecord"
    for key, value in passed.metrics.items():
        message.metrics[key] = value
    begin = 0
    while begin < len(passed.logprobs):
        trailing, end = passed.logprobs[begin].shape[1:], begin
        while end < len(passed.logprobs) and passed.logprobs[end].shape[1:] == trailing:
            end += 1
        rows = [row.astype("<f4").tobytes() for row in passed.logprobs[begin:end]]
        record = message.loss_fn_outputs.add(type_tag="ArrayRecord", num_datums=len(rows))
        tensor = record.fields["logprobs"]
        tensor.data, tensor.dtype = b"".join(rows), schema.FLOAT32
        tensor.offsets = np.cumsum([0, *map(len, rows)]).astype("<i8").tobytes()
        tensor.trailing_shape.extend(trailing)
        begin = end
    return bytes(message.SerializeToString())


def sampled_json(sampled: Sampled) -> dict[str, Any]:
    """A result of the JSON era."""
    rows = [{"stop_reason": "stop" if item.stopped else "length", "tokens": list(item.tokens), "logprobs": list(item.logprobs)}
            for item in sampled.sequences]  # fmt: skip
    made: dict[str, Any] = {"type": "sample", "sequences": rows, "prompt_cache_hit_tokens": 0}
    if sampled.prompt_logprobs is not None:
        made["prompt_logprobs"] = list(sampled.prompt_logprobs)
    if sampled.prompt_top is not None:
        made["topk_prompt_logprobs"] = [None if row is None else list(row) for row in sampled.prompt_top]
    return made


def sampled_message(sampled: Sampled) -> bytes:
    """A result of the protobuf era; NaN where a token of the prompt has no log-probability."""
    message = schema.new("SampleResponse")
    for item in sampled.sequences:
        row = message.sequences.add(stop_reason=schema.STOP if item.stopped else schema.LENGTH)
        row.tokens, row.logprobs = np.array(item.tokens, "<i4").tobytes(), np.array(item.logprobs, "<f4").tobytes()
        if item.top is not None:
            _top(row.topk_sampled_logprobs, item.top)
    if sampled.prompt_logprobs is not None:
        known = [math.nan if value is None else value for value in sampled.prompt_logprobs]
        message.prompt_logprobs = np.array(known, "<f4").tobytes()
    if sampled.prompt_top is not None:
        _top(message.topk_prompt_logprobs, [row or () for row in sampled.prompt_top])
    return bytes(message.SerializeToString())


def _top(message: Any, rows: Sequence[Sequence[tuple[int, float]]]) -> None:
    k = max((len(row) for row in rows), default=0)
    full = [[*row, *[(0, NOTHING)] * (k - len(row))] for row in rows]
    message.k, message.length = k, len(rows)
    message.token_ids = np.array([[token for token, _ in row] for row in full], "<i4").tobytes()
    message.logprobs = np.array([[value for _, value in row] for row in full], "<f4").tobytes()
