"""The line of the record that a tuned model gets: from its tuned.json, held against the files that stand there; or of an adapter
that was merged, from what stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse.errors import TuneError
from hanse.hedge.record.made import Made, Resource, TuneFacts, files_of
from hanse.hedge.tune.facts import FILE
from hanse.hedge.tune.lora import CONFIG
from hanse.store.disk import file_digest

UNKNOWN = "an adapter; how and on what data it was trained is not known"


@dataclass(frozen=True)
class Learned:
    """How a model or an adapter was trained."""

    method: str
    """It says what is not known, too."""
    data: Mapping[str, str]
    """Digests by name."""
    settings: str
    """SHA-256 of what has them."""
    figures: Mapping[str, str]
    beside: tuple[Resource, ...] = ()
    """What else it is known from."""


def step(told: Mapping[str, Any], out: Path) -> Made:
    """Of `facts.facts` and the output's folder. Raises TuneError when the model there is not the one it speaks of."""
    model, result = out / "model", told["result"]
    files = files_of(model)
    if files[0].sha256 != result["model_sha256"]:
        raise TuneError(f"{model}: not the model that {out / FILE} speaks of; tune it again, or lock what stands there")
    if result["adapter_sha256"]:
        files = (*files, Resource.of("adapter/", result["adapter_sha256"]))
    return _made(learned(told), (told["base"]["name"], told["base"]["sha256"]), files, ("hanse", "tune"))


def merged(how: Learned, base: tuple[str, str], adapter: str, out: Path) -> Made:
    """Of a base (name, SHA-256) with an adapter of that SHA-256 merged into it, which stands in `out`."""
    files = (*files_of(out), Resource.of("adapter/", adapter))
    return _made(how, base, files, ("hanse", "tune", "merge"))


def learned(told: Mapping[str, Any]) -> Learned:
    """What a tuned.json says."""
    result = told["result"]
    figures = {"loss": told["curve"][-1][1], "held before": result["held_before"], "held after": result["held_after"]}
    return Learned(
        f"{told['settings']['method']} {told['settings']['objective']}", told["data"]["files"], told["identity"]["settings"],
        {key: f"{value:.6f}" for key, value in figures.items() if value is not None},
    )  # fmt: skip


def beside(adapter: Path, sha256: str) -> Learned:
    """How an adapter was trained: as the tuned.json beside it says, when that speaks of these very files; else it is not known."""
    try:
        told = json.loads((adapter.parent / FILE).read_bytes())
        if told["result"]["adapter_sha256"] == sha256:
            return learned(told)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # another's file, or none: nothing is known
    return Learned(UNKNOWN, {}, file_digest(adapter / CONFIG), {})


def _made(how: Learned, base: tuple[str, str], files: tuple[Resource, ...], command: tuple[str, ...]) -> Made:
    name, sha256 = base
    data = tuple(Resource.of(f"data {key}", how.data[key]) for key in sorted(how.data))
    facts = TuneFacts(method=how.method, base=sha256, data=tuple(item.sha256 for item in data), settings=how.settings,
                      figures=dict(how.figures))  # fmt: skip
    return Made("tune", f"{name}, tuned", files, (Resource.of("base", sha256), *data, *how.beside), facts, command)
