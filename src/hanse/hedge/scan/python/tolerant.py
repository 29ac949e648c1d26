"""Text to a syntax tree, whatever the text is: Python 2, half-edited files, newer syntax. What cannot be parsed is blanked,
line by line, and handed back for a reader that needs no tree."""

from __future__ import annotations

import ast
import re
import warnings

TRIES = 24
"""Lines that are blanked at most before the whole text is given up."""
_FORMATTED = re.compile(r"\b(?:f|fr|rf)('''|\"\"\"|'|\")", re.IGNORECASE)
FORMATTED = 8000
HOLES = 500
"""Characters and braces of an f-string above which Python before 3.12 takes minutes over it."""
SIZE = 4_000_000
"""Characters; larger texts are data or generated, and are not parsed."""
_OTHER_VERSIONS = (
    (
        re.compile(r"^([ \t]*(?:(?:else|try|finally)[ \t]*:[ \t]*)?)print[ \t]+(?![ \t=.,\[])(?!\()(.*)$", re.M),
        r"\1pass",
    ),
    (re.compile(r"^([ \t]*)print[ \t]*>>.*$", re.M), r"\1pass"),
    (re.compile(r"^([ \t]*)print$", re.M), r"\1pass"),
    (re.compile(r"^([ \t]*except[ \t]+[^:,\n()]+),[ \t]*(\w+)[ \t]*:", re.M), r"\1 as \2:"),
    (re.compile(r"^([ \t]*except[ \t]*\([^()\n]*\)),[ \t]*(\w+)[ \t]*:", re.M), r"\1 as \2:"),
    (re.compile(r"^([ \t]*)raise[ \t]+\w+[ \t]*,.*$", re.M), r"\1pass"),
    (re.compile(r"^([ \t]*)exec[ \t]+[\"'].*$", re.M), r"\1pass"),
    (re.compile(r"\bur(?=[\"'])", re.I), "r"),
    (re.compile(r"<>"), "!="),
    (re.compile(r"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)\[[^\]\n]*\](?=[ \t]*[(:])", re.M), r"\1"),
)


def normalized(text: str) -> str:
    """Without a byte order mark; NUL bytes and form feeds, which end no line in an editor, become spaces."""
    text = text.removeprefix("\ufeff")
    for letter in "\0\x0b\x0c":
        if letter in text:
            text = text.replace(letter, " ")
    return text


def parse(text: str) -> tuple[ast.Module | None, list[int]]:
    """The tree of a normalized text, and the numbers of lines that had to be blanked; None when nothing can be made of it."""
    if len(text) > SIZE or _heavy(text):
        return None, []
    try:
        return _parse(text), []
    except SyntaxError as error:
        return _repaired(text, error)
    except (ValueError, RecursionError, MemoryError):
        return None, []


def _heavy(text: str) -> bool:
    """Whether an f-string is so long, with so many holes, that parsing it would not end soon."""
    if len(text) <= FORMATTED or text.count("{") <= HOLES:
        return False
    for match in _FORMATTED.finditer(text):
        end = text.find(match[1], match.end())
        end = end if end >= 0 else len(text)
        if end - match.end() > FORMATTED and text.count("{", match.end(), end) > HOLES:
            return True
    return False


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _repaired(text: str, error: SyntaxError) -> tuple[ast.Module | None, list[int]]:
    """Blanks the line of each error in turn. Every replacement keeps the number of lines."""
    fixed = text
    for pattern, replacement in _OTHER_VERSIONS:
        fixed = pattern.sub(replacement, fixed)
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", fixed)
    lost: list[int] = [] if fixed == text else _differences(text, fixed)
    at = error.lineno or 1
    if fixed != text:
        at = 0
    for _ in range(TRIES):
        if at:
            blanked = _blank(lines, at)
            if blanked is None:
                return None, []
            lost.append(blanked)
        try:
            return _parse("".join(lines)), sorted(set(lost))
        except SyntaxError as next_error:
            at = next_error.lineno or 1
        except (ValueError, RecursionError, MemoryError):
            return None, []
    return None, []


def _differences(before: str, after: str) -> list[int]:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return [number for number, (old, new) in enumerate(pairs, start=1) if old != new]


def _blank(lines: list[str], at: int) -> int | None:
    """Replaces the line of an error, or the nearest above that is not blank yet, by 'pass'."""
    number = min(at, len(lines))
    while number >= 1:
        line = lines[number - 1]
        body = line.strip()
        if body and body != "pass":
            indent = line[: len(line) - len(line.lstrip())]
            end = line[len(line.rstrip("\r\n")) :]
            opens = body.endswith(":") and body != "if 1:"  # what is below stays a block
            lines[number - 1] = f"{indent}{'if 1:' if opens else 'pass'}{end}"
            return number
        number -= 1
    return None
