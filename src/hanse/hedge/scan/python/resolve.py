"""Expressions to values: what a name, a call, an f-string can be, as far as it can be read. Nothing is run.

A name gives what it was bound to last before its use, with every branch on the way; a name of another scope gives all it is
ever bound to; a parameter gives its default and what callers pass.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Element, Many, Origin, Plain, Table, Text, Thing, Unknown, Values
from hanse.hedge.scan.python import callees, members, parameters
from hanse.hedge.scan.python.evaluator import Links
from hanse.hedge.scan.python.values import Binding, Function, Import, Instance, Kind, Later, Module, Place, Scope, Space

DEPTH = 60
"""Nested evaluations at most; what is deeper is unknown."""
BUDGET = 20_000
"""Evaluations for one file at most, literals not counted; beyond, what is no literal is unknown."""
REBOUND = 200
"""Assignments of one name in one scope of which the nearest count."""
TABLE = 400
"""Items of a list or dictionary that are looked at."""


class Resolver:
    """Evaluates expressions of the modules of one scan."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.budget = BUDGET
        self.alone = False
        """Whether other files do not matter just now."""
        self._active: set[object] = set()
        self._on: dict[type[ast.expr], Callable[[Any, Place], Values]] = {
            ast.JoinedStr: self._joined, ast.FormattedValue: self._formatted,
            ast.BinOp: self._operation, ast.BoolOp: self._or, ast.IfExp: self._either, ast.Name: self._name, ast.Attribute: members.attribute(self),
            ast.Subscript: members.subscript(self), ast.Call: callees.call(self), ast.List: self._list, ast.Tuple: self._list,
            ast.Set: self._list, ast.Dict: self._dict, ast.ListComp: self._comprehension, ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension, ast.DictComp: self._comprehension, ast.Starred: self._inner,
            ast.NamedExpr: self._inner, ast.Await: self._inner, ast.Lambda: self._lambda,
        }  # fmt: skip

    def evaluate(self, expr: ast.expr, place: Place) -> Values:
        """What an expression can be; empty when it is made of itself."""
        if type(expr) is ast.Constant:
            return self._constant(expr, place)
        known = place.scope.module.known
        key = id(expr)
        found = known.get(key)
        if found is not None:
            return found
        if key in self._active:
            return ()
        on = self._on.get(type(expr))
        if on is None:
            return (Plain(None),) if isinstance(expr, ast.Compare | ast.UnaryOp) else (Unknown("other"),)
        if len(self._active) > DEPTH or self.budget <= 0:
            return (Unknown("other"),)
        self.budget -= 1
        self._active.add(key)
        try:
            found = texts.distinct(on(expr, place))
        finally:
            self._active.discard(key)
        known[key] = found
        return found

    def later(self, item: Element) -> Values:
        """An item of a container."""
        if isinstance(item, tuple):
            return item
        return self.evaluate(item.expr, item.place) if isinstance(item, Later) else ()

    def at(self, expr: ast.expr, place: Place) -> Origin:
        """Where an expression stands."""
        return Origin(place.scope.module.file, expr.lineno, expr.col_offset)

    # Names

    def _name(self, expr: ast.Name, place: Place) -> Values:
        return self.name(expr.id, place, self.at(expr, place))

    def name(self, name: str, place: Place, at: Origin) -> Values:
        """What a name is at a place."""
        found = self.lookup(name, place)
        if found:
            return tuple(value for binding in found for value in self.binding(binding))
        if name == "__file__":
            return (Text("", at),)
        for star in () if self.alone else place.scope.module.stars:
            values = self.imported(Import(star.module, name, star.level), place.scope.module.file)
            if values:
                return values
        return (Unknown("other"),)

    def lookup(self, name: str, place: Place) -> list[Binding]:
        """The bindings a name can have at a place, innermost scope first."""
        scope: Scope | None = place.scope
        at: Place | None = place
        while scope is not None:
            bindings = scope.bindings.get(name)
            if bindings and (scope.kind != "class" or scope is place.scope):
                return self._visible(bindings, at) if at is not None else bindings
            at = scope.place if scope.kind in ("comprehension", "lambda") else None
            scope = scope.parent
        return []

    @staticmethod
    def _visible(bindings: list[Binding], at: Place) -> list[Binding]:
        """The last binding that every way to the use passes, and those in branches since; those of a loop around the use too."""
        if len(bindings) == 1 or at.scope.kind in ("comprehension", "lambda"):
            return bindings
        if len(bindings) > REBOUND:
            near = bisect_left(bindings, at.order, key=lambda binding: binding.place.order)
            bindings = bindings[max(0, near - REBOUND // 2) : near + REBOUND // 2]
        loops = {block for block in at.blocks if block in at.scope.module.loops}
        found: list[Binding] = []
        settled = False
        for binding in reversed(bindings):
            if settled and not loops:
                break
            place = binding.place
            if binding.how == "parameter":
                if not settled:
                    found.append(binding)
            elif place.order >= at.order:
                if loops & set(place.blocks):
                    found.append(binding)
            elif not settled:
                found.append(binding)
                settled = place.blocks == at.blocks[: len(place.blocks)]
        return found or bindings

    def binding(self, binding: Binding) -> Values:
        """What a name is by one of its bindings."""
        place = binding.place
        if binding.how == "import" and binding.imported is not None:
            return self.imported(binding.imported, place.scope.module.file)
        if binding.how == "scope" and binding.scope is not None:
            return (Kind(binding.scope),) if binding.scope.kind == "class" else (Function(binding.scope),)
        if binding.how == "parameter":
            return self._once(id(binding), place.scope.module, lambda: parameters.values(self, binding))
        if binding.how == "unknown" or binding.expr is None:
            found = self.annotated(binding.annotation, place)
            return found or (Unknown("other"),)
        values = self.evaluate(binding.expr, place)
        if binding.how == "element":
            values = self.elements(values)
        for index in binding.path:
            values = members.indexed(self, values, index)
        if binding.annotation is not None and texts.unknown(values) and not texts.texts(values):
            values = (*self.annotated(binding.annotation, place), *values)
        return values

    def _once(self, key: int, module: Module, compute: Callable[[], Values]) -> Values:
        found = module.known.get(key)
        if found is not None:
            return found
        if key in self._active or len(self._active) > DEPTH:
            return ()
        self._active.add(key)
        try:
            found = texts.distinct(compute())
        finally:
            self._active.discard(key)
        module.known[key] = found
        return found

    def annotated(self, annotation: ast.expr | None, place: Place) -> Values:
        """An object of the class an annotation names, when it is one of the project."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            name = annotation.value.strip()
            values = self.name(name, place, Origin("", 0)) if name.isidentifier() else ()
        elif isinstance(annotation, ast.BinOp):
            return (*self.annotated(annotation.left, place), *self.annotated(annotation.right, place))
        elif isinstance(annotation, ast.Subscript):
            return self.annotated(annotation.slice, place) if not isinstance(annotation.slice, ast.Tuple) else ()
        elif isinstance(annotation, ast.Name | ast.Attribute):
            values = self.evaluate(annotation, place)
        else:
            return ()
        return tuple(Instance(value.scope) for value in values if isinstance(value, Kind))

    def imported(self, wanted: Import, file: str) -> Values:
        """What an import brings; unknown when it is no file of the scan."""
        if self.alone:
            return (Unknown("import"),)
        if wanted.name is None:
            return (Space(wanted.module, wanted.level, file),)
        module = self.links.module(wanted.module, wanted.level, file)
        if module is not None:
            found = self.of_module(module, wanted.name)
            if found:
                return found
        inner = f"{wanted.module}.{wanted.name}" if wanted.module else wanted.name
        if self.links.module(inner, wanted.level, file) is not None:
            return (Space(inner, wanted.level, file),)
        return (Unknown("import"),)

    def of_module(self, module: Module, name: str) -> Values:
        """A name of another file; empty when it has none such."""
        key = (module.file, name)
        if key in self._active or len(self._active) > DEPTH:
            return ()
        self._active.add(key)
        try:
            return self._of_module(module, name)
        finally:
            self._active.discard(key)

    def _of_module(self, module: Module, name: str) -> Values:
        bindings = module.root.bindings.get(name)
        if bindings:
            return tuple(value for binding in bindings for value in self.binding(binding))
        for star in module.stars:
            values = self.imported(Import(star.module, name, star.level), module.file)
            if values and not isinstance(values[0], Unknown):
                return values
        return ()

    # Expressions

    def _constant(self, expr: ast.Constant, place: Place) -> Values:
        return (Text(expr.value, self.at(expr, place)),) if isinstance(expr.value, str) else (Plain(expr.value),)

    def _joined(self, expr: ast.JoinedStr, place: Place) -> Values:
        return (
            texts.joined([self.evaluate(part, place) for part in expr.values], self.at(expr, place))
            if expr.values
            else ()
        )

    def _formatted(self, expr: ast.FormattedValue, place: Place) -> Values:
        return self.evaluate(expr.value, place)

    def _operation(self, expr: ast.BinOp, place: Place) -> Values:
        left = self.evaluate(expr.left, place)
        at = self.at(expr, place)
        if isinstance(expr.op, ast.Mod) and texts.texts(left):
            return self._percent(texts.texts(left), expr.right, place, at)
        right = self.evaluate(expr.right, place)
        if isinstance(expr.op, ast.Div):
            return texts.path([left, right], at)
        if isinstance(expr.op, ast.Add | ast.BitOr):
            lists = [value for value in (*left, *right) if isinstance(value, Many)]
            if lists:
                return (Many(tuple(item for value in lists for item in value.items)),)
            tables = [value for value in (*left, *right) if isinstance(value, Table)]
            if tables:
                return (Table(tuple(pair for value in tables for pair in value.pairs)),)
            return texts.joined([left, right], at)
        return (Plain(None),) if left and isinstance(left[0], Plain) else (Unknown("other"),)

    def _percent(self, templates: list[Text], right: ast.expr, place: Place, at: Origin) -> Values:
        positional: list[Values] = []
        named: dict[str, Values] = {}
        if isinstance(right, ast.Tuple):
            positional = [self.evaluate(part, place) for part in right.elts]
        elif isinstance(right, ast.Dict):
            for key, value in zip(right.keys, right.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    named[key.value] = self.evaluate(value, place)
        else:
            positional = [self.evaluate(right, place)]
        return tuple(value for template in templates for value in texts.percent(template, positional, named, at))

    def _or(self, expr: ast.BoolOp, place: Place) -> Values:
        operands = expr.values if isinstance(expr.op, ast.Or) else expr.values[-1:]
        return texts.either(tuple(value for operand in operands for value in self.evaluate(operand, place)))

    def _either(self, expr: ast.IfExp, place: Place) -> Values:
        return texts.either((*self.evaluate(expr.body, place), *self.evaluate(expr.orelse, place)))

    def _list(self, expr: ast.List | ast.Tuple | ast.Set, place: Place) -> Values:
        items: list[Element] = []
        for part in expr.elts[:TABLE]:
            if isinstance(part, ast.Starred):
                items += [
                    item
                    for value in self.evaluate(part.value, place)
                    if isinstance(value, Many)
                    for item in value.items
                ]
            else:
                items.append(Later(part, place))
        return (Many(tuple(items)),)

    def _dict(self, expr: ast.Dict, place: Place) -> Values:
        pairs: list[tuple[Values | None, Element]] = []
        for key, value in list(zip(expr.keys, expr.values, strict=True))[:TABLE]:
            if key is None:
                pairs += [
                    pair for inner in self.evaluate(value, place) if isinstance(inner, Table) for pair in inner.pairs
                ]
            else:
                pairs.append((self.evaluate(key, place), Later(value, place)))
        return (Table(tuple(pairs)),)

    def _comprehension(self, expr: ast.expr, place: Place) -> Values:
        inner = place.scope.module.inner.get(id(expr))
        if inner is None or not inner.returns:
            return (Unknown("other"),)
        if isinstance(expr, ast.DictComp):
            return (Table(((None, inner.returns[0]),)),)
        return (Many((inner.returns[0],)),)

    def _lambda(self, expr: ast.Lambda, place: Place) -> Values:
        inner = place.scope.module.inner.get(id(expr))
        return (Function(inner),) if inner is not None else (Unknown("other"),)

    def _inner(self, expr: ast.Starred | ast.NamedExpr | ast.Await, place: Place) -> Values:
        return self.evaluate(expr.value, place)

    # Containers and functions

    def elements(self, values: Values) -> Values:
        """What looping over values gives: items of lists, keys of dictionaries."""
        found: list[object] = []
        for value in values:
            if isinstance(value, Many):
                found += [inner for item in value.items for inner in self.later(item)]
            elif isinstance(value, Table):
                found += [inner for key, _ in value.pairs for inner in (key or (Unknown("other"),))]
            elif isinstance(value, Kind):  # an enumeration
                found += [inner for name in value.scope.bindings for inner in members.of_class(self, value.scope, name)]
            elif isinstance(value, Unknown):
                found.append(value)
            elif not isinstance(value, Plain | Text):
                found.append(Unknown("other"))
        return texts.distinct(found)  # type: ignore[arg-type]

    def result(self, function: Function) -> Values:
        """What a call of a function of the project gives."""
        scope = function.scope
        if scope.yields:
            return (Many(tuple(scope.yields)),)
        if not scope.returns:
            return (Thing(),)
        return tuple(value for later in scope.returns for value in self.later(later))
