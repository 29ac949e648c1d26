"""The `model` of requests and answers is another on each side of the router: its value is replaced, every other byte stays.

Rewriting parsed JSON would change numbers, spaces and the order of keys; here only the string after the outermost "model" is cut
out and another put in.
"""

from __future__ import annotations

import json
import re
from typing import Any

_MODEL = re.compile(rb'(?<!\\)"model"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\]|\\.)*")')
LINE_BYTES_MAX = 4 << 20
"""A longer line goes on untouched, in pieces."""
_COLON = re.compile(rb"[ \t\r\n]*:")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')


def renamed(data: bytes, document: Any, name: str) -> bytes:
    """`data`, the JSON text of `document`, with `name` as its outermost "model"; unchanged when it has none that is text. The
    last counts when there are several, as for every reader of JSON; all are replaced."""
    if not isinstance(document, dict) or not isinstance(document.get("model"), str) or document["model"] == name:
        return data
    spans = [match.span(1) for match in _MODEL.finditer(data)]
    if len(spans) != 1 or json.loads(data[slice(*spans[0])]) != document["model"]:
        spans = _places(data, ("model",))
    return _put(data, spans, name)


def renamed_event(data: bytes, document: Any, name: str) -> bytes:
    """The same of an event, which in a stream of /v1/responses holds the "model" of its "response"."""
    data = renamed(data, document, name)
    inner = document.get("response") if isinstance(document, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("model"), str) or inner["model"] == name:
        return data
    return _put(data, _places(data, ("response", "model")), name)


def _put(data: bytes, spans: list[tuple[int, int]], name: str) -> bytes:
    quoted = json.dumps(name).encode()
    for start, end in reversed(spans):
        data = data[:start] + quoted + data[end:]
    return data


def _places(data: bytes, path: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the values under these keys, each inside the one before, stand that are text."""
    found: list[tuple[int, int]] = []
    above: list[str | None] = []
    key: str | None = None
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token[0] in b"{[":
            above.append(key)
            key = None
        elif token[0] in b"}]":
            above.pop()
            key = None
        elif len(above) <= len(path) and _COLON.match(data, match.end()):
            key = json.loads(token)
        else:
            if (*above[1:], key) == path:
                found.append(match.span())
            key = None
    return found


class Lines:
    """A stream of server-sent events with another model's name in them: pieces in, pieces out. A line goes on as soon as it
    is whole; what is no JSON object with a "model" goes on untouched."""

    def __init__(self, name: str) -> None:
        self._name, self._rest = name, b""
        quoted = re.escape(json.dumps(name).encode())
        self._right = re.compile(rb'data: ?\{[^{}\[\]\\]*"model": ?' + quoted + rb"[,}]")

    def feed(self, piece: bytes) -> bytes:
        """What may go on now."""
        whole, newline, rest = (self._rest + piece).rpartition(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            whole, newline, rest = whole + newline + rest, b"", b""
        self._rest = rest
        if b'"model"' not in whole and b"\\u" not in whole:
            return whole + newline
        return b"\n".join(self._line(line) for line in whole.split(b"\n")) + newline

    def end(self) -> bytes:
        """What is left of a stream that ended without a line's end."""
        rest, self._rest = self._rest, b""
        return self._line(rest)

    def _line(self, line: bytes) -> bytes:
        if not line.startswith(b"data:") or (self._right.match(line) and line.count(b'"model"') == 1):
            return line  # the name is right, and stands outside of every inner table: most lines of most engines
        data = line[5:]
        try:
            return b"data:" + renamed_event(data, json.loads(data), self._name)
        except (ValueError, RecursionError):
            return line
