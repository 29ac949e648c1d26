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
    return held(**{item.name: item.value for item in PARAMETERS} | beliefs)


def held(**beliefs: float) -> tuple[Range, ...]:
    """Some parameters at a value, all others as uncertain as they are."""
    return replaced(PARAMETERS, {name: (value, value, value) for name, value in beliefs.items()}, "test")


WEIGHTS = (1, 2, 4, 8)
UNEQUAL = private(member=[{"name": f"m{at}", "tokens": 25 * 10**6 * weight, "growth": "3/1"} for at, weight in enumerate(WEIGHTS)])
TWO_UNKNOWN = tuple(
    item if item.name in ("anchor_lag", "patience") else fixed
    for item, fixed in zip(PARAMETERS, known(**CALM, **WEAK_RIVALS), strict=True)
)
"""Only two numbers are uncertain, so that a few hundred draws tell charters apart."""


def unequal(**clauses: Any) -> Charter:
    """Equal dues and no embargo among members of whom the largest has eight times the tokens of the smallest."""
    values = charter(4, None).document()
    values["member"] = [row | {"base": f"{weight}0_000_000_000 USD"} for row, weight in zip(values["member"], WEIGHTS, strict=True)]
    more = {
        "currency": "USD", "dues": {"rule": "equal", "budget": "1_000_000_000 USD", "growth": "12/5"},
        "release": {"licenses": ["X"], "embargo_days": 0}, "withdrawal": {"notice_days": 365, "owed": "due_within_notice"},
    }  # fmt: skip
    return parse_charter(values | more | clauses, "unequal")
