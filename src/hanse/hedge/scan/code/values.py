"""What an expression can be while its program is only read: texts with the place to edit them, containers, or nothing known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Why = Literal["input", "optional", "parameter", "import", "call", "other"]
"""What keeps a value unknown: arguments and environment (always a string); a parameter that may be left out; a parameter;
another file; a call; anything else."""


class Value:
    """Anything an expression can be; a language adds its own."""

    __slots__ = ()


Values = tuple[Value, ...]
"""All that one expression can be."""


class Deferred:
    """An item of a container that is only evaluated when somebody asks."""

    __slots__ = ()


Element = Deferred | Values
"""An item of a container."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in a file: its line from 1, its column in bytes from 0."""

    file: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Text(Value):
    """A string: the line where it stands, or where it is put together."""

    value: str
    origin: Origin
    pieces: frozenset[Text] = frozenset()
    """The parts of which it is put together."""
    derived: bool = False
    """Made of another string by a method such as replace: only a call that takes it makes it a model."""


@dataclass(frozen=True, slots=True)
class Plain(Value):
    """A number, a truth value, None: no name, but a part of one."""

    value: object


@dataclass(frozen=True, slots=True)
class Unknown(Value):
    """A value that only the running program has."""

    why: Why
    pieces: frozenset[Text] = frozenset()
    """Parts of it that are known."""


@dataclass(frozen=True, slots=True)
class Thing(Value):
    """Something that is no name: a model that is loaded already, a file that is written."""


@dataclass(frozen=True, eq=False, slots=True)
class Many(Value):
    """A list, tuple, set or what is looped over."""

    items: tuple[Element, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Table(Value):
    """A dictionary. A key of None is one that only the running program has."""

    pairs: tuple[tuple[Values | None, Element], ...]
