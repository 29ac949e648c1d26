"""What a JavaScript expression can be, as far as it can be read: strings with their lines, containers, or unknown."""

from __future__ import annotations

from typing import Protocol

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.values import Element, Many, Origin, Plain, Table, Text, Thing, Unknown, Value, Values
from hanse.hedge.scan.javascript import callees
from hanse.hedge.scan.javascript.functions import results
from hanse.hedge.scan.javascript.lexer import Group, Item, Template, Token
from hanse.hedge.scan.javascript.tree import (
    Call,
    Expression,
    Items,
    Name,
    Tree,
    entries,
    is_mark,
    is_word,
    split,
)

DEPTH = 40
"""Nested evaluations at most."""
BUDGET = 40_000
"""Evaluations for one file at most."""
ITEMS = 300
"""Items of a list or object that are looked at."""
SITES = 40
"""Calls of a function that are looked at."""
_LITERALS = frozenset({"true", "false", "null", "undefined", "NaN"})
_ENVIRONMENTS = (
    "process.env",
    "import.meta.env",
    "Bun.env",
    "Deno.env",
    "env",
    "c.env",
    "context.env",
    "$env",
    "globalThis.process.env",
)


class Other(Protocol):
    """Other files of a scan."""

    def imported(self, path: str, name: str) -> Values:
        """What a name of another file is; empty when that is no file of the scan."""


