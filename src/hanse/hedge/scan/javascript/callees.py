"""What a call gives: functions of the file, and those of the language and its libraries that hand a string on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Element, Many, Origin, Table, Thing, Unknown, Values
from hanse.hedge.scan.javascript.lexer import Group, Item
from hanse.hedge.scan.javascript.tree import Items, split

ARGUMENTS = 8
"""Arguments of a call that are looked at."""
_LONGEST = 300
"""Items between a call's brackets; with more, nothing is known of it."""
_HANDED_ON = frozenset({"trim", "toString", "valueOf", "String", "resolve", "fileURLToPath", "URL", "normalize", "freeze",
                        "unref", "ref", "computed", "signal", "optional", "readonly", "structuredClone",
                        "shallowRef", "toRef", "writable"})  # fmt: skip
"""They give their argument, or what they are called on."""
_DEFAULTS = frozenset({"default", "prefault", "catch", "withDefault"})
"""Methods of schemas that carry a default."""
_LOOKUPS = frozenset(
    {"get", "env", "getEnv", "getenv", "getString", "str", "getOrDefault", "optionalEnv", "envOr", "requireEnv"}
)
"""Lookups under a name, perhaps with a default as their second argument."""


class Evaluator(Protocol):
    """Expressions to values; see `resolve`."""

    def items(self, items: Items, scope: Group) -> Values:
        """What an expression can be."""

    def later(self, item: Element) -> Values:
        """An item of a container."""

    def keyed(self, values: Values, key: str | int) -> Values:
        """The items under a key."""

    def own(self, name: str) -> Values:
        """What a function of the file gives."""

    def origin(self, item: Item) -> Origin:
        """Where an item stands."""


def result(evaluator: Evaluator, name: str, values: Values, group: Group, first: Item, made: bool) -> Values:
    """What a call of `name` gives: `values` is what the method is called on, `group` its arguments, `first` where the
    expression begins; `made` says that it follows `new`."""
    arguments: list[Values] = []
    if len(group.items) < _LONGEST:
        arguments = [evaluator.items(part, group) for part in split(group.items)[:ARGUMENTS]]
    last = name.rpartition(".")[2]
    known = _strings(evaluator, name, last, values, arguments, first)
    if known is None:
        known = _containers(evaluator, name, last, values, arguments, made)
    if known is not None:
        return known
    if last in _HANDED_ON:
        return arguments[0] if arguments and (last == name or made or last in ("freeze", "resolve")) else values
    return evaluator.own(last) or ((Thing(),) if made else (Unknown("call"),))


def _strings(
    evaluator: Evaluator, name: str, last: str, values: Values, arguments: Sequence[Values], first: Item
) -> Values | None:
    """Strings put together, cut up or looked up."""
    at = evaluator.origin(first)
    if last in ("join", "resolve") and ("path" in name or last == name):
        parts = [part for part in arguments if not _is_place(part)]
        return texts.path(parts, at) if parts else ()
    if last == "join" and arguments:
        for glue in texts.texts(arguments[0]):
            for value in values:
                if isinstance(value, Many):
                    return texts.joined([evaluator.later(item) for item in value.items[:12]], at, glue.value.join)
    if last in _DEFAULTS and arguments:
        return (*(arguments[0] if texts.texts(arguments[0]) else ()), Unknown("input"))
    if last in _LOOKUPS and len(arguments) > 1 and texts.texts(arguments[1]):
        return (*arguments[1], Unknown("input"))
    if last in _LOOKUPS and name.rpartition(".")[0].endswith("env"):
        return (Unknown("input"),)
    if last == "split" and texts.texts(values):
        separator = [text.value for part in arguments[:1] for text in texts.texts(part)][:1] or [","]
        return tuple(
            Many(tuple((texts.changed(text, part.strip()),) for part in text.value.split(separator[0] or ",")))
            for text in texts.texts(values)
        )
    if last == "replace" and len(arguments) == 2 and all(texts.texts(part) for part in arguments):
        old, new = (texts.texts(part)[0].value for part in arguments)
        return tuple(texts.changed(text, text.value.replace(old, new, 1), at) for text in texts.texts(values))
    if last in ("replace", "toLowerCase", "slice", "substring"):
        return tuple(value if isinstance(value, Unknown) else Unknown("call") for value in values)
    return None


def _containers(
    evaluator: Evaluator, name: str, last: str, values: Values, arguments: Sequence[Values], made: bool
) -> Values | None:
    """Object.values(...), new Map(...), useState(...)."""
    if last in ("values", "keys", "entries", "from", "freeze") and name.partition(".")[0] in ("Object", "Array"):
        return _listed(evaluator, last, arguments)
    if last == "useState" and arguments:
        return (Many((arguments[0], (Thing(),))),)
    if made and last in ("Map", "Set", "WeakMap") and arguments:
        return arguments[0]
    lists = [value for value in values if isinstance(value, Many)]
    if last == "get" and lists:  # of a Map of pairs
        rows = [row for value in lists for item in value.items for row in evaluator.later(item)]
        return evaluator.keyed(tuple(rows), 1)
    return None


def _listed(evaluator: Evaluator, last: str, arguments: Sequence[Values]) -> Values:
    if last == "freeze":
        return arguments[0] if arguments else ()
    found: list[Values] = []
    for value in arguments[0] if arguments else ():
        if isinstance(value, Table):
            for names, item in value.pairs:
                key = names or (Unknown("other"),)
                row = evaluator.later(item)
                found.append(key if last == "keys" else row if last == "values" else (Many((key, row)),))
        elif isinstance(value, Many):
            found += [evaluator.later(item) for item in value.items]
    return (Many(tuple(found)),)


def _is_place(values: Values) -> bool:
    """__dirname and the like: what follows is as seen from there."""
    return not texts.texts(values) and all(
        isinstance(value, Unknown) and value.why in ("other", "call") for value in values
    )
