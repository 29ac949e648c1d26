"""Tests and bounds of a mean that hold at whatever item one stops, by betting (Waudby-Smith and Ramdas, "Estimating means of
bounded random variables by betting", JRSS B 86, 2024).

A difference d lies in [-1, 1]. Against the hypothesis "its mean is at most mu" one bets a share theta of the wealth on every
item: the wealth is multiplied by 1 + theta ((1 + d) / (1 + mu) - 1), which is never negative and on average at most 1 while the
hypothesis holds. So the wealth ever reaches 1/error with probability at most `error` (Ville), whenever one looks. No theta
is best for all truths, so an equal part of the wealth is put on every theta in [0, 1] (Cover's universal portfolio, by
16 Gauss-Legendre nodes). For marks of 0 and 1 only discordant pairs move the test when mu = 0, as in McNemar's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

_NODES, _PARTS = np.polynomial.legendre.leggauss(16)
THETA: Array = (_NODES + 1) / 2
_LOG_PARTS: Array = np.log(_PARTS / 2)
BISECTIONS = 40
_LOG_MAX = 80.0
"""Wealth beyond this overflows in float32, and is wealth enough."""


def log_factors(differences: Array, mean: float) -> Array:
    """What a difference multiplies the wealth by, as a logarithm: one row per difference, one column per theta. `mean` is the
    hypothesis "at most"; above -1."""
    factors: Array = np.log1p(THETA * ((1 + differences[:, None]) / (1 + mean) - 1))
    return factors


def mixed(logs: Array) -> Array:
    """Logarithm of the whole wealth, from the logarithms per theta on the last axis."""
    logs = logs + _LOG_PARTS
    top = logs.max(axis=-1)
    whole: Array = top + np.log(np.exp(logs - top[..., None]).sum(axis=-1))
    return whole


def reaches(logs: Array, error: float) -> NDArray[np.bool_]:
    """Whether the whole wealth is at least 1/error, from what `mixed` takes. In single precision: for simulations, where it is
    most of the time; verdicts are not reached with it."""
    wealth = np.exp(np.minimum(logs, _LOG_MAX).astype(np.float32)) @ (_PARTS / 2).astype(np.float32)
    reached: NDArray[np.bool_] = wealth >= 1 / error
    return reached


def log_wealth(differences: Sequence[float] | Array, mean: float) -> Array:
    """Logarithm of the wealth after each item, against "the mean is at most `mean`"."""
    return mixed(np.cumsum(log_factors(np.asarray(differences, dtype=np.float64), mean), axis=0))


def lower_bound(differences: Sequence[float] | Array, error: float) -> float:
    """The mean is above this, but with probability `error`; -1 when nothing can be said. It holds at whatever item one stops."""
    values, counts = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    low, high = -1.0, 1.0
    for _ in range(BISECTIONS):  # wealth falls with the hypothesis: every factor does
        middle = (low + high) / 2
        if mixed(counts @ log_factors(values, middle)) >= -np.log(error):
            low = middle
        else:
            high = middle
    return low


def upper_bound(differences: Sequence[float] | Array, error: float) -> float:
    """The mean is below this, but with probability `error`; 1 when nothing can be said."""
    return -lower_bound(-np.asarray(differences, dtype=np.float64), error)
