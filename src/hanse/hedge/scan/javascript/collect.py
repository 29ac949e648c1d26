"""One walk over the groups of a text: what is declared, assigned, defined and called where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hanse.hedge.scan.javascript import extent
from hanse.hedge.scan.javascript.extent import BACK, STATEMENTS
from hanse.hedge.scan.javascript.functions import Functions, class_name
from hanse.hedge.scan.javascript.imports import Imports
from hanse.hedge.scan.javascript.lexer import Group, Item, Template, Token
from hanse.hedge.scan.javascript.tree import (
    Call,
    Expression,
    Items,
    Name,
    Tree,
    is_attribute,
    is_expression,
    is_mark,
    is_word,
    names_in,
    scope_of,
    split,
    type_arguments,
)

_DECLARES = frozenset({"const", "let", "var"})
BRIEF = 8
"""Items of an expression when a text has far too many."""
LONGEST_CHAIN = 400
"""Letters of a callee; of a longer chain of calls the rest is not looked at."""
_NO_CALLEES = frozenset({"else", "try", "do", "finally", "await", "new", "typeof", "void", "of", "in", "as", "catch"})


def collect(text: str, root: Group) -> Tree:
    """Walks every group once, outermost first."""
    tree = Tree(text, root)
    root.role = "block"
    waiting = [root]
    while waiting:
        waiting += reversed(list(_Scan(tree, waiting.pop()).run()))
    return tree


class _Scan:
    """One group."""

    def __init__(self, tree: Tree, group: Group) -> None:
        self.tree = tree
        self.group = group
        self.items = group.items
        self.items_left = 10_000 + 2 * len(self.items)
        """Items that may still go into expressions, so that a = a = a = ... costs no more than long text."""
        self.functions = Functions(tree, group)
        self.skipped: set[int] = set()

    def run(self) -> Iterator[Group]:
        """Collects; gives the groups inside that are worth looking into."""
        for index, item in enumerate(self.items):
            if isinstance(item, Group) and item.open == "{":
                item.role = extent.role(self.items, index, self.group.open)
        self._declarations_of_types()
        if self.group.role == "object":
            self.tree.objects.append(self.group)
        for index, item in enumerate(self.items):
            if index in self.skipped or not isinstance(item, Token):
                continue
            if item.kind == "name":
                self._word(index, item)
            elif item.text == "=>":
                self.functions.arrow(index)
            elif item.text in ("=", "??=", "||="):
                self._assignment(index)
        return self._inner()

    def _inner(self) -> Iterator[Group]:
        for index, item in enumerate(self.items):
            if index in self.skipped:
                continue
            if isinstance(item, Group) and item.role != "type":
                yield item
            elif isinstance(item, Template):
                yield from (part for part in item.parts if isinstance(part, Group))

    def _declarations_of_types(self) -> None:
        """Types and imports: nothing in them is a value."""
        imports = Imports(self.tree, self.group)
        for index, item in enumerate(self.items):
            if index in self.skipped or not is_word(item, "type", "import", "export"):
                continue
            following = self.items[index + 1] if index + 1 < len(self.items) else None
            if (
                is_word(item, "type")
                and isinstance(following, Token)
                and following.kind == "name"
                and self._starts(index)
            ):
                self.skipped.update(range(index, extent.end_of_type(self.items, index + 1)))
            elif is_word(item, "import") and not is_mark(following, ".") and not _is_group(following, "("):
                self.skipped.update(range(index, imports.read(index)))
            elif is_word(item, "export") and isinstance(following, Group):
                imports.exported(index, following)

    def _starts(self, index: int) -> bool:
        before = self.items[index - 1] if index else None
        if before is None or isinstance(before, Group) or is_mark(before, ";") or is_word(before, "export", "declare"):
            return True
        return before.line < self.items[index].line

    def _word(self, index: int, token: Token) -> None:
        before = self.items[index - 1] if index else None
        if is_mark(before, ".", "?."):
            return
        if token.text in _DECLARES:
            self._declaration(index + 1)
        elif token.text == "function":
            self.functions.declared(index)
        elif token.text == "export" and index + 2 < len(self.items) and is_word(self.items[index + 1], "default"):
            value = Expression(self._expression(index + 2)[0], self.group)
            self.tree.bind(Name("default", "value", value, line=token.line), self.group)
        elif not (self.group.role in ("class", "object") and self.functions.method(index, token)):
            self._chain(index, token)

    def _expression(self, index: int) -> tuple[Items, int]:
        longest = extent.LONGEST if self.items_left > 0 else BRIEF
        value, end = extent.expression(self.items, index, self.tree.text, longest)
        self.items_left -= len(value)
        return value, end

    # Names

    def _declaration(self, index: int) -> None:
        """const a: T = value, {b, c: d = 1} = value; for (const e of value)"""
        at = index
        while at < len(self.items):
            target = self.items[at]
            end = extent.sign(self.items, at + 1, self.tree.text)
            sign = self.items[end] if end < len(self.items) else None
            if is_mark(sign, "=") or is_word(sign, "of"):
                value, end = self._expression(end + 1)
                self._target(target, "value" if is_mark(sign, "=") else "element", Expression(value, self.group))
            if end >= len(self.items) or not is_mark(self.items[end], ","):
                return
            at = end + 1

    def _target(self, target: Item, how: Literal["value", "element"], value: Expression) -> None:
        # Of for (const x of y) {...}: x is seen in the body, which is the parent's.
        scope = self.group.parent if how == "element" and self.group.open == "(" else None
        for name, path, default in names_in(target):
            if default is not None:
                self.tree.bind(
                    Name(name, "value", Expression(default, self.group), line=target.line), scope or self.group
                )
            self.tree.bind(Name(name, how, value, path, line=target.line), scope or self.group)

    def _assignment(self, index: int) -> None:
        """a = value, a.b = value, a["b"] = value, and fields of classes with their types."""
        at = index - 1
        if at < 0:
            return
        value, _ = self._expression(index + 1)
        if len(value) > 1 and isinstance(value[0], Token) and value[0].kind == "string" and is_attribute(value[1]):
            value = value[:1]
        expression = Expression(value, self.group)
        braces = value[0] if value else None
        if isinstance(braces, Group) and is_expression(braces):  # <Chat model={...} />
            expression = Expression(braces.items, braces)
        target = self.items[at]
        if isinstance(target, Group) and target.open == "[" and at > 0 and len(target.items) == 1:
            key = target.items[0]
            if isinstance(key, Token) and key.kind == "string":
                self.tree.assign(Name(key.text, "value", expression, line=key.line), self._owner(at - 1))
            return
        if self.group.role == "class":
            at = self._field(index)
            target = self.items[at]
        if not isinstance(target, Token) or target.kind not in ("name", "string"):
            return
        before = self.items[at - 1] if at else None
        name = Name(target.text.lstrip("#"), "value", expression, line=target.line)
        if is_mark(before, ".", "?."):
            self.tree.assign(name, self._owner(at - 2))
        elif self.group.role in ("class", "enum"):
            self.tree.assign(name, "this")
            self.tree.members.setdefault(f"{class_name(self.group)}.{name.name}", []).append(name)
        elif self.group.open == "(" and _within_tag(before):
            self.tree.named.append(name)
        elif not is_word(before, *_DECLARES) and self.group.open != "(":
            self.tree.bind(name, scope_of(name.name, self.group))

    def _field(self, index: int) -> int:
        """Where a field's name stands: before ': type =', '?' and '!'."""
        for at in range(index - 1, max(index - BACK, -1), -1):
            item = self.items[at]
            if is_mark(item, ":") and at > 0:
                at -= 1
                while at > 0 and is_mark(self.items[at], "?", "!"):
                    at -= 1
                return at
            if is_mark(item, ";", ",") or _is_group(item, "{"):
                break
        return index - 1

    def _owner(self, at: int) -> str:
        """The dotted name that ends at an item: process.env of process.env.MODEL."""
        parts: list[str] = []
        while at >= 0:
            item = self.items[at]
            if not isinstance(item, Token) or item.kind != "name":
                break
            parts.append(item.text)
            if at < 2 or not is_mark(self.items[at - 1], ".", "?."):
                break
            at -= 2
        return ".".join(reversed(parts))

    # Calls

    def _chain(self, index: int, first: Token) -> None:
        """name.name(...)[...].name(...): every call in it."""
        if first.text in STATEMENTS or first.text in _NO_CALLEES:
            return
        name, line, at = first.text, first.line, index + 1
        while at < len(self.items) and len(name) < LONGEST_CHAIN:
            item = self.items[at]
            if is_mark(item, ".", "?.") and at + 1 < len(self.items):
                part = self.items[at + 1]
                at += 1
                if isinstance(part, Token) and part.kind == "name":
                    name, line, at = f"{name}.{part.text.lstrip('#')}", part.line, at + 1
            elif isinstance(item, Group) and item.open == "(":
                arguments = [Expression(part, item) for part in split(item.items)]
                self.tree.calls.append(Call(name, arguments, line, first.start, self.group))
                name, at = f"{name}()", at + 1
            elif _is_group(item, "["):
                name, at = f"{name}[]", at + 1
            elif is_mark(item, "!"):
                at += 1
            else:
                end = type_arguments(self.items, at) if is_mark(item, "<") else None
                if end is None:
                    return
                at = end


def _within_tag(before: Item | None) -> bool:
    """Whether a name behind this is an attribute of JSX rather than a parameter."""
    if isinstance(before, Token):
        return before.kind in ("name", "string")
    return before is not None


def _is_group(item: Item | None, bracket: str) -> bool:
    return isinstance(item, Group) and item.open == bracket
