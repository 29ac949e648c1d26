"""What each member adds, averaged over all orders of joining (Shapley 1953): exact where coalitions can be listed, else sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from hanse.case.games.game import Aligned, Fixed, Floats, Listed, Table
from hanse.errors import CaseError

CHUNK = 1000
"""Pairs of orders at once: some megabytes for 50 members."""


@dataclass(frozen=True, eq=False)
class Shapley:
    """The values, and how sure they are."""

    value: Floats
    """[n]; their sum is v(N)."""
    standard_error: Floats
    """[n]; 0 where exact."""
    orders: int
    """Orders that were sampled. Exact: 0."""


def exact(game: Listed) -> Shapley:
    """From all coalitions. A member of kind t finds the coalition c before it with probability
    C(n_t - 1, c_t) * product of C(n_s, c_s) over the others * |c|! (n - |c| - 1)! / n!.
    """
    counts, everybody = game.counts, game.everybody
    n, size = len(game.kind), counts.sum(axis=1)
    before = size < n
    ways = gammaln(everybody + 1) - gammaln(counts + 1) - gammaln(everybody - counts + 1)
    log = ways.sum(axis=1)[before] + gammaln(size[before] + 1) + gammaln(n - size[before]) - gammaln(n + 1)
    stride = np.cumprod(np.concatenate(([1], everybody[:-1] + 1))).astype(int)
    rows = np.flatnonzero(before)
    value = np.empty(len(everybody))
    for t, count in enumerate(everybody):
        open_ = counts[rows, t] < count
        here = rows[open_]
        chance = np.exp(log[open_]) * (count - counts[here, t]) / count
        value[t] = chance @ (game.values[here + stride[t]] - game.values[here])
    return Shapley(value[game.kind], np.zeros(n), 0)


def sampled(game: Table | Fixed | Aligned, pairs: int, rng: np.random.Generator) -> Shapley:
    """From `pairs` random orders, each with its reverse; the standard error is that of the mean over pairs.

    Stops at that count. Raises CaseError for fewer than two pairs, which have no error.
    """
    if pairs < 2:
        raise CaseError(f"{pairs} pairs of orders have no standard error: at least 2")
    n = game.n
    total, squares, shift = np.zeros(n), np.zeros(n), np.zeros(n)
    for start in range(0, pairs, CHUNK):
        orders = np.argsort(rng.random((min(CHUNK, pairs - start), n)), axis=1)
        found = np.zeros(orders.shape)
        for way in (orders, orders[:, ::-1]):
            added = np.diff(game.along(way), axis=1, prepend=0.0)
            added *= 0.5
            both = np.empty_like(added)
            np.put_along_axis(both, way, added, axis=1)
            found += both
        if not start:
            shift = found.mean(axis=0)  # squares around a value near the mean do not cancel
        found -= shift
        total += found.sum(axis=0)
        squares += (found**2).sum(axis=0)
    mean = total / pairs
    variance = np.maximum(squares / pairs - mean**2, 0.0) * pairs / (pairs - 1)
    return Shapley(shift + mean, np.sqrt(variance / pairs), 2 * pairs)


def airport(costs: Floats) -> Floats:
    """Shares of the cost max over S of costs, [n] (Littlechild and Owen 1973): each step of the runway is paid for by
    those who need it, equally.
    """
    order = np.argsort(costs)
    steps = np.diff(costs[order], prepend=0.0) / np.arange(len(costs), 0, -1)
    value = np.empty(len(costs))
    value[order] = np.cumsum(steps)
    return value
