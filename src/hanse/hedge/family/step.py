"""The lines of the record that a family gets: each member, then its files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hanse.hedge.distill import step as distilled
from hanse.hedge.quantize import step as quantized
from hanse.hedge.quantize.show import show
from hanse.hedge.record.made import Made, Resource, TrainFacts, files_of

COMMAND = ("hanse", "family")


def steps(found: Mapping[str, Any], root: Path) -> Iterator[Made]:
    """Of `run.family` and the folder that its members' are relative to; a teacher comes before whom it taught. Raises TuneError or
    QuantizeError for files that are not those it speaks of."""
    for member in sorted(found["members"], key=lambda one: one["made"] != "alone"):
        folder = root / member["folder"]
        if member["made"] == "alone":
            yield _trained(found, member, folder / "model")
        else:
            yield distilled.step(json.loads((folder / "distilled.json").read_bytes()), folder)
        for item in member["files"]:
            path = folder / item["file"]
            yield quantized.step(show(path), path)


def _trained(found: Mapping[str, Any], member: Mapping[str, Any], model: Path) -> Made:
    figures = {f"{found['part']} bits per byte": f"{member['bits_per_byte']:.6f}"}
    facts = TrainFacts(method="alone", data=(found["text"],), settings=member["identity"], figures=figures)
    return Made("train", member["name"], files_of(model), (Resource.of("text", found["text"]),), facts, COMMAND)
