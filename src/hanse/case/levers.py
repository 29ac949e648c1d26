"""Which clause would change that: each lever is one clause changed, and its effect is measured on the same luck.

An option is read like any other charter, so what a charter cannot say is no lever. All run on common random numbers: the difference
of two chances is far surer than either, and its error is that of paired draws.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hanse.case.options import options
from hanse.case.paired import Sample, difference, sample
from hanse.case.parameters import PARAMETERS, Range
from hanse.case.private import Private
from hanse.case.simulation import Seen
from hanse.case.stability import terms_under
from hanse.charter.schema import Charter, parse_charter
from hanse.errors import CharterError

NAMED_MOST = 3
"""Members named with an effect."""


@dataclass(frozen=True)
class Lever:
    """A change of one clause."""

    clause: str
    """Key of the charter that changes, with dots: "release.embargo_days"."""
    change: str
    """In words: "an embargo of 90 days"."""
    charter: Charter
    """With the change."""


@dataclass(frozen=True)
class Effect:
    """What one lever does; chances over all draws."""

    clause: str
    change: str
    near: float
    """Chance that the newest release is less than 12 months behind in year 5, with the change."""
    near_before: float
    error: float
    """Standard error of the difference of the two."""
    founded: float
    """Chance that it is founded, with the change."""
    stays: float
    """Of those who sign, the share that is there in year 5, with the change. 0 if nobody ever signs."""
    for_whom: dict[str, float]
    """The members for whom most changes: by how much their chance not to be there in year 5 (never signed, left, or all is over)
    rises. Only what is more than two standard errors; at most NAMED_MOST."""


def levers(charter: Charter, clauses: Collection[str] | None = None) -> tuple[Lever, ...]:
    """All of them, or those of some clauses; without options that no valid charter has, or that change nothing."""
    found = []
    for clause, change, values in options(charter, clauses):
        try:
            changed = parse_charter(values, f"{clause}: {change}")
        except CharterError:
            continue  # e.g. a pledge that would end after the term
        if changed != charter:
            found.append(Lever(clause, change, changed))
    return tuple(found)


def effects(charter: Charter, private: Private, draws: int, seed: int, ranges: tuple[Range, ...] = PARAMETERS,
            seen: Seen | None = None) -> tuple[Effect, ...]:  # fmt: skip
    """Every lever's effect, the most helpful first: for being near, else for being founded, else for staying. Members go on to wish
    what they wish under `charter`.

    Raises what `terms_of` raises for the charter itself.
    """
    found = levers(charter)
    terms = [terms_under(each, charter, private) for each in (charter, *(lever.charter for lever in found))]
    before, *after = sample(terms, draws, seed, ranges, seen)
    rows = [_effect(lever, before, changed) for lever, changed in zip(found, after, strict=True)]
    return tuple(sorted(rows, key=lambda row: (row.near, row.founded, row.stays), reverse=True))


def _effect(lever: Lever, before: Sample, after: Sample) -> Effect:
    _, error = difference(before.near, after.near)
    moved = {}
    for at, name in enumerate(after.names):
        if name in before.names:
            change, noise = difference(~before.there[before.names.index(name)], ~after.there[at])
            if abs(change) > 2 * noise:
                moved[name] = change
    most = sorted(moved, key=lambda name: -abs(moved[name]))[:NAMED_MOST]
    signed = int(after.signed.sum())
    return Effect(
        lever.clause, lever.change, float(after.near.mean()), float(before.near.mean()), error, float(after.founded.mean()),
        stays=float((after.there & after.signed).sum() / signed) if signed else 0.0,
        for_whom={name: moved[name] for name in most},
    )  # fmt: skip
