"""Two tokenizations of one text: where they meet, and what is left out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import TuneError
from hanse.hedge.distill.align import align, same_vocabulary, shared, spelled
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe

TEXT = "the ship sails to harbor with grain, and the merchant counts silver; die Fähre über den Fluß\n" * 3


@lru_cache
def tokenizer(size: int) -> Tokenizer:
    return Tokenizer(train_bpe([count_words([TEXT], 1, 24)], size))


@pytest.mark.parametrize("sizes", [(288, 320), (320, 288)])
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="the shipüß\n,é☃", min_size=1, max_size=30), min_size=1, max_size=4))
def test_places_that_meet_have_read_the_same_bytes(sizes: tuple[int, int], texts: list[str]) -> None:
    student, teacher = (tokenizer(size) for size in sizes)
    tokens = np.array([token for ids in student.encode(texts) for token in [*ids, student.end_id]], np.int64)
    found = align(tokens, student, teacher)
    mine, theirs = spelled(student, "s"), spelled(teacher, "t")
    ends = [mine.pieces[token] for token in tokens]
    teach = [theirs.pieces[token] for token in found.stream]
    symbols, others = shared(mine, theirs, (student.size, teacher.size))
    assert (found.where >= 0).any()
    for place, where in enumerate(found.where):
        if where >= 0:
            assert read_up_to(ends, place) == read_up_to(teach, int(where))
            if place + 1 < tokens.size and where + 1 < found.stream.size:  # and the same comes next
                assert symbols.of[tokens[place + 1]] == others.of[found.stream[where + 1]]
    assert (found.where[tokens == student.end_id][:-1] >= 0).all()


def read_up_to(pieces: list[bytes | None], place: int) -> tuple[int, bytes]:
    """Documents begun, and the bytes of the last one. The teacher's stream has an end before the first document too."""
    before = pieces[: place + 1]
    ended = max((at for at, piece in enumerate(before) if piece is None), default=-1)
    documents = sum(piece is None for piece in before)
    first = 0 if pieces and pieces[0] is not None else 1
    return documents - first, b"".join(piece or b"" for piece in before[ended + 1 :])


def test_of_one_vocabulary_all_places_meet() -> None:
    same = tokenizer(320)
    tokens = np.array([*same.encode([TEXT])[0], same.end_id], np.int64)
    found = align(tokens, same, same)
    assert (found.where >= 0).all()
    assert found.stream[found.where].tolist() == tokens.tolist()
    assert same_vocabulary(same, Tokenizer(same.data + b"\n"))
    assert not same_vocabulary(same, tokenizer(288))


def test_a_document_that_is_not_spelled_back_is_left_out() -> None:
    same = tokenizer(320)
    broken = [same.encode(["the ship"])[0], [257 - 256 + 0xC3], same.encode(["sails"])[0]]  # half a letter in the middle
    tokens = np.array([token for ids in broken for token in [*ids, same.end_id]], np.int64)
    where = align(tokens, same, same).where
    at = len(broken[0]) + 1
    assert where[at] == -1
    assert (np.delete(where, at)[:-1] >= 0).sum() >= len(tokens) - 3


def test_a_tokenizer_without_bytes_is_refused() -> None:
    model = tokenizers.models.WordLevel({"<|endoftext|>": 0, "a": 1}, unk_token="a")
    other = Tokenizer(tokenizers.Tokenizer(model).to_str().encode())
    with pytest.raises(TuneError, match=r"the teacher: its tokenizer is no byte-level BPE.*level = \"sequence\""):
        spelled(other, "the teacher")
