"""Shell text, whole or inside other files, to hits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.shell.commands import Readers, Reading
from hanse.hedge.scan.shell.functions import bind
from hanse.hedge.scan.shell.lexer import Word, commands
from hanse.hedge.scan.shell.variables import Variables

_PIECE = re.compile(r"(?<=[/=])\$\{?(\w+)|\$\{?(\w+)\}?(?=/)")


class Shell:
    """Reads shell with the readers for what stands in it."""

    def __init__(self, readers: Readers) -> None:
        self.readers = readers

    def text(self, text: str, line: int = 1, variables: Variables | None = None, depth: int = 0) -> Iterator[Hit]:
        """A script whose first line is `line` of the file. `variables` are known from outside and learn what it assigns."""
        known = variables if variables is not None else Variables()
        found, given = bind(text, line, list(commands(text, line)))
        known.collect(found)
        known.give(given)
        reading = Reading(self.readers, known, depth)
        reading.pieces = frozenset(name for match in _PIECE.findall(text) for name in match if name)
        for command in found:
            yield from reading.command(command)

    def words(
        self, words: list[Word], image: str = "", whole: bool = True, variables: Variables | None = None
    ) -> Iterator[Hit]:
        """A command given word by word; `image` tells what runs when the words are no whole command."""
        if words:
            yield from Reading(self.readers, variables if variables is not None else Variables()).container(
                image, words, whole
            )
