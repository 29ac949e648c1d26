"""Where the weights come from, as far as the folder tells: digests of its files, and whether they were quantized before.

Weights that were once dequantized stand on a coarse grid; quantizing them again near that grid flatters, elsewhere hurts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hanse.hedge.quantize.folder import Folder, Rows
from hanse.store.disk import file_digest

BLOCK = 32
ROWS = 8
"""Looked at in each matrix."""


def digests(files: Sequence[Path]) -> list[str]:
    """"sha256  name" of each file, as `sha256sum` prints it."""
    return [f"{file_digest(path)}  {path.name}" for path in files]


def quantized_before(folder: Folder, matrices: Sequence[str]) -> list[str]:
    """Notes, one for each sign of it: what the folder's maker and config.json say, and the grid of a few rows of each matrix."""
    notes = list(folder.notes)
    said = folder.config.get("quantization_config")
    if said is not None:
        method = said.get("quant_method", "unnamed") if isinstance(said, dict) else said
        notes.append(f"source: config.json has a quantization_config ({method}): these weights were quantized before")
    grids = [grid(folder.rows(name, slice(0, ROWS))) for name in matrices]
    coarse = [bits for bits in grids if bits is not None]
    if 2 * len(coarse) > len(grids):
        shown = ", ".join(f"{count} of {bits} bits" for bits, count in sorted(Counter(coarse).items()))
        notes.append(f"source: {len(coarse)} of {len(grids)} matrices stand on a grid in blocks of {BLOCK} ({shown}): dequantized "
                     "weights, not the original ones")  # fmt: skip
    return notes


def grid(rows: Rows) -> int | None:
    """Bits (1 to 4, or 8) of the grid that every block of 32 stands on, or None. 5 to 7 bits are not told from none."""
    if rows.shape[-1] % BLOCK or rows.size == 0:
        return None
    blocks = np.sort(rows.reshape(-1, BLOCK), axis=1)
    if not np.any(blocks):
        return None
    most = int(np.max(1 + np.count_nonzero(np.diff(blocks, axis=1), axis=1)))
    if most <= 16:
        return max(1, (most - 1).bit_length())
    return 8 if _on_q8(blocks) else None


def _on_q8(blocks: Rows) -> bool:
    """All are whole multiples of greatest/127, as Q8_0 makes them, but for F16's rounding; BF16's hides it."""
    scale = np.max(np.abs(blocks), axis=1, keepdims=True) / 127
    steps = np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale > 0)
    return bool(np.max(np.abs(steps - np.round(steps))) < 0.15)
