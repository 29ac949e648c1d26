"""Which unknown matters most: Sobol indices of the lag in year 5 over all parameters, and over chance as one factor.

First order: the share of the variance of the outcome that would go if this number alone were known. Total: the share that would
stay if everything else were known (Saltelli et al. 2010, Computer Physics Communications 181). Saltelli's rows change one factor at
a time from sample A to sample B. Chance is a factor too: one value of its column is one luck, in every event and all demand, so
that rows which differ in a parameter only share all their luck.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from SALib.analyze import sobol as analysis
from SALib.sample import sobol as design

from hanse.case.arrays import Floats
from hanse.case.chance import CHUNK, Chance, Gathered
from hanse.case.paired import in_year_five
from hanse.case.parameters import PARAMETERS, Range
from hanse.case.simulation import Seen, world
from hanse.case.terms import Terms
from hanse.errors import CaseError

CHANCE = "chance"
"""The factor that stands for all events and the luck of demand."""
LAG_MOST = 36.0
"""Months; a consortium that is over counts as this, and so does a longer lag: a model that old is of no use."""
BASES = tuple(2**power for power in range(4, 11))
"""Sizes of the base sample: powers of 2, at most half a chunk of luck."""
RESAMPLES = 100
ONE_SIGMA = 0.6826894921370859
"""Level of confidence at which an interval is plus or minus one standard error."""


@dataclass(frozen=True)
class Influence:
    """One factor's Sobol indices; errors are standard errors from resampling. On the lag, and on whether it is below 12 months."""

    parameter: str
    first: float
    first_error: float
    total: float
    total_error: float
    near_first: float
    near_first_error: float
    near_total: float
    near_total_error: float


Model = Callable[[Floats], Floats]
"""From rows of quantiles, [m, factors], to outcomes, [outcomes, m]."""


def sensitivity(terms: Terms, base: int = 512, seed: int = 1, ranges: tuple[Range, ...] = PARAMETERS,
                seen: Seen | None = None) -> tuple[Influence, ...]:  # fmt: skip
    """All factors, the largest total first; base * (factors + 2) runs. `seen` is called with the runs done.

    Raises CaseError for a base that is not one of BASES.
    """
    names = [*(item.name for item in ranges), CHANCE]

    def run(rows: Floats) -> Floats:
        return _outcomes(terms, ranges, rows, Chance(seed, 0, 2 * base), seen)

    lag, near = indices(names, run, base, seed)
    rows = [Influence(name, *lag[at], *near[at]) for at, name in enumerate(names)]
    return tuple(sorted(rows, key=lambda row: -row.total))


def indices(names: Sequence[str], model: Model, base: int, seed: int) -> list[list[tuple[float, float, float, float]]]:
    """For each outcome and factor: first, its error, total, its error. An outcome that never varies has zeros."""
    if base not in BASES:
        raise CaseError(f"a base sample of {base}: expected one of {', '.join(map(str, BASES))}")
    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    rows = design.sample(problem, base, calc_second_order=False, seed=seed)
    found = []
    for outcome in model(rows):
        if np.ptp(outcome) == 0:
            found.append([(0.0, 0.0, 0.0, 0.0)] * len(names))
            continue
        with warnings.catch_warnings():  # a resample of something rare may hold none of it, of which the library warns
            warnings.filterwarnings("ignore", "Constant values encountered", UserWarning)
            # the analysis takes 0 for no seed
            result = analysis.analyze(problem, outcome, calc_second_order=False, num_resamples=RESAMPLES, conf_level=ONE_SIGMA,
                                      seed=seed + 1)  # fmt: skip
        columns = (result[key] for key in ("S1", "S1_conf", "ST", "ST_conf"))
        found.append([(float(a), float(b), float(c), float(d)) for a, b, c, d in zip(*columns, strict=True)])
    return found


def _outcomes(terms: Terms, ranges: tuple[Range, ...], rows: Floats, pool: Chance, seen: Seen | None) -> Floats:
    """Lag in year 5 and whether it is below 12 months, [2, m]. The last column is chance."""
    luck = np.unique(rows[:, -1], return_inverse=True)[1]
    found = []
    done = 0

    def part(start: int) -> Floats:
        some = slice(start, start + CHUNK)
        p = {item.name: item.at(rows[some, at]) for at, item in enumerate(ranges)}
        shared = Gathered(pool, luck[some])
        got = in_year_five(terms, p, shared, world(p, shared, terms.first_year)[1])
        return np.stack([np.minimum(got.lag, LAG_MOST), got.near]).astype(np.float64)

    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for outcome in threads.map(part, range(0, len(rows), CHUNK)):
            found.append(outcome)
            done += outcome.shape[1]
            if seen is not None:
                seen(done)
    return np.concatenate(found, axis=1)
