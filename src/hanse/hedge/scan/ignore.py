"""What a project does not want to hear about: `hanse: ignore` in a comment, patterns of files in .hanseignore."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

FILE = ".hanseignore"
_COMMENT = re.compile(
    r"(?:#|//|/\*|<!--|;|--|%|\brem\b|::|\"\"\"|\{#|\{\{/\*)[^\n]*?\bhanse:\s*ignore\b", re.IGNORECASE
)


def ignored(row: str) -> bool:
    """Whether a row carries the comment `hanse: ignore`, with or without a reason behind it."""
    return "hanse" in row.lower() and _COMMENT.search(row) is not None


def read_patterns(text: str) -> tuple[str, ...]:
    """The patterns of a .hanseignore: one a row; # starts a comment."""
    rows = (row.strip() for row in text.split("\n"))
    return tuple(row for row in rows if row and not row.startswith("#"))


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path (with '/', relative) or one of its folders fits a pattern: `*` within a name, `**` over folders.

    A pattern without '/' fits a name at any level, one that ends with '/' a folder, one that starts with '/' from the top.
    """
    return any(_expression(pattern).search(path) is not None for pattern in patterns)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    folder = pattern.endswith("/")
    anchored = "/" in pattern.strip("/") or pattern.startswith("/")
    pieces = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/")):
        pieces.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return re.compile(("^" if anchored else "(?:^|/)") + "".join(pieces) + ("/" if folder else r"(?:$|/)"), re.DOTALL)
