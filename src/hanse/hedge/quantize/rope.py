"""Rotary positions: `rope_theta`, `rope_scaling` (transformers 4) or `rope_parameters` (5) -> GGUF keys and factors.

Scalings: linear; yarn (Peng et al. 2023, arXiv 2309.00071); llama3, whose factors stand in a tensor of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanse.errors import QuantizeError

THETA = 10_000.0
"""What transformers takes when nothing is said."""
_KNOWN: dict[str, set[str]] = {
    "default": set(),
    "linear": {"factor"},
    "yarn": {"factor", "original_max_position_embeddings"},
    "llama3": {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"},
}
"""Scaling -> the fields it needs; one that is not here, or not listed, is refused."""
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""What every Llama of 3.1 to 3.3 says beside its factor; a GGUF has only what follows from it."""


@dataclass(frozen=True)
class Rope:
    """What a GGUF says of positions."""

    keys: Mapping[str, str | int | float]
    """Without the architecture's name before them."""
    factors: tuple[float, ...] = ()
    """By which each frequency is divided; none: 1 for all."""


def read_rope(config: Mapping[str, Any], size: int, where: str) -> Rope:
    """Of heads `size` wide. Raises QuantizeError for a scaling that llama.cpp would compute otherwise."""
    given = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(given, dict):
        raise QuantizeError(f"{where}: rope_parameters: expected an object")
    kind = str(given.get("rope_type", given.get("type", "default")))
    needed = _KNOWN.get(kind)
    if needed is None:
        raise QuantizeError(f"{where}: rope scaling {kind!r} is not supported; supported are {', '.join(_KNOWN)}")
    values = {name: value for name, value in given.items() if value is not None}
    theta = _number(values.get("rope_theta", config.get("rope_theta", THETA)), "rope_theta", where)
    if kind != "default" and "original_max_position_embeddings" in needed:
        values.setdefault("original_max_position_embeddings", config.get("original_max_position_embeddings"))
    extra = set(values) - needed - {"rope_type", "type", "rope_theta"} if kind != "default" else set(values) & {"factor"}
    if extra - {"original_max_position_embeddings"} or config.get("partial_rotary_factor", 1.0) != 1.0:
        what = ", ".join(sorted(extra)) or "partial_rotary_factor"
        raise QuantizeError(f"{where}: {what}: rope scaling {kind!r} with it is not supported")
    got = {name: _number(values.get(name), name, where) for name in needed}
    keys: dict[str, str | int | float] = {"rope.freq_base": theta}
    if kind in ("linear", "yarn"):
        keys |= {"rope.scaling.type": kind, "rope.scaling.factor": got["factor"]}
    if kind == "yarn":
        keys["rope.scaling.original_context_length"] = int(got["original_max_position_embeddings"])
    return Rope(keys, _llama3(theta, size, got) if kind == "llama3" else ())


def rope_parameters(
    theta: float, kind: str, given: Mapping[str, float], factors: Sequence[float], size: int, where: str
) -> dict[str, Any]:
    """The way back: `rope_parameters` of a GGUF's keys (`given` has `factor` and `original`) and factors. Raises QuantizeError
    for a scaling that is not known, and for factors that are not those of Llama 3."""
    if factors:
        llama3 = {"factor": max(factors), **LLAMA3}
        expected, same = _llama3(theta, size, llama3), kind == "none" and 2 * len(factors) == size
        if not same or any(abs(one / other - 1) > 1e-5 for one, other in zip(factors, expected, strict=True)):
            raise QuantizeError(f"{where}: rope_freqs.weight: not the factors that Llama 3 has ({LLAMA3}); no others are known")
        return {"rope_type": "llama3", "rope_theta": theta, **llama3}
    if kind in ("linear", "yarn"):
        found = {"rope_type": kind, "rope_theta": theta, "factor": given["factor"]}
        return found | ({"original_max_position_embeddings": given["original"]} if kind == "yarn" else {})
    if kind != "none" or given["factor"] != 1.0:
        raise QuantizeError(f"{where}: rope scaling {kind!r} by {given['factor']:g} is not supported; linear and yarn are")
    return {"rope_type": "default", "rope_theta": theta}


def _llama3(theta: float, size: int, got: Mapping[str, float]) -> tuple[float, ...]:
    """Short waves stay, long ones are stretched by `factor`, between them it is interpolated."""
    factor, low, high = got["factor"], got["low_freq_factor"], got["high_freq_factor"]
    factors = []
    for index in range(0, size, 2):
        wave = 2 * math.pi * theta ** (index / size)
        turns = got["original_max_position_embeddings"] / wave
        smooth = min(1.0, max(0.0, (turns - low) / (high - low)))
        factors.append(1 / ((1 - smooth) / factor + smooth))
    return tuple(factors)


def _number(value: object, name: str, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise QuantizeError(f"{where}: {name} is {value!r}, expected a number above 0")
    return float(value)
