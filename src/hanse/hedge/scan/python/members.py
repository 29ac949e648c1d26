"""Attributes and items: settings.model, MODELS["small"], self.model, args.model, Kind.NAME."""

from __future__ import annotations

import ast
from collections.abc import Callable

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Many, Table, Text, Thing, Unknown, Value, Values
from hanse.hedge.scan.python import naming
from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.values import Binding, Function, Import, Instance, Kind, Place, Scope, Site, Space

BASES = 8
"""Classes above a class that are looked at."""


def attribute(evaluator: Evaluator) -> Callable[[ast.Attribute, Place], Values]:
    """Evaluates x.name."""

    def found(expr: ast.Attribute, place: Place) -> Values:
        if expr.attr == "argv" and naming.dotted(evaluator, expr, place) == "sys.argv":
            return (Unknown("input"),)
        bases = evaluator.evaluate(expr.value, place)
        values: list[Value] = []
        for base in bases:
            values += _of(evaluator, base, expr.attr)
        if not texts.texts(values) and (texts.unknown(values) or not values):
            elsewhere = _by_name(evaluator, expr.attr, place, bases)
            return elsewhere or tuple(values) or (Unknown("other"),)
        return tuple(values)

    return found


def subscript(evaluator: Evaluator) -> Callable[[ast.Subscript, Place], Values]:
    """Evaluates x[key]."""

    def found(expr: ast.Subscript, place: Place) -> Values:
        if (
            isinstance(expr.value, ast.Attribute | ast.Name)
            and naming.dotted(evaluator, expr.value, place) == "os.environ"
        ):
            return environment(evaluator, expr.slice, place)
        bases = evaluator.evaluate(expr.value, place)
        if isinstance(expr.slice, ast.Slice):
            return bases if any(isinstance(value, Many) for value in bases) else (Unknown("other"),)
        if isinstance(expr.slice, ast.UnaryOp) and isinstance(expr.slice.operand, ast.Constant):
            number = expr.slice.operand.value
            return indexed(evaluator, bases, -number if isinstance(number, int) else None)
        if isinstance(expr.slice, ast.Constant) and isinstance(expr.slice.value, int):
            return indexed(evaluator, bases, expr.slice.value)
        keys = keys_of(evaluator, expr.slice, place)
        values = keyed(evaluator, bases, keys)
        if not texts.texts(values) and (texts.unknown(values) or not values):
            assigned = [
                value
                for key in keys
                for binding in place.scope.module.items.get(key, ())
                for value in evaluator.binding(binding)
            ]
            if texts.texts(assigned):
                return tuple(assigned)
        return values or (Unknown("other"),)

    return found


def keys_of(evaluator: Evaluator, expr: ast.expr, place: Place) -> set[str]:
    """The keys an expression can be; empty when it can be any."""
    values = evaluator.evaluate(expr, place)
    return set() if texts.unknown(values) else {text.value for text in texts.texts(values)}


def environment(evaluator: Evaluator, key: ast.expr, place: Place) -> Values:
    """A variable of the environment: what the file itself sets it to, or unknown."""
    names = {text.value for text in texts.texts(evaluator.evaluate(key, place))}
    assigned = [
        value
        for name in names
        for binding in place.scope.module.items.get(name, ())
        for value in evaluator.binding(binding)
    ]
    return tuple(assigned) or (Unknown("input"),)


def indexed(evaluator: Evaluator, values: Values, index: int | None) -> Values:
    """The item at a position; every item when the position is not known."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Many):
            items = value.items
            single = len(items) == 1 and not (index is not None and -1 <= index <= 0)
            if index is None or single:
                found += [inner for item in items for inner in evaluator.later(item)]
            elif -len(items) <= index < len(items):
                found += evaluator.later(items[index])
        elif isinstance(value, Table):
            for key, item in value.pairs:
                if index is None or key is None or any(getattr(part, "value", None) == index for part in key):
                    found += evaluator.later(item)
        elif isinstance(value, Text):
            found.append(Unknown("other"))
        elif isinstance(value, Unknown | Thing | Instance):
            found.append(value if isinstance(value, Unknown) else Unknown("other"))
    return texts.distinct(found) or (Unknown("other"),)


def keyed(evaluator: Evaluator, values: Values, keys: set[str]) -> Values:
    """The items under these keys; every item when no key is known."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Table):
            for key, item in value.pairs:
                if not keys or key is None or any(text.value in keys for text in texts.texts(key)):
                    found += evaluator.later(item)
        elif isinstance(value, Many) and not keys:
            found += [inner for item in value.items for inner in evaluator.later(item)]
        elif isinstance(value, Kind):  # an enumeration, or a generic class
            found += [inner for name in keys for inner in of_class(evaluator, value.scope, name)]
            found += [] if keys else evaluator.elements((value,))
        else:
            found.append(value if isinstance(value, Unknown) else Unknown("other"))
    return texts.distinct(found)


