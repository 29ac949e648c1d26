from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse import canonical
from hanse.errors import CorpusError
from hanse.lm import pack
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.tokenizer import Tokenizer


def test_documents_are_joined_by_end_tokens_in_order(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = tmp_path / "deep" / "tokens.bin"
    assert write_tokens(iter(["the ship", "", "sails"]), tokenizer, path) == 3
    found = np.fromfile(path, "<u2").tolist()
    first, second, third = tokenizer.encode(["the ship", "", "sails"])
    assert found == [*first, 0, *second, 0, *third, 0]
    assert not list(path.parent.glob("*.tmp"))


def test_an_epoch_reads_every_sequence_once_and_the_next_in_another_order(packed: Packed) -> None:
    count = packed.sequences
    first, second = packed.batch(0, count), packed.batch(count, count)
    assert first.shape == (count, packed.length + 1)
    starts = [{row.tobytes() for row in rows} for rows in (first, second)]
    assert len(starts[0]) == count
    assert not np.array_equal(first, second)
    stream = packed.tokens.astype(np.int64)
    offsets = sorted(_find(stream, row) for row in first)
    assert all(b - a == packed.length for a, b in pairwise(offsets))


def _find(stream: np.ndarray, row: np.ndarray) -> int:
    windows = np.lib.stride_tricks.sliding_window_view(stream, row.size)
    return int(np.flatnonzero((windows == row).all(1))[0])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_batch_depends_on_the_cursor_alone(tokens: Path, tokenizer: Tokenizer, data: st.DataObject) -> None:
    one, two = Packed(tokens, tokenizer, 16, 5), Packed(tokens, tokenizer, 16, 5)
    cursor, count = data.draw(st.integers(0, 5 * one.sequences)), data.draw(st.integers(1, 9))
    one.batch(data.draw(st.integers(0, 5 * one.sequences)), 3)
    rows = [two.batch(cursor + at, 1)[0] for at in range(count)]
    assert np.array_equal(one.batch(cursor, count), np.stack(rows))


def test_the_order_is_the_one_written_down_here(packed: Packed) -> None:
    """Golden: a rerun years later reads the same batches."""
    found = hashlib.sha256(packed.batch(0, 3 * packed.sequences).tobytes()).hexdigest()
    assert found == "66f0e51b9ff71a2427e5c04fb008fd0996bcf3d91c0923c5415b9d2cd2b5e64f"


def test_seed_changes_the_order_only(packed: Packed, tokens: Path, tokenizer: Tokenizer) -> None:
    other = Packed(tokens, tokenizer, 16, seed=6)
    assert other.commitment() == packed.commitment()
    assert not np.array_equal(other.batch(0, 20), packed.batch(0, 20))


def test_the_commitment_covers_every_token_shard_by_shard(packed: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = packed.commitment()
    data = packed.tokens.tobytes()
    leaves = [hashlib.sha256(data).hexdigest()]
    assert whole == canonical.digest({"tokens": len(data) // 2, "shards": leaves})
    monkeypatch.setattr(pack, "SHARD_TOKENS", 100)
    leaves = [hashlib.sha256(data[at : at + 200]).hexdigest() for at in range(0, len(data), 200)]
    assert packed.commitment() == canonical.digest({"tokens": len(data) // 2, "shards": leaves})


def test_one_other_token_is_another_commitment(tmp_path: Path, packed: Packed, tokenizer: Tokenizer) -> None:
    data = bytearray(packed.tokens.tobytes())
    data[-3] ^= 1
    (tmp_path / "other.bin").write_bytes(bytes(data))
    assert Packed(tmp_path / "other.bin", tokenizer, 16, 5).commitment() != packed.commitment()


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "text is empty"), (b"\0" * 33, "whole number"), (b"\0" * 40, "less than two")]
)
def test_too_little_or_broken_is_one_clear_error(tmp_path: Path, tokenizer: Tokenizer, content: bytes, words: str) -> None:
    (tmp_path / "t.bin").write_bytes(content)
    with pytest.raises(CorpusError, match=words):
        Packed(tmp_path / "t.bin", tokenizer, 16, 0)


def test_a_missing_file_is_one_clear_error(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(CorpusError, match="has not been tokenized"):
        Packed(tmp_path / "none.bin", tokenizer, 16, 0)


def test_a_corpus_larger_than_the_memory_it_takes_is_mapped_not_read(tmp_path: Path, tokenizer: Tokenizer) -> None:
    import resource

    path = tmp_path / "large.bin"
    with open(path, "wb") as file:
        file.truncate(2 << 30)  # sparse: a billion tokens
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    packed = Packed(path, tokenizer, 2048, 0)
    assert packed.batch(10**6, 4).shape == (4, 2049)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 200 << 20
