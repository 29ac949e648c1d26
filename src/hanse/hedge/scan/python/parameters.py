"""What a parameter can be: its default, the option or test parameter a decorator makes of it, and what callers pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Many, Plain, Table, Unknown, Value, Values
from hanse.hedge.scan.python import naming
from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.values import Binding, Function, Instance, Kind, Later, Scope, Site
from hanse.hedge.scan.vocabulary import word_lists

SITES = 64
"""Calls of one function that are looked at."""
_WORDS = word_lists("parameters")
PASSING = _WORDS["passing"]
"""They call an argument with those after it."""
MAPPING = _WORDS["mapping"]


def values(evaluator: Evaluator, binding: Binding) -> Values:
    """Default and everything that is passed. Unknown when nothing says."""
    scope = binding.scope
    if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return (Unknown("other"),)
    receiver = _receiver(scope, binding.name)
    if receiver is not None:
        return (receiver,)
    passed = [*_decorated(evaluator, scope, binding.name), *_passed(evaluator, scope, binding.name)]
    if not passed:
        passed = list(_fixture(evaluator, scope, binding.name))
    if binding.expr is None:
        found = (
            (*passed, *evaluator.annotated(binding.annotation, binding.place))
            if not texts.texts(passed)
            else tuple(passed)
        )
        return found if not all(isinstance(value, Plain) for value in found) else (*found, Unknown("parameter"))
    default = evaluator.evaluate(binding.expr, binding.place)
    if all(isinstance(value, Plain) for value in default):
        return tuple(passed) or (*default, *evaluator.annotated(binding.annotation, binding.place), Unknown("optional"))
    known = tuple(
        value
        for value in passed
        if not (isinstance(value, Unknown) and value.why in ("input", "optional", "parameter"))
    )
    return (*default, *known, Unknown("optional"))


def _receiver(scope: Scope, name: str) -> Value | None:
    """self and cls."""
    arguments = scope.node.args  # type: ignore[attr-defined]
    first = [*arguments.posonlyargs, *arguments.args][:1]
    if scope.parent is None or scope.parent.kind != "class" or not first or first[0].arg != name:
        return None
    return Kind(scope.parent) if name == "cls" else Instance(scope.parent) if name == "self" else None


def _decorated(evaluator: Evaluator, scope: Scope, name: str) -> Iterator[Value]:
    """@click.option("--model", default=...) and @pytest.mark.parametrize("model", [...])."""
    place = scope.place
    for decorator in getattr(scope.node, "decorator_list", ()):
        if not isinstance(decorator, ast.Call) or place is None:
            continue
        called = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else ""
        if called == "parametrize" and len(decorator.args) > 1 and isinstance(decorator.args[0], ast.Constant):
            names = [part.strip() for part in str(decorator.args[0].value).split(",")]
            if name in names:
                elements = evaluator.elements(evaluator.evaluate(decorator.args[1], place))
                for value in elements:
                    if len(names) > 1 and isinstance(value, Many):
                        item = value.items[names.index(name) : names.index(name) + 1]
                        yield from (inner for later in item for inner in evaluator.later(later))
                    else:
                        yield value
        elif called in ("option", "argument"):
            yield from _option(evaluator, decorator, Later(decorator, place), name)


def _fixture(evaluator: Evaluator, scope: Scope, name: str) -> Iterator[Value]:
    """What a pytest fixture of that name gives."""
    for fixture in scope.module.functions.get(name, ()):
        if "fixture" in naming.decorators(fixture):
            for value in evaluator.result(Function(fixture)):
                yield from evaluator.elements((value,)) if isinstance(value, Many) else (value,)


def _option(evaluator: Evaluator, decorator: ast.Call, later: Later, name: str) -> Iterator[Value]:
    names = [str(part.value) for part in decorator.args if isinstance(part, ast.Constant)]
    if name not in {part.split("/")[0].lstrip("-").replace("-", "_").lower() for part in names}:
        return
    for keyword in decorator.keywords:
        if keyword.arg == "default" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
            yield from evaluator.evaluate(keyword.value, later.place)
            return
    yield Unknown("input")


def _passed(evaluator: Evaluator, scope: Scope, name: str) -> list[Value]:
    index = _index(scope, name)
    found: list[Value] = []
    names = [scope.name]
    owner = scope.parent if scope.parent is not None and scope.parent.kind == "class" else None
    if scope.name == "__init__" and owner is not None:
        names = [owner.name, *_heirs(owner)]
    others = () if evaluator.alone else evaluator.links.callers(scope, names)
    for site in [*_sites(evaluator, scope, names, owner), *others][:SITES]:
        found += _argument(evaluator, site, 0, index, name)
    for called in names:
        for site, at in scope.module.passed.get(called, ())[:SITES]:
            found += _handed_on(evaluator, site, at, index, name)
    return found


def _index(scope: Scope, name: str) -> int | None:
    """A parameter's position in a call, without self; None for one that is only given by name."""
    arguments = scope.node.args  # type: ignore[attr-defined]
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if name not in names:
        return None
    is_method = scope.parent is not None and scope.parent.kind == "class"
    return names.index(name) - (1 if is_method and "staticmethod" not in naming.decorators(scope) else 0)


