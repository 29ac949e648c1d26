"""Advice: the charter, a few clauses changed, with the highest chance to be near the frontier in year 5 that no coalition refuses.

A search over the grid of the levers' options, one clause at a time, from the charter itself and from some places drawn at random;
every comparison on the same draws, few for all options and more for the best of them. Then whatever does not matter goes back to
what the charter says, and what is left is confirmed on draws that the search has not seen: the best of many is partly luck.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from hanse.case.games.separation import Deviation
from hanse.case.levers import levers
from hanse.case.paired import Sample, difference, sample
from hanse.case.parameters import PARAMETERS, Range
from hanse.case.private import Private
from hanse.case.simulation import Seen
from hanse.case.stability import bargain, deviation, terms_under
from hanse.case.terms import Terms
from hanse.charter.schema import Charter

CLAUSES = ("dues.rule", "release.embargo_days", "withdrawal.notice_days", "sunset", "term.end", "term.renewal", "spec")
"""What may change. A term that ends sooner or for good is a sunset of the whole."""
STARTS = 4
"""Places the search starts from, the charter itself among them."""
FIRST = 4
"""The first look at an option has the FIRST-th part of the draws."""
KEPT = 2
"""Options of a clause that are looked at again with all draws."""
SWEEPS_MOST = 5
FRESH = 4
"""The confirmation has so many times the draws of the search."""
Place = tuple[int, ...]
"""For each of CLAUSES: 0 as the charter has it, or the number of an option from 1."""


@dataclass(frozen=True)
class Advice:
    """What to change, and what it does on fresh draws."""

    charter: Charter
    """As advised; the given one if nothing better was found."""
    changes: tuple[tuple[str, str], ...]
    """Clause and words of each change."""
    near: float
    """Chance that the newest release is less than 12 months behind in year 5, with the changes."""
    near_before: float
    error: float
    """Standard error of the difference of the two."""
    founded: float
    founded_before: float
    outside_core: tuple[str, ...]
    """The coalition that would gain most by leaving in the first year. Empty: nobody is outside of the core."""
    outside_core_before: tuple[str, ...]
    proved: bool
    """Whether every coalition was excluded, where none is named."""
    tried: int
    """Charters the search looked at."""
    draws: int
    """Of the confirmation."""

    @property
    def is_better(self) -> bool:
        """By more than two standard errors, on draws the search had not seen."""
        return self.near - self.near_before > 2 * self.error


def advise(charter: Charter, private: Private, seed: int, draws: int = 4096, seen: Seen | None = None,
           ranges: tuple[Range, ...] = PARAMETERS) -> Advice:  # fmt: skip
    """Pure: the same arguments give the same advice. `seen` is called with the draws done so far, all charters together.

    Raises what `terms_of` raises for the charter itself.
    """
    grid = _Grid(charter, private, ranges, seed, seen)
    home = (0,) * len(CLAUSES)
    rng = np.random.default_rng(seed)
    places = [home]
    places += [tuple(int(rng.integers(size)) for size in grid.sizes) for _ in range(STARTS - 1)] if max(grid.sizes) > 1 else []
    found = {grid.climb(place, draws) for place in places if grid.charter(place) is not None}
    best = home
    for place in sorted(found):
        if grid.is_better(place, best, draws):
            best = place
    best = grid.plain(best, draws)
    before, after = grid.fresh((home, best), FRESH * draws)
    advised = grid.charter(best)
    assert advised is not None  # only charters that can be are compared
    return Advice(
        advised, grid.changes(best), float(after.near.mean()), float(before.near.mean()), difference(before.near, after.near)[1],
        float(after.founded.mean()), float(before.founded.mean()), grid.outside(best), grid.outside(home),
        proved=grid.leaving(best).bound <= 0, tried=len(grid.terms), draws=FRESH * draws,
    )  # fmt: skip


@dataclass
class _Grid:
    """Charters by place, and what was computed of them."""

    given: Charter
    private: Private
    ranges: tuple[Range, ...]
    seed: int
    seen: Seen | None
    done: int = 0
    charters: dict[Place, Charter | None] = field(default_factory=dict)
    terms: dict[Place, Terms] = field(default_factory=dict)
    samples: dict[tuple[Place, int], Sample] = field(default_factory=dict)
    left: dict[Place, Deviation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = [tuple(lever.change for lever in levers(self.given, {clause})) for clause in CLAUSES]
        self.sizes = [len(words) + 1 for words in self.words]

    def charter(self, place: Place) -> Charter | None:
        """None where the changes cannot be made together."""
        if place not in self.charters:
            last = max((at for at, option in enumerate(place) if option), default=None)
            self.charters[place] = self.given if last is None else self._changed(place, last)
        return self.charters[place]

    def _changed(self, place: Place, last: int) -> Charter | None:
        before = self.charter((*place[:last], *(0 for _ in place[last:])))
        if before is None:
            return None
        wanted = self.words[last][place[last] - 1]
        return next((lever.charter for lever in levers(before, {CLAUSES[last]}) if lever.change == wanted), None)

    def changes(self, place: Place) -> tuple[tuple[str, str], ...]:
        return tuple((CLAUSES[at], self.words[at][option - 1]) for at, option in enumerate(place) if option)

    def terms_at(self, place: Place) -> Terms:
        if place not in self.terms:
            charter = self.charter(place)
            assert charter is not None
            self.terms[place] = terms_under(charter, self.given, self.private, self.ranges)
        return self.terms[place]

    def leaving(self, place: Place) -> Deviation:
        if place not in self.left:
            self.left[place] = deviation(bargain(self.terms_at(place), self.ranges))
        return self.left[place]

    def outside(self, place: Place) -> tuple[str, ...]:
        return tuple(self.terms_at(place).names[at] for at in self.leaving(place).members)

    def look(self, places: Iterable[Place], draws: int) -> None:
        """Simulate those that were not yet."""
        new = [place for place in dict.fromkeys(places) if (place, draws) not in self.samples]
        rows = self._run(new, draws, self.seed)
        self.samples.update({(place, draws): row for place, row in zip(new, rows, strict=True)})

    def fresh(self, places: Iterable[Place], draws: int) -> list[Sample]:
        """On draws that no search has seen."""
        return self._run(list(places), draws, self.seed + 1)

    def _run(self, places: list[Place], draws: int, seed: int) -> list[Sample]:
        if not places:
            return []
        start, seen = self.done, self.seen
        self.done += draws * len(places)
        tell = None if seen is None else (lambda count: seen(start + count))
        return sample([self.terms_at(place) for place in places], draws, seed, self.ranges, tell)

    def rank(self, place: Place, draws: int) -> tuple[float, float]:
        """Larger is better: first what leaving gains, then the chance to be near."""
        return -self.leaving(place).excess, float(self.samples[place, draws].near.mean())

    def is_better(self, place: Place, than: Place, draws: int) -> bool:
        """Nearer the core, or as near and likelier near the frontier by more than a standard error."""
        self.look((place, than), draws)
        ours, theirs = self.rank(place, draws), self.rank(than, draws)
        if ours[0] != theirs[0]:
            return ours[0] > theirs[0]
        gain, error = difference(self.samples[than, draws].near, self.samples[place, draws].near)
        return gain > error

    def climb(self, place: Place, draws: int) -> Place:
        """The best option of one clause after another, until none helps."""
        for _ in range(SWEEPS_MOST):
            before = place
            for at, size in enumerate(self.sizes):
                others = [(*place[:at], option, *place[at + 1 :]) for option in range(size) if option != place[at]]
                others = [other for other in others if self.charter(other) is not None]
                self.look(others, draws // FIRST)
                others.sort(key=lambda other: self.rank(other, draws // FIRST), reverse=True)
                for other in others[:KEPT]:
                    if self.is_better(other, place, draws):
                        place = other
            if place == before:
                break
        return place

    def plain(self, place: Place, draws: int) -> Place:
        """The same without changes that do not matter."""
        for at in range(len(place)):
            without = (*place[:at], 0, *place[at + 1 :])
            if place[at] and self.charter(without) is not None and not self.is_better(place, without, draws):
                place = without
        return place
