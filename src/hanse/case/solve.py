"""From charters to a result: every charter simulated under the same luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hanse.case.calibrate import calibrate
from hanse.case.levers import effects, levers
from hanse.case.outcome import gather
from hanse.case.parameters import PARAMETERS, Range, replaced
from hanse.case.private import Private
from hanse.case.result import CaseResult, CharterCase
from hanse.case.sensitivity import sensitivity
from hanse.case.simulation import run
from hanse.case.stability import stability, terms_under
from hanse.charter.schema import Charter

Seen = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much there is."""


@dataclass(frozen=True)
class Question:
    """A charter as it was asked about."""

    name: str
    """To tell it from the others."""
    file: str
    charter: Charter


@dataclass(frozen=True)
class Depth:
    """What is computed besides the simulation and the first year."""

    effects: bool = True
    """Each clause changed, one at a time."""
    influences: bool = True
    """Sobol indices of every charter."""
    history: bool = True
    """What the model says of the past, beside what happened."""


WHOLE = Depth()
HISTORY_DRAWS = 1024
EFFECT_DRAWS = 4096
"""At most, for each change of a clause; paired, so that fewer do than for a chance itself."""
BASE = 256
"""Base sample of the Sobol indices."""


def solve(asked: Sequence[Question], private: Private, draws: int, seed: int, depth: Depth = WHOLE,
          seen: Seen | None = None, threads: int | None = None) -> CaseResult:  # fmt: skip
    """Simulate, and solve the first year.

    Raises CaseError for beliefs about parameters that there are not, CharterError for what has no price.
    """
    ranges = replaced(PARAMETERS, private.beliefs, "private file")
    # all are read before the first is simulated
    terms = [terms_under(item.charter, item.charter, private, ranges) for item in asked]
    cases = []
    for item, read in zip(asked, terms, strict=True):
        tell = _telling(seen, f"{item.name}: simulating", draws)
        outcome = gather(item.name, read, seed, run(read, draws, seed, ranges, tell, threads))
        found = CharterCase(item.file, item.charter.digest, read, outcome, stability(read, ranges))
        cases.append(_deeper(found, item, private, ranges, depth, seen))
    past = calibrate(HISTORY_DRAWS, seed, ranges) if depth.history else None
    return CaseResult(draws, seed, private.preset, tuple(cases), ranges, past)


def _deeper(found: CharterCase, item: Question, private: Private, ranges: tuple[Range, ...], depth: Depth,
            seen: Seen | None) -> CharterCase:  # fmt: skip
    """With what else was asked for."""
    draws, seed = min(found.outcome.draws, EFFECT_DRAWS), found.outcome.seed
    if depth.effects:
        tell = _telling(seen, f"{item.name}: changing clauses", draws * (1 + len(levers(item.charter))))
        found = replace(found, effects=effects(item.charter, private, draws, seed, ranges, tell), effect_draws=draws)
    if depth.influences:
        tell = _telling(seen, f"{item.name}: what it hangs on", BASE * (len(ranges) + 3))
        found = replace(found, sensitivity=sensitivity(found.terms, BASE, seed, ranges, tell))
    return found


def _telling(seen: Seen | None, what: str, total: int) -> Callable[[int], None] | None:
    return None if seen is None else lambda done: seen(what, done, total)
