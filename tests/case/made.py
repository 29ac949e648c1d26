"""Small charters and scenes for the tests of the case."""

from __future__ import annotations

from typing import Any

import numpy as np

from hanse.case.arrays import Bools
from hanse.case.chance import Chance
from hanse.case.dynamics import Trace
from hanse.case.parameters import PARAMETERS, Drawn, Range, central, replaced
from hanse.case.private import Private
from hanse.case.scene import Scene, set_scene
from hanse.case.simulation import one
from hanse.case.terms import YEARS, Terms, terms_of
from hanse.charter.schema import Charter, parse_charter

DRAWS = 200
TERM = {"start": "2027-01-01", "end": "2035-01-01", "renewal": "ends"}


def charter(members: int = 4, cash: int | None = 100_000_000, **clauses: Any) -> Charter:
    """So many members "m0", "m1", ..., each pledging so much cash a year; `member` adds keys to all of them."""
    extra = clauses.pop("member", {})
    document: dict[str, Any] = {
        "name": "Test", "currency": "USD", "term": TERM,
        "member": [{"name": f"m{at}", **extra} for at in range(members)], **clauses,
    }  # fmt: skip
    if cash:
        document["pledge"] = [
            {"member": f"m{at}", "kind": "cash", "amount": f"{cash:_} USD"} for at in range(members)
        ] + document.get("pledge", [])
    return parse_charter(document, "charter.toml")


def private(**keys: Any) -> Private:
    return Private.model_validate(keys)


def terms(members: int = 4, cash: int | None = 100_000_000, own: Private | None = None, **clauses: Any) -> Terms:
    return terms_of(charter(members, cash, **clauses), own)


def trace(found: Terms, draws: int = DRAWS, seed: int = 1, **beliefs: float) -> Trace:
    """One chunk, with some parameters held at a value."""
    fixed = {name: (value, value, value) for name, value in beliefs.items()}
    return one(found, Chance(seed, 0, draws), replaced(PARAMETERS, fixed, "test")).trace


CALM = {"exit_hazard": 1e-9, "sponsor_shift": 0.0, "run_fails": 0.0, "shock": 0.0}
"""Nothing happens by chance."""


def middle(**beliefs: float) -> Drawn:
    """One draw with every parameter at its value, or at another."""
    return {**central(PARAMETERS), **{name: np.array([value]) for name, value in beliefs.items()}}


def scene(found: Terms, **beliefs: float) -> Scene:
    return set_scene(found, middle(**beliefs), Chance(1, 0, 1), YEARS)


def everybody(found: Terms, draws: int = 1) -> Bools:
    return np.ones((found.members, draws), dtype=bool)

WEAK_RIVALS = {"startup_budget": 1e6, "sponsor_focus": 1e-4, "grant_budget": 1e5}
"""Nobody else releases anything of use."""


def known(**beliefs: float) -> tuple[Range, ...]:
    """All parameters at their values, or at others."""
    values = {item.name: item.value for item in PARAMETERS} | beliefs
    return replaced(PARAMETERS, {name: (value, value, value) for name, value in values.items()}, "test")
