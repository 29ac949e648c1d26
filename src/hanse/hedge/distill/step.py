"""The line of the record that a student gets: from its distilled.json, held against the files that stand there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hanse import canonical
from hanse.errors import TuneError
from hanse.hedge.distill.arms import weights_digest
from hanse.hedge.record.made import DistillFacts, Made, Resource, files_of


def step(told: Mapping[str, Any], out: Path) -> Made:
    """Of `run.distill` and its folder. Raises TuneError when the student there is not the one it speaks of."""
    model, student, teacher = out / "model", told["student"], told["teacher"]
    if not model.is_dir() or weights_digest(model) != student["weights"]:
        raise TuneError(f"{model}: not the student that {out / 'distilled.json'} speaks of; remove both and distill again")
    origins = {"teacher": teacher["sha256"], "base": student["base_sha256"], "data": told["data"]["root"],
               "lesson": told["data"]["lesson"]}  # fmt: skip
    materials = [Resource.of(name, sha256) for name, sha256 in origins.items() if sha256]
    (taught,) = (one for one in told["arms"]["distilled"] if one["seed"] == student["seed"])
    figures = {f"{told['part']} bits per byte": taught["bits_per_byte"]}
    figures |= {f"gain over the student {kind}": one["bits_per_byte"] for kind, rows in told["gains"].items() for one in rows
                if one["seed"] == student["seed"]}  # fmt: skip
    facts = DistillFacts(
        method=f"distill {told['level']}", teacher=teacher["sha256"], teacher_name=teacher["name"], base=student["base_sha256"],
        data=(told["data"]["root"],), settings=canonical.digest(told["settings"]),
        figures={name: f"{value:.6f}" for name, value in figures.items()},
    )  # fmt: skip
    return Made("distill", f"{teacher['name']}, distilled", files_of(model), tuple(materials), facts, ("hanse", "distill"))
