"""What a case says, as numbers with ranges: chances with their sampling error, bands of percentiles over the draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hanse.case.accounts import OPTIONS
from hanse.case.arrays import Bools, Floats
from hanse.case.lag import NEVER
from hanse.case.leaving import REASONS, STAYS
from hanse.case.simulation import Chunk
from hanse.case.terms import YEARS, Terms

PERCENTS = (5, 25, 50, 75, 95)
NEAR, CLOSE = 12.0, 9.0
"""Months of lag: "near the frontier" for survival of a consortium; and the outlook's rule for a release."""
Band = tuple[float, float, float, float, float]
"""Percentiles 5, 25, 50, 75, 95."""


@dataclass(frozen=True)
class Chances:
    """A chance by year, and its standard error from the number of draws."""

    by_year: tuple[float, ...]
    error: tuple[float, ...]


@dataclass(frozen=True)
class MemberOutcome:
    """One member; money in USD of eight years, discounted, over draws in which the consortium was founded."""

    name: str
    signs: float
    stays: tuple[float, ...]
    """Chance that it is there, by year, of the draws in which it signs."""
    leaves_first: float
    """Chance that nobody leaves before it and it leaves, of draws in which the consortium is founded."""
    reasons: dict[str, float]
    """Of the draws in which it does not stay to the end, why."""
    paid: Band
    yearly: tuple[Band, ...]
    """Contributions of each year, not discounted."""
    bill: dict[str, Band]
    net: dict[str, Band]
    best: dict[str, float]
    """Chance that an option is the best of OPTIONS by net."""


@dataclass(frozen=True)
class StructureOutcome:
    """A way to pay for open models: this consortium or a rival."""

    near: Chances
    """Its newest release is less than NEAR months behind."""
    going: Chances
    """It still trains and releases."""
    lag: tuple[Band | None, ...]
    """Months, by year, of draws in which it is going; None where that is fewer than one in a hundred."""


@dataclass(frozen=True)
class Outcome:
    """Everything about one charter."""

    name: str
    draws: int
    seed: int
    years: tuple[int, ...]
    founded: float
    founded_error: float
    structures: dict[str, StructureOutcome]
    """`consortium` first, then rivals."""
    close: Chances
    """The consortium's release is less than CLOSE months behind."""
    budget: tuple[Band, ...]
    """Effective, USD a year, of draws in which it was founded."""
    members: tuple[Band, ...]
    """How many are there, of draws in which it was founded."""
    largest_share: Band
    """Part of the first year's budget that who pays most pays."""
    member: tuple[MemberOutcome, ...]

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def gather(name: str, terms: Terms, seed: int, found: Iterable[Chunk]) -> Outcome:
    """The outcome of all chunks. Only sums and what percentiles need is kept of each."""
    chunks = list(found)
    traces = [chunk.trace for chunk in chunks]
    founded = np.concatenate([trace.founded for trace in traces])
    alive, lag, budget, members = (
        np.concatenate([getattr(trace, key) for trace in traces], axis=1)
        for key in ("alive", "lag", "budget", "members")
    )
    some = founded if founded.any() else np.ones_like(founded)
    structures = {"consortium": _structure(alive, lag)}
    for key in chunks[0].rivals:
        is_open = np.concatenate([chunk.rivals[key].open for chunk in chunks], axis=1)
        structures[key] = _structure(is_open, np.concatenate([chunk.rivals[key].lag for chunk in chunks], axis=1))
    largest = np.concatenate([trace.largest for trace in traces])
    return Outcome(
        name=name, draws=len(founded), seed=seed,
        years=tuple(int(terms.first_year) + year for year in range(YEARS)),
        founded=float(founded.mean()), founded_error=standard_error(founded.mean(), len(founded)),
        structures=structures,
        close=_chances((lag < CLOSE) & alive),
        budget=tuple(band(row[some]) for row in budget), members=tuple(band(row[some]) for row in members),
        largest_share=band(largest[some]),
        member=_members(terms, chunks, some),
    )  # fmt: skip


def _structure(going: Bools, lag: Floats) -> StructureOutcome:
    bands = tuple(band(row[there]) if there.mean() > 0.01 else None
                  for row, there in zip(lag, going & (lag < NEVER), strict=True))  # fmt: skip
    return StructureOutcome(_chances(going & (lag < NEAR)), _chances(going), bands)


def _chances(happened: Bools) -> Chances:
    shares = [float(row.mean()) for row in happened]
    return Chances(tuple(shares), tuple(standard_error(share, happened.shape[1]) for share in shares))


def standard_error(share: float, draws: int) -> float:
    """Standard error of a share; never 0, since no number of draws proves a chance of nothing (add-two rule of Agresti, Coull)."""
    near = (share * draws + 2) / (draws + 4)
    return float((near * (1 - near) / (draws + 4)) ** 0.5)


def band(values: Floats) -> Band:
    """Percentiles of draws."""
    found = np.percentile(values, PERCENTS)
    return tuple(float(value) for value in found)  # type: ignore[return-value]


def _members(terms: Terms, chunks: list[Chunk], some: Bools) -> tuple[MemberOutcome, ...]:
    rows = []
    left = np.concatenate([chunk.trace.left for chunk in chunks], axis=1)
    reason = np.concatenate([chunk.trace.reason for chunk in chunks], axis=1)
    gone = (left > 0) & (left < YEARS)
    first = gone & (left == np.where(gone, left, STAYS).min(axis=0))
    for at, name in enumerate(terms.names):
        signs = left[at] > 0
        net = {o: np.concatenate([chunk.trace.accounts.net[o][at] for chunk in chunks])[some] for o in OPTIONS}
        bill = {o: np.concatenate([chunk.trace.accounts.bill[o][at] for chunk in chunks])[some] for o in OPTIONS}
        best = np.argmax(np.stack([net[o] for o in OPTIONS]), axis=0)
        away = reason[at][reason[at] >= 0]
        rows.append(MemberOutcome(
            name=name, signs=float(signs.mean()),
            stays=tuple(float((left[at][signs] > year).mean()) if signs.any() else 0.0 for year in range(YEARS)),
            leaves_first=float(first[at][some].mean()),
            reasons={why: float((away == k).mean()) for k, why in enumerate(REASONS) if (away == k).any()},
            yearly=tuple(band(np.concatenate([chunk.trace.accounts.yearly[year][at] for chunk in chunks])[some])
                         for year in range(len(chunks[0].trace.accounts.yearly))),
            paid=band(np.concatenate([chunk.trace.accounts.paid[at] for chunk in chunks])[some]),
            bill={o: band(values) for o, values in bill.items()}, net={o: band(values) for o, values in net.items()},
            best={o: float((best == k).mean()) for k, o in enumerate(OPTIONS)},
        ))  # fmt: skip
    return tuple(rows)
