from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import ConfigError, InputError
from hanse.lm.tokenizer import (
    END_ID,
    END_OF_TEXT,
    FIRST_MERGE_ID,
    Tokenizer,
    byte_alphabet,
    count_words,
    load_given,
    train_bpe,
)

_WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=6)
_COUNTS = st.dictionaries(st.text(st.sampled_from("ab cé"), min_size=1, max_size=8), st.integers(1, 9), max_size=12)


def slow_bpe(counts: list[dict[str, int]], merges_max: int) -> list[tuple[bytes, bytes]]:
    """The definition, counted afresh at every merge."""
    total: Counter[bytes] = Counter()
    for table in counts:
        for word, count in table.items():
            total[word.encode()] += count
    words = {word: [word[at : at + 1] for at in range(len(word))] for word in total}
    merges: list[tuple[bytes, bytes]] = []
    known = {bytes([byte]) for byte in range(256)}
    while len(merges) < merges_max:
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, symbols in words.items():
            for pair in pairwise(symbols):
                pairs[pair] += total[word]
        left = [(-count, pair) for pair, count in pairs.items() if pair[0] + pair[1] not in known]
        if not left:
            break
        best = min(left)[1]
        merges.append(best)
        known.add(best[0] + best[1])
        for word, symbols in words.items():
            words[word] = _replace(symbols, best)
    return merges


def _replace(symbols: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(symbols):
        if at + 1 < len(symbols) and (symbols[at], symbols[at + 1]) == pair:
            found.append(pair[0] + pair[1])
            at += 2
        else:
            found.append(symbols[at])
            at += 1
    return found


def merges_of(data: bytes) -> list[tuple[bytes, bytes]]:
    back = {character: byte for byte, character in enumerate(byte_alphabet())}

    def plain(text: str) -> bytes:
        return bytes(back[character] for character in text)

    return [(plain(left), plain(right)) for left, right in json.loads(data)["model"]["merges"]]


@settings(max_examples=150, deadline=None)
@given(st.lists(_COUNTS, max_size=3))
def test_incremental_pair_counts_give_the_merges_of_the_definition(counts: list[dict[str, int]]) -> None:
    assert merges_of(train_bpe(counts, 288)) == slow_bpe(counts, 288 - FIRST_MERGE_ID)


@settings(max_examples=30, deadline=None)
@given(st.lists(_COUNTS, min_size=2, max_size=4))
def test_the_order_of_members_and_words_does_not_matter(counts: list[dict[str, int]]) -> None:
    turned = [dict(reversed(table.items())) for table in reversed(counts)]
    assert train_bpe(counts, 288) == train_bpe(turned, 288)


def test_the_bytes_are_the_ones_written_down_here(texts: list[str]) -> None:
    """Golden: every member derives this file from the log; another byte is another tokenizer."""
    tokenizer = Tokenizer(train_bpe([count_words(texts, 1, 24)], 320))
    assert tokenizer.sha256 == "4c832095ac19ddbb102207767d2e3a1eee10d426d1b783b6a7f272ee6e904b1c"


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_comes_back_from_its_tokens(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode([text])[0]) == text


@pytest.mark.parametrize("text", [END_OF_TEXT, f"a{END_OF_TEXT}b", f"{END_OF_TEXT}{END_OF_TEXT}"])
def test_text_that_spells_the_end_token_does_not_end_a_document(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode([text])[0]
    assert END_ID not in ids
    assert tokenizer.decode(ids) == text


def test_ids_are_end_of_text_then_bytes_then_merges(tokenizer: Tokenizer) -> None:
    assert tokenizer.end_id == END_ID == 0
    assert tokenizer.size <= 320
    assert tokenizer.encode(["\x00"])[0] == [1]
    assert set(tokenizer.encode(["the ship sails"])[0]) & set(range(FIRST_MERGE_ID, 320))


def test_the_pre_tokenizer_is_gpt2s_without_a_leading_space(tokenizer: Tokenizer) -> None:
    document = json.loads(tokenizer.data)
    assert document["pre_tokenizer"] == {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    assert document["normalizer"] is None
    assert [token["content"] for token in document["added_tokens"]] == [END_OF_TEXT]


def test_counts_hold_frequent_short_words_without_digits() -> None:
    text = "harbor harbor harbor abc123 123 123 123 x2 x2 x2 ١٢ ١٢ ١٢ rare " + "long" * 10 + (" " + "long" * 10) * 5
    counts = count_words([text], 2, 24)
    assert counts == {" harbor": 2, " x": 3}


@settings(max_examples=40, deadline=None)
@given(st.lists(_WORD, max_size=20))
def test_counts_of_any_text_are_words_of_it(words: list[str]) -> None:
    text = " ".join(words)
    for word, count in count_words([text], 1, 24).items():
        assert 0 < count <= text.count(word)


def test_length_is_counted_in_bytes() -> None:
    assert "é" * 12 in count_words(["é" * 12], 1, 24)
    assert not count_words(["é" * 13], 1, 24)


def test_a_given_tokenizer_must_be_the_named_bytes(tokenizer: Tokenizer) -> None:
    assert load_given(tokenizer.data, tokenizer.sha256).sha256 == tokenizer.sha256
    with pytest.raises(InputError, match="which the plan names"):
        load_given(tokenizer.data + b"\n", tokenizer.sha256)


@pytest.mark.parametrize("data", [b"", b"{}", b"nonsense", b"\xff", b'{"model": {"type": "BPE"}}'])
def test_what_is_no_tokenizer_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"not a tokenizer\.json"):
        Tokenizer(data)


def test_a_tokenizer_without_an_end_token_is_refused(tokenizer: Tokenizer) -> None:
    document = json.loads(tokenizer.data)
    document["added_tokens"] = []
    del document["model"]["vocab"][END_OF_TEXT]
    with pytest.raises(ConfigError, match="no end-of-text token"):
        Tokenizer(json.dumps(document).encode())


def test_a_given_tokenizer_with_gaps_in_its_ids_still_gets_enough_rows(tokenizer: Tokenizer) -> None:
    document = json.loads(tokenizer.data)
    document["added_tokens"].append(document["added_tokens"][0] | {"id": 70_000, "content": "<|pad|>"})
    found = Tokenizer(json.dumps(document).encode())
    assert found.size >= max(found.encode([END_OF_TEXT, "the ship"])[1]) + 1
