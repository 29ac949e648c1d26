"""From examples to rows of tokens, and from rows to steps: which rows a step has, in which order, on which process.

All of it is a function of the rows' lengths, the settings and the seed, so a step's number is the whole position in the data.
Rows of one step are sorted by length and padded at their ends: in a causal model no row sees what stands behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hanse.errors import TuneError
from hanse.hedge.tune.chat import Tokens, encode_chat, encode_completion, encode_text
from hanse.hedge.tune.data import Example, flipped


@dataclass(frozen=True)
class Row:
    """What the model reads at once."""

    ids: npt.NDArray[np.int32]
    counted: npt.NDArray[np.bool_]
    """Of each token: whether its log-probability counts."""


@dataclass(frozen=True)
class Item:
    """What stays together: one row, or the chosen and the rejected one."""

    rows: tuple[Row, ...]

    @property
    def tokens(self) -> int:
        return sum(len(row.ids) for row in self.rows)

    @property
    def counted(self) -> int:
        return sum(int(row.counted.sum()) for row in self.rows)

    @property
    def length(self) -> int:
        return max(len(row.ids) for row in self.rows)


Micro = tuple[int, ...]
"""Items that go through the model together; none where another process has one more."""
Step = tuple[Micro, ...]


def encode(tokenizer: Any, example: Example) -> list[Tokens]:
    """One, or two of a preference. Raises TuneError naming file and line."""
    try:
        if not isinstance(example.asked, str):
            made = [encode_chat(tokenizer, one.messages) for one in _pair(example)]
        elif example.asked:
            made = [encode_completion(tokenizer, example.asked, one.answer) for one in _pair(example)]
        else:
            made = [encode_text(tokenizer, example.answer)]
    except TuneError as error:
        raise TuneError(f"{example.where}: {error}") from error
    return made


def _pair(example: Example) -> list[Example]:
    return [example, flipped(example)] if example.rejected else [example]


def items(tokenizer: Any, examples: Sequence[Example], length_max: int, tell: Callable[[int], None] | None = None) -> list[Item]:
    """All examples. Plain text is cut into windows of `length_max` tokens, anything else that is longer is refused. Raises
    TuneError naming file and line."""
    found: list[Item] = []
    for number, example in enumerate(examples, 1):
        made = encode(tokenizer, example)
        if not example.asked:
            ids, mask = made[0]
            windows = [Tokens(ids[at : at + length_max], mask[at : at + length_max]) for at in range(0, len(ids), length_max)]
            found += [Item((_row(window),)) for window in windows if len(window.ids) > 1]
        else:
            longest = max(len(one.ids) for one in made)
            if longest > length_max:
                raise TuneError(f"{example.where}: {longest} tokens, at most {length_max} are read; shorten it or raise "
                                "length_max")  # fmt: skip
            found.append(Item(tuple(_row(one) for one in made)))
        if tell is not None:
            tell(number)
    return found


def _row(tokens: Tokens) -> Row:
    counted = np.array(tokens.mask, np.bool_)
    counted[0] = False  # nothing comes before it
    return Row(np.array(tokens.ids, np.int32), counted)


def digest(found: Sequence[Item]) -> str:
    """Of all tokens and what counts: a template that writes today's date makes other tokens tomorrow."""
    made = hashlib.sha256()
    for row in (row for item in found for row in item.rows):
        made.update(len(row.ids).to_bytes(4, "little") + row.ids.tobytes() + row.counted.tobytes())
    return made.hexdigest()


def steps(found: Sequence[Item], batch_tokens: int, micro_tokens: int, order: tuple[int, int], world: int = 1) -> list[Step]:
    """One epoch: the items in an order of their own (`order`: seed, epoch), a step of `batch_tokens` tokens on average, each of its
    parts of at most `micro_tokens` with padding, as many parts as a multiple of `world`."""
    made: list[Step] = []
    step: list[int] = []
    tokens = 0
    for at in np.random.default_rng(order).permutation(len(found)).tolist():
        step.append(at)
        tokens += found[at].tokens
        if tokens >= batch_tokens * (len(made) + 1):
            made.append(_micros(found, step, micro_tokens, world))
            step = []
    if step:
        made.append(_micros(found, step, micro_tokens, world))
    return made


def micros(found: Sequence[Item], micro_tokens: int, world: int = 1) -> Step:
    """All items in one go, for an evaluation."""
    return _micros(found, range(len(found)), micro_tokens, world)


def _micros(found: Sequence[Item], step: Sequence[int], micro_tokens: int, world: int) -> Step:
    made: list[list[int]] = []
    for at in sorted(step, key=lambda index: (-found[index].length, index)):
        rows = len(found[at].rows)
        if made and found[made[-1][0]].length * rows * (len(made[-1]) + 1) <= micro_tokens:
            made[-1].append(at)
        else:
            made.append([at])
    made += [[] for _ in range(-len(made) % world)]
    return tuple(tuple(micro) for micro in made)


def padded(found: Sequence[Item], micro: Micro) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(ids, counted), each [rows, longest]; one row of two tokens of which none counts for an empty one."""
    rows = [row for at in micro for row in found[at].rows] or [Row(np.zeros(2, np.int32), np.zeros(2, np.bool_))]
    longest = max(len(row.ids) for row in rows)
    ids, counted = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.bool_)
    for at, row in enumerate(rows):
        ids[at, : len(row.ids)], counted[at, : len(row.ids)] = row.ids, row.counted
    return ids, counted
