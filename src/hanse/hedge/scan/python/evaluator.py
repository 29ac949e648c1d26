"""What the parts of the resolver ask of each other, and of the other files of a scan."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Protocol

from hanse.hedge.scan.code.values import Element, Origin, Values
from hanse.hedge.scan.python.values import Binding, Function, Import, Module, Place, Scope, Site


class Links(Protocol):
    """The other files of a scan."""

    def module(self, name: str, level: int, file: str) -> Module | None:
        """The file that `file` means by this module; None when it is not in the scan."""

    def callers(self, scope: Scope, names: Sequence[str]) -> Iterable[Site]:
        """Calls from other files of a function or class under one of these names."""


class Evaluator(Protocol):
    """Expressions to values; see `resolve`."""

    links: Links
    alone: bool
    """Whether other files do not matter just now."""

    def evaluate(self, expr: ast.expr, place: Place) -> Values:
        """What an expression can be."""

    def later(self, item: Element) -> Values:
        """An item of a container."""

    def at(self, expr: ast.expr, place: Place) -> Origin:
        """Where an expression stands."""

    def name(self, name: str, place: Place, at: Origin) -> Values:
        """What a name is at a place."""

    def lookup(self, name: str, place: Place) -> list[Binding]:
        """The bindings a name can have at a place."""

    def binding(self, binding: Binding) -> Values:
        """What a name is by one of its bindings."""

    def annotated(self, annotation: ast.expr | None, place: Place) -> Values:
        """An object of the class an annotation names."""

    def imported(self, wanted: Import, file: str) -> Values:
        """What an import brings."""

    def of_module(self, module: Module, name: str) -> Values:
        """A name of another file."""

    def elements(self, values: Values) -> Values:
        """What looping over values gives."""

    def result(self, function: Function) -> Values:
        """What a call of a function of the project gives."""
