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
    """Grows at its end only."""
    _last: dict[str, Node] = field(default_factory=dict, init=False, repr=False)
    _known: list[int] = field(default_factory=lambda: [0], init=False, repr=False)
    """How many entries are in `_last`."""

    def get(self, *keys: str) -> Node | None:
        """The last value of the first of these keys that is there."""
        if self._known[0] < len(self.entries):
            self._last.update((entry.key, entry.value) for entry in self.entries[self._known[0] :])
            self._known[0] = len(self.entries)
        for key in keys:
            if key in self._last:
                return self._last[key]
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
