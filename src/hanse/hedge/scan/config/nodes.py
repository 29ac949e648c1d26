"""Configuration as a tree with lines, whatever format it was written in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Scalar:
    """One value as text."""

    value: str
    line: int
    text: str | None = None
    """The value laid out as in the file, row for row from `line` on; None when it stands on one line."""
    string: bool = True
    """False for numbers, booleans and nulls."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One key with its value; a key may occur twice."""

    key: str
    line: int
    value: Node


@dataclass(frozen=True, eq=False)
class Mapping:
    """Keys in their order."""

    line: int
    entries: list[Entry] = field(default_factory=list)

    def get(self, *keys: str) -> Node | None:
        """The last value of the first of these keys that is there."""
        for key in keys:
            for entry in reversed(self.entries):
                if entry.key == key:
                    return entry.value
        return None

    def text(self, *keys: str) -> str:
        """The value of the first of these keys as text; empty when there is none or it is no scalar."""
        found = self.get(*keys)
        return found.value if isinstance(found, Scalar) else ""


@dataclass(frozen=True, eq=False)
class Sequence:
    """Items in their order."""

    line: int
    items: list[Node] = field(default_factory=list)


Node = Scalar | Mapping | Sequence
