"""RFC 6962 section 2.1 written as it stands there: recursive, slow, obviously right. Tests compare against it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache

Mth = Callable[[int, int], bytes]


def mth_of(data: tuple[bytes, ...]) -> Mth:
    """MTH(D[start:stop]) of `data`."""

    @cache
    def mth(start: int, stop: int) -> bytes:
        if start == stop:
            return hashlib.sha256().digest()
        if stop - start == 1:
            return hashlib.sha256(b"\x00" + data[start]).digest()
        middle = start + split(stop - start)
        return hashlib.sha256(b"\x01" + mth(start, middle) + mth(middle, stop)).digest()

    return mth


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(mth: Mth, m: int, start: int, stop: int) -> list[bytes]:
    """PATH(m, D[start:stop])."""
    if stop - start == 1:
        return []
    k = split(stop - start)
    if m < k:
        return [*path(mth, m, start, start + k), mth(start + k, stop)]
    return [*path(mth, m - k, start + k, stop), mth(start, start + k)]


def proof(mth: Mth, m: int, n: int) -> list[bytes]:
    """PROOF(m, D[n])."""
    return subproof(mth, m, 0, n, True)


def subproof(mth: Mth, m: int, start: int, stop: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[start:stop], b)."""
    n = stop - start
    if m == n:
        return [] if whole else [mth(start, stop)]
    k = split(n)
    if m <= k:
        return [*subproof(mth, m, start, start + k, whole), mth(start + k, stop)]
    return [*subproof(mth, m - k, start + k, stop, False), mth(start, start + k)]
