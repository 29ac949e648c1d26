"""How far behind a release was, and its tier: computed from scores, never typed.

Lag of a release: months from the date of the first model, open or closed, whose ECI is at least the release's, to the
release. Near-frontier: at most 9 months (6 and 12 are shown beside it). Small: at most 40B parameters in total. Mid:
rated, larger or of unknown size, and further behind. Unrated: nobody scored it and it is not known to be small; that is
not "not near-frontier".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hanse.outlook.catalogue.schema import SMALL_PARAMS_B, LicenseClass, Release, Score, TierName
from hanse.outlook.catalogue.tables import Catalogue

DAYS_PER_MONTH = 30.4375
THRESHOLDS = (6, 9, 12)
"""Months; the middle one is the rule, the others its sensitivity."""
NEAR_MONTHS = 9
Tier = TierName
TIERS: tuple[Tier, ...] = ("near-frontier", "mid", "small", "unrated")
_SIGMAS_OF_90 = 1.6448536269514722


@dataclass(frozen=True)
class Rated:
    """A release with everything that follows from the tables."""

    release: Release
    score: Score | None
    months_behind: float | None
    """Months behind the first model of equal score; None without a score."""
    gap: float | None
    """ECI points below the best model known at release; None without a score."""
    license_class: LicenseClass

    @property
    def small(self) -> bool | None:
        """At most 40B parameters in total; None when the size is unknown."""
        size = self.release.total_params_b
        return None if size is None else size <= SMALL_PARAMS_B

    def near(self, months: float = NEAR_MONTHS) -> bool | None:
        """At most so many months behind; None without a score."""
        return None if self.months_behind is None else self.months_behind <= months

    def tier(self, months: float = NEAR_MONTHS) -> Tier:
        """Near-frontier goes before small: a small model that is near the frontier is near-frontier."""
        if self.near(months):
            return "near-frontier"
        if self.small:
            return "small"
        return "unrated" if self.score is None else "mid"


def months_between(first: date, last: date) -> float:
    """Months of 30.4375 days."""
    return (last - first).days / DAYS_PER_MONTH


def months_behind(eci: float, day: date, scores: Sequence[Score]) -> float:
    """Months from the first model of at least this score to `day`; 0 when none was earlier."""
    first = min((score.date for score in scores if score.eci >= eci), default=day)
    return max(0.0, months_between(first, day))


def gap(eci: float, day: date, scores: Sequence[Score]) -> float:
    """Points below the best model dated at most `day`; 0 for the best."""
    return max([score.eci - eci for score in scores if score.date <= day], default=0.0)


def rate(catalogue: Catalogue) -> tuple[Rated, ...]:
    """Every release whose weights are out, in order of date."""
    found = []
    for release in catalogue.open_releases:
        score = catalogue.score.get(release.score)
        license_ = catalogue.license_of.get(release.license)
        behind = below = None
        if score is not None:
            behind = months_behind(score.eci, release.date, catalogue.scores)
            below = max(0.0, gap(score.eci, release.date, catalogue.scores))
        found.append(Rated(release, score, behind, below, license_.class_ if license_ else "unknown"))
    return tuple(found)


def draw_months_behind(rated: Sequence[Rated], scores: Sequence[Score], draws: int, seed: int) -> NDArray[np.float64]:
    """Lags when each release's own score is drawn again from its interval: shape (draws, rated releases), in months.

    A normal with the interval's lower width below and its upper width above; a score without an interval stays. The
    scores it is compared with stay too: drawing all of them again would let noise set the frontier, which is a maximum.
    Raises ValueError for a release without a score.
    """
    random = np.random.default_rng(seed)
    ordered = sorted(scores, key=lambda score: (score.date, score.name))
    best = np.maximum.accumulate(np.array([score.eci for score in ordered]))
    days = np.array([score.date.toordinal() for score in ordered], dtype=np.float64)
    out = np.zeros((draws, len(rated)))
    for column, item in enumerate(rated):
        score = item.score
        if score is None:
            raise ValueError(f"{item.release.id} has no score")
        noise = random.standard_normal(draws)
        drawn = score.eci + np.where(
            noise < 0, noise * _width(score.eci, score.low), noise * _width(score.high, score.eci)
        )
        at = np.searchsorted(best, drawn, side="left")
        released = float(item.release.date.toordinal())
        first = np.where(at < len(days), days[np.minimum(at, len(days) - 1)], released)
        out[:, column] = np.maximum(0.0, released - first) / DAYS_PER_MONTH
    return out


def _width(upper: float | None, lower: float | None) -> float:
    return 0.0 if upper is None or lower is None else (upper - lower) / _SIGMAS_OF_90
