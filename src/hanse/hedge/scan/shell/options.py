"""The words of one command: options with their values, words that are none, NAME=value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hanse.hedge.scan.shell.lexer import Part, Word
from hanse.hedge.scan.shell.table import BOOLEAN

_OPTION = re.compile(r"(--?[A-Za-z][\w.-]*|/[A-Za-z]+:)(=)?")
_PAIR = re.compile(r"(\+{0,2}[A-Za-z_][\w./@-]*)=")
_FLAG_WORDS = ("--no-", "--enable-", "--disable-", "--use-")


@dataclass
class Arguments:
    """A command's words, sorted."""

    options: list[tuple[str, Word]] = field(default_factory=list)
    """Option and value, in order; an option given twice is there twice."""
    plain: list[Word] = field(default_factory=list)
    pairs: list[tuple[str, Word]] = field(default_factory=list)

    def of(self, *names: str) -> Word | None:
        """The last value of one of these options."""
        for name, value in reversed(self.options):
            if name in names:
                return value
        return None


def sort_words(words: list[Word]) -> Arguments:
    """Options, words, pairs. An option without '=' takes the next word, unless it is known to take none."""
    found = Arguments()
    last = ""
    for word in words:
        first = word.parts[0].text if word.parts and word.parts[0].kind == "text" else ""
        option = _OPTION.match(first)
        pair = _PAIR.match(first)
        if option and (option[2] or option.end() == len(first)):
            if last:
                found.options.append((last, Word((), word.line)))
            last = ""
            if option[2]:
                found.options.append((option[1], tail(word, option.end())))
            elif option[1] in BOOLEAN or option[1].startswith(_FLAG_WORDS):
                found.options.append((option[1], Word((), word.line)))
            else:
                last = option[1]
        elif last:
            found.options.append((last, word))
            last = ""
        elif pair:
            found.pairs.append((pair[1].lstrip("+"), tail(word, pair.end())))
        elif word.literal not in ("--", "-"):
            found.plain.append(word)
    if last:
        found.options.append((last, Word((), words[-1].line)))
    return found


def tail(word: Word, at: int) -> Word:
    """A word without its first letters."""
    rest = word.parts[0].text[at:]
    return Word((*([Part("text", rest)] if rest else []), *word.parts[1:]), word.line, word.quoted, word.items)


def following(words: list[Word], option: str) -> Iterator[Word]:
    """Every word after an option up to the next option: --lora-modules a=x b=y."""
    inside = False
    for word in words:
        text = word.literal or word.raw
        if text.startswith("--"):
            inside = text == option
        elif inside:
            yield word
