"""XML as configuration: elements and attributes as keys; <property name="model" value="..."/> as a pair."""

from __future__ import annotations

import contextlib
from typing import Any
from xml.parsers import expat

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar

DEEPEST = 200


def read_xml_nodes(text: str) -> list[Node]:
    """The document as a mapping; what stands before an error when there is one. Entities are not expanded."""
    return [_Reader().run(text)]


class _Reader:
    def __init__(self) -> None:
        self.root = Mapping(1)
        self.open: list[tuple[str, Mapping, list[str], int]] = [("", self.root, [], 1)]
        self.parser: Any = expat.ParserCreate()

    def run(self, text: str) -> Mapping:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        with contextlib.suppress(expat.ExpatError, _Refused, ValueError):  # what came before the break still counts
            self.parser.Parse(text.encode("utf-8", "replace"), True)
        while len(self.open) > 1:
            self._end("")
        return self.root

    def _entity(self, *_given: Any) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        made = Mapping(line, [Entry(key, line, Scalar(value, line)) for key, value in attributes.items()])
        if len(self.open) > DEEPEST:
            raise _Refused
        self.open.append((name.rsplit(":", 1)[-1], made, [], line))

    def _text(self, data: str) -> None:
        if data.strip() and not self.open[-1][2]:
            self.open[-1] = (*self.open[-1][:3], self.parser.CurrentLineNumber)
        self.open[-1][2].append(data)

    def _end(self, _name: str) -> None:
        name, made, texts, line = self.open.pop()
        text = "".join(texts).strip()
        node: Node = made
        if text and not made.entries:
            node = Scalar(text, line)
        elif text and (key := made.text("key", "name")) and made.get("value") is None:
            node = Mapping(line, [Entry("name", line, Scalar(key, line)), Entry("value", line, Scalar(text, line))])
        self.open[-1][1].entries.append(Entry(name, made.line, node))


class _Refused(Exception):
    pass
