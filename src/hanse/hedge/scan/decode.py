"""Bytes to text without ever failing, rows kept: what a person's editor would count is the line that is reported."""

from __future__ import annotations

import codecs

MAX_TEXT = 2 << 20
"""Bytes of a text file that is read; larger ones are reported as skipped."""
MAX_NOTEBOOK = 32 << 20
"""Bytes of a notebook, which may carry pictures."""
LONGEST_LINE = 20_000
"""Letters of a line of code that is read; longer ones are minified or data."""
MOST_ESCAPES = 500
"""Backslashes of a line of code that is read."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_binary(head: bytes) -> bool:
    """Whether the first bytes are no text: a zero byte without a mark of UTF-16 or UTF-32."""
    return b"\0" in head and not head.startswith(tuple(mark for mark, _ in _BOMS))


def without_long_lines(text: str) -> tuple[str, int]:
    """The text with lines that are too long, or have too many backslashes, left empty; and how many they are."""
    if len(text) <= LONGEST_LINE and text.count("\\") <= MOST_ESCAPES:
        return text, 0
    rows = text.split("\n")
    kept = [row if len(row) <= LONGEST_LINE and row.count("\\") <= MOST_ESCAPES else "" for row in rows]
    count = sum(bool(row) and not left for row, left in zip(rows, kept, strict=True))
    return ("\n".join(kept), count) if count else (text, 0)


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32 by their mark, UTF-8 without one, else Latin-1. Rows end with a line feed; a lone carriage return
    is one too, as old editors wrote it."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
