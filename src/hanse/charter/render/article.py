"""What a rendered charter is made of. All text is plain: Markdown and HTML escape it where they print it.

A reference to an article is written {clause} in the words of members and in ours alike, and becomes a number at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Quote:
    """A member's own words, in full, paragraphs and line ends kept."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; every row has as many cells as there are heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Part: TypeAlias = str | Quote | Table
"""A paragraph, which has a number of its own; words in full; a table."""


@dataclass(frozen=True)
class Article:
    """One article."""

    keys: tuple[str, ...]
    """Top-level keys of the charter that it puts in words; empty for the last one, on silence."""
    title: str
    parts: tuple[Part, ...]
    force: str
    """Whether Hanse executes it, checks it, or it is prose, as a sentence; empty for the last one."""
    number: int = 0
    """From 1. 0 as long as it has none."""

    def numbered(self) -> Iterator[tuple[str, Part]]:
        """Parts with the number of the paragraph that each is or follows: "3.1"."""
        paragraph = 0
        for part in self.parts:
            paragraph += isinstance(part, str)
            yield f"{self.number}.{paragraph}", part
