"""Signals about labs: recorded events, and what the tables themselves show. Each carries one of five labels.

*insight* an analytical conclusion, *industry update* an observed event, *market impact* a financial or competitive effect,
*strategy* a company's positioning, *context* background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from hanse.errors import InputError
from hanse.outlook.catalogue.schema import Label
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.rating import Rated, rate

LABELS: dict[Label, str] = {
    "insight": "an analytical conclusion",
    "industry update": "an observed event",
    "market impact": "a financial or competitive effect",
    "strategy": "a company's positioning",
    "context": "background",
}


@dataclass(frozen=True)
class Signal:
    """One thing to know about a lab, with what it rests on."""

    id: str
    date: date
    precision: str
    lab: str
    kind: str
    label: Label
    what: str
    found: str
    confidence: str
    source: str
    rows: tuple[str, ...]
    """Ids of events, releases or scores behind it."""

    def as_json(self, names: dict[str, str]) -> dict[str, Any]:
        """Plain values, with the lab's name."""
        return asdict(self) | {"date": self.date.isoformat(), "name": names[self.lab], "rows": list(self.rows)}


def signals(catalogue: Catalogue, lab: str | None = None, since: date | None = None) -> list[Signal]:
    """Newest first, of one lab or all. Raises InputError for a lab that is not in the catalogue."""
    if lab is not None and lab not in catalogue.lab:
        raise InputError(f"{lab}: no such lab; known are {', '.join(sorted(catalogue.lab))}")
    rated = rate(catalogue)
    found = [*_recorded(catalogue), *_licenses(rated), *_near(rated), *_closed(catalogue)]
    wanted = [s for s in found if (lab is None or s.lab == lab) and (since is None or s.date >= since)]
    return sorted(wanted, key=lambda signal: (signal.date, signal.id), reverse=True)


def find_lab(catalogue: Catalogue, name: str) -> str:
    """A lab's id from its id or any name it goes by, in any case. Raises InputError for none or several."""
    lowered = name.strip().lower()
    found = {lab.id for lab in catalogue.labs if lowered in (lab.id, *(known.lower() for known in lab.known_as))}
    if not found:
        found = {lab.id for lab in catalogue.labs if any(lowered in known.lower() for known in lab.known_as)}
    if len(found) != 1:
        said = f"could be {', '.join(sorted(found))}" if found else f"known are {', '.join(sorted(catalogue.lab))}"
        raise InputError(f"{name}: no such lab; {said}")
    return found.pop()


def _recorded(catalogue: Catalogue) -> list[Signal]:
    return [
        Signal(e.id, e.date, e.precision, e.lab, e.kind, e.label, e.what, e.found, e.confidence, e.source, (e.id,))
        for e in catalogue.events
    ]


def _computed(item: Rated, kind: str, label: Label, what: str, rows: Sequence[str]) -> Signal:
    release = item.release
    source = f"computed from {', '.join(rows)}"
    name = f"{release.date}-{release.id}-{kind}"
    return Signal(
        name, release.date, "day", release.lab, kind, label, what, "systematic", release.confidence, source, tuple(rows)
    )


def _licenses(rated: Sequence[Rated]) -> list[Signal]:
    """Where a lab's large releases changed class of license, from one to the next whose class is known."""
    last: dict[str, Rated] = {}
    found = []
    for item in rated:
        if item.small is True or item.license_class == "unknown":
            continue
        before = last.get(item.release.lab)
        if before is not None and before.license_class != item.license_class:
            what = (
                f"{item.release.model} came under a license that is {item.license_class} ({item.release.license}); "
                f"{before.release.model} was {before.license_class}."
            )
            found.append(_computed(item, "license", "strategy", what, (item.release.id, before.release.id)))
        last[item.release.lab] = item
    return found


def _near(rated: Sequence[Rated]) -> list[Signal]:
    """Near-frontier open releases."""
    return [
        _computed(
            item,
            "near-frontier",
            "industry update",
            f"{item.release.model} was released {item.months_behind:.1f} months behind the first model of equal ECI.",
            (item.release.id,),
        )
        for item in rated
        if item.near() and item.months_behind is not None
    ]


def _closed(catalogue: Catalogue) -> list[Signal]:
    """Where a lab that releases openly showed a closed model better than its best open one, for the first time in a row.

    The row ends when an open model is at least as good as every closed one.
    """
    best: dict[str, float] = {}
    shown: dict[str, float] = {}
    ahead: set[str] = set()
    found = []
    for score in sorted(catalogue.scores, key=lambda s: (s.date, s.name)):
        lab = catalogue.lab_called.get(score.organization)
        if lab is None:
            continue
        if score.access == "open":
            if score.eci >= best.get(lab.id, score.eci):
                best[lab.id] = score.eci
                if score.eci >= shown.get(lab.id, score.eci):
                    ahead.discard(lab.id)
            continue
        if score.access != "closed":
            continue
        shown[lab.id] = max(score.eci, shown.get(lab.id, score.eci))
        if lab.id in best and score.eci > best[lab.id] and lab.id not in ahead:
            ahead.add(lab.id)
            what = f"{score.name} stayed closed and is {score.eci - best[lab.id]:.1f} ECI points above the lab's best open model."
            name = f"{score.date}-{lab.id}-closed-ahead"
            found.append(
                Signal(name, score.date, "day", lab.id, "closed ahead", "strategy", what, "systematic", "computed",
                       f"computed from scores, {score.source}", (score.name,))
            )  # fmt: skip
    return found
