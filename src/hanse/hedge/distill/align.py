"""Where two tokenizations of one text meet, and what a distribution over tokens says of the next tokens that both have.

Models of different vocabularies are laid side by side where a token of both ends. There both say which of the tokens that both
have comes next; a token that one of them lacks counts as the first of those that the other spells it with. (The longest that it
begins with would be another event: "ation" begins with "at", and who spells it "a", "tion" never says "at" there.) Of one
vocabulary this is the token level itself. Bytes as the common ground: Phan et al. 2024 (arXiv 2410.09303), Singh et al. 2026
(arXiv 2604.07466); matching the tokens that both have: the GOLD trainer of TRL.

It is approximate: what follows may change how a text is spelled. And it loses what the teacher says between the places that meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tokenizers

from hanse.errors import TuneError
from hanse.lm.tokenizer import Tokenizer, byte_alphabet

Ids = npt.NDArray[np.int64]


def same_vocabulary(first: Tokenizer, second: Tokenizer) -> bool:
    """Whether both cut every text into the same ids."""
    if first.sha256 == second.sha256:
        return True
    parts = ("model", "pre_tokenizer", "normalizer", "added_tokens")
    one, other = json.loads(first.data), json.loads(second.data)
    return all(one.get(part) == other.get(part) for part in parts)


@dataclass(frozen=True)
class Vocabulary:
    """Of a byte-level BPE."""

    pieces: list[bytes | None]
    """The bytes of each id; None for special tokens and ids that stand for nothing."""
    first: Callable[[bytes], bytes]
    """The first token of a text."""


def spelled(tokenizer: Tokenizer, whose: str) -> Vocabulary:
    """Raises TuneError for any but byte-level BPE."""
    document = json.loads(tokenizer.data)
    if document["model"].get("type") != "BPE" or '"ByteLevel"' not in json.dumps(document.get("decoder")):
        raise TuneError(f"{whose}: its tokenizer is no byte-level BPE, so its tokens cannot be laid beside bytes; use "
                        'level = "sequence"')  # fmt: skip
    back = {character: byte for byte, character in enumerate(byte_alphabet())}
    found: list[bytes | None] = [None] * tokenizer.size
    special = {item["id"] for item in document["added_tokens"]}
    for text, token in document["model"]["vocab"].items():
        if token not in special and all(character in back for character in text):
            found[token] = bytes(back[character] for character in text)
    merging, alphabet = tokenizers.Tokenizer.from_buffer(tokenizer.data).model, byte_alphabet()

    def first(text: bytes) -> bytes:
        made = merging.tokenize("".join(alphabet[byte] for byte in text))
        return bytes(back[character] for character in made[0].value) if made else text

    return Vocabulary(found, first)


@dataclass(frozen=True)
class Symbols:
    """What the rows of a model stand for, among the symbols that two models share."""

    of: Ids
    """The symbol of each row."""
    count: int


def shared(first: Vocabulary, second: Vocabulary, rows: tuple[int, int]) -> tuple[Symbols, Symbols]:
    """The symbols of the rows of both: what both spell as one token, sorted, and after them one for all special tokens."""
    both = {piece: _begin(piece, first, second) for piece in {*first.pieces, *second.pieces} if piece}
    number = {symbol: at for at, symbol in enumerate(sorted(set(both.values())))}

    def symbols(pieces: list[bytes | None], count: int) -> Symbols:
        found = np.full(count, len(number), np.int64)
        for token, piece in enumerate(pieces):
            if piece:
                found[token] = number[both[piece]]
        return Symbols(found, len(number) + 1)

    return symbols(first.pieces, rows[0]), symbols(second.pieces, rows[1])


def _begin(piece: bytes, first: Vocabulary, second: Vocabulary) -> bytes:
    """The first token of a piece in one vocabulary, of that in the other, and so on until it is one of both."""
    while (begin := second.first(first.first(piece))) != piece:
        piece = begin
    return piece


@dataclass(frozen=True)
class Alignment:
    """A student's token file beside its teacher's tokens."""

    stream: Ids
    """The same documents as the teacher's tokens, each after an end-of-text token."""
    where: Ids
    """For each token of the student the place in `stream` where a token ends at the same byte, or -1."""
    student: Vocabulary
    teacher: Vocabulary


def align(tokens: Ids, student: Tokenizer, teacher: Tokenizer) -> Alignment:
    """Lay both side by side. A document that either tokenizer does not spell back to the byte (normalization) is left out: all
    of its places are -1. Raises TuneError for any vocabulary but a byte-level BPE's."""
    mine, theirs = spelled(student, "the student"), spelled(teacher, "the teacher")
    where = np.full(tokens.size, -1, np.int64)
    stream: list[int] = [teacher.end_id]
    begin = 0
    for end in [*np.flatnonzero(tokens == student.end_id).tolist(), tokens.size]:
        pieces = [mine.pieces[token] for token in tokens[begin:end].tolist()]
        base = len(stream) - 1
        if begin:
            where[begin - 1] = base  # after the end of the document before, nothing read of this one
        made = _teacher_tokens(pieces, teacher, theirs.pieces)
        if made is not None:
            ids, ends = made
            stream += ids
            own = np.cumsum([len(piece or b"") for piece in pieces])
            at = np.searchsorted(ends, own)
            meet = (at < ends.size) & (ends[np.minimum(at, ends.size - 1)] == own)
            where[begin:end][meet] = base + 1 + at[meet]
        stream.append(teacher.end_id)
        begin = end + 1
    return Alignment(np.array(stream, np.int64), where, mine, theirs)


def _teacher_tokens(
    pieces: list[bytes | None], teacher: Tokenizer, theirs: list[bytes | None]
) -> tuple[list[int], Ids] | None:
    """Its ids of a document and the byte after each; None where there is nothing to align."""
    if not pieces or any(piece is None for piece in pieces):
        return None
    data = b"".join(piece for piece in pieces if piece is not None)
    try:
        ids = teacher.encode([data.decode("utf-8")])[0]
    except UnicodeDecodeError:  # a document cut by hand in the middle of a letter
        return None
    again = [theirs[token] for token in ids]
    if any(piece is None for piece in again) or b"".join(piece for piece in again if piece is not None) != data:
        return None
    return ids, np.cumsum([len(piece or b"") for piece in again])
