"""From charters to a result: every charter simulated under the same luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hanse.case.outcome import gather
from hanse.case.parameters import PARAMETERS, replaced
from hanse.case.private import Private
from hanse.case.result import CaseResult, CharterCase
from hanse.case.simulation import run
from hanse.case.terms import terms_of
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


def solve(asked: Sequence[Question], private: Private, draws: int, seed: int, seen: Seen | None = None,
          threads: int | None = None) -> CaseResult:  # fmt: skip
    """Simulate. Raises CaseError for beliefs about parameters that there are not, CharterError for what has no price."""
    ranges = replaced(PARAMETERS, private.beliefs, "private file")
    terms = [terms_of(item.charter, private) for item in asked]  # all are read before the first is simulated
    cases = []
    for item, read in zip(asked, terms, strict=True):
        what = f"simulating {item.name}"
        tell = None if seen is None else _telling(seen, what, draws)
        outcome = gather(item.name, read, seed, run(read, draws, seed, ranges, tell, threads))
        cases.append(CharterCase(item.file, item.charter.digest, read, outcome))
    return CaseResult(draws, seed, private.preset, tuple(cases), ranges)


def _telling(seen: Seen, what: str, total: int) -> Callable[[int], None]:
    return lambda done: seen(what, done, total)
