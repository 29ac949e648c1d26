"""Rows and steps: every example once an epoch, padded behind its end, the same for every number of processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.tune.tiny import save_tiny

from hanse.errors import TuneError
from hanse.hedge.tune.data import Example
from hanse.hedge.tune.rows import Item, Row, digest, items, micros, padded, steps


def item(*lengths: int) -> Item:
    return Item(tuple(Row(np.arange(length, dtype=np.int32), np.arange(length) > 0) for length in lengths))


LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=40)


@given(LENGTHS, st.integers(1, 200), st.integers(1, 200), st.integers(1, 4), st.integers(0, 3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_an_epoch_has_every_item_once(lengths: list[int], batch: int, micro: int, world: int, seed: int, pairs: bool) -> None:
    found = [item(*(length, 2)[: 1 + pairs]) for length in lengths]
    plan = steps(found, batch, micro, (seed, 0), world)
    assert sorted(at for step in plan for part in step for at in part) == list(range(len(found)))
    total = sum(one.tokens for one in found)
    assert len(plan) <= -(-total // batch)
    for step in plan:
        assert len(step) % world == 0
        assert any(step)
        for part in step:
            ids, counted = padded(found, part)
            assert len(part) <= 1 or ids.size <= micro
            rows = [row for at in part for row in found[at].rows]
            assert counted.sum() == sum(row.counted.sum() for row in rows)
            for made, row in zip(ids, rows, strict=False):
                assert made[: len(row.ids)].tolist() == row.ids.tolist()
                assert not made[len(row.ids) :].any()
    assert plan == steps(found, batch, micro, (seed, 0), world)
    alone = steps(found, batch, micro, (seed, 0), 1)
    assert [sorted(at for part in step for at in part) for step in plan] == [sorted(a for p in step for a in p) for step in alone]
    assert sorted(at for part in micros(found, micro, world) for at in part) == list(range(len(found)))


def test_epochs_have_orders_of_their_own() -> None:
    found = [item(5) for _ in range(30)]
    assert steps(found, 10, 10, (0, 0)) != steps(found, 10, 10, (0, 1)) != steps(found, 10, 10, (1, 1))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(save_tiny(tmp_path_factory.mktemp("tiny")))


def test_plain_text_is_cut_and_nothing_else(tokenizer: Any) -> None:
    made = items(tokenizer, [Example("f:1", "", "abcdefghij")], 5)
    assert [len(one.rows[0].ids) for one in made] == [5, 5, 2]
    assert [one.counted for one in made] == [4, 4, 1]
    with pytest.raises(TuneError, match="f:2: 8 tokens, at most 5 are read"):
        items(tokenizer, [Example("f:1", "a", "b"), Example("f:2", "abc", "def")], 5)
    pair = items(tokenizer, [Example("f:1", "ab", "c", "de")], 8)[0]
    assert [len(row.ids) for row in pair.rows] == [5, 6]  # BOS, EOS
    assert [row.counted.sum() for row in pair.rows] == [2, 3]
    assert digest([pair]) != digest(made)


def test_what_a_template_refuses_is_named(tokenizer: Any) -> None:
    asked = ({"role": "user", "content": "x </s>"},)
    with pytest.raises(TuneError, match=r"f:9: message 1 .* spells the special token"):
        items(tokenizer, [Example("f:9", asked, "y")], 64)
