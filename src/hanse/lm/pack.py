"""Tokens on disk, and the order in which training reads them: a pure function of seed and epoch.

Documents are joined with end-of-text tokens into one memory-mapped file, so a corpus may be far larger than memory. Each
epoch cuts it into sequences at another offset and reads them in another order; a cursor counts sequences read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hanse import canonical
from hanse.errors import CorpusError
from hanse.lm.tokenizer import Tokenizer
from hanse.store.disk import name_file

SHARD_TOKENS = 1 << 20
"""Tokens under one leaf of the commitment."""
_BATCH = 256


def write_tokens(texts: Iterable[str], tokenizer: Tokenizer, path: Path) -> int:
    """Tokenize documents into `path` (little-endian uint16, or uint32 above 65,536 tokens); how many documents."""
    return write_ids(_encoded(texts, tokenizer), tokenizer, path)


def write_ids(documents: Iterable[list[int]], tokenizer: Tokenizer, path: Path) -> int:
    """The same of documents that are token ids already."""
    dtype = _dtype(tokenizer)
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    try:
        with open(temporary, "wb") as file:
            for ids in documents:
                file.write(np.asarray([*ids, tokenizer.end_id], dtype).tobytes())
                count += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        name_file(error, path)
        raise
    return count


def _encoded(texts: Iterable[str], tokenizer: Tokenizer) -> Iterator[list[int]]:
    left = iter(texts)
    while batch := list(islice(left, _BATCH)):
        yield from tokenizer.encode(batch)


def _dtype(tokenizer: Tokenizer) -> np.dtype[np.generic]:
    return np.dtype("<u2") if tokenizer.size <= 65_536 else np.dtype("<u4")


class Packed:
    """A token file read in sequences of `length` + 1 tokens (the last is the last target).

    Memory: 16 bytes per sequence for the order of the epoch; tokens stay on disk. Raises CorpusError.
    """

    def __init__(self, path: Path, tokenizer: Tokenizer, length: int, seed: int) -> None:
        self.path, self.length, self.seed = path, length, seed
        self.rows = tokenizer.size
        """Rows an embedding needs for these tokens."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise CorpusError(f"{path}: {error.strerror}; the text has not been tokenized") from error
        if size == 0:
            raise CorpusError(f"{path}: no tokens; the site's text is empty")
        if size % _dtype(tokenizer).itemsize:
            raise CorpusError(f"{path}: {size} bytes are no whole number of tokens; remove it and tokenize again")
        self.tokens: npt.NDArray[np.generic] = np.memmap(path, _dtype(tokenizer), "r")
        self.sequences = (self.tokens.size - 1 - length) // length
        if self.sequences < 1:
            raise CorpusError(
                f"{path}: {self.tokens.size} tokens are less than two sequences of {length}; add text or shorten "
                "data.sequence_length"
            )
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._offset = 0

    def commitment(self) -> str:
        """Root over the tokenized shards: SHA-256 of the canonical list of each shard's SHA-256."""
        count = self.tokens.size
        leaves = [
            hashlib.sha256(self.tokens[at : at + SHARD_TOKENS].tobytes()).hexdigest() for at in range(0, count, SHARD_TOKENS)
        ]
        return canonical.digest({"tokens": int(count), "shards": leaves})

    def batch(self, cursor: int, count: int) -> npt.NDArray[np.int64]:
        """Sequences `cursor` to `cursor + count`: int64 [count, length + 1]."""
        rows = np.empty((count, self.length + 1), np.int64)
        for row, start in enumerate(self.starts(cursor, count)):
            rows[row] = self.tokens[start : start + self.length + 1]
        return rows

    def starts(self, cursor: int, count: int) -> npt.NDArray[np.int64]:
        """Where those sequences begin in the token file: int64 [count]."""
        found = np.empty(count, np.int64)
        for row in range(count):
            epoch, position = divmod(cursor + row, self.sequences)
            if epoch != self._epoch:
                self._start_epoch(epoch)
            found[row] = self._offset + int(self._order[position]) * self.length
        return found

    def _start_epoch(self, epoch: int) -> None:
        """Order and offset from raw Philox words: their stream is fixed, a library's shuffle may change."""
        key = int.from_bytes(hashlib.sha256(f"hanse order\n{self.seed}\n{epoch}".encode()).digest()[:16], "little")
        raw = np.random.Philox(key=key).random_raw(self.sequences + 1)
        self._order = np.argsort(raw[:-1], kind="stable")
        slack = self.tokens.size - 1 - self.sequences * self.length
        self._offset = int(raw[-1]) % (min(slack, self.length) + 1)
        self._epoch = epoch
