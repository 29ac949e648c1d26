"""The line of the record that a tuned model gets: from its tuned.json, held against the files that stand there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hanse.errors import TuneError
from hanse.hedge.record.made import Made, Resource, TuneFacts, files_of


def step(told: Mapping[str, Any], out: Path) -> Made:
    """Of `facts.facts` and the output's folder. Raises TuneError when the model there is not the one it speaks of."""
    model, result = out / "model", told["result"]
    files = files_of(model)
    if files[0].sha256 != result["model_sha256"]:
        raise TuneError(f"{model}: not the model that {out / 'tuned.json'} speaks of; tune it again, or lock what stands there")
    name = f"{told['base']['name']}, tuned"
    adapter = (Resource.of("adapter/", result["adapter_sha256"]),) if result["adapter_sha256"] else ()
    data = told["data"]["files"]
    materials = [Resource.of("base", told["base"]["sha256"]), *(Resource.of(f"data {key}", data[key]) for key in sorted(data))]
    figures = {"loss": told["curve"][-1][1], "held before": result["held_before"], "held after": result["held_after"]}
    facts = TuneFacts(
        method=f"{told['settings']['method']} {told['settings']['objective']}", base=told["base"]["sha256"],
        data=tuple(data[key] for key in sorted(data)), settings=told["identity"]["settings"],
        figures={key: f"{value:.6f}" for key, value in figures.items() if value is not None},
    )  # fmt: skip
    return Made("tune", name, (*files, *adapter), tuple(materials), facts, ("hanse", "tune"))
