"""The demo's corpora, packed with the members' shared tokenizer and with each member's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hanse.demo.corpora import DOMAINS, write
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.text import documents
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe

MEMBERS = tuple(domain.member for domain in DOMAINS)
WORD_BYTES = 24


class Interleaved:
    """Several members' sequences in turn, as one step of synchronous data-parallel training reads them."""

    def __init__(self, packs: Sequence[Packed]) -> None:
        self.packs, self.length, self.seed = packs, packs[0].length, packs[0].seed
        self.rows = packs[0].rows
        self.sequences = len(packs) * min(pack.sequences for pack in packs)

    def batch(self, cursor: int, count: int) -> npt.NDArray[np.int64]:
        """Sequences `cursor` to `cursor + count`: int64 [count, length + 1]."""
        number = len(self.packs)
        rows = [self.packs[at % number].batch(at // number, 1) for at in range(cursor, cursor + count)]
        return np.concatenate(rows)


@dataclass(frozen=True)
class Text:
    """Everything a method may train on or be scored with."""

    folder: Path
    length: int
    tokenizers: dict[str, Tokenizer]
    """"shared" and each member's own."""
    held: dict[str, dict[str, list[str]]]
    """Texts by part (dev, test) and member."""

    def packed(self, member: str, tokenizer: str, seed: int) -> Packed:
        """A member's text ("pooled": everybody's). Same texts, another order for another seed."""
        order = int.from_bytes(hashlib.sha256(f"{member}/{seed}".encode()).digest()[:6], "big")
        chosen = self.tokenizers[tokenizer]
        return Packed(self.folder / f"{member}-{tokenizer}.bin", chosen, self.length, order)

    def all_members(self, seed: int) -> Interleaved:
        return Interleaved([self.packed(member, "shared", seed) for member in MEMBERS])


@lru_cache(maxsize=1)
def prepare(folder: Path, train_bytes: int, vocab: int, min_count: int, length: int) -> Text:
    """Write and pack once; later calls read. The first call must be over before another process makes one."""
    texts: dict[str, dict[str, list[str]]] = {}
    for domain in DOMAINS:
        place = folder / domain.member
        if not (place / "test.jsonl").exists():
            write(domain, place, train_bytes)
        texts[domain.member] = {part: [d.text for d in documents(place / f"{part}.jsonl")] for part in ("train", "dev", "test")}
    counts = {member: count_words(texts[member]["train"], min_count, WORD_BYTES) for member in MEMBERS}
    own = {member: count_words(texts[member]["train"], 1, 200) for member in MEMBERS}
    tokenizers = {"shared": Tokenizer(train_bpe(list(counts.values()), vocab))}
    tokenizers |= {member: Tokenizer(train_bpe([own[member]], vocab)) for member in MEMBERS}
    wanted = [("pooled", "shared"), *((m, "shared") for m in MEMBERS), *((m, m) for m in MEMBERS)]
    for member, name in wanted:
        path = folder / f"{member}-{name}.bin"
        if not path.exists():
            rows = [text for m in MEMBERS for text in texts[m]["train"]] if member == "pooled" else texts[member]["train"]
            write_tokens(rows, tokenizers[name], path)
    held = {part: {member: texts[member][part] for member in MEMBERS} for part in ("dev", "test")}
    return Text(folder, length, tokenizers, held)
