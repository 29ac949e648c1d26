"""The model must reproduce history before it speaks: what it says of 2024 to 2026 and of two consortia, beside what happened.

Targets have widths fixed beforehand. `fitted` names the parameters that a target moved (fit.py); a target that is held out moved
none, and only those test the model. A miss is a result: it stands at the head of every report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.chance import chunks
from hanse.case.fit import COUNT_HALVES, KEPT, KEPT_WIDTH, LABS_WIDTH, LAG_WIDTH, LAG_YEARS, NEAR, half_times, kept
from hanse.case.history import again
from hanse.case.history.record import HALVES, budget_of, contenders, lag_of, near_counts, seen_share
from hanse.case.lag import lag
from hanse.case.outcome import Band, band
from hanse.case.parameters import PARAMETERS, Range
from hanse.case.population import near
from hanse.outlook.catalogue.tables import Catalogue, shipped

ONCE = (0.9, 1.0)
"""Share of draws in which BigScience trains once and not again."""


@dataclass(frozen=True)
class Target:
    """Something that happened, and the model's answer."""

    name: str
    says: str
    """In words."""
    low: float
    high: float
    """The answer must lie within."""
    value: float
    """The answer: the median of draws, or for counts and chances the mean."""
    model: Band
    """Percentiles of the draws."""
    met: bool
    fitted: tuple[str, ...]
    """Parameters that were fitted to it."""
    held_out: bool
    source: str
    """Where what happened is from."""


@dataclass(frozen=True)
class Calibration:
    """All targets, for one set of ranges."""

    draws: int
    seed: int
    targets: tuple[Target, ...]
    fitted: tuple[Range, ...]
    """Parameters whose value is a fit's."""

    @property
    def met(self) -> bool:
        return not self.misses

    @property
    def misses(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if not target.met)

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "met": self.met}

    def rows(self) -> list[tuple[str, ...]]:
        """A table for a terminal: target, range, model, its 5 to 95 percent, met or MISSED, what it was used for."""
        return [
            (target.says, f"{target.low:.3g} to {target.high:.3g}", f"{target.value:.3g}",
             f"{target.model[0]:.3g} to {target.model[-1]:.3g}", "met" if target.met else "MISSED",
             "held out" if target.held_out else "fitted: " + ", ".join(target.fitted))
            for target in self.targets
        ]  # fmt: skip


def calibrate(draws: int, seed: int, ranges: tuple[Range, ...] = PARAMETERS) -> Calibration:
    """The model's answers over so many draws of the parameters."""
    catalogue = shipped()
    targets = (*_lags(catalogue, draws, seed, ranges), *_labs(catalogue, draws, seed, ranges),
               _sematech(draws, seed, ranges), _bigscience(draws, seed, ranges))  # fmt: skip
    return Calibration(draws, seed, targets, tuple(item for item in ranges if item.source.startswith("fit:")))


def _target(name: str, says: str, within: tuple[float, float], values: Floats, value: float, fitted: tuple[str, ...],
            source: str) -> Target:  # fmt: skip
    met = bool(within[0] <= value <= within[1])
    return Target(name, says, *within, float(value), band(values), met, fitted, not fitted, source)


def _lags(catalogue: Catalogue, draws: int, seed: int, ranges: tuple[Range, ...]) -> Iterator[Target]:
    """The lag law with the budget of the year's best open lab, which is uncertain too."""
    for year in (2024, *LAG_YEARS):
        value, low, high = budget_of(catalogue, year)
        budget = Range(f"budget-{year}", value, low, high, "USD/yr", "", "", "log")
        parts = [lag(chance.parameters(ranges), budget.at(chance.uniform(f"history/budget-{year}")), year + 0.5)
                 for chance in chunks(seed, draws)]  # fmt: skip
        months = np.concatenate(parts)
        happened = lag_of(catalogue, year)
        yield _target(
            f"open-lag-{year}", f"months that the best open model is behind, mean of {year} ({happened:.1f})",
            (happened - LAG_WIDTH, happened + LAG_WIDTH), months, float(np.median(months)),
            ("anchor_budget",) if year in LAG_YEARS else (), "scores.csv, by outlook.supply.lag_series",
        )  # fmt: skip


def _labs(catalogue: Catalogue, draws: int, seed: int, ranges: tuple[Range, ...]) -> Iterator[Target]:
    """Contenders by the hazards and burn of rivals. The last half-year ends with the scores, so that it shows only a part."""
    labs, counts = contenders(catalogue), near_counts(catalogue)
    found = np.concatenate(
        [near(chance.parameters(ranges), chance, half_times(), labs, NEAR) for chance in chunks(seed, draws)], axis=1
    )
    for at, half in enumerate(HALVES):
        seen = seen_share(catalogue) if half == HALVES[-1] else 1.0
        shown = found[at] * seen
        note = "" if seen == 1 else f", of which scores until {catalogue.rated_until} show {seen:.0%}"
        yield _target(
            f"labs-{half}", f"labs with an open release at most {NEAR:.0f} months behind in {half} ({counts[half]}){note}",
            (counts[half] - LABS_WIDTH, counts[half] + LABS_WIDTH), shown, float(shown.mean()),
            ("startup_budget", "startup_past_growth") if half in COUNT_HALVES else (), "releases.csv, by outlook.supply.near_labs",
        )  # fmt: skip


def _sematech(draws: int, seed: int, ranges: tuple[Range, ...]) -> Target:
    members = kept(draws, seed, ranges)
    return _target("sematech", f"members that SEMATECH keeps of 14 to the end ({KEPT})", (KEPT - KEPT_WIDTH, KEPT + KEPT_WIDTH),
                   members, float(np.median(members)), ("exit_hazard",), "consortia.csv: sematech")  # fmt: skip


def _bigscience(draws: int, seed: int, ranges: tuple[Range, ...]) -> Target:
    """Nothing is fitted to it; but a model in which money buys runs can hardly fail it, so it tests little."""
    alive = np.concatenate([trace.alive for trace in again("bigscience", draws, seed, ranges)], axis=1)
    once = (alive[0] & ~alive[1:].any(axis=0)).astype(float)
    return _target("bigscience", "chance that BigScience trains once and not again (it did)", ONCE, once, float(once.mean()), (),
                   "consortia.csv: bigscience")  # fmt: skip
