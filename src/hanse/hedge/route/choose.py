"""Which target a request goes to: pure, so that the same request goes the same way on every machine and after every restart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hanse.hedge.route.routes import Routes
from hanse.hedge.route.state import State


@dataclass(frozen=True)
class Way:
    """Where one request goes."""

    targets: tuple[str, ...]
    """Tried in order when one cannot be connected to."""
    shadow: str
    """Gets a copy; empty for none."""


def choose(routes: Routes, state: State, name: str, document: Mapping[str, Any], body: bytes) -> Way:
    """The way of a request to the route `name`, which must exist."""
    route = routes.route[name]
    current = state.target(routes, name)
    first = current
    if route.canary and drawn(route.canary_seed, name, key(document, body), route.canary_share.value):
        first = route.canary
    order = dict.fromkeys((first, current, *route.fallback))
    return Way(tuple(order), "" if route.shadow == first else route.shadow)


def key(document: Mapping[str, Any], body: bytes) -> bytes:
    """What decides about a request: its `user`, so that one sees one model; without one, its bytes."""
    user = document.get("user")
    return b"user\0" + user.encode("utf-8", "surrogatepass") if isinstance(user, str) and user else b"body\0" + body


def drawn(seed: int, route: str, by: bytes, share: Fraction) -> bool:
    """Whether SHA-256 over seed, route and key, read as a fraction of 2^256, lies below the share."""
    digest = hashlib.sha256(f"{seed}\0{route}\0".encode() + by).digest()
    return Fraction(int.from_bytes(digest, "big"), 1 << 256) < share
