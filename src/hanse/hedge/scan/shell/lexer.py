"""Shell text cut into commands of words, each with its line; nothing is run and nothing expanded here.

Forgiving: a quote that is never closed is a letter, an operator in a strange place ends the command. What is quoted with
single quotes is literal; `$NAME`, `${...}`, `$(...)` and backticks are parts of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

_BARE = re.compile(r"[^\s\\'\"`$#;&|<>()]+")
_IN_DOUBLE = re.compile(r'[^\\"`$]+')
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?!]")
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)([\w.-]+)\1")
_REDIRECT = re.compile(r"(?:\d*|&)(?:>>|>\||>&|<>|<<<|<&|>|<)(?:\d+|-)?")


@dataclass(frozen=True)
class Part:
    """A piece of a word: text as it stands, a variable's expression (what is inside `${...}`), or a command's."""

    kind: Literal["text", "variable", "command"]
    text: str
    source: str = ""
    """As it is written, for an expression."""


@dataclass(frozen=True)
class Word:
    """One word, before anything is filled in."""

    parts: tuple[Part, ...]
    line: int
    quoted: bool = False
    items: tuple[Word, ...] | None = None
    """Of an array: NAME=(...)."""

    @property
    def raw(self) -> str:
        """As it would be written, without quotes."""
        return "".join(part.source or part.text for part in self.parts)

    @property
    def literal(self) -> str | None:
        """The text when nothing is filled in."""
        return "".join(p.text for p in self.parts) if all(p.kind == "text" for p in self.parts) else None


def plain(text: str, line: int) -> Word:
    """A word as it stands."""
    return Word((Part("text", text),), line)


@dataclass
class Command:
    """Words up to an operator; where its output goes; the documents it reads."""

    words: list[Word] = field(default_factory=list)
    targets: list[Word] = field(default_factory=list)
    documents: list[tuple[str, int]] = field(default_factory=list)
    """Text and the line of its first line."""


def commands(text: str, line: int = 1) -> Iterator[Command]:
    """Every command of a text, in order. A row that begins with an option belongs to the command before it."""
    last: Command | None = None
    for command in _Lexer(text, line).run():
        first = (command.words[0].literal or "") if command.words else ""
        if (
            last is not None
            and last.words
            and re.match(r"--?[A-Za-z]", first)
            and command.words[0].line > last.words[0].line
        ):
            last.words += command.words
            last.documents += command.documents
            continue
        if last is not None:
            yield last
        last = command
    if last is not None:
        yield last


class _Lexer:
    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.at = 0
        self.line = line
        self.command = Command()
        self.waiting: list[tuple[Command, str, bool]] = []
        """Documents whose body starts after this line: command, end word, tabs stripped."""
        self.open_quote = len(text)
        """From here on no double quote is ever closed."""
        self.looked = 100_000 + 4 * len(text)
        """Letters that may still be looked through for closing brackets, so that hostile text costs no more than long text."""

    def run(self) -> Iterator[Command]:
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            if letter == "\n":
                self._newline()
                yield from self._close()
            elif letter in " \t\r":
                self.at += 1
            elif letter == "\\" and text.startswith(("\\\n", "\\\r\n"), self.at):
                self._skip(3 if text.startswith("\\\r\n", self.at) else 2)
            elif letter == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif letter in "<>" or (letter in "0123456789&" and _redirects(text, self.at)):
                self._redirect()
            elif letter in ";&|()":
                self.at += 1
                yield from self._close()
            else:
                self.command.words.append(self._word())
        yield from self._close()

    def _close(self) -> Iterator[Command]:
        done, self.command = self.command, Command()
        if done.words or done.documents or any(waiting[0] is done for waiting in self.waiting):
            yield done

    def _skip(self, count: int) -> str:
        taken = self.text[self.at : self.at + count]
        self.at += count
        self.line += taken.count("\n")
        return taken

    def _newline(self) -> None:
        self._skip(1)
        for command, end, tabs in self.waiting:
            first, lines = self.line, []
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                row = self.text[self.at : stop if stop >= 0 else len(self.text)]
                self._skip(len(row) + 1)
                if (row.lstrip("\t") if tabs else row).rstrip("\r") == end:
                    break
                lines.append(row)
            command.documents.append(("\n".join(lines), first))
        self.waiting.clear()

    def _redirect(self) -> None:
        found = _HEREDOC.match(self.text, self.at)
        if found:
            self.waiting.append((self.command, found[2], found[0].startswith("<<-")))
            self.at = found.end()
            return
        if self.text.startswith(("<(", ">("), self.at):
            self.at += 1
            return
        match = _REDIRECT.match(self.text, self.at)
        if match is None:
            self.at += 1
            return
        self.at = match.end()
        while self.text.startswith((" ", "\t"), self.at):
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in "\n;&|()<>#" and not match[0].endswith(("-", "&")):
            word = self._word()
            if match[0].endswith((">", ">>", ">|")):
                self.command.targets.append(word)
            elif match[0].endswith("<<<"):
                self.command.words.append(word)

    def _word(self) -> Word:
        line, parts, quoted = self.line, list[Part](), False
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            if letter in " \t\r\n;&|<>)":
                break
            if letter == "(":
                if len(parts) == 1 and parts[0].kind == "text" and _ARRAY.fullmatch(parts[0].text):
                    return Word(tuple(parts), line, False, self._array())
                break
            if letter == "\\":
                if text.startswith(("\\\n", "\\\r\n"), self.at):
                    self._skip(3 if text.startswith("\\\r\n", self.at) else 2)
                    continue
                parts.append(Part("text", text[self.at + 1 : self.at + 2]))
                self._skip(2)
            elif letter == "'":
                end = text.find("'", self.at + 1)
                parts.append(Part("text", self._skip(1) if end < 0 else self._skip(end + 1 - self.at)[1:-1]))
                quoted = True
            elif letter == '"':
                parts += self._double()
                quoted = True
            elif letter in "$`":
                parts.append(self._dollar())
            else:
                found = _BARE.match(text, self.at)
                parts.append(Part("text", self._skip(found.end() - self.at if found else 1)))
        return Word(_merged(parts), line, quoted)

    def _array(self) -> tuple[Word, ...]:
        self.at += 1
        items: list[Word] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            letter = self.text[self.at]
            if letter in " \t\r\n":
                self._skip(1)
            elif letter == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter in ";&|<>(":
                self.at += 1
            else:
                before = self.at
                items.append(self._word())
                if self.at == before:
                    self._skip(1)
        self.at += 1
        return tuple(items)

    def _double(self) -> list[Part]:
        start, line = self.at, self.line
        self.at += 1
        if start >= self.open_quote:
            return [Part("text", '"')]
        parts = list[Part]()
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == '"':
                self.at += 1
                return parts or [Part("text", "")]
            if letter == "\\":
                taken = self._skip(2)
                parts.append(
                    Part("text", "" if taken == "\\\n" else taken[1:] if taken[1:] in ('"', "\\", "$", "`") else taken)
                )
            elif letter in "$`":
                parts.append(self._dollar())
            else:
                found = _IN_DOUBLE.match(self.text, self.at)
                parts.append(Part("text", self._skip(found.end() - self.at if found else 1)))
        self.at, self.line, self.open_quote = start + 1, line, start + 1  # never closed: a letter
        return [Part("text", '"')]

    def _dollar(self) -> Part:
        text = self.text
        if text[self.at] == "`":
            end = text.find("`", self.at + 1)
            if end < 0:
                return Part("text", self._skip(1))
            source = self._skip(end + 1 - self.at)
            return Part("command", source[1:-1], source)
        for opening, closing in (("$(", ")"), ("${", "}")):
            if text.startswith(opening, self.at):
                end = _closing(text, self.at + 2, opening[1], closing) if self.looked > 0 else -1
                self.looked -= end - self.at if end >= 0 else 10_000
                if end < 0:
                    return Part("text", self._skip(1))
                source = self._skip(end + 1 - self.at)
                return Part("command" if opening == "$(" else "variable", source[2:-1], source)
        name = _NAME.match(text, self.at + 1)
        if name is None:
            return Part("text", self._skip(1))
        source = self._skip(1 + len(name[0]))
        return Part("variable", source[1:], source)


def _redirects(text: str, at: int) -> bool:
    found = _REDIRECT.match(text, at)
    return found is not None and (at == 0 or text[at - 1] in " \t\n;|(")


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    """Where the bracket closes, quotes left out; -1 when it does not within 10,000 letters."""
    depth, quote = 1, ""
    for index in range(at, min(len(text), at + 10_000)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote and text[index - 1] != "\\" else quote
        elif letter in "'\"":
            quote = letter
        elif letter == opening:
            depth += 1
        elif letter == closing:
            depth -= 1
            if depth == 0:
                return index
    return -1


def _merged(parts: list[Part]) -> tuple[Part, ...]:
    """Neighboring pieces of text as one."""
    merged: list[Part] = []
    for part in parts:
        if merged and part.kind == merged[-1].kind == "text":
            merged[-1] = Part("text", merged[-1].text + part.text)
        else:
            merged.append(part)
    return tuple(merged)
