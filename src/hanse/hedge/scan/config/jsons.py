"""JSON with lines, also with comments, trailing commas and single quotes; what breaks off is read as far as it goes."""

from __future__ import annotations

import re
from bisect import bisect_right

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence

DEEPEST = 200
_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*)+", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\\n]++|\\.)*+)"|\'((?:[^\'\\\n]++|\\.)*+)\'|`([^`]*+)`', re.DOTALL)
_BARE = re.compile(r"[^\s,:\[\]{}\"'`]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_INSIDE = {
    '"': re.compile(r'"(?:[^"\\\n]++|\\.)*+', re.DOTALL),
    "'": re.compile(r"'(?:[^'\\\n]++|\\.)*+", re.DOTALL),
    "`": re.compile(r"`[^`]*+"),
}
_LITERALS = re.compile(r"-?[\d.][\w.+-]*|true|false|null|NaN|-?Infinity|undefined")


def read_json_nodes(text: str) -> list[Node]:
    """Every value of a text (JSON lines have several)."""
    parser = _Parser(text)
    found: list[Node] = []
    while True:
        parser.space()
        if parser.at >= len(text):
            return found
        before = parser.at
        node = parser.value(0)
        if node is not None:
            found.append(node)
        if parser.at == before:
            parser.at += 1


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._open = dict.fromkeys(_INSIDE, 0)
        """By quote: up to here none closes. Where one did not, neither do those behind it: all of them are escaped."""

    def line(self) -> int:
        return bisect_right(self._breaks, self.at - 1) + 1 if self.at else 1

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match:
            self.at = match.end()

    def value(self, depth: int) -> Node | None:
        letter = self.text[self.at : self.at + 1]
        if letter in ("{", "["):
            if depth >= DEEPEST:
                self.at += 1
                return None
            return self._mapping(depth) if letter == "{" else self._sequence(depth)
        return self._scalar()

    def _scalar(self) -> Scalar | None:
        line = self.line()
        match = _STRING.match(self.text, self.at) if self._may_close() else None
        if match:
            self.at = match.end()
            raw = next((group for group in match.groups() if group is not None), "")
            return Scalar(_ESCAPE.sub(_unescaped, raw) if "\\" in raw else raw, line)
        self._note_open()
        match = _BARE.match(self.text, self.at)
        if match:
            self.at = match.end()
            return Scalar(match[0], line, None, _LITERALS.fullmatch(match[0]) is None)
        return None

    def _may_close(self) -> bool:
        return self.at >= self._open.get(self.text[self.at : self.at + 1], 0)

    def _note_open(self) -> None:
        letter = self.text[self.at : self.at + 1]
        inside = _INSIDE[letter].match(self.text, self.at) if letter in _INSIDE and self._may_close() else None
        if inside:
            self._open[letter] = inside.end()

    def _mapping(self, depth: int) -> Mapping:
        found = Mapping(self.line())
        self.at += 1
        while True:
            self.space()
            letter = self.text[self.at : self.at + 1]
            if not letter or letter == "}":
                self.at += 1
                return found
            if letter in ",:]":
                self.at += 1
                continue
            key = self._scalar()
            if key is None:
                self.at += 1
                continue
            self.space()
            if self.text[self.at : self.at + 1] != ":":
                continue
            self.at += 1
            self.space()
            value = self.value(depth + 1)
            if value is not None:
                found.entries.append(Entry(key.value, key.line, value))

    def _sequence(self, depth: int) -> Sequence:
        found = Sequence(self.line())
        self.at += 1
        while True:
            self.space()
            letter = self.text[self.at : self.at + 1]
            if not letter or letter == "]":
                self.at += 1
                return found
            if letter in ",:}":
                self.at += 1
                continue
            before = self.at
            value = self.value(depth + 1)
            if value is not None:
                found.items.append(value)
            if self.at == before:
                self.at += 1


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)
