"""Where two tokenizations of one text meet, and what a distribution over tokens says of the next tokens that both have.

Models of different vocabularies are laid side by side where a token of both ends. There both say which of the tokens that both
have comes next; a token that one of them lacks counts as the longest of these that it begins with, a single byte at least. Of one
vocabulary this is the token level itself. Bytes as the common ground: Phan et al. 2024 (arXiv 2410.09303), Singh et al. 2026
(arXiv 2604.07466); matching the tokens that both have: the GOLD trainer of TRL.

It is approximate: where merges differ, one may spell the same text with another first token. And it loses what the teacher says
between the places that meet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


def spelled(tokenizer: Tokenizer, whose: str) -> list[bytes | None]:
    """The bytes of each id; None for special tokens and ids that stand for nothing. Raises TuneError for any but byte-level BPE."""
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
    return found


@dataclass(frozen=True)
class Symbols:
    """What the rows of a model stand for, among the symbols that two models share."""

    of: Ids
    """The symbol of each row."""
    count: int


def shared(first: list[bytes | None], second: list[bytes | None], rows: int) -> Symbols:
    """The symbols of `first`'s rows: the spellings that both have, sorted, and after them one for all special tokens."""
    both = {piece for piece in first if piece} & {piece for piece in second if piece}
    number = {piece: at for at, piece in enumerate(sorted(both))}
    found = np.full(rows, len(number), np.int64)
    for token, piece in enumerate(first):
        if piece:
            found[token] = next((number[piece[:end]] for end in range(len(piece), 0, -1) if piece[:end] in number), len(number))
    return Symbols(found, len(number) + 1)


@dataclass(frozen=True)
class Alignment:
    """A student's token file beside its teacher's tokens."""

    stream: Ids
    """The same documents as the teacher's tokens, each after an end-of-text token."""
    where: Ids
    """For each token of the student the place in `stream` where a token ends at the same byte, or -1."""


def align(tokens: Ids, student: Tokenizer, teacher: Tokenizer) -> Alignment:
    """Lay both side by side. A document that either tokenizer does not spell back to the byte (normalization) is left out: all
    of its places are -1."""
    mine, theirs = spelled(student, "the student"), spelled(teacher, "the teacher")
    where = np.full(tokens.size, -1, np.int64)
    stream: list[int] = [teacher.end_id]
    begin = 0
    for end in [*np.flatnonzero(tokens == student.end_id).tolist(), tokens.size]:
        pieces = [mine[token] for token in tokens[begin:end].tolist()]
        base = len(stream) - 1
        if begin:
            where[begin - 1] = base  # after the end of the document before, nothing read of this one
        made = _teacher_tokens(pieces, teacher, theirs)
        if made is not None:
            ids, ends = made
            stream += ids
            own = np.cumsum([len(piece or b"") for piece in pieces])
            at = np.searchsorted(ends, own)
            meet = (at < ends.size) & (ends[np.minimum(at, ends.size - 1)] == own)
            where[begin:end][meet] = base + 1 + at[meet]
        stream.append(teacher.end_id)
        begin = end + 1
    return Alignment(np.array(stream, np.int64), where)


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
    spelt = [theirs[token] for token in ids]
    if any(piece is None for piece in spelt) or b"".join(piece for piece in spelt if piece is not None) != data:
        return None
    return ids, np.cumsum([len(piece or b"") for piece in spelt])
