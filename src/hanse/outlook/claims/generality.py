"""Claim 6: do the strained startups' models grow more lopsided than closed ones of their time?

Per benchmark, the logit of the result is fitted over ECI on closed models. A model's residuals, in ECI points, say where
it is better or worse than its index; their standard deviation is its unevenness. A general model is an even one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import median, pstdev

import numpy as np

from hanse.outlook.catalogue.schema import Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.money import STARTUPS
from hanse.outlook.claims.verdict import Finding, sign_verdict
from hanse.outlook.estimate import bootstrap_slope
from hanse.outlook.supply import half_year

MIN_CLOSED = 8
"""Closed models that a benchmark needs to be fitted."""
MIN_CORRELATION = 0.6
"""Below it the benchmark measures something else than the index."""
MIN_BENCHMARKS = 6
"""Results that a model needs for a profile."""


@dataclass(frozen=True)
class Profile:
    """How even a model is."""

    score: Score
    benchmarks: int
    unevenness: float
    """Standard deviation of its residuals, in ECI points."""


def _logit(share: float) -> float:
    share = min(0.99, max(0.01, share))
    return math.log(share / (1 - share))


def profiles(catalogue: Catalogue) -> list[Profile]:
    """Every scored model with enough results on benchmarks that follow the index."""
    results: dict[str, list[tuple[Score, float]]] = defaultdict(list)
    for row in catalogue.benchmarks:
        score = catalogue.score.get(row.model)
        if score is not None:
            results[row.benchmark].append((score, _logit(row.performance)))
    residuals: dict[str, list[float]] = defaultdict(list)
    for found in results.values():
        closed = [(score.eci, value) for score, value in found if score.access == "closed"]
        if len(closed) < MIN_CLOSED:
            continue
        x, y = np.array(closed).T
        if np.ptp(x) == 0 or np.ptp(y) == 0 or np.corrcoef(x, y)[0, 1] < MIN_CORRELATION:
            continue
        slope, start = np.polyfit(x, y, 1)
        for score, value in found:
            residuals[score.name].append((value - start) / slope - score.eci)
    return [
        Profile(catalogue.score[name], len(values), pstdev(values))
        for name, values in residuals.items()
        if len(values) >= MIN_BENCHMARKS
    ]


def generality(catalogue: Catalogue) -> Finding:
    """Claim 6."""
    rule = (
        "Unevenness of the three labs' open models less the median of closed models of the same half-year, and its change per "
        "year, bootstrap over models. Holds if the change is above zero with its interval, does not hold if below, and only if "
        "the same is said when any one model is left out."
    )
    every = profiles(catalogue)
    closed: dict[str, list[float]] = defaultdict(list)
    for profile in every:
        if profile.score.access == "closed":
            closed[half_year(profile.score.date)].append(profile.unevenness)
    names = {name for lab in STARTUPS if lab in catalogue.lab for name in catalogue.lab[lab].known_as}
    mine = [
        p
        for p in every
        if p.score.access == "open" and p.score.organization in names and closed[half_year(p.score.date)]
    ]
    last = catalogue.rated_until
    if len(mine) < 5 or len({p.score.date for p in mine}) < 3:
        return Finding("cannot tell", "fewer than five profiles", None, "benchmarks, scores", last, rule)
    mine.sort(key=lambda p: (p.score.date, p.score.name))
    excess = [p.unevenness - median(closed[half_year(p.score.date)]) for p in mine]
    years = [p.score.date.toordinal() / 365.25 for p in mine]
    slope = bootstrap_slope(years, excess)
    verdict = sign_verdict(slope, +1)
    deciding = [
        profile.score.name
        for at, profile in enumerate(mine)
        if verdict != "cannot tell"
        and sign_verdict(bootstrap_slope(years[:at] + years[at + 1 :], excess[:at] + excess[at + 1 :]), +1) != verdict
    ]
    if deciding:
        verdict = "cannot tell"
    figure = (
        f"Excess unevenness over closed models of the same half-year changed by {slope.say(1)} ECI points a year; "
        f"it is {median(excess):+.1f} points over all {len(mine)} models."
    )
    notes = (
        f"Left out, any of these alone changes the answer: {', '.join(deciding) or 'none'}.",
        ", ".join(f"{p.score.name} {value:+.1f}" for p, value in zip(mine, excess, strict=True)) + ".",
        "Benchmarks that labs and testers choose: what nobody measures (images, speech, tools of one's own) is not in this.",
    )
    data = f"benchmarks ({len(catalogue.benchmarks)} results), scores ({len(mine)} open profiles)"
    rows = tuple(p.score.name for p in mine)
    return Finding(verdict, figure, slope, data, last, rule, notes, rows)
