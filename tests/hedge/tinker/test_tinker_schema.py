"""Our messages against the descriptor inside the real client of the protobuf era."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from tests.hedge.tinker.serving import python_of

from hanse.hedge.tinker import schema

DUMP = """
import json
from google.protobuf import descriptor_pb2
from tinker.proto import tinker_public_pb2
file = descriptor_pb2.FileDescriptorProto()
tinker_public_pb2.DESCRIPTOR.CopyToProto(file)
def fields(message):
    named = {item.name: item for item in message.nested_type}
    return {field.name: [field.number, field.type, field.label, field.type_name.rsplit(".", 1)[-1],
                         field.proto3_optional, field.HasField("oneof_index")] for field in message.field}
print(json.dumps({"messages": {m.name: fields(m) | {n.name: fields(n) for n in m.nested_type} for m in file.message_type},
                  "enums": {e.name: {v.name: v.number for v in e.value} for e in file.enum_type}}))
"""
ENUM, INT32 = 14, 5


@pytest.mark.slow
def test_every_field_has_the_number_and_the_type_that_the_client_has() -> None:
    done = subprocess.run([python_of("protobuf"), "-c", DUMP], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    for name, kind in schema._CLASSES.items():
        for field in kind.DESCRIPTOR.fields:
            if field.message_type is not None and field.message_type.name == "Unread":
                assert theirs["messages"][name][field.name][0] == field.number
            elif name != "Unread":
                assert ours(field) == like_ours(theirs["messages"][name][field.name]), (name, field.name)
    kinds, stops = theirs["enums"]["DType"], theirs["enums"]["StopReason"]
    assert (kinds["DTYPE_FLOAT32"], kinds["DTYPE_INT64"], kinds["DTYPE_INT32"]) == (
        schema.FLOAT32,
        schema.INT64,
        schema.INT32,
    )
    assert (stops["STOP_REASON_STOP"], stops["STOP_REASON_LENGTH"]) == (schema.STOP, schema.LENGTH)


def ours(field: Any) -> list[Any]:
    name = field.message_type.name if field.message_type is not None else ""
    label = 3 if field.is_repeated else 1
    optional = field.containing_oneof is not None and field.containing_oneof.name.startswith("_")
    return [field.number, field.type, label, name, optional, field.containing_oneof is not None]


def like_ours(found: list[Any]) -> list[Any]:
    """Enums are read as the int32 that they are on the wire."""
    return [found[0], INT32, found[2], "", *found[4:]] if found[1] == ENUM else found


def test_a_map_a_oneof_and_an_optional_field_are_what_they_say() -> None:
    message = schema.new("ForwardBackwardRequest")
    message.loss_fn_config_v2["beta"].number = 0.0
    datum = message.data.add()
    datum.loss_fn_inputs["weights"].dense = b"\x00" * 4
    datum.model_input.add().encoded_text.tokens = b"\x01\x00\x00\x00"
    back = schema.new("ForwardBackwardRequest")
    back.ParseFromString(message.SerializeToString())
    assert back.loss_fn_config_v2["beta"].WhichOneof("value") == "number"
    assert back.data[0].loss_fn_inputs["weights"].WhichOneof("encoding") == "dense"
    answer = schema.new("SampleResponse")
    assert not answer.HasField("prompt_logprobs")
    answer.prompt_logprobs = b""
    assert answer.HasField("prompt_logprobs")
