"""Functions: where their parameters and bodies stand, what they are called, and what binds their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hanse.hedge.scan.javascript import extent
from hanse.hedge.scan.javascript.extent import BACK
from hanse.hedge.scan.javascript.lexer import Group, Item, Token
from hanse.hedge.scan.javascript.tree import (
    Expression,
    Function,
    Items,
    Name,
    Tree,
    is_mark,
    is_word,
    names_in,
    split,
    typed,
)

_MODIFIERS = (
    "public",
    "private",
    "protected",
    "static",
    "readonly",
    "override",
    "declare",
    "accessor",
    "async",
    "get",
    "set",
)
_LOOPS = ("map", "forEach", "flatMap", "filter", "some", "every", "find", "each", "mapSeries", "reduce")
"""Methods that call a function with each item of a list."""


@dataclass(frozen=True, eq=False)
class Functions:
    """Defines the functions that begin in one group."""

    tree: Tree
    group: Group

    def declared(self, index: int) -> None:
        """function name(parameters) {body}"""
        items = self.group.items
        name = ""
        for at in range(index + 1, min(index + BACK, len(items))):
            item = items[at]
            if isinstance(item, Token) and item.kind == "name" and not name:
                name = item.text
            elif isinstance(item, Group) and item.open == "(":
                self._define(name, item, self._body(at + 1), None)
                return

    def method(self, index: int, token: Token) -> bool:
        """name(parameters) {body} in a class or object; whether it is one."""
        items = self.group.items
        following = items[index + 1] if index + 1 < len(items) else None
        before = items[index - 1] if index else None
        if token.text in _MODIFIERS or not (isinstance(following, Group) and following.open == "("):
            return False
        if isinstance(before, Token) and before.kind == "mark" and before.text not in (",", ";", "*"):
            return False
        body = self._body(index + 2)
        if body is None:
            return False
        self._define(class_name(self.group) if token.text == "constructor" else token.text, following, body, None)
        return True

    def arrow(self, index: int) -> None:
        """(parameters) => body"""
        items = self.group.items
        at = index - 1
        for back in range(index - 1, max(index - BACK, -1), -1):
            item = items[back]
            if isinstance(item, Group) and item.open == "(":
                at = back
                break
            if is_mark(item, ",", ";", "=") or (
                isinstance(item, Token) and back == index - 1 and not typed(items, back)
            ):
                break
        if at < 0:
            return
        parameters = items[at]
        if isinstance(parameters, Token) and parameters.kind != "name":
            return
        following = items[index + 1] if index + 1 < len(items) else None
        body = following if isinstance(following, Group) and following.open == "{" else None
        value = None
        if body is None:
            value = Expression(extent.expression(items, index + 1, self.tree.text)[0], self.group)
        self._define(self._given_name(at), parameters, body, value, self._looped(at))

    def _body(self, index: int) -> Group | None:
        """The braces behind parameters and a return type."""
        items = self.group.items
        for at in range(index, min(index + BACK, len(items))):
            item = items[at]
            if isinstance(item, Group) and item.open == "{" and (item.role != "object" or at == index):
                return item
            if is_mark(item, ";", ",", "=", "=>"):
                return None
        return None

    def _given_name(self, at: int) -> str:
        """The name an arrow is given: const name = (...) => ..., name: (...) => ..."""
        items = self.group.items
        at -= 1
        while at >= 0 and is_word(items[at], "async"):
            at -= 1
        if at < 1 or not is_mark(items[at], "=", ":"):
            return ""
        for back in range(at - 1, max(at - BACK, -1), -1):
            item = items[back]
            before = items[back - 1] if back else None
            if isinstance(item, Token) and item.kind == "name":
                if back == at - 1 and not is_mark(before, ":", "|", "<", "."):
                    return item.text
                if is_word(before, "const", "let", "var"):
                    return item.text
        return ""

    def _looped(self, at: int) -> Expression | None:
        """Of list.map(item => ...): the list."""
        parent = self.group.parent
        first = at == 0 or (at == 1 and is_word(self.group.items[0], "async"))
        if not first or self.group.open != "(" or parent is None:
            return None
        index = next((number for number, item in enumerate(parent.items) if item is self.group), 0)
        if index < 2 or not is_word(parent.items[index - 1], *_LOOPS):
            return None
        start = index - 2
        while start > 0 and not extent.begins_chain(parent.items, start):
            start -= 1
        return Expression(parent.items[start : index - 2], parent)

    def _define(
        self,
        name: str,
        parameters: Item,
        body: Group | None,
        value: Expression | None,
        looped: Expression | None = None,
    ) -> None:
        parts: list[Items] = split(parameters.items) if isinstance(parameters, Group) else [[parameters]]
        function = Function(name, parts, body, value, self.group)
        self.tree.functions.setdefault(name, []).append(function)
        scope = body if body is not None else self.group
        for index, part in enumerate(parts):
            self._parameter(function, index, part, scope, looped if index == 0 else None)

    def _parameter(self, function: Function, index: int, part: Items, scope: Group, looped: Expression | None) -> None:
        words = [item for item in part if not is_word(item, *_MODIFIERS)]
        if not words or is_mark(words[0], "..."):
            return
        target = words[0]
        equals = next((at for at, item in enumerate(words) if is_mark(item, "=")), None)
        default = Expression(words[equals + 1 :], self.group) if equals is not None else None
        for name, path, inner in names_in(target):
            if looped is not None:
                self.tree.bind(Name(name, "element", looped, path, line=target.line), scope)
                continue
            given = Expression(inner, self.group) if inner is not None else default if not path else None
            self.tree.bind(Name(name, "parameter", given, path, function, index, line=target.line), scope)


def class_name(group: Group) -> str:
    """The name of the class or enumeration whose braces a group is."""
    parent = group.parent
    if parent is None:
        return ""
    at = next(index for index, item in enumerate(parent.items) if item is group)
    for index in range(at - 1, max(at - BACK, -1), -1):
        if is_word(parent.items[index], "class", "enum") and index + 1 < at:
            name = parent.items[index + 1]
            return name.text if isinstance(name, Token) else ""
    return ""


def results(function: Function) -> Iterator[Expression]:
    """What a function gives."""
    if function.value is not None:
        yield function.value
    if function.body is not None:
        yield from _returned(function.body)


def _returned(body: Group) -> Iterator[Expression]:
    for index, item in enumerate(body.items):
        if is_word(item, "return"):
            end = next(
                (
                    at
                    for at in range(index + 1, len(body.items))
                    if is_mark(body.items[at], ";") or is_word(body.items[at], "case", "default", "return")
                ),
                len(body.items),
            )
            yield Expression(body.items[index + 1 : end], body)
        elif isinstance(item, Group) and item.open == "{" and item.role == "block":
            yield from _returned(item)
