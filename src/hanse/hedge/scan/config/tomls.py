"""TOML with lines. `tomllib` keeps none, so this reads the grammar itself, row by row, and goes on after what is wrong."""

from __future__ import annotations

import re

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence

_TABLE = re.compile(r"[ \t]*+\[\[?(?P<name>[^\]]++)\]\]?[ \t]*+(?:#.*)?$")
_KEY = re.compile(
    r"[ \t]*(?P<key>(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*'))*)\s*=[ \t]*"
)
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")
_BARE = re.compile(r"[^\s,\]}#]+")
DEEPEST = 100


def read_toml_nodes(text: str) -> list[Node]:
    """The document as one mapping."""
    return [_Parser(text).run()]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def run(self) -> Mapping:
        root = Mapping(1)
        table = root
        while self.at < len(self.text):
            stop = self.text.find("\n", self.at)
            row = self.text[self.at : stop if stop >= 0 else len(self.text)]
            header = _TABLE.match(row)
            key = _KEY.match(self.text, self.at)
            if header:
                table = self._below(root, _parts(header["name"].strip()), row.lstrip().startswith("[["))
                self._skip(len(row) + 1)
            elif key and key.end() <= self.at + len(row):
                parts = _parts(key["key"])
                line = self.line
                self._skip(key.end() - self.at)
                value = self._value(0)
                if value is not None:
                    self._below(table, parts[:-1], False).entries.append(Entry(parts[-1], line, value))
                stop = self.text.find("\n", self.at)
                self._skip((stop if stop >= 0 else len(self.text)) + 1 - self.at)
            else:
                self._skip(len(row) + 1)
        return root

    def _skip(self, count: int) -> str:
        taken = self.text[self.at : self.at + count]
        self.at += count
        self.line += taken.count("\n")
        return taken

    def _below(self, table: Mapping, parts: list[str], another: bool) -> Mapping:
        """The table of a header; [[name]] starts another one of a list."""
        for index, part in enumerate(parts[:DEEPEST]):
            found = table.get(part)
            last = index == min(len(parts), DEEPEST) - 1
            if (
                isinstance(found, Sequence)
                and found.items
                and isinstance(found.items[-1], Mapping)
                and not (last and another)
            ):
                table = found.items[-1]
            elif isinstance(found, Mapping) and not (last and another):
                table = found
            else:
                made = Mapping(self.line)
                if last and another:
                    if isinstance(found, Sequence):
                        found.items.append(made)
                    else:
                        table.entries.append(Entry(part, self.line, Sequence(self.line, [made])))
                else:
                    table.entries.append(Entry(part, self.line, made))
                table = made
        return table

    def _value(self, depth: int) -> Node | None:
        text, line = self.text, self.line
        for quotes in ('"""', "'''"):
            if text.startswith(quotes, self.at):
                end = text.find(quotes, self.at + 3)
                inside = self._skip((end if end >= 0 else len(text)) + 3 - self.at)[3:]
                inside = inside.removesuffix(quotes)
                if inside.startswith("\n"):
                    inside, line = inside[1:], line + 1
                return Scalar(inside, line, inside)
        letter = text[self.at : self.at + 1]
        if letter and letter in "\"'":
            match = re.compile(r'"((?:[^"\\\n]++|\\.)*+)"' if letter == '"' else r"'([^'\n]*)'").match(text, self.at)
            if match is None:
                return None
            self._skip(match.end() - self.at)
            return Scalar(re.sub(r"\\(.)", r"\1", match[1]) if letter == '"' else match[1], line)
        if letter == "[" and depth < DEEPEST:
            return self._sequence(depth)
        if letter == "{" and depth < DEEPEST:
            return self._inline(depth)
        bare = _BARE.match(text, self.at)
        if bare is None:
            return None
        self._skip(bare.end() - self.at)
        return Scalar(bare[0], line, None, False)

    def _space(self) -> str:
        """Over spaces, rows and comments; the next letter."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "#":
                stop = self.text.find("\n", self.at)
                self._skip((stop if stop >= 0 else len(self.text)) - self.at)
            elif letter in " \t\r\n,":
                self._skip(1)
            else:
                return letter
        return ""

    def _sequence(self, depth: int) -> Sequence:
        found = Sequence(self.line)
        self._skip(1)
        while (letter := self._space()) and letter != "]":
            before = self.at
            value = self._value(depth + 1)
            if value is not None:
                found.items.append(value)
            if self.at == before:
                self._skip(1)
        self._skip(1)
        return found

    def _inline(self, depth: int) -> Mapping:
        found = Mapping(self.line)
        self._skip(1)
        while (letter := self._space()) and letter != "}":
            key = _KEY.match(self.text, self.at)
            if key is None:
                self._skip(1)
                continue
            line = self.line
            self._skip(key.end() - self.at)
            value = self._value(depth + 1)
            if value is not None:
                found.entries.append(Entry(_parts(key["key"])[-1], line, value))
        self._skip(1)
        return found


def _parts(name: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(name)] or [name]
