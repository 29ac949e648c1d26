"""What a grouped text declares and calls: names by scope, functions with their parameters, calls, objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hanse.hedge.scan.javascript.lexer import Group, Item, Template, Token

Items = Sequence[Item]


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """Some items, and the group whose names they see."""

    items: Items
    scope: Group


@dataclass(eq=False, slots=True)
class Function:
    """A function of the file."""

    name: str
    parameters: list[Items]
    body: Group | None
    value: Expression | None
    """What it gives, for an arrow without a block."""
    scope: Group


@dataclass(frozen=True, eq=False, slots=True)
class Name:
    """One way in which a name gets a value."""

    name: str
    how: Literal["value", "element", "parameter", "import"]
    value: Expression | None
    """The value, what is looped over, or a default."""
    keys: tuple[str | int, ...] = ()
    """Keys into the value: const {a: {b}} = value."""
    function: Function | None = None
    index: int = 0
    """Of a parameter."""
    source: tuple[str, str] = ("", "")
    """Of an import: the path, and the name there ('*' for the whole, 'default')."""
    line: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """A call: the callee as a dotted name, with '()' for calls and '[]' for items on the way."""

    name: str
    arguments: list[Expression]
    line: int
    start: int
    scope: Group


@dataclass(eq=False, slots=True)
class Tree:
    """A file's text, collected."""

    text: str
    root: Group
    calls: list[Call] = field(default_factory=list)
    objects: list[Group] = field(default_factory=list)
    named: list[Name] = field(default_factory=list)
    """Every declared or assigned name, attributes and items too."""
    functions: dict[str, list[Function]] = field(default_factory=dict)
    members: dict[str, list[Name]] = field(default_factory=dict)
    """x.name = value and fields of classes (this.name, Class.name), by dotted name."""
    exported: dict[str, str] = field(default_factory=dict)
    """Names by which others import, with the name here."""

    def bind(self, name: Name, scope: Group) -> None:
        """A name of a scope."""
        scope.names.setdefault(name.name, []).append(name)
        if name.how != "import":
            self.named.append(name)

    def assign(self, name: Name, owner: str) -> None:
        """An attribute or item of `owner`."""
        self.members.setdefault(f"{owner}.{name.name}", []).append(name)
        self.named.append(name)


def split(items: Items, mark: str = ",") -> list[Items]:
    """Items between marks; empty parts are left out but the first."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if is_mark(item, mark):
            parts.append([])
        else:
            parts[-1].append(item)
    return [part for part in parts if part]


def entries(group: Group) -> Iterator[tuple[str | None, Items, int]]:
    """Key, value and line of each entry of an object; None for a computed key or a spread."""
    for part in split(group.items):
        first = part[0]
        if isinstance(first, Token) and first.kind in ("name", "string", "number"):
            if len(part) == 1:
                yield first.text, part, first.line
            elif is_mark(part[1], ":"):
                yield first.text, part[2:], first.line
        elif isinstance(first, Group) and first.open == "[" and len(part) > 2 and is_mark(part[1], ":"):
            yield None, part[2:], first.line
        elif is_mark(first, "..."):
            yield None, part, first.line


def names_in(target: Item) -> Iterator[tuple[str, tuple[str | int, ...], Items | None]]:
    """Names a target binds, with the keys to their values and their defaults."""
    if isinstance(target, Token):
        if target.kind == "name":
            yield target.text, (), None
        return
    if isinstance(target, Template):
        return
    for index, part in enumerate(split(target.items)):
        equals = next((at for at, item in enumerate(part) if is_mark(item, "=")), None)
        default = part[equals + 1 :] if equals is not None else None
        left = part[:equals] if equals is not None else part
        first = left[0]
        if target.open == "[":
            yield from ((name, (index, *path), default or inner) for name, path, inner in names_in(first))
        elif isinstance(first, Token) and first.kind in ("name", "string"):
            inner_target = left[2] if len(left) > 2 and is_mark(left[1], ":") else first
            yield from ((name, (first.text, *path), default or inner) for name, path, inner in names_in(inner_target))


def scope_of(name: str, group: Group) -> Group:
    """Where an assigned name was declared."""
    scope: Group | None = group
    while scope is not None:
        if name in scope.names:
            return scope
        scope = scope.parent
    return group


def is_attribute(following: Item) -> bool:
    """Whether a string before this is an attribute's: <Chat model="..." temperature={0} />."""
    if isinstance(following, Token) and following.kind == "name":
        return following.text not in ("as", "satisfies", "in")
    return is_mark(following, "/", ">")


def is_expression(braces: Group) -> bool:
    """Whether braces hold an expression, as those of JSX do, and are no object."""
    if braces.open != "{" or not braces.items or any(is_mark(item, ":", ",", "...", ";") for item in braces.items):
        return False
    first = braces.items[0]
    return len(braces.items) > 1 or isinstance(first, Template) or (isinstance(first, Token) and first.kind == "string")


def typed(items: Items, at: int) -> bool:
    """Whether a word before '=>' is the end of a return type."""
    return at > 0 and (is_mark(items[at - 1], ":", ".", "|", "<") or is_mark(items[at], ">", "]"))


def type_arguments(items: Items, at: int) -> int | None:
    """Behind '<...>' when it is followed by a call; None when '<' only compares."""
    depth = 0
    for index in range(at, min(at + 24, len(items))):
        item = items[index]
        if is_mark(item, "<"):
            depth += 1
        elif is_mark(item, ">"):
            depth -= 1
            if depth == 0:
                following = items[index + 1] if index + 1 < len(items) else None
                return index + 1 if isinstance(following, Group) and following.open == "(" else None
        elif isinstance(item, Token) and item.kind == "mark" and not re.fullmatch(r"[|&.,:;?=]|=>", item.text):
            return None
    return None


def is_mark(item: Item | None, *marks: str) -> bool:
    """Whether an item is one of these marks."""
    return isinstance(item, Token) and item.kind == "mark" and item.text in marks


def is_word(item: Item | None, *words: str) -> bool:
    """Whether an item is one of these words."""
    return isinstance(item, Token) and item.kind == "name" and item.text in words
