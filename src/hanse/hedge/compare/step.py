"""The line of the record that a comparison gets: whom it compared on which tasks, by which rule, and the verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hanse.hedge.record.made import CompareFacts, Made, Resource, Side

FIELDS = ("kind", "name", "sha256", "template_sha256", "engine")


def step(document: Mapping[str, Any], printed: bytes) -> Made:
    """Of a `summary.document`; `printed` are its bytes as `hanse compare --json` prints them."""
    sides = {who: Side(**{key: document["engines"][who][key] for key in FIELDS}) for who in ("incumbent", "substitute")}
    rule, digest = document["rule"], hashlib.sha256(printed).hexdigest()
    facts = CompareFacts(
        **sides, tasks=document["tasks"]["sha256"], margin=rule["margin"], error=rule["error"], items_max=rule["items_max"],
        seed=rule["seed"], items=document["items"], verdict=document["verdict"], document=digest,
    )  # fmt: skip
    models = (Resource.of(who, side.sha256) for who, side in sides.items() if side.sha256)
    name = f"{sides['incumbent'].name} or {sides['substitute'].name}"[:1000]
    materials = (Resource.of("tasks", facts.tasks), *models)
    return Made("compare", name, (Resource.of("verdict", digest),), materials, facts, ("hanse", "compare"))
