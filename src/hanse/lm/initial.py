"""Initial weights that are the same bits on every machine: integers from Philox, one float32 multiply at the end.

A normal variate from a library takes logarithms, whose last bit differs between C libraries. The sum of eight 16-bit
uniforms (Irwin-Hall) is an exact integer, close enough to normal for initialization.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

_TERMS = 8
_MEAN = _TERMS * 65_535 // 2
_DEVIATION = 53_510
"""sqrt(8/12) * 65,536, rounded: standard deviation of the sum."""
_RESIDUAL = re.compile(r"(o_proj|down_proj|c_proj|out_proj|fc2|dense_4h_to_h|attention\.dense)\.weight$")
"""Matrices that write into the residual stream: scaled by 1/sqrt(2 layers) (GPT-2)."""


def random_weights(
    shapes: Mapping[str, tuple[int, ...]], seed: int, layers: int, std: float
) -> dict[str, npt.NDArray[np.float32]]:
    """Weights by tensor name: norms 1, biases 0, matrices normal with deviation `std`."""
    return {name: _tensor(name, shapes[name], seed, layers, std) for name in sorted(shapes)}


def _tensor(name: str, shape: tuple[int, ...], seed: int, layers: int, std: float) -> npt.NDArray[np.float32]:
    if len(shape) < 2:
        return np.ones(shape, np.float32) if name.endswith("weight") else np.zeros(shape, np.float32)
    key = int.from_bytes(hashlib.sha256(f"hanse initial weights\n{seed}\n{name}".encode()).digest()[:16], "little")
    count = math.prod(shape)
    raw = np.random.Philox(key=key).random_raw(2 * count).astype("<u8", copy=False)
    parts = raw.view("<u2").reshape(count, _TERMS).astype(np.int32)
    centered = parts.sum(axis=1, dtype=np.int32) - _MEAN
    deviation = std / math.sqrt(2 * layers) if _RESIDUAL.search(name) else std
    values: npt.NDArray[np.float32] = centered.astype(np.float32) * np.float32(deviation / _DEVIATION)
    return values.reshape(shape)
