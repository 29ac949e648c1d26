from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lm.conftest import story

from hanse.errors import MalformedError
from hanse.lm.hygiene import GRAM_WORDS, OVERLAP_MAX, Cleaner, decode_grams, encode_grams, grams
from hanse.lm.text import Document

KEY = b"k" * 32


def cleaned(train: list[str], held: list[str]) -> tuple[list[str], Cleaner]:
    cleaner = Cleaner([decode_grams(encode_grams(held, KEY))], KEY)
    return [d.text for d in cleaner.clean(Document(str(at), text) for at, text in enumerate(train))], cleaner


@given(st.lists(st.text(max_size=80), max_size=5))
def test_hashes_parse_what_they_print_and_print_what_they_parse(texts: list[str]) -> None:
    data = encode_grams(texts, KEY)
    values = decode_grams(data)
    assert values.astype("<u8").tobytes() == data
    assert set(values.tolist()) == set().union(*(grams(text, KEY) for text in texts))


@pytest.mark.parametrize("data", [b"1234567", bytes(8) * 2, (9).to_bytes(8, "little") + (3).to_bytes(8, "little")])
def test_other_bytes_are_void(data: bytes) -> None:
    with pytest.raises(MalformedError, match="13-gram"):
        decode_grams(data)


def test_the_key_changes_every_hash_and_case_and_points_do_not() -> None:
    text = story(1)
    assert not grams(text, KEY) & grams(text, b"other")
    assert grams(text.upper().replace(".", " !"), KEY) == grams(text, KEY)
    words = len(text.split())
    assert 0 < len(grams(text, KEY)) <= words - GRAM_WORDS + 1


def test_copies_and_near_copies_of_held_text_do_not_train() -> None:
    held = story(1)
    near = held.replace("ship", "boat", 1) + " and a new ending"
    kept, cleaner = cleaned([held, held.upper(), near, story(2)], [held])
    assert kept == [story(2)]
    assert (cleaner.kept, cleaner.overlapping, cleaner.duplicates) == (1, 3, 0)


def test_the_share_of_common_grams_decides() -> None:
    held = story(1, 113)
    total = 113 - GRAM_WORDS + 1
    for common in (5, 60):
        text = " ".join(held.split()[: common + GRAM_WORDS - 1] + [f"w{at}" for at in range(total - common)])
        share = len(grams(text, KEY) & grams(held, KEY)) / len(grams(text, KEY))
        kept, _ = cleaned([text], [held])
        assert bool(kept) == (share <= OVERLAP_MAX)


def test_duplicates_train_once_white_space_aside() -> None:
    kept, cleaner = cleaned(["a  b\nc", "a b c", "a b d"], [])
    assert kept == ["a  b\nc", "a b d"]
    assert cleaner.duplicates == 1


@given(st.lists(st.text(alphabet="ab ", max_size=60), max_size=4), st.lists(st.text(alphabet="ab ", max_size=60), max_size=4))
def test_bisection_finds_what_sets_find(train: list[str], held: list[str]) -> None:
    found = set(np.concatenate([decode_grams(encode_grams([text], KEY)) for text in held]).tolist()) if held else set()
    kept, _ = cleaned(train, held)
    for text in train:
        own = grams(text, KEY)
        if own and len(own & found) > OVERLAP_MAX * len(own):
            assert text not in kept
