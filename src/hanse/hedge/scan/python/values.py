"""A file's scopes, names and calls as they are collected, and the values that only Python has: functions, classes, modules."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from hanse.hedge.scan.code.values import Deferred, Value, Values

BlockKind = Literal["branch", "loop"]
How = Literal["value", "element", "parameter", "import", "scope", "unknown"]
"""How a name gets a value: assigned, looped over, a parameter, imported, a function or class, anything else."""


@dataclass(eq=False, slots=True)
class Scope:
    """A module, class, function, lambda or comprehension, with what its names are bound to."""

    module: Module
    kind: Literal["module", "class", "function", "lambda", "comprehension"]
    name: str
    parent: Scope | None
    node: ast.AST
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    """Of a class: what its methods assign to self."""
    returns: list[Later] = field(default_factory=list)
    yields: list[Later] = field(default_factory=list)
    outer_names: set[str] = field(default_factory=set)
    """Names declared global or nonlocal."""
    place: Place | None = None
    """Where it is defined."""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """A statement's position: its scope, the branches and loops around it, and its number in reading order."""

    scope: Scope
    blocks: tuple[int, ...]
    order: int


@dataclass(frozen=True, eq=False, slots=True)
class Later(Deferred):
    """An expression to be evaluated when somebody asks."""

    expr: ast.expr
    place: Place


@dataclass(frozen=True, eq=False, slots=True)
class Import:
    """from module import name (name is None: import module)."""

    module: str
    name: str | None
    level: int


@dataclass(eq=False, slots=True)
class Binding:
    """One way in which a name gets a value."""

    name: str
    place: Place
    how: How
    expr: ast.expr | None = None
    """The value, what is looped over, or a parameter's default."""
    path: tuple[int, ...] = ()
    """Indexes into the value: a, (b, c) = value."""
    scope: Scope | None = None
    """The function or class it is; of a parameter, the function it belongs to."""
    imported: Import | None = None
    annotation: ast.expr | None = None
    line: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Site:
    """An expression a rule looks at, with its place."""

    node: ast.Call
    place: Place


@dataclass(frozen=True, eq=False, slots=True)
class Function(Value):
    """A function of the project."""

    scope: Scope
    owner: Scope | None = None
    """The class it was looked up in."""


@dataclass(frozen=True, eq=False, slots=True)
class Kind(Value):
    """A class of the project."""

    scope: Scope


@dataclass(frozen=True, eq=False, slots=True)
class Instance(Value):
    """An object of a class of the project, with the call that made it."""

    scope: Scope
    made: Site | None = None


@dataclass(frozen=True, slots=True)
class Space(Value):
    """A module, perhaps of the project."""

    name: str
    level: int
    file: str
    """The file that imports it."""


@dataclass(eq=False, slots=True)
class Module:
    """A file's text, collected: everything a rule looks at."""

    file: str
    lines: list[str]
    root: Scope = field(init=False)
    calls: list[Site] = field(default_factory=list)
    tables: list[tuple[ast.Dict, Place]] = field(default_factory=list)
    named: list[Binding] = field(default_factory=list)
    """Bindings of variables, attributes, items and options whose name speaks of models."""
    strings: list[tuple[ast.Constant, Place]] = field(default_factory=list)
    """Literals that may give themselves away."""
    addresses: list[tuple[ast.JoinedStr, Place]] = field(default_factory=list)
    """f-strings with a part that may be the hub's address."""
    called: dict[str, list[Site]] = field(default_factory=dict)
    """Calls by the last part of what they call."""
    passed: dict[str, list[tuple[Site, int]]] = field(default_factory=dict)
    """Calls that are given a name as an argument, by that name, with its position: partial(load, ...), submit(load, ...)."""
    functions: dict[str, list[Scope]] = field(default_factory=dict)
    classes: dict[str, list[Scope]] = field(default_factory=dict)
    members: dict[str, list[Binding]] = field(default_factory=dict)
    """x.attribute = value, by attribute, where x is not self."""
    items: dict[str, list[Binding]] = field(default_factory=dict)
    """x["key"] = value, by key: the environment's too."""
    options: dict[str, list[Later | None]] = field(default_factory=dict)
    """Options of the command line with their defaults."""
    imports: list[tuple[str, Import]] = field(default_factory=list)
    """Every import with its local name, those inside functions too."""
    stars: list[Import] = field(default_factory=list)
    inner: dict[int, Scope] = field(default_factory=dict)
    """Scopes of comprehensions and lambdas, by identity of their node."""
    loops: set[int] = field(default_factory=set)
    """Blocks that are loops."""
    uses: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    """How often a name is read, and how often of these only to be compared."""
    kept: list[ast.AST] = field(default_factory=list)
    """Nodes made while evaluating, kept so that their identity stays theirs."""
    known: dict[int, Values] = field(default_factory=dict)
    """Expressions evaluated already, by identity of their node, which this module keeps alive."""
