"""Functions of a shell text: `$1` in a body is what its callers give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hanse.hedge.scan.shell.lexer import Command, Part, Word
from hanse.hedge.scan.shell.table import KEYWORDS

_HEAD = re.compile(
    r"^[ \t]*(?:function[ \t]+(?P<one>[\w-]+)[ \t]*(?:\(\))?|(?P<two>[A-Za-z_][\w-]*)[ \t]*\(\))[ \t\n]*\{",
    re.MULTILINE,
)
_POSITION = re.compile(r"([1-9@*])(.*)", re.DOTALL)


def bind(text: str, line: int, found: Sequence[Command]) -> tuple[list[Command], list[tuple[str, Word]]]:
    """Commands with `$1` of a function renamed after it, and what each renamed one is given by the callers."""
    bodies = _bodies(text, line)
    if not bodies:
        return list(found), []
    named = {row: name for name, first, last in bodies for row in range(first, min(last, first + 2000) + 1)}
    commands = [_renamed(command, named) for command in found]
    given: list[tuple[str, Word]] = []
    names = {name for name, _, _ in bodies}
    for command in commands:
        literals = [word.literal for word in command.words]
        for at, literal in enumerate(literals[:6]):
            if literal in KEYWORDS:
                continue
            if literal in names and at + 1 < len(literals):
                arguments = command.words[at + 1 :]
                for position, word in enumerate(arguments[:9], 1):
                    given.append((_name(str(literal), str(position)), word))
                    given.append((_name(str(literal), "@"), word))
            break
    return commands, given


def _bodies(text: str, line: int) -> list[tuple[str, int, int]]:
    """Name, first and last line of each function."""
    found = []
    rows = text.split("\n")
    for match in _HEAD.finditer(text):
        first = text.count("\n", 0, match.end())
        indent = len(rows[text.count("\n", 0, match.start())]) - len(rows[text.count("\n", 0, match.start())].lstrip())
        last = first
        if not rows[first].rstrip().endswith("}"):
            ends = (i for i in range(first + 1, len(rows)) if re.match(rf"[ \t]{{0,{indent}}}\}}", rows[i]))
            last = next(ends, len(rows) - 1)
        found.append((match["one"] or match["two"], first + line, last + line))
    return found[:200]


def _renamed(command: Command, named: dict[int, str]) -> Command:
    if not command.words:
        return command
    name = named.get(command.words[0].line)
    return command if name is None else replace(command, words=[_word(word, name) for word in command.words])


def _word(word: Word, name: str) -> Word:
    parts = []
    for part in word.parts:
        match = _POSITION.fullmatch(part.text) if part.kind == "variable" else None
        parts.append(Part("variable", _name(name, match[1]) + match[2], part.source) if match else part)
    items = None if word.items is None else tuple(_word(item, name) for item in word.items)
    return replace(word, parts=tuple(parts), items=items)


def _name(function: str, position: str) -> str:
    return f"argument_{re.sub(r'[^A-Za-z0-9_]', '_', function)}_{'all' if position in '@*' else position}"