def _of(evaluator: Evaluator, base: Value, name: str) -> Values:
    if isinstance(base, Instance):
        return of_instance(evaluator, base, name)
    if isinstance(base, Kind):
        return of_class(evaluator, base.scope, name)
    if isinstance(base, Space):
        return _of_space(evaluator, base, name)
    if isinstance(base, Table):
        return keyed(evaluator, (base,), {name})
    if isinstance(base, Text):
        if name == "value":  # of an enumeration
            return (base,)
        if name in ("parent", "parents"):
            return (texts.parent(base),)
        return (Unknown("other"),)
    return (base,) if isinstance(base, Unknown) else (Unknown("other"),)


def _of_space(evaluator: Evaluator, base: Space, name: str) -> Values:
    module = evaluator.links.module(base.name, base.level, base.file)
    if module is not None:
        found = evaluator.of_module(module, name)
        if found:
            return found
    return evaluator.imported(Import(base.name, name, base.level), base.file) if module is None else ()


def of_class(evaluator: Evaluator, scope: Scope, name: str) -> Values:
    """What a class's attribute is by its own body, its methods and its bases."""
    found: list[Value] = []
    for kind in _line(evaluator, scope):
        for binding in (*kind.bindings.get(name, ()), *kind.attributes.get(name, ())):
            if binding.expr is None and binding.how == "value":
                found += evaluator.annotated(binding.annotation, binding.place) or (Unknown("other"),)
            elif binding.scope is not None and binding.how == "scope" and binding.scope.kind == "function":
                found += _property(evaluator, binding.scope)
            else:
                found += evaluator.binding(binding)
        if found:
            break
    return tuple(found)


def _property(evaluator: Evaluator, scope: Scope) -> Values:
    if {"property", "cached_property"} & naming.decorators(scope):
        return evaluator.result(Function(scope))
    return (Function(scope),)


def _line(evaluator: Evaluator, scope: Scope) -> list[Scope]:
    """A class and those it inherits from, as far as they are in the project."""
    found = [scope]
    for kind in found:
        for base in getattr(kind.node, "bases", ()):
            if kind.place is not None and isinstance(base, ast.Name | ast.Attribute) and len(found) < BASES:
                found += [
                    value.scope
                    for value in evaluator.evaluate(base, kind.place)
                    if isinstance(value, Kind) and value.scope not in found
                ]
    return found


def of_instance(evaluator: Evaluator, base: Instance, name: str) -> Values:
    """What an object's attribute is: as its maker says, else as its class says."""
    if base.made is not None and not any("__init__" in kind.bindings for kind in _line(evaluator, base.scope)):
        given = _given(evaluator, base.scope, base.made, name)
        if given:
            return given
    found = of_class(evaluator, base.scope, name)
    if base.made is None:
        found = (*found, *_in_heirs(evaluator, base.scope, name))
    return found


def _given(evaluator: Evaluator, scope: Scope, made: Site, name: str) -> Values:
    """Config(model="...") of a class without a constructor of its own: the field is as given."""
    for keyword in made.node.keywords:
        if keyword.arg == name:
            return evaluator.evaluate(keyword.value, made.place)
    fields = [
        field
        for field, bindings in scope.bindings.items()
        if any(binding.annotation is not None for binding in bindings)
    ]
    if name in fields and fields.index(name) < len(made.node.args):
        return evaluator.evaluate(made.node.args[fields.index(name)], made.place)
    return ()


def _in_heirs(evaluator: Evaluator, scope: Scope, name: str) -> Values:
    """self.model in a class whose heirs set it."""
    found: list[Value] = []
    for kinds in scope.module.classes.values():
        for kind in kinds:
            if kind is not scope and scope.name in naming.bases(kind):
                found += [value for binding in kind.bindings.get(name, ()) for value in evaluator.binding(binding)]
    return tuple(found)


def _by_name(evaluator: Evaluator, name: str, place: Place, bases: Values) -> Values:
    """An attribute of something unknown: an option of the command line, a field of the file's only class that has it, or what
    the file assigns to that attribute of anything."""
    module = place.scope.module
    if name in module.options:
        found: list[Value] = []
        for option in module.options[name]:
            found += evaluator.later(option) if option is not None else ()
            found.append(Unknown("input"))
        return tuple(found)
    if any(isinstance(base, Thing | Space | Text) for base in bases):
        return ()
    fields: list[Binding] = []
    for kinds in module.classes.values():
        for kind in kinds:
            fields += [
                binding
                for binding in kind.bindings.get(name, ())
                if binding.annotation is not None and binding.expr is not None
            ]
    assigned = [value for binding in (*fields, *module.members.get(name, ())) for value in evaluator.binding(binding)]
    return tuple(assigned) if texts.texts(assigned) else ()
