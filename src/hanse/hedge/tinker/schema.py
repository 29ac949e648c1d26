"""The messages of the protobuf era (clients from 0.25 on), compiled when this module is imported.

Field names and numbers are the client's, read from the descriptor inside `tinker` 0.38.0; there is no published .proto file.
A line is "number name type"; after the type * is repeated, ? optional, {} a map from text, and |x a member of the oneof x.
Fields a server has no use for are left out: protobuf passes over them.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "hanse.tinker"
MESSAGES = """
ForwardBackwardRequest
    1 model_id string
    2 seq_id int32
    3 data Datum*
    4 loss_fn string
    5 loss_fn_config double{}
    6 forward_only bool
    7 loss_fn_config_v2 LossConfigValue{}
LossConfigValue
    1 number double|value
    2 text string|value
Datum
    1 model_input Chunk*
    2 loss_fn_inputs Tensor{}
Chunk
    1 encoded_text EncodedTextChunk|chunk
    2 image Unread|chunk
    3 dmel Unread|chunk
EncodedTextChunk
    1 tokens bytes
Unread
Tensor
    1 dense bytes|encoding
    2 sparse_csr SparseCsr|encoding
    3 dtype int32
    4 shape int64*
SparseCsr
    1 values bytes
    2 crow_indices bytes
    3 col_indices bytes
ForwardBackwardOutput
    1 loss_fn_output_type string
    2 loss_fn_outputs ArrayRecord*
    3 metrics double{}
ArrayRecord
    1 type_tag string
    2 fields BatchedTensor{}
    3 num_datums int64
BatchedTensor
    1 data bytes
    2 offsets bytes
    3 dtype int32
    4 trailing_shape int64*
SampleResponse
    1 sequences SampledSequence*
    2 prompt_logprobs bytes?
    3 topk_prompt_logprobs TopkLogprobs?
    4 prompt_cache_hit_tokens int32
SampledSequence
    1 stop_reason int32
    2 tokens bytes
    3 logprobs bytes?
    4 topk_sampled_logprobs TopkLogprobs?
TopkLogprobs
    1 token_ids bytes
    2 logprobs bytes
    3 k uint32
    4 length uint32
"""
FLOAT32, INT64, INT32 = 1, 2, 3
"""The enum of a tensor's type; on the wire an enum is an int32."""
STOP, LENGTH = 0, 1
"""Why a sequence ended."""

_FIELD = re.compile(r" +(?P<number>\d+) (?P<name>\w+) (?P<type>\w+)(?P<how>\*|\?|\{\}|\|\w+)?")
_KIND = descriptor_pb2.FieldDescriptorProto


def _compile() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="hanse_tinker.proto", package=PACKAGE, syntax="proto3")
    for line in MESSAGES.strip().splitlines():
        found = _FIELD.fullmatch(line)
        if found is None:
            message = file.message_type.add(name=line)
        else:
            _field(message, found["name"], int(found["number"]), found["type"], found["how"] or "")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {item.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{item.name}"))
            for item in file.message_type}  # fmt: skip


def _field(message: Any, name: str, number: int, kind: str, how: str) -> None:
    field = message.field.add(
        name=name, number=number, label=_KIND.LABEL_REPEATED if how in ("*", "{}") else _KIND.LABEL_OPTIONAL
    )
    if how == "{}":
        entry = "".join(part.title() for part in name.split("_")) + "Entry"
        pair = message.nested_type.add(name=entry)
        pair.options.map_entry = True
        _field(pair, "key", 1, "string", "")
        _field(pair, "value", 2, kind, "")
        field.type, field.type_name = _KIND.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry}"
    elif kind[0].isupper():
        field.type, field.type_name = _KIND.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(_KIND, f"TYPE_{kind.upper()}")
    if how == "?":
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    elif how.startswith("|"):
        names = [item.name for item in message.oneof_decl]
        if how[1:] not in names:
            message.oneof_decl.add(name=how[1:])
        field.oneof_index = [item.name for item in message.oneof_decl].index(how[1:])


_CLASSES = _compile()


def new(name: str) -> Any:
    """An empty message."""
    return _CLASSES[name]()
