"""The agreed state: its digest depends on every bit of it and on nothing else."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from hanse import canonical
from hanse.errors import IntegrityError, MalformedError
from hanse.run.leaves import encode_leaves, first_different
from hanse.run.shards import shard_map
from hanse.run.state import State, first_difference
from hanse.run.tensors import decode_state, encode_state, encode_tensors, state_pieces

SHAPES = {"b": (3, 4096), "a.weight": (5, 4), "c": ()}
PLAN = "ab" * 32
SHARDS = shard_map(SHAPES, 8192)


def example() -> State:
    rng = np.random.default_rng(0)
    groups = [{n: np.asarray(rng.standard_normal(s), np.float32) for n, s in SHAPES.items()} for _ in range(2)]
    return State(groups[0], groups[1], 7, 1)


def test_the_digest_is_the_documented_tree() -> None:
    state = example()

    def h(prefix: bytes, data: bytes) -> bytes:
        return hashlib.sha256(prefix + data).digest()

    def entry(tensors: dict, name: str, start: int, stop: int) -> dict:
        data = tensors[name].reshape(-1)[start:stop].astype("<f4").tobytes()
        return {"name": name, "start": start, "stop": stop, "dtype": "F32", "shape": list(SHAPES[name]),
                "sha256": hashlib.sha256(data).hexdigest()}  # fmt: skip

    leaves = [h(b"\0", canonical.encode({"plan": PLAN, "round": 7, "attempt": 1}))]
    for pieces in ([("a.weight", 0, 20), ("b", 0, 4096)], [("b", 4096, 12288)], [("c", 0, 1)]):
        value = {g: [entry(getattr(state, g), *piece) for piece in pieces] for g in ("weights", "momentum")}
        leaves.append(h(b"\0", canonical.encode(value)))
    assert len(SHARDS) == 3
    root = h(b"\1", h(b"\1", leaves[0] + leaves[1]) + h(b"\1", leaves[2] + leaves[3]))
    assert state.digest(PLAN, SHARDS) == root.hex()
    assert state.digest(PLAN, SHARDS, threads=2) == root.hex()


def test_every_bit_of_the_state_counts() -> None:
    state = example()
    digests = {state.digest(PLAN, SHARDS), state.digest("cd" * 32, SHARDS)}
    digests |= {State(state.weights, state.momentum, r, a).digest(PLAN, SHARDS) for r, a in ((8, 1), (7, 2))}
    digests.add(State(state.momentum, state.weights, 7, 1).digest(PLAN, SHARDS))
    for group in (state.weights, state.momentum):
        group["b"].view(np.uint32)[2, 4095] ^= 1
        digests.add(state.digest(PLAN, SHARDS))
    assert len(digests) == 7


def test_minus_zero_is_not_zero() -> None:
    one, two = State.start({"a": np.zeros(3, np.float32)}), State.start({"a": -np.zeros(3, np.float32)})
    shards = shard_map({"a": (3,)}, 4096)
    assert one.digest(PLAN, shards) != two.digest(PLAN, shards)
    assert "'a': 3 of 3" in first_difference(one, two)


def test_the_first_difference_is_named() -> None:
    assert first_difference(example(), example()) == ""
    other = example()
    other.momentum["b"][1, 5] = 0
    assert first_difference(example(), other) == "momentum of tensor 'b': 1 of 12288 elements, first at 4101"
    other.weights["a.weight"][0, 1] = np.nan
    assert first_difference(example(), other).startswith("weights of tensor 'a.weight'")
    assert first_difference(other, other) == ""
    assert first_difference(example(), State(other.weights, other.momentum, 8, 1)) == "round: 7 and 8"
    assert first_difference(example(), State.start({"a.weight": np.zeros((5, 4), np.float32)})).startswith("round")


def test_published_leaves_name_the_first_different_tensor() -> None:
    other = example()
    own = encode_leaves(example(), PLAN, SHARDS)
    assert first_different(own, own) == ""
    other.momentum["b"][2, 5] = 0
    assert first_different(own, encode_leaves(other, PLAN, SHARDS)) == "outer momentum of tensor b (elements 4096 to 12288)"
    for nonsense in (b"", b"{}", b"[1]", b'{"weights":3}', b"\xff\n\xff", b'{"weights":[]}', b'{"weights":[3]}\n' * 4):
        assert first_different(own, nonsense) != ""


def test_a_shard_map_of_another_model_is_refused() -> None:
    for shapes in ({"a.weight": (5, 4)}, SHAPES | {"d": (1,)}, {"b": (3, 4096), "a.weight": (5, 4), "x": ()}):
        with pytest.raises(IntegrityError, match="shard map"):
            example().digest(PLAN, shard_map(shapes, 8192))


def test_a_state_survives_its_bytes() -> None:
    assert first_difference(decode_state(encode_state(example()), 7, 1), example()) == ""
    assert decode_state(b"".join(state_pieces(example())), 7, 1).digest(PLAN, SHARDS) == example().digest(PLAN, SHARDS)


OTHER = encode_tensors({"x": np.ones(3, np.float32)})


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"\xff" * 100, encode_state(example())[:-1], OTHER])
def test_broken_state_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_state(data, 7, 1)


def test_a_copy_shares_nothing() -> None:
    state = example()
    other = state.copy()
    other.weights["b"][0, 0] = 5
    other.momentum["c"][...] = 5
    assert first_difference(state, example()) == ""