class Resolver:
    """Evaluates expressions of one file."""

    def __init__(self, tree: Tree, file: str, other: Other | None = None) -> None:
        self.tree = tree
        self.file = file
        self.other = other
        self.budget = BUDGET
        self._known: dict[tuple[int, int], Values] = {}
        self._active: set[object] = set()
        self._calls: dict[str, list[Call]] = {}
        for call in tree.calls:
            self._calls.setdefault(call.name.rpartition(".")[2], []).append(call)

    def evaluate(self, expression: Expression) -> Values:
        """What an expression can be."""
        return self.items(expression.items, expression.scope)

    def items(self, items: Items, scope: Group) -> Values:
        """The same for bare items."""
        items = bare(items)
        if not items:
            return (Unknown("other"),)
        key = (items[0].start, items[-1].end)
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._active or len(self._active) > DEPTH or self.budget <= 0:
            return ()
        self.budget -= 1
        self._active.add(key)
        try:
            found = texts.distinct(self._items(items, scope))
        finally:
            self._active.discard(key)
        self._known[key] = found
        return found

    def _items(self, items: Items, scope: Group) -> Values:
        for index, item in enumerate(items):
            if is_mark(item, "=>"):
                return (Thing(),)
            if is_mark(item, "?") and index:
                return self._ternary(items, index, scope)
        for mark in ("??", "||"):
            parts = _parts(items, mark)
            if len(parts) > 1:
                return texts.either(tuple(value for part in parts for value in self.items(part, scope)))
        parts = _parts(items, "&&")
        if len(parts) > 1:
            return self.items(parts[-1], scope)
        parts = _parts(items, "+")
        if len(parts) > 1 and len(parts) <= DEPTH:
            return texts.joined([self.items(part, scope) for part in parts], self.origin(items[0]))
        if any(
            isinstance(item, Token)
            and item.kind == "mark"
            and item.text not in (".", "?.", "!", "<", ">", ",", "|", "...")
            for item in items
        ):
            return (Plain(None),)
        if any(is_mark(item, "|") for item in items):
            return (Plain(None),)
        return self._chain(items, scope)

    def origin(self, item: Item) -> Origin:
        return Origin(self.file, item.line, item.start)

    def _ternary(self, items: Items, at: int, scope: Group) -> Values:
        depth = 0
        for index in range(at, len(items)):
            if is_mark(items[index], "?"):
                depth += 1
            elif is_mark(items[index], ":"):
                depth -= 1
                if depth == 0:
                    return texts.either(
                        (*self.items(items[at + 1 : index], scope), *self.items(items[index + 1 :], scope))
                    )
        return (Unknown("other"),)

    def everything(self) -> Values:
        """All names of the file as one object: import * as x."""
        pairs: list[tuple[Values | None, Values]] = []
        for name in list(self.tree.root.names)[:ITEMS]:
            pairs.append(((Text(name, Origin(self.file, 0)),), self.name(name, self.tree.root)))
        return (Table(tuple(pairs)),)

    def unresolved(self, sightings: Sightings, items: Items, line: int, how: str) -> None:
        """Reports a name that only the running program has."""
        items = bare(items)
        text = self.tree.text[items[0].start : items[-1].end]
        sightings.unresolved(Origin(self.file, line, items[0].start), text, how)

    # One operand: a literal or name with what follows it

    def _chain(self, items: Items, scope: Group) -> Values:
        first = items[0]
        name = first.text if isinstance(first, Token) and first.kind == "name" else ""
        values = self._first(first, scope)
        made = False
        at = 1
        if name == "new" and len(items) > 1:
            made, at, name = True, 2, getattr(items[1], "text", "")
            values = (Unknown("call"),)
        while at < len(items):
            item = items[at]
            if is_mark(item, ".", "?.") and at + 1 < len(items) and isinstance(items[at + 1], Token):
                part = items[at + 1]
                text = part.text if isinstance(part, Token) else ""
                following = items[at + 2] if at + 2 < len(items) else None
                name = f"{name}.{text}"
                if not (isinstance(following, Group) and following.open == "("):
                    values = self._member(values, text, name, scope)
                at += 2
            elif isinstance(item, Group) and item.open == "(":
                values = callees.result(self, name, values, item, items[0], made)
                name, at = f"{name}()", at + 1
            elif isinstance(item, Group) and item.open == "[":
                values = self._item(values, item, name)
                name, at = f"{name}[]", at + 1
            else:
                at += 1
        return values

    def _first(self, first: Item, scope: Group) -> Values:
        if isinstance(first, Template):
            return self._template(first, scope)
        if isinstance(first, Group):
            if first.open == "(":
                return self.items(split(first.items)[-1], first) if first.items else ()
            return (self._list(first),) if first.open == "[" else (self._object(first),)
        if first.kind == "string":
            return (Text(first.text, self.origin(first)),)
        if first.kind == "number":
            return (
                (Plain(int(first.text)),)
                if first.text.isdigit() and len(first.text) < 18
                else (Text(first.text, self.origin(first)),)
            )
        if first.kind != "name" or first.text in _LITERALS:
            return (Plain(None),)
        return self.name(first.text, scope)

    def _template(self, template: Template, scope: Group) -> Values:
        parts: list[Values] = []
        at = self.origin(template)
        for part in template.parts:
            parts.append((Text(part, at),) if isinstance(part, str) else self.items(part.items, part))
        return texts.joined(parts, at) if parts else ()

    def _list(self, group: Group) -> Many:
        found: list[Values] = []
        for part in split(group.items)[:ITEMS]:
            if is_mark(part[0], "..."):
                found += [
                    self.later(item)
                    for value in self.items(part[1:], group)
                    if isinstance(value, Many)
                    for item in value.items
                ]
            else:
                found.append(self.items(part, group))
        return Many(tuple(found))

    def _object(self, group: Group) -> Table:
        pairs: list[tuple[Values | None, Values]] = []
        for key, items, line in list(entries(group))[:ITEMS]:
            if key is None and items and is_mark(items[0], "..."):
                pairs += [
                    (names, self.later(item))
                    for value in self.items(items[1:], group)
                    if isinstance(value, Table)
                    for names, item in value.pairs
                ]
            else:
                pairs.append(
                    ((Text(key, Origin(self.file, line)),) if key is not None else None, self.items(items, group))
                )
        return Table(tuple(pairs))

    @staticmethod
    def later(item: Element) -> Values:
        """An item of a container: they are evaluated at once here."""
        return item if isinstance(item, tuple) else ()

    # Names

    def name(self, name: str, scope: Group | None) -> Values:
        """What a name can be: everything it is bound to in the nearest scope that has it."""
        while scope is not None:
            bound = [binding for binding in scope.names.get(name, ()) if isinstance(binding, Name)]
            if bound:
                return tuple(value for binding in bound for value in self.binding(binding))
            scope = scope.parent
        return (Unknown("other"),)

    def binding(self, binding: Name) -> Values:
        """What a name is by one of its bindings."""
        key = id(binding)
        if key in self._active or len(self._active) > DEPTH:
            return ()
        self._active.add(key)
        try:
            return self._binding(binding)
        finally:
            self._active.discard(key)

    def _binding(self, binding: Name) -> Values:
        if binding.how == "import":
            found = self.other.imported(*binding.source) if self.other is not None else ()
            return found or (Unknown("import"),)
        if binding.how == "parameter":
            return self._parameter(binding)
        if binding.value is None:
            return (Unknown("other"),)
        values = self.evaluate(binding.value)
        if binding.how == "element":
            values = self.elements(values)
        for part in binding.keys:
            values = self.keyed(values, part)
        return values or (Unknown("other"),)

    def _parameter(self, binding: Name) -> Values:
        passed: list[Value] = []
        function = binding.function
        for call in self._calls.get(function.name, ())[:SITES] if function is not None and function.name else ():
            if binding.index < len(call.arguments) and not is_mark(call.arguments[binding.index].items[0], "..."):
                values = self.evaluate(call.arguments[binding.index])
                for part in binding.keys:
                    values = tuple(
                        value
                        for value in self.keyed(values, part)
                        if not isinstance(value, Unknown) or (values[:1] != () and not isinstance(values[0], Table))
                    )
                passed += values
        if binding.value is None:
            return tuple(passed) or (Unknown("parameter"),)
        default = self.evaluate(binding.value)
        known = tuple(value for value in passed if not isinstance(value, Unknown))
        return (*default, *known, Unknown("optional"))

    # Members and calls

    def _member(self, values: Values, part: str, name: str, scope: Group) -> Values:
        if any(name == f"{place}.{part}" or name.endswith(f".{place}.{part}") for place in _ENVIRONMENTS):
            assigned = [value for binding in self.tree.members.get(name, ()) for value in self.binding(binding)]
            return tuple(assigned) if texts.texts(assigned) else (Unknown("input"),)
        found = self.keyed(tuple(value for value in values if isinstance(value, Table)), part)
        if texts.texts(found) or any(isinstance(value, Table | Many) for value in found):
            return found
        if part == "value" and any(isinstance(value, Text) for value in values):  # of a ref or a signal
            return values
        members = [
            value
            for binding in self.tree.members.get(name.replace("this.#", "this."), ())
            for value in self.binding(binding)
        ]
        if texts.texts(members):
            return tuple(members)
        return tuple(members) or tuple(value for value in values if isinstance(value, Unknown)) or (Unknown("other"),)

    def _item(self, values: Values, group: Group, name: str) -> Values:
        inside = self.items(group.items, group)
        keys = [] if texts.unknown(inside) else [text.value for text in texts.texts(inside)]
        if texts.texts(inside) and name.endswith(_ENVIRONMENTS):
            return (Unknown("input"),)
        if keys:
            return tuple(value for key in keys for value in self.keyed(values, key))
        numbers = [value.value for value in inside if isinstance(value, Plain) and isinstance(value.value, int)]
        if numbers:
            return self.keyed(values, numbers[0])
        found: list[Value] = []
        for value in values:
            if isinstance(value, Many):
                found += [inner for item in value.items for inner in self.later(item)]
            elif isinstance(value, Table):
                found += [inner for _, item in value.pairs for inner in self.later(item)]
        return tuple(found) or (Unknown("other"),)

    def keyed(self, values: Values, key: str | int) -> Values:
        found: list[Value] = []
        for value in values:
            if isinstance(value, Table):
                for names, item in value.pairs:
                    if names is None or any(text.value == str(key) for text in texts.texts(names)):
                        found += self.later(item)
            elif isinstance(value, Many) and isinstance(key, int):
                items = value.items if len(value.items) == 1 else value.items[key : key + 1]
                found += [inner for item in items for inner in self.later(item)]
            elif isinstance(value, Unknown):
                found.append(value)
        return texts.distinct(found) or (Unknown("other"),)

    def elements(self, values: Values) -> Values:
        """Items of lists."""
        found: list[Value] = []
        for value in values:
            if isinstance(value, Many):
                found += [inner for item in value.items for inner in self.later(item)]
            elif isinstance(value, Unknown):
                found.append(value)
        return texts.distinct(found) or (Unknown("other"),)

    def own(self, name: str) -> Values:
        """What a function of the file gives, when it gives strings."""
        found: list[Value] = []
        for function in self.tree.functions.get(name, ()) if name else ():
            for expression in results(function):
                found += self.evaluate(expression)
        return tuple(found) if texts.texts(found) else ()


def bare(items: Items) -> Items:
    """Without await, casts and what only types say."""
    start, end = 0, len(items)
    while start < end - 1 and is_word(items[start], "await", "typeof", "async"):
        start += 1
    for index in range(start + 1, end):
        if is_word(items[index], "as", "satisfies") and not is_mark(items[index - 1], ".", "?."):
            end = index
            break
    while end > start + 1 and is_mark(items[end - 1], "!", ";"):
        end -= 1
    return items[start:end]


def _parts(items: Items, mark: str) -> list[Items]:
    if not any(is_mark(item, mark) for item in items):
        return [items]
    return split(items, mark)
