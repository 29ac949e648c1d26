from __future__ import annotations

import hashlib

import numpy as np
import pytest

from hanse.errors import ConfigError
from hanse.lm import initial
from hanse.lm.initial import random_weights

SHAPES = {
    "model.layers.0.self_attn.o_proj.weight": (64, 96),
    "model.embed_tokens.weight": (320, 64),
    "model.norm.weight": (64,),
    "model.layers.0.mlp.up_proj.bias": (96,),
}


def digest(values: dict[str, np.ndarray]) -> str:
    return hashlib.sha256(b"".join(name.encode() + values[name].tobytes() for name in sorted(values))).hexdigest()


def test_the_bits_are_the_ones_written_down_here() -> None:
    """Golden: replay on any machine starts from these. A change here makes every run from a seed another run."""
    made = random_weights(SHAPES, 7, 2, 0.02)
    assert digest(made) == "93459ec091be22598bed69230db3ddf8d31ce312e4d59fa4c80d338f2ed330be"
    first = made["model.embed_tokens.weight"].ravel()[:3].view(np.uint32)
    assert [hex(bits) for bits in first] == ["0x3cd7bab3", "0x3d2bdf0a", "0xbcc349d0"]


def test_order_and_company_of_tensors_do_not_matter() -> None:
    whole = random_weights(SHAPES, 7, 2, 0.02)
    for name, shape in SHAPES.items():
        alone = random_weights({name: shape}, 7, 2, 0.02)
        assert np.array_equal(alone[name], whole[name])
    assert list(random_weights(dict(reversed(SHAPES.items())), 7, 2, 0.02)) == sorted(SHAPES)


def test_chunks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_weights(SHAPES, 7, 2, 0.02)
    monkeypatch.setattr(initial, "_CHUNK", 1000)
    assert digest(random_weights(SHAPES, 7, 2, 0.02)) == digest(whole)


def test_deviation_shape_and_scaling_are_the_ones_asked_for() -> None:
    made = random_weights(SHAPES, 1, 2, 0.02)
    embedding, residual = made["model.embed_tokens.weight"], made["model.layers.0.self_attn.o_proj.weight"]
    assert embedding.dtype == np.float32
    assert embedding.std() == pytest.approx(0.02, rel=0.02)
    assert residual.std() == pytest.approx(0.02 / 2, rel=0.03)
    assert abs(embedding.mean()) < 0.001
    assert np.all(made["model.norm.weight"] == 1)
    assert np.all(made["model.layers.0.mlp.up_proj.bias"] == 0)


def test_seed_and_name_both_matter() -> None:
    one = random_weights({"a.weight": (8, 8), "b.weight": (8, 8)}, 1, 1, 0.02)
    two = random_weights({"a.weight": (8, 8)}, 2, 1, 0.02)
    assert not np.array_equal(one["a.weight"], one["b.weight"])
    assert not np.array_equal(one["a.weight"], two["a.weight"])


def test_a_tensor_with_initial_values_of_its_own_is_refused_not_guessed() -> None:
    with pytest.raises(ConfigError, match=r"A_log.*adopted base"):
        random_weights({"backbone.layers.0.mixer.A_log": (16, 4)}, 0, 1, 0.02)


def test_constants_win() -> None:
    assert np.all(random_weights({"norm.weight": (4,)}, 0, 1, 0.02, {"norm.weight": 0.0})["norm.weight"] == 0)
