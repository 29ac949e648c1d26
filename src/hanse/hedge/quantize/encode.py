"""Rows of float32 -> the bytes of a GGML type: by `gguf` in NumPy, and K-quants by `ggml_quantize_chunk` (ggml.h) of the engine
that is installed, because `gguf` only reads them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, quants

from hanse.errors import MissingExtraError, QuantizeError
from hanse.hedge.quantize.folder import Rows
from hanse.hedge.quantize.formats import Type

K_QUANTS = (Type.Q4_K, Type.Q5_K, Type.Q6_K)
HALF_MAX = 65504.0
"""The greatest number of F16."""


def encode(rows: Rows, type_: Type, name: str) -> bytes:
    """Whole rows. Raises QuantizeError, naming the tensor, for numbers that the type does not have."""
    most = float(np.max(np.abs(rows), initial=0.0))
    if not np.isfinite(most):
        raise QuantizeError(f"tensor {name}: has a number that is not finite: no weights to serve")
    if most > HALF_MAX and type_ not in (Type.F32, Type.BF16):
        raise QuantizeError(f"tensor {name}: has {most:.6g}, F16 and block scales end at {HALF_MAX:.0f}; use BF16 or F32")
    if type_ in K_QUANTS:
        return _by_engine(rows, type_)
    data: Any = quants.quantize(np.ascontiguousarray(rows), type_)
    return bytes(data.tobytes())


def need_engine(types: set[Type]) -> None:
    """Raise MissingExtraError or QuantizeError when a type needs an engine that is not there."""
    if types & set(K_QUANTS):
        _quantizer()


def _by_engine(rows: Rows, type_: Type) -> bytes:
    block, size = GGML_QUANT_SIZES[type_]
    source = np.ascontiguousarray(rows, dtype=np.float32)
    made = np.empty(source.size // block * size, dtype=np.uint8)
    done = _quantizer()(
        int(type_), source.ctypes.data, made.ctypes.data, 0, source.size // source.shape[-1], source.shape[-1], None
    )
    if done != made.size:
        raise QuantizeError(f"llama.cpp made {done} bytes of {type_.name}, expected {made.size}: another version of its interface")
    return made.tobytes()


@lru_cache(maxsize=1)
def _quantizer() -> Callable[..., int]:
    """size_t ggml_quantize_chunk(type, const float * src, void * dst, int64 start, int64 rows, int64 row length, imatrix)"""
    if find_spec("xllamacpp") is None:
        raise MissingExtraError("hanse quantize --to a K-quant", "gguf")
    module: Any = import_module("xllamacpp.xllamacpp")
    try:
        found: Any = ctypes.CDLL(module.__file__).ggml_quantize_chunk
    except (OSError, AttributeError) as error:
        raise QuantizeError("K-quants: this xllamacpp does not offer llama.cpp's quantizer; Q8_0 to Q4_0 need none") from error
    number, pointer = ctypes.c_int64, ctypes.c_void_p
    found.restype, found.argtypes = ctypes.c_size_t, (ctypes.c_int, pointer, pointer, number, number, number, pointer)
    typed: Callable[..., int] = found
    return typed
