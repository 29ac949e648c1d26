"""How far things go in a list of items: expressions, statements, types."""

from __future__ import annotations

from typing import Literal

from hanse.hedge.scan.javascript.lexer import Group, Template, Token
from hanse.hedge.scan.javascript.tree import Items, is_mark, is_word

STATEMENTS = frozenset({"const", "let", "var", "export", "function", "class", "return", "if", "for", "while", "import", "async",
                        "throw", "try", "switch", "type", "interface", "enum", "declare", "case", "default", "break",
                        "continue", "do", "else", "finally", "catch", "public", "private", "protected", "static", "readonly",
                        "abstract"})  # fmt: skip
"""Words that begin a statement or a member of a class."""
BACK = 14
"""Items that are looked back over, or ahead, for what belongs to a function or a field."""
LONGEST = 400
"""Items of an expression at most; what is in brackets is one."""

Role = Literal["block", "object", "class", "enum", "type"]


def expression(items: Items, index: int, text: str, longest: int = LONGEST) -> tuple[Items, int]:
    """The items of an expression that begins here, and where it ends."""
    at = index
    end = min(len(items), index + longest)
    while at < end:
        if is_mark(items[at], ",", ";") or (at > index and breaks(items, at, text)):
            break
        at += 1
    return items[index:at], at


def breaks(items: Items, at: int, text: str) -> bool:
    """Whether a new line begins a new statement here, as a missing ';' does."""
    item, before = items[at], items[at - 1]
    if item.line == before.line or "\n" not in text[before.end : item.start]:
        return False
    if isinstance(before, Token) and before.kind == "mark" and before.text not in ("!", "++", "--"):
        return False
    if isinstance(item, Token) and item.kind == "name":
        joined = is_word(before, "await", "new", "typeof", "return", "async")
        return item.text not in ("as", "satisfies", "instanceof", "in", "of") and not joined
    if isinstance(item, Token):
        return item.kind in ("string", "number")
    return isinstance(item, Template) or item.open == "{"


def sign(items: Items, at: int, text: str) -> int:
    """Where '=' or 'of' stands behind a declared name and its type."""
    start, depth = at, 0
    while at < min(len(items), start + LONGEST):
        item = items[at]
        depth += 1 if is_mark(item, "<") else -1 if is_mark(item, ">") else 0
        if is_mark(item, "=", ";") or (at > start and breaks(items, at, text)):
            break
        if depth <= 0 and (is_mark(item, ",") or is_word(item, "of", "in")):
            break
        at += 1
    return at


def end_of_type(items: Items, index: int) -> int:
    """Behind `type Name = ...`."""
    for at in range(index + 1, len(items)):
        item = items[at]
        statement = isinstance(item, Token) and item.kind == "name" and item.text in STATEMENTS
        if is_mark(item, ";") or (statement and item.line > items[at - 1].line):
            return at
    return len(items)


def role(items: Items, index: int, inside: str) -> Role:
    """What a pair of braces is, by what stands before it; `inside` is the bracket around the items."""
    before = items[index - 1] if index else None
    for back in range(index - 1, max(index - BACK, -1), -1):
        word = items[back]
        if is_word(word, "class", "enum", "interface"):
            return "class" if is_word(word, "class") else "enum" if is_word(word, "enum") else "type"
        if isinstance(word, Group) or is_mark(word, ";", "=", "=>"):
            break
    if before is None:
        return "object" if inside in ("(", "[", "${") else "block"
    if isinstance(before, Token) and before.kind == "name":
        values = ("return", "default", "yield", "await", "in", "of", "case")
        return "object" if before.text in values else "block"
    if isinstance(before, Token) and before.kind == "mark":
        return "block" if before.text in ("=>", ";", ">", "!") else "object"
    return "block"


def begins_chain(items: Items, at: int) -> bool:
    """Whether a chain of names begins at `at`: what stands before joins nothing."""
    before = items[at - 1] if at else None
    here = items[at]
    if before is None or is_mark(here, ".", "?."):
        return not is_mark(here, ".", "?.")
    if isinstance(here, Group) and here.open in ("(", "["):
        if isinstance(before, Group):
            return before.open == "{"
        return not (isinstance(before, Token) and before.kind == "name" and before.text not in STATEMENTS)
    return not is_mark(before, ".", "?.")
