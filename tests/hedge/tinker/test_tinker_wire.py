"""Bytes to sequences in both eras; what is malformed is refused with its place."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.tinker import schema
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.requests import ForwardBackward, PassBody, read
from hanse.hedge.tinker.wire import (
    Answer,
    Pass,
    Passed,
    Sampled,
    inflate,
    pass_of_json,
    pass_of_message,
    passed_message,
    read_message,
    sampled_json,
    sampled_message,
)

LIMIT = 1 << 20


def message(data: list[tuple[list[int], list[int], list[float]]], loss: str = "cross_entropy") -> Any:
    made = schema.new("ForwardBackwardRequest")
    made.model_id, made.seq_id, made.loss_fn = "m", 1, loss
    for tokens, targets, weights in data:
        datum = made.data.add()
        datum.model_input.add().encoded_text.tokens = np.array(tokens, "<i4").tobytes()
        for name, kind, value in (("target_tokens", schema.INT64, np.array(targets, "<i8")),
                                  ("weights", schema.FLOAT32, np.array(weights, "<f4"))):  # fmt: skip
            tensor = datum.loss_fn_inputs[name]
            tensor.dense, tensor.dtype = value.tobytes(), kind
            tensor.shape.append(len(value))
    return made


def body(data: list[tuple[list[int], list[int], list[float]]]) -> PassBody:
    rows = [{"model_input": {"chunks": [{"type": "encoded_text", "tokens": tokens}]},
             "loss_fn_inputs": {"target_tokens": {"data": targets, "dtype": "int64", "shape": [len(targets)]},
                                "weights": {"data": weights, "dtype": "float32"}}}
            for tokens, targets, weights in data]  # fmt: skip
    return PassBody.model_validate({"data": rows, "loss_fn": "cross_entropy"})


numbers = st.integers(0, 2**31 - 1)
weight = st.floats(-1e6, 1e6, width=32)
rows = st.lists(
    st.integers(1, 5).flatmap(lambda n: st.tuples(*(st.lists(of, min_size=n, max_size=n) for of in (numbers, numbers, weight)))),
    min_size=1, max_size=3,
)  # fmt: skip


def plain(found: Pass) -> list[tuple[list[int], list[int], list[float]]]:
    return [(item.tokens.tolist(), item.targets.tolist(), item.inputs["weights"].tolist()) for item in found.examples]


@settings(max_examples=60, deadline=None)
@given(rows)
def test_both_eras_say_the_same(data: Any) -> None:
    sent = read_message(message(data).SerializeToString())
    assert plain(pass_of_message(sent)) == plain(pass_of_json(body(data), True)) == data
    assert pass_of_message(sent).backward


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(weight, min_size=1, max_size=5), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_a_result_has_every_number_at_its_place(data: list[list[float]], wide: list[bool]) -> None:
    arrays = [np.array([row, row] if two else row, "f4").T.copy() for row, two in zip(data, wide, strict=False)]
    made = schema.new("ForwardBackwardOutput")
    made.ParseFromString(passed_message(Passed(arrays, {"loss:sum": 1.5})))
    back = []
    for record in made.loss_fn_outputs:
        tensor = record.fields["logprobs"]
        offsets = np.frombuffer(tensor.offsets, "<i8")
        for begin, end in pairwise(offsets):
            back.append(np.frombuffer(tensor.data[begin:end], "<f4").reshape(-1, *tensor.trailing_shape))
        assert record.num_datums == len(offsets) - 1
    assert [row.tolist() for row in back] == [row.tolist() for row in arrays]
    assert dict(made.metrics) == {"loss:sum": 1.5}


def test_a_sample_in_both_eras() -> None:
    answer = Answer([7, 8], [-0.5, -1.0], True, [[(7, -0.5), (3, -2.0)], [(8, -1.0)]])
    sampled = Sampled([answer], [None, -0.25], [None, [(4, -0.125)]])
    assert sampled_json(sampled)["sequences"] == [{"stop_reason": "stop", "tokens": [7, 8], "logprobs": [-0.5, -1.0]}]
    assert sampled_json(sampled)["topk_prompt_logprobs"] == [None, [(4, -0.125)]]
    made = schema.new("SampleResponse")
    made.ParseFromString(sampled_message(sampled))
    prompt = np.frombuffer(made.prompt_logprobs, "<f4").tolist()
    assert math.isnan(prompt[0])
    assert prompt[1:] == [-0.25]
    top = made.sequences[0].topk_sampled_logprobs
    assert (top.k, top.length) == (2, 2)
    assert np.frombuffer(top.token_ids, "<i4").tolist() == [7, 3, 8, 0]
    assert np.frombuffer(top.logprobs, "<f4").tolist() == [-0.5, -2.0, -1.0, -99999.0]


def test_a_sparse_matrix_is_what_it_stands_for() -> None:
    made = message([([1, 2], [3, 4], [1.0, 1.0])])
    for name, kind, values in (("target_tokens", schema.INT64, np.array([9, 8, 7], "<i8")),
                               ("weights", schema.FLOAT32, np.array([0.5, 0.25, 1.0], "<f4"))):  # fmt: skip
        tensor = made.data[0].loss_fn_inputs[name]
        tensor.Clear()
        tensor.dtype, tensor.sparse_csr.values = kind, values.tobytes()
        tensor.sparse_csr.crow_indices = np.array([0, 2, 3], "<i8").tobytes()
        tensor.sparse_csr.col_indices = np.array([0, 2, 1], "<i8").tobytes()
        tensor.shape.extend([2, 3])
    (example,) = pass_of_message(made).examples
    assert example.targets.tolist() == [[9, 0, 8], [0, 7, 0]]
    assert example.inputs["weights"].tolist() == [[0.5, 0.0, 0.25], [0.0, 1.0, 0.0]]
    made.data[0].loss_fn_inputs["weights"].sparse_csr.col_indices = np.array([0, 3, 1], "<i8").tobytes()
    with pytest.raises(Refused, match="datum 0: weights: its rows, columns and values are no sparse matrix"):
        pass_of_message(made)


def change(what: str) -> Any:
    made = message([([1, 2], [3, 4], [1.0, 1.0])])
    datum = made.data[0]
    if what == "image":
        datum.model_input[0].image.SetInParent()
    elif what == "shape":
        datum.loss_fn_inputs["weights"].shape[:] = [1 << 62, 4]
    elif what == "bytes":
        datum.loss_fn_inputs["weights"].dense = b"\x00" * 7
    elif what == "type":
        datum.loss_fn_inputs["weights"].dtype = 99
    elif what == "nan":
        datum.loss_fn_inputs["weights"].dense = np.array([np.nan, 1], "<f4").tobytes()
    elif what == "short":
        datum.model_input[0].encoded_text.tokens = b"\x01\x00\x00\x00"
    elif what == "none":
        del made.data[:]
    elif what == "targets":
        del datum.loss_fn_inputs["target_tokens"]
    elif what == "setting":
        made.loss_fn_config["beta"] = math.inf
    return made


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("image", "datum 0: only text is served, no image"),
        ("shape", "datum 0: weights: 2 numbers have not the shape"),
        ("bytes", "datum 0: weights: 7 bytes are no whole number"),
        ("type", "datum 0: weights: type 99 is not served"),
        ("nan", "datum 0: weights: expected finite numbers"),
        ("short", r"datum 0: target_tokens: expected int64 of shape \(1,\)"),
        ("none", "data: expected at least one datum"),
        ("targets", "datum 0: loss_fn_inputs has no target_tokens"),
        ("setting", "loss_fn_config: beta: expected a finite number"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(what: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        pass_of_message(change(what))


def test_a_body_is_inflated_up_to_the_limit_and_a_bomb_is_not() -> None:
    assert inflate(zstandard.ZstdCompressor().compress(b"x" * 100), "zstd", 100) == b"x" * 100
    bomb = zstandard.ZstdCompressor().compress(b"\x00" * (64 << 20))
    assert len(bomb) < 10_000
    for data, encoding, status in ((bomb, "zstd", 413), (b"no zstd", "zstd", 400), (b"", "gzip", 415)):
        with pytest.raises(Refused) as told:
            inflate(data, encoding, LIMIT)
        assert told.value.status == status


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{", "the body: Invalid JSON"),
        (b'{"model_id": "m", "seq_id": -1}', "seq_id: Input should be greater than or equal to 0"),
        (b'{"model_id": "m", "seq_id": 1' + b"0" * 5000 + b"}", "seq_id|the body"),
        (b'{"model_id": "m", "seq_id": true}', "seq_id: Input should be a valid integer"),
        (b"[" * 100_000, "the body: Invalid JSON"),
    ],
)
def test_a_json_body_is_refused_with_its_key(text: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told):
        read(ForwardBackward, text)
