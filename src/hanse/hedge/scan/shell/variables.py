"""Variables of a shell text that have constants, and words with them filled in. The order of assignments is ignored: a
variable with three values gives three words, each at the line where its value stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hanse.hedge.scan.shell.lexer import Command, Part, Word, commands

LIMIT = 24
"""Values of a variable or word at most; the rest is left out."""
LONGEST = 100_000
"""Letters of a value; a longer one is left out."""
_DEPTH = 8
_ASSIGN = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+)?=")
_EXPRESSION = re.compile(
    r"(?P<name>[A-Za-z_]\w*|\d+)(?:\[[^\]]*\])?(?P<operator>:?[-=+?]|##?|%%?|//?|\^\^?|,,?|:)?(?P<rest>.*)", re.DOTALL
)
_DECLARE = frozenset({"export", "local", "readonly", "declare", "typeset", "set", "setenv", "env"})


@dataclass(frozen=True)
class Value:
    """A word filled in."""

    text: str
    line: int
    """Where the literal stands."""
    known: bool = True
    """False when something in it is only known while the program runs."""
    raw: str = ""
    """As it is written, when it is not known."""


class Variables:
    """Values by name. Unknown names stay open."""

    def __init__(self, given: Mapping[str, Iterable[Value]] | None = None) -> None:
        self._given: dict[str, list[Value]] = {name: list(values) for name, values in (given or {}).items()}
        self.outer: Variables | None = None
        """Where names are looked up that are not set here."""
        self._words: dict[str, list[Word]] = {}
        self._known: dict[str, list[Value]] = {}
        self._asked: set[str] = set()

    def define(self, name: str, value: Value) -> None:
        """A constant that stands elsewhere."""
        self._given.setdefault(name, []).append(value)
        self._known.clear()

    def collect(self, found: Iterable[Command]) -> None:
        """Assignments and loops of these commands."""
        for command in found:
            for name, value in assignments(command):
                self._words.setdefault(name, []).append(value)
            loop = _loop(command.words)
            if loop:
                self._words.setdefault(loop[0], []).extend(loop[1])
        self._known.clear()

    def give(self, given: Iterable[tuple[str, Word]]) -> None:
        """Values for names by hand."""
        for name, word in given:
            self._words.setdefault(name, []).append(word)
        self._known.clear()

    def values(self, name: str) -> list[Value]:
        """What a variable can be; empty when nothing is known."""
        if name in self._known:
            return self._known[name]
        found = list(self._given.get(name, ()))
        if name in self._asked or len(self._asked) > _DEPTH:  # made of itself
            return found
        self._asked.add(name)
        for word in self._words.get(name, ())[:LIMIT]:
            for item in word.items if word.items is not None else (word,):
                if item.parts:
                    found += [value for value in self.fill(item) if value.known or value.text.strip("${}") != name]
        self._asked.discard(name)
        if not found and self.outer is not None:
            found = self.outer.values(name)
        self._known[name] = found[:LIMIT]
        return self._known[name]

    def fill(self, word: Word) -> list[Value]:
        """Every value of a word, known or not; at least one."""
        if len(word.parts) == 1 and word.parts[0].kind == "variable":
            return self._variable(word.parts[0].text, word.line) or [Value(word.raw, word.line, False, word.raw)]
        texts: list[tuple[str, bool]] = [("", True)]
        for part in word.parts:
            pieces = self._piece(part, word.line)
            texts = [(a + b, k and known) for a, k in texts for b, known in pieces if len(a) + len(b) <= LONGEST][
                :LIMIT
            ]
        return [Value(text, word.line, known, word.raw) for text, known in texts] or [
            Value("", word.line, False, word.raw[:LONGEST])
        ]

    def _piece(self, part: Part, line: int) -> list[tuple[str, bool]]:
        if part.kind == "text":
            return [(part.text, True)]
        if part.kind == "command":
            return [(part.source, False)]
        found = self._variable(part.text, line)
        return [(value.text, value.known) for value in found] or [(part.source, False)]

    def _variable(self, expression: str, line: int) -> list[Value]:
        if expression.startswith("{"):  # ${{ name }} of a workflow
            path, _, other = expression.strip("{} ").partition("||")
            alone = re.fullmatch(r"\s*['\"]([^'\"]*)['\"]\s*", other)
            return self.values(path.strip()) or ([Value(alone[1], line)] if alone else [])
        match = _EXPRESSION.fullmatch(expression)
        if match is None:
            return []
        name, operator, rest = match["name"], match["operator"] or "", match["rest"]
        found = self.values(name)
        if operator in (":-", "-", ":=", "="):
            known = [value for value in found if value.known]
            default = [value for value in self._text(rest, line) if value.text]
            return [*known, *default] if default else found
        if operator in ("", ":?", "?"):
            return found
        if operator in ("##", "#", "%%", "%"):
            return [Value(_cut(value.text, operator, rest), value.line, value.known) for value in found]
        return [Value(f"${{{expression}}}", line, False)] if found else []

    def _text(self, text: str, line: int) -> list[Value]:
        """A default inside `${...}`."""
        words = [word for command in commands(text[:2000], line) for word in command.words]
        if len(words) != 1 or len(self._asked) > _DEPTH:
            return [Value(text, line, "$" not in text)]
        self._asked.add(text)  # as deep as defaults stand in defaults
        found = self.fill(words[0])
        self._asked.discard(text)
        return found


def assignments(command: Command) -> list[tuple[str, Word]]:
    """NAME=value before or instead of a command, and after export and the like."""
    found = []
    declaring = False
    for index, word in enumerate(command.words):
        first = word.parts[0].text if word.parts and word.parts[0].kind == "text" else ""
        match = _ASSIGN.match(first)
        if match and match.end() <= len(first):
            rest = first[match.end() :]
            parts = (*([Part("text", rest)] if rest else []), *word.parts[1:])
            found.append((match[1], Word(parts, word.line, word.quoted, word.items)))
        elif first in _DECLARE and word.literal == first:
            declaring = True
        elif (index and not declaring) or (
            not declaring and first not in ("if", "then", "do", "else", "{", "!", "while")
        ):
            break
    return found


def after_assignments(words: list[Word]) -> list[Word]:
    """The command itself, without NAME=value before it."""
    for index, word in enumerate(words):
        first = word.parts[0].text if word.parts and word.parts[0].kind == "text" else ""
        if not _ASSIGN.match(first):
            return words[index:]
    return []


def _loop(words: list[Word]) -> tuple[str, list[Word]] | None:
    """for NAME in WORD...: the name and what it goes through."""
    literals = [word.literal for word in words[:6]]
    if "for" in literals[:3]:
        at = literals.index("for")
        if len(words) > at + 2 and literals[at + 2 : at + 3] == ["in"] and literals[at + 1]:
            return str(literals[at + 1]), words[at + 3 :]
    return None


def _cut(text: str, operator: str, pattern: str) -> str:
    """${NAME##pattern} and its three siblings, for patterns with one star."""
    expression = re.escape(pattern).replace(r"\*", ".*" if len(operator) == 2 else ".*?")
    if operator[0] == "#":
        return re.sub(rf"^(?:{expression})", "", text, count=1, flags=re.DOTALL)
    for at in range(len(text)) if len(operator) == 2 else range(len(text), -1, -1):
        if re.fullmatch(expression, text[at:], re.DOTALL):
            return text[:at]
    return text
