"""What became of every row an importer read: kept, by kind, or refused, by reason. A row in neither cannot happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hanse.outlook.catalogue.tables import Catalogue


@dataclass(frozen=True)
class Reject:
    """A row that was not taken."""

    file: str
    line: int
    """Where the row begins; the first line of the file is 1."""
    reason: str
    """The same words for the same kind of trouble, so that it can be counted."""
    text: str
    """What stood there."""


class Unusable(ValueError):
    """A cell or a row that cannot be taken: becomes a reject with this reason, never an end of the import."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason, self.text = reason, text


@dataclass(frozen=True)
class Outcome:
    """The account of an import. Raises ValueError when the rows read are not the rows kept and refused."""

    read: int
    """Data rows in all files, those that are no table rows (a wrong number of cells) included."""
    kept: Mapping[str, int]
    """Rows by what they were good for, such as "new", "same" or "closed"."""
    rejects: tuple[Reject, ...]

    def __post_init__(self) -> None:
        accounted = sum(self.kept.values()) + len(self.rejects)
        if self.read != accounted:
            raise ValueError(f"{self.read} rows read, {accounted} accounted for: {dict(self.kept)}, {self.by_reason()}")

    def by_reason(self) -> dict[str, int]:
        """Number of rejects by reason, the most frequent first."""
        return dict(Counter(reject.reason for reject in self.rejects).most_common())

    def as_json(self) -> dict[str, Any]:
        """For `--json`: counts, and every reject."""
        rejects = [reject.__dict__ for reject in self.rejects]
        return {"read": self.read, "kept": dict(self.kept), "by_reason": self.by_reason(), "rejects": rejects}


@dataclass(frozen=True)
class Imported:
    """What an importer made: nothing is written yet."""

    catalogue: Catalogue
    outcome: Outcome
    notes: tuple[str, ...]
    """What a person should look at, one sentence each."""
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Counts that belong in no table, by their title."""


class Account:
    """Counts while an importer runs; `close` gives the outcome."""

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()
        self._rejects: list[Reject] = []

    def keep(self, kind: str, rows: int = 1) -> None:
        """Count rows as good for something."""
        if rows:
            self._kept[kind] += rows

    def refuse(self, reject: Reject) -> None:
        """Take note of a row that was not taken."""
        self._rejects.append(reject)

    def close(self, read: int) -> Outcome:
        """The outcome. Raises ValueError when a row went missing."""
        order = sorted(self._rejects, key=lambda reject: (reject.file, reject.line))
        return Outcome(read, dict(sorted(self._kept.items())), tuple(order))