def _heirs(owner: Scope) -> list[str]:
    """Classes of the same file that are made by the constructor of `owner`."""
    found = []
    for name, scopes in owner.module.classes.items():
        for scope in scopes:
            if owner.name in naming.bases(scope) and "__init__" not in scope.bindings:
                found.append(name)
    return found


def _sites(evaluator: Evaluator, scope: Scope, names: list[str], owner: Scope | None) -> Iterator[Site]:
    """Calls of a function in its own file."""
    module = scope.module
    for name in names:
        for site in module.called.get(name, ()):
            func = site.node.func
            if owner is None or scope.name == "__init__":
                if isinstance(func, ast.Name) or owner is not None:
                    yield site
            elif isinstance(func, ast.Attribute) and _meant(evaluator, func, site, scope, owner):
                yield site
    if scope.name == "__init__" and owner is not None:
        for site in module.called.get("__init__", ()):
            caller = naming.enclosing_class(site.place.scope)
            if caller is not None and owner.name in naming.bases(caller):
                yield site


def _meant(evaluator: Evaluator, func: ast.Attribute, site: Site, scope: Scope, owner: Scope) -> bool:
    """Whether x.method(...) is this class's: x is one of its objects, or nothing is known of x and no other has the method."""
    receivers = evaluator.evaluate(func.value, site.place)
    kinds = [value.scope for value in receivers if isinstance(value, Instance | Kind)]
    if kinds:
        return any(kind is owner or _inherits(kind, owner) for kind in kinds)
    return len(scope.module.functions.get(scope.name, ())) == 1 and naming.root(
        naming.dotted(evaluator, func.value, site.place)
    ) in ("", ".")


def _inherits(kind: Scope, owner: Scope) -> bool:
    bases = naming.bases(kind)
    if owner.name in bases:
        return True
    return any(
        scope is not kind and _inherits(scope, owner)
        for base in bases[:4]
        for scope in kind.module.classes.get(base, ())[:2]
    )


def _argument(evaluator: Evaluator, site: Site, skipped: int, index: int | None, name: str) -> Values:
    """What one call passes."""
    for keyword in site.node.keywords:
        if keyword.arg == name:
            return evaluator.evaluate(keyword.value, site.place)
    for keyword in site.node.keywords:
        if keyword.arg is None:
            for value in evaluator.evaluate(keyword.value, site.place):
                if isinstance(value, Table):
                    for key, item in value.pairs:
                        if key and any(text.value == name for text in texts.texts(key)):
                            return evaluator.later(item)
    if index is None:
        return ()
    arguments = site.node.args[skipped:]
    for at, argument in enumerate(arguments):
        if isinstance(argument, ast.Starred):
            return _starred(evaluator, argument, site, index - at)
        if at == index:
            return evaluator.evaluate(argument, site.place)
    return ()


def _starred(evaluator: Evaluator, argument: ast.Starred, site: Site, index: int) -> Values:
    found: list[Value] = []
    for value in evaluator.evaluate(argument.value, site.place):
        if isinstance(value, Many):
            found += [inner for item in value.items[index : index + 1] for inner in evaluator.later(item)]
    return tuple(found)


def _handed_on(evaluator: Evaluator, site: Site, at: int, index: int | None, name: str) -> Values:
    """partial(load, "org/name"), submit(load, ...), map(load, [...]), Thread(target=load, args=(...))."""
    called = naming.word(site.node.func)
    if called in MAPPING and index is not None:
        items = site.node.args[at + 1 + index : at + 2 + index]
        return tuple(value for item in items for value in evaluator.elements(evaluator.evaluate(item, site.place)))
    if called == "starmap" and index is not None and site.node.args[at + 1 :]:
        rows = evaluator.elements(evaluator.evaluate(site.node.args[at + 1], site.place))
        return tuple(
            inner
            for row in rows
            if isinstance(row, Many)
            for item in row.items[index : index + 1]
            for inner in evaluator.later(item)
        )
    if called not in PASSING:
        return ()
    if at >= 0:
        return _argument(evaluator, site, at + 1, index, name)
    for keyword in site.node.keywords:
        if keyword.arg == "args" and index is not None:
            values = evaluator.evaluate(keyword.value, site.place)
            return tuple(
                inner
                for value in values
                if isinstance(value, Many)
                for item in value.items[index : index + 1]
                for inner in evaluator.later(item)
            )
    return _argument(evaluator, site, len(site.node.args), index, name)
