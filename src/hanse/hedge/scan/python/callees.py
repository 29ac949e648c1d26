"""What a call gives: functions of the project, and those of Python and its libraries that hand a string on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Many, Plain, Table, Text, Thing, Unknown, Value, Values
from hanse.hedge.scan.python import members, naming
from hanse.hedge.scan.python.calls import loads_something
from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.values import Function, Instance, Kind, Place, Site
from hanse.hedge.scan.vocabulary import word_lists

_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "environ.get"})
_WORDS = word_lists("callees")
_FIRST = _WORDS["first"]
"""They give their first argument, or nearly so."""
_BUILTIN = frozenset({"str", "vars", "list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "unicode"})
"""As _FIRST, when nothing else is called so."""
_SAME = _WORDS["same"]
"""Methods that give what they are called on."""
_ONE_OF = frozenset({"choice", "choices", "sample", "next", "max", "min"})
CHOOSERS = frozenset({"selectbox", "radio", "select_slider", "multiselect", "segmented_control", "pills"})
"""Widgets whose second argument, or `options`, is what can be chosen."""
_DEFAULTS = _WORDS["defaults"]
_ASKS = _WORDS["asks"]
"""Lookups under a name with a default as their second argument."""
LOOKUPS = _ASKS | {"get", "pop", "setdefault", "setenv", "putenv"}
"""The same, those of dictionaries too."""


def call(evaluator: Evaluator) -> Callable[[ast.Call, Place], Values]:
    """Evaluates f(...)."""

    def found(expr: ast.Call, place: Place) -> Values:
        name = naming.dotted(evaluator, expr.func, place)
        own = _own(evaluator, expr, place) if not name.startswith(("os.", "pathlib.")) else ()
        if own:
            return own
        if isinstance(expr.func, ast.Attribute):
            values = _method(evaluator, expr, expr.func, place, name)
            if values is not None:
                return values
        return _known(evaluator, expr, place, name)

    return found


def _own(evaluator: Evaluator, expr: ast.Call, place: Place) -> Values:
    """Functions and classes of the project."""
    if not isinstance(expr.func, ast.Name | ast.Attribute | ast.Lambda | ast.Subscript | ast.Call):
        return ()
    found: list[Value] = []
    for value in evaluator.evaluate(expr.func, place):
        if isinstance(value, Function):
            found += evaluator.result(value)
        elif isinstance(value, Kind):
            found += _made(evaluator, value, expr, place)
    return tuple(found)


def _made(evaluator: Evaluator, kind: Kind, expr: ast.Call, place: Place) -> Values:
    """An object; of an enumeration the member with that value."""
    if any("Enum" in base for base in naming.bases(kind.scope)) and expr.args:
        return evaluator.elements((kind,))
    return (Instance(kind.scope, Site(expr, place)),)


def _method(evaluator: Evaluator, expr: ast.Call, func: ast.Attribute, place: Place, name: str) -> Values | None:
    """Methods of strings, paths and containers; None when it is none of these."""
    if (
        name in _ENVIRONMENT
        or func.attr in ("join", "format", "get", "pop", "setdefault", "joinpath")
        or func.attr in _SAME
    ):
        return _giving(evaluator, expr, func, place, name)
    if func.attr in ("values", "keys", "items", "split", "rsplit", "partition", "rpartition", "splitlines"):
        return _spreading(evaluator, expr, func, place)
    if func.attr in ("lower", "upper", "replace", "removeprefix", "removesuffix", "with_suffix"):
        return _changing(evaluator, expr, func, place)
    return None


def _giving(evaluator: Evaluator, expr: ast.Call, func: ast.Attribute, place: Place, name: str) -> Values | None:
    arguments = expr.args
    at = evaluator.at(expr, place)
    if name in _ENVIRONMENT:
        return _environment(evaluator, expr, place)
    if func.attr == "join" and name in ("os.path.join", "posixpath.join", "path.join", "ntpath.join"):
        return texts.path([evaluator.evaluate(part, place) for part in arguments], at)
    receiver = evaluator.evaluate(func.value, place)
    if func.attr == "join" and len(arguments) == 1:
        return _join(evaluator, receiver, evaluator.evaluate(arguments[0], place), expr, place)
    if func.attr == "joinpath":
        return texts.path([receiver, *(evaluator.evaluate(part, place) for part in arguments)], at)
    if func.attr == "format" and texts.texts(receiver):
        positional = [evaluator.evaluate(part, place) for part in arguments]
        named = {part.arg: evaluator.evaluate(part.value, place) for part in expr.keywords if part.arg}
        return tuple(value for text in texts.texts(receiver) for value in texts.formatted(text, positional, named, at))
    if func.attr in ("get", "pop", "setdefault"):
        return _get(evaluator, receiver, expr, place)
    if func.attr in _SAME and not isinstance(func.value, ast.Constant):
        return (
            tuple(texts.changed(value, value.value.strip()) if isinstance(value, Text) else value for value in receiver)
            or None
        )
    return None


def _environment(evaluator: Evaluator, expr: ast.Call, place: Place) -> Values:
    default = expr.args[1:2] or [part.value for part in expr.keywords if part.arg == "default"]
    assigned = members.environment(evaluator, expr.args[0], place) if expr.args else (Unknown("input"),)
    given = evaluator.evaluate(default[0], place) if default else ()
    known = tuple(value for value in (*given, *assigned) if not isinstance(value, Plain))
    return known or (Unknown("input"),)


def _get(evaluator: Evaluator, receiver: Values, expr: ast.Call, place: Place) -> Values | None:
    """x.get("model", default)."""
    if not expr.args:
        return None
    keys = members.keys_of(evaluator, expr.args[0], place)
    default = expr.args[1:2] or [part.value for part in expr.keywords if part.arg in ("default", "fallback")]
    given = tuple(
        value for part in default for value in evaluator.evaluate(part, place) if not isinstance(value, Plain)
    )
    tables = tuple(value for value in receiver if isinstance(value, Table))
    if tables:
        found = members.keyed(evaluator, tables, keys)
        return (*found, *given) or (Unknown("other"),)
    if texts.texts(given):
        return texts.either((*given, Unknown("optional")))
    if any(isinstance(value, Unknown) for value in given):
        return given
    return None if any(isinstance(value, Instance) for value in receiver) else (Unknown("other"),)


def _join(evaluator: Evaluator, receiver: Values, given: Values, expr: ast.Call, place: Place) -> Values:
    """ "/".join([...])"""
    for value in given:
        for glue in texts.texts(receiver):
            if isinstance(value, Many):
                parts = [evaluator.later(item) for item in value.items[:12]]
                return texts.joined(parts, evaluator.at(expr, place), glue.value.join)
    return (Unknown("other"),)


def _spreading(evaluator: Evaluator, expr: ast.Call, func: ast.Attribute, place: Place) -> Values | None:
    receiver = evaluator.evaluate(func.value, place)
    tables = [value for value in receiver if isinstance(value, Table)]
    if func.attr in ("values", "keys", "items"):
        if not tables:
            return receiver if texts.unknown(receiver) else (Unknown("other"),)
        items: list[Values] = []
        for table in tables:
            for key, item in table.pairs:
                name = key or (Unknown("other"),)
                if func.attr == "keys":
                    items.append(name)
                elif func.attr == "values":
                    items.append(evaluator.later(item))
                else:
                    items.append((Many((name, item)),))
        return (Many(tuple(items)),)
    strings = texts.texts(receiver)
    if not strings:
        return receiver
    separators = [text.value for part in expr.args[:1] for text in texts.texts(evaluator.evaluate(part, place))]
    return tuple(
        Many(tuple((texts.changed(text, part),) for part in _split(text.value, func.attr, separators)))
        for text in strings
    )


def _split(text: str, method: str, separators: Sequence[str]) -> list[str]:
    if method == "splitlines" or not separators or not separators[0]:
        return text.split()
    if method == "partition":
        return list(text.partition(separators[0]))
    if method == "rpartition":
        return list(text.rpartition(separators[0]))
    return [part.strip() for part in text.split(separators[0])][: texts.LIMIT]


def _changing(evaluator: Evaluator, expr: ast.Call, func: ast.Attribute, place: Place) -> Values:
    receiver = evaluator.evaluate(func.value, place)
    arguments = [[text.value for text in texts.texts(evaluator.evaluate(part, place))][:1] for part in expr.args]
    if not all(arguments):
        return (Unknown("other"),)
    plain = [part[0] for part in arguments]
    at = evaluator.at(expr, place)
    found: list[Value] = []
    for value in receiver:
        if not isinstance(value, Text):
            found.append(value if isinstance(value, Unknown) else Unknown("other"))
        elif func.attr == "with_suffix" and plain:
            found.append(texts.changed(value, value.value.rpartition(".")[0] + plain[0], at))
        elif func.attr in ("lower", "upper") or (func.attr == "replace" and len(plain) == 2) or len(plain) == 1:
            method = getattr(value.value, func.attr, None)
            found.append(texts.changed(value, value.value if method is None else method(*plain), at))
    return tuple(found) or (Unknown("other"),)


def _known(evaluator: Evaluator, expr: ast.Call, place: Place, name: str) -> Values:
    last = naming.last(name)
    first = expr.args[0] if expr.args else None
    keywords = {part.arg: part.value for part in expr.keywords if part.arg}
    if name in _ENVIRONMENT:
        return _environment(evaluator, expr, place)
    if last == "open" and _writes(expr):
        return (Thing(),)
    if last in ("getcwd", "cwd", "gettempdir"):
        return (Text("", evaluator.at(expr, place)),)
    if name.endswith("Path.home"):
        return (Text("~", evaluator.at(expr, place)),)
    if first is not None and (last in _FIRST or (last in _BUILTIN and isinstance(expr.func, ast.Name))):
        parts = [evaluator.evaluate(part, place) for part in expr.args]
        return texts.path(parts, evaluator.at(expr, place)) if last.endswith("Path") and len(parts) > 1 else parts[0]
    if last in ("dirname", "basename") and first is not None:
        return _part_of_path(evaluator.evaluate(first, place), last)
    if last == "cast" and len(expr.args) == 2:
        return evaluator.evaluate(expr.args[1], place)
    if last in _ONE_OF and first is not None:
        return evaluator.elements(evaluator.evaluate(first, place))
    if last in CHOOSERS:
        options = expr.args[1] if len(expr.args) > 1 else keywords.get("options")
        return evaluator.elements(evaluator.evaluate(options, place)) if options is not None else (Unknown("input"),)
    if last in (
        "dict",
        "SimpleNamespace",
        "Namespace",
        "DictConfig",
        "EasyDict",
        "Munch",
        "AttrDict",
        "edict",
        "DotMap",
    ):
        return _table(evaluator, expr, place)
    together = _together(evaluator, expr, place, last)
    if together is not None:
        return together
    default = _default(evaluator, expr, place, last, keywords)
    if default is not None:
        return default
    if loads_something(name):
        return (Thing(),)
    return (Unknown("input" if last in ("input", "raw_input", "getpass", "text_input", "parse_args") else "call"),)


def _writes(expr: ast.Call) -> bool:
    modes = [part for part in expr.args[1:2] if isinstance(part, ast.Constant)]
    modes += [part.value for part in expr.keywords if part.arg == "mode" and isinstance(part.value, ast.Constant)]
    return any(str(mode.value)[:1] in ("w", "a", "x") for mode in modes)


def _part_of_path(values: Values, last: str) -> Values:
    if last == "dirname":
        return tuple(texts.parent(value) if isinstance(value, Text) else value for value in values)
    return tuple(
        texts.changed(value, value.value.rpartition("/")[2]) if isinstance(value, Text) else value for value in values
    )


def _table(evaluator: Evaluator, expr: ast.Call, place: Place) -> Values:
    pairs: list[tuple[Values | None, Values]] = []
    for part in expr.keywords:
        values = evaluator.evaluate(part.value, place)
        if part.arg is None:
            pairs += [
                (key, evaluator.later(item))
                for value in values
                if isinstance(value, Table)
                for key, item in value.pairs
            ]
        else:
            pairs.append(((Text(part.arg, evaluator.at(expr, place)),), values))
    for argument in expr.args[:1]:
        for value in evaluator.evaluate(argument, place):
            if isinstance(value, Table):
                pairs += [(key, evaluator.later(item)) for key, item in value.pairs]
            elif isinstance(value, Many):  # dict([("a", 1), ...])
                for row in evaluator.elements((value,)):
                    if isinstance(row, Many) and len(row.items) == 2:
                        pairs.append((evaluator.later(row.items[0]), evaluator.later(row.items[1])))
    return (Table(tuple(pairs)),)


def _together(evaluator: Evaluator, expr: ast.Call, place: Place, last: str) -> Values | None:
    """zip, product, enumerate, chain: rows out of several lists."""
    if last not in ("zip", "product", "enumerate", "chain", "from_iterable", "zip_longest"):
        return None
    lists = [evaluator.elements(evaluator.evaluate(part, place)) for part in expr.args[:8]]
    if last == "chain":
        return (Many(tuple(lists)),)
    if last == "from_iterable":
        return (Many(tuple(evaluator.elements(part) for part in lists)),)
    if last == "enumerate":
        return (Many(((Many(((Plain(0),), *lists[:1])),),)),)
    if last.startswith("zip"):
        columns = [evaluator.evaluate(part, place) for part in expr.args[:8]]
        rows = [value for column in columns[:1] for value in column if isinstance(value, Many)]
        count = min(len(rows[0].items), texts.LIMIT) if rows else 0
        if count and all(any(isinstance(value, Many) for value in column) for column in columns):
            return (
                Many(
                    tuple(
                        (Many(tuple(members.indexed(evaluator, column, at) for column in columns)),)
                        for at in range(count)
                    )
                ),
            )
    return (Many(((Many(tuple(lists)),),)),)


def _default(
    evaluator: Evaluator, expr: ast.Call, place: Place, last: str, keywords: dict[str, ast.expr]
) -> Values | None:
    """Declarations and lookups that carry a default."""
    for name in ("default", "value", "fallback", "default_value", "initial"):
        given = keywords.get(name)
        if given is not None and (
            last in _DEFAULTS or name != "value" or last in ("text_input", "Dropdown", "Textbox", "Radio")
        ):
            values = evaluator.evaluate(given, place)
            known = () if all(isinstance(value, Plain) for value in values) else values
            return (*known, Unknown("input"))
    factory = keywords.get("default_factory")
    if factory is not None:
        return tuple(
            value
            for made in evaluator.evaluate(factory, place)
            if isinstance(made, Function)
            for value in evaluator.result(made)
        ) or (Unknown("other"),)
    if last in _DEFAULTS:
        values = evaluator.evaluate(expr.args[0], place) if expr.args else ()
        return (
            values
            if texts.texts(values) or any(isinstance(value, Many | Table) for value in values)
            else (Unknown("input"),)
        )
    if last == "getattr" and len(expr.args) >= 2 and isinstance(expr.args[1], ast.Constant):
        looked = ast.copy_location(ast.Attribute(expr.args[0], str(expr.args[1].value), ast.Load()), expr)
        place.scope.module.kept.append(looked)
        found = evaluator.evaluate(looked, place)
        given_default = evaluator.evaluate(expr.args[2], place) if len(expr.args) > 2 else ()
        return texts.either((*found, *given_default))
    if (
        last in _ASKS
        and len(expr.args) >= 2
        and isinstance(expr.args[0], ast.Constant)
        and isinstance(expr.args[0].value, str)
    ):
        values = evaluator.evaluate(expr.args[1], place)
        return (*values, Unknown("input")) if texts.texts(values) else None
    if last == "text_input" and len(expr.args) >= 2:
        return evaluator.evaluate(expr.args[1], place)
    return None
