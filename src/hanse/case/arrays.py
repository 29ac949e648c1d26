"""Types of the arrays that the case computes with: members first (n), then years, draws last (d)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
"""Forecasts: float64, or float32 within a simulation."""
Bools: TypeAlias = npt.NDArray[np.bool_]
Small: TypeAlias = npt.NDArray[np.int8]
"""Years and reasons."""
