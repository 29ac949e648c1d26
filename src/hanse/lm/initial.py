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

from hanse.errors import ConfigError

_TERMS = 8
_MEAN = _TERMS * 65_535 // 2
_DEVIATION = 53_510
"""sqrt(8/12) * 65,536, rounded: standard deviation of the sum."""
_RESIDUAL = re.compile(r"(o_proj|down_proj|c_proj|out_proj|fc2|dense_4h_to_h|attention\.dense)(\.weight)?$")
"""Matrices that write into the residual stream: scaled by 1/sqrt(2 layers) (GPT-2)."""
_MATRIX = re.compile(r"(\.weight|\.bias|_proj)$")
"""Names whose initial values we know. `A_log` and its like (state-space models) want values of their own."""
_CHUNK = 1 << 20
"""Elements made at a time: the integers behind one take 48 bytes. Changes no bit, Philox goes on where it stopped."""


def random_weights(
    shapes: Mapping[str, tuple[int, ...]], seed: int, layers: int, std: float, constants: Mapping[str, float] | None = None
) -> dict[str, npt.NDArray[np.float32]]:
    """Weights by tensor name: norms 1, biases 0, matrices normal with deviation `std`.

    `constants` names vectors that start at another value (Gemma's norms add 1 themselves, so theirs start at 0).
    Raises ConfigError for a tensor whose initial values nobody told us.
    """
    known = constants or {}
    found = {}
    for name in sorted(shapes):
        if name in known:
            found[name] = np.full(shapes[name], known[name], np.float32)
        elif not _MATRIX.search(name):
            raise ConfigError(
                f"model.architecture: its tensor {name} starts from values of its own, which random weights do not give it; "
                "start from an adopted base (model.base) or choose another architecture"
            )
        else:
            found[name] = _tensor(name, shapes[name], seed, layers, std)
    return found


def _tensor(name: str, shape: tuple[int, ...], seed: int, layers: int, std: float) -> npt.NDArray[np.float32]:
    if len(shape) < 2:
        return np.ones(shape, np.float32) if name.endswith("weight") else np.zeros(shape, np.float32)
    key = int.from_bytes(hashlib.sha256(f"hanse initial weights\n{seed}\n{name}".encode()).digest()[:16], "little")
    count = math.prod(shape)
    stream = np.random.Philox(key=key)
    deviation = std / math.sqrt(2 * layers) if _RESIDUAL.search(name) else std
    scale = np.float32(deviation / _DEVIATION)
    values = np.empty(count, np.float32)
    for at in range(0, count, _CHUNK):
        size = min(_CHUNK, count - at)
        raw = stream.random_raw(2 * size).astype("<u8", copy=False)
        centered = raw.view("<u2").reshape(size, _TERMS).sum(axis=1, dtype=np.int32) - np.int32(_MEAN)
        np.multiply(centered.astype(np.float32), scale, out=values[at : at + size])
    return values.reshape(shape)
