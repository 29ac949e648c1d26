"""The one byte encoding that is ever hashed or signed: RFC 8785 canonical JSON, without floats.

The subset (PROTOCOL rule 4): objects with ASCII keys, arrays, strings without lone surrogates, integers within
2^53-1, booleans, null; depth at most 16. `decode` accepts exactly the bytes `encode` prints, so duplicate keys,
NaN, spare white space, `1.0` and `1e2` are all refused: two spellings of one value would have two digests.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, TypeAlias

from hanse.errors import CanonicalError

Json: TypeAlias = Any
"""A value of the subset: dict[str, Json] | list[Json] | str | int | bool | None."""

DEPTH_MAX = 16
INTEGER_MAX = 2**53 - 1

_LONG_NUMBER = re.compile(rb"[0-9]{16}")

_dump = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


def encode(value: Json) -> bytes:
    """Canonical bytes of `value`. Raises CanonicalError naming what the subset lacks."""
    _check(value, 0)
    return _dump(value).encode("utf-8")


def decode(data: bytes) -> Json:
    """The value whose canonical encoding is exactly `data`. Raises CanonicalError otherwise."""
    if _nesting(data) > DEPTH_MAX:  # before the parser, whose own limit is Python's stack
        raise CanonicalError(f"JSON nested deeper than {DEPTH_MAX}")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
    except (UnicodeDecodeError, ValueError) as error:  # their words change with Python; verdicts quote ours
        raise CanonicalError("not JSON of the canonical subset") from error
    if not (data.isascii() and _LONG_NUMBER.search(data) is None and _shallow(data)):
        _check(value, 0)  # otherwise the text itself shows that there is nothing to find
    if _printed(value) != data:
        raise CanonicalError("JSON is not in canonical form (RFC 8785): keys sorted, no white space, no duplicates")
    return value


def _printed(value: Json) -> bytes:
    try:
        return _dump(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("string holds a lone surrogate") from error


def _shallow(data: bytes) -> bool:
    return data.count(b"[") + data.count(b"{") <= DEPTH_MAX


def digest(value: Json) -> str:
    """SHA-256 of the canonical bytes, as 64 hex digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def _no_float(text: str) -> Json:
    raise CanonicalError(f"number {text[:40]!r}: only integers within 2^53-1 are allowed")


def _check(value: Json, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii():
            _check_unicode(value)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            shown = value if value.bit_length() < 14_000 else f"of {value.bit_length()} bits"  # Python prints no longer ones
            raise CanonicalError(f"integer {shown} is outside ±(2^53-1)")
    elif isinstance(value, dict):
        if depth >= DEPTH_MAX:
            raise CanonicalError(f"JSON nested deeper than {DEPTH_MAX}")
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise CanonicalError(f"object key {key!r} is not an ASCII string")
            _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        if depth >= DEPTH_MAX:
            raise CanonicalError(f"JSON nested deeper than {DEPTH_MAX}")
        for item in value:
            _check(item, depth + 1)
    else:
        raise CanonicalError(f"{type(value).__name__} {value!r} has no canonical JSON form")


def _check_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("string holds a lone surrogate") from error


def _nesting(data: bytes) -> int:
    """An upper bound on nesting, cheap: brackets inside strings are counted only when the quick bound fails."""
    if _shallow(data):
        return 0
    depth = deepest = 0
    in_string = escaped = False
    for byte in data:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
