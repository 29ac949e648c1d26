"""JavaScript and TypeScript text to tokens, grouped by their brackets. Tolerant: what is never closed ends with the text.

Strings, template literals with their holes, comments and regular expressions are told apart by the token before them, as
the language does; JSX text comes out as names and marks, which does no harm.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

TokenKind = Literal["name", "string", "number", "mark", "regex"]

_SPACE = re.compile(r"(?:\s+|//[^\n\r\u2028\u2029]*|/\*.*?(?:\*/|\Z)|<!--.*?(?:-->|\Z))+", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<name>[#@]?[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<string>\"(?:[^\"\\\n]++|\\.)*+\"|'(?:[^'\\\n]++|\\.)*+')"
    r"|(?P<mark>=>|\?\?=?|\?\.(?!\d)|\|\|=?|&&=?|[=!]==?|[<>]=|\+\+|--|\+=|\.\.\.|\*\*|.)",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n]++|\\.|\[(?:[^\]\\\n]++|\\.)*+\])++/[a-z]*")
_INSIDE = {
    '"': re.compile(r'"(?:[^"\\\n]++|\\.)*+', re.DOTALL),
    "'": re.compile(r"'(?:[^'\\\n]++|\\.)*+", re.DOTALL),
}
TOKENS = 500_000
"""Tokens of a text; one that has more is generated, and is not read."""
MISSES = 50
"""Slashes of one line that begin no regular expression, after which no other does."""
_CHUNK = re.compile(r"(?:[^`\\$]++|\\.|\$(?!\{))*+", re.DOTALL)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": "", "\r": ""}
_BEFORE_REGEX = frozenset(
    {
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "delete",
        "void",
        "throw",
        "new",
        "instanceof",
        "else",
        "do",
        "yield",
        "await",
    }
)
_BEFORE_STRING = _BEFORE_REGEX | {"import", "from", "export", "default", "extends", "as", "async"}
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, eq=False, slots=True)
class Token:
    """One token; of a string the text without quotes and escapes."""

    kind: TokenKind
    text: str
    line: int
    start: int
    end: int


@dataclass(eq=False, slots=True)
class Group:
    """What stands between brackets: '(', '[', '{', '${' or nothing for the whole file."""

    open: str
    line: int
    start: int
    parent: Group | None
    items: list[Item] = field(default_factory=list)
    end: int = 0
    role: Literal["block", "object", "class", "enum", "type", "other"] = "other"
    names: dict[str, list[object]] = field(default_factory=dict)
    """What names are bound to here; see `tree`."""


@dataclass(eq=False, slots=True)
class Template:
    """A template literal: texts and holes in turn."""

    line: int
    start: int
    parts: list[str | Group] = field(default_factory=list)
    end: int = 0


Item = Token | Group | Template


class TooManyTokens(Exception):
    """A text is longer than anybody writes."""


def lex(text: str) -> Group:
    """The whole text as one group. Raises TooManyTokens."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.left = TOKENS
        self.breaks = [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]
        self.group = Group("", 1, 0, None)
        self.root = self.group
        self._unclosed = dict.fromkeys(_INSIDE, 0)
        """By quote: up to here none closes. Where one did not, neither do those behind it: all of them are escaped."""
        self._misses = (0, 0)
        """The line of the last slash that began no regular expression, and how many there were in it."""
        self.templates: list[Template] = []
        """Template literals whose holes are being read, outermost first."""

    def line(self, at: int) -> int:
        return bisect_right(self.breaks, at) + 1

    def run(self) -> Group:
        text = self.text
        while self.at < len(text):
            space = _SPACE.match(text, self.at)
            if space is not None:
                self.at = space.end()
                continue
            letter = text[self.at]
            if letter == "`":
                template = Template(self.line(self.at), self.at)
                self.at += 1
                self._chunk(template)
            elif letter == "/" and self._regex_may_start():
                match = _REGEX.match(text, self.at)
                if match is None:
                    line = self.line(self.at)
                    self._misses = (line, self._misses[1] + 1 if self._misses[0] == line else 1)
                self._token("regex" if match else "mark", match[0] if match else letter)
            elif letter in "'\"" and (self.at < self._unclosed[letter] or self._apostrophe()):
                self._token("mark", letter)
            elif letter in "([{":
                self._open(letter)
            elif letter in ")]}":
                self._close(letter)
            else:
                match = _TOKEN.match(text, self.at)
                if match is None:
                    self.at += 1
                    continue
                if match[0] in _INSIDE and (inside := _INSIDE[match[0]].match(text, self.at)):
                    self._unclosed[match[0]] = inside.end()
                self._token(match.lastgroup or "mark", match[0])  # type: ignore[arg-type]
        while self.group.parent is not None:
            self.group.end = len(text)
            self.group = self.group.parent
        self.root.end = len(text)
        return self.root

    def _token(self, kind: TokenKind, raw: str) -> None:
        start, self.at = self.at, self.at + len(raw)
        self.left -= 1
        if self.left < 0:
            raise TooManyTokens
        value = unescaped(raw[1:-1]) if kind == "string" else raw
        self.group.items.append(Token(kind, value, self.line(start), start, self.at))

    def _open(self, letter: str) -> None:
        inner = Group(letter, self.line(self.at), self.at, self.group)
        self.group.items.append(inner)
        self.group = inner
        self.at += 1

    def _close(self, letter: str) -> None:
        """Closes the nearest group of this kind; a bracket that closes nothing is passed over."""
        self.at += 1
        group: Group | None = self.group
        wanted = _CLOSING[letter]
        while group is not None and group.open != wanted and not (letter == "}" and group.open == "${"):
            group = group.parent if group.open != "${" else None
        if group is None or group.parent is None:
            return
        while self.group is not group and self.group.parent is not None:
            self.group.end = self.at - 1
            self.group = self.group.parent
        group.end = self.at
        self.group = group.parent
        if group.open == "${":
            self._chunk(self.templates.pop())

    def _chunk(self, template: Template) -> None:
        """Reads on in a template literal up to its end or its next hole."""
        match = _CHUNK.match(self.text, self.at)
        raw = match[0] if match is not None else ""
        template.parts.append(unescaped(raw) if "\\" in raw else raw)
        self.at += len(raw)
        if self.text.startswith("${", self.at):
            hole = Group("${", self.line(self.at), self.at, self.group)
            template.parts.append(hole)
            self.templates.append(template)
            self.group = hole
            self.at += 2
            return
        self.at += 1
        template.end = min(self.at, len(self.text))
        self.group.items.append(template)

    def _apostrophe(self) -> bool:
        """Whether a quote stands right behind a word, as in the text of JSX: Don't."""
        last = self.group.items[-1] if self.group.items else None
        if not isinstance(last, Token) or last.kind not in ("name", "number") or last.end != self.at:
            return False
        return last.text not in _BEFORE_STRING

    def _regex_may_start(self) -> bool:
        if self._misses[1] > MISSES and self._misses[0] == self.line(self.at):
            return False
        if not self.group.items:
            return True
        last = self.group.items[-1]
        if not isinstance(last, Token):
            return False
        if last.kind == "name":
            return last.text in _BEFORE_REGEX
        return last.kind == "mark" and last.text not in ("<", "++", "--", "!")


def unescaped(raw: str) -> str:
    """A literal's text."""
    return _ESCAPE.sub(_unescape, raw) if "\\" in raw else raw


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        number = int(code.strip("ux{}"), 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _ESCAPES.get(code, code)
