"""tuned.json: what a model was made of and how, for the record and for people."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.tune.data import Example
from hanse.hedge.tune.prepare import Prepared
from hanse.hedge.tune.train import Course

FILE = "tuned.json"
LIBRARIES = ("torch", "transformers", "peft")


def facts(
    prepared: Prepared, course: Course, samples: Sequence[tuple[Example, str, str]], peak_memory_bytes: int,
    made_by: tuple[str, datetime], processes: int, device: str,
) -> dict[str, Any]:  # fmt: skip
    """The document; keys are a public format (docs/formats.md). Digests of folders are `folder_digest`."""
    config, parts, out = prepared.config, prepared.parts, prepared.config.output_path
    first, best = (next((loss for step, loss in course.held if step == at), None) for at in (0, course.best))
    return {
        "version": 1,
        "made_by": made_by[0],
        "made_at": made_by[1].isoformat(timespec="seconds"),
        "identity": prepared.identity(processes),
        "base": {"name": prepared.base.name, "sha256": prepared.base.sha256, "license": prepared.base.license},
        "data": {
            "format": prepared.data.format, "files": prepared.data.files, "evaluation": prepared.evaluation,
            "examples": len(parts.train), "held": len(parts.held), "duplicates": parts.duplicates,
            "overlapping": len(parts.overlapping), "tokens": sum(item.tokens for item in prepared.train),
        },
        "settings": asdict(prepared.resolved.settings) | config.model_dump(
            mode="json", include={"lora", "beta", "clip", "seed", "held_permille", "patience", "merge_dtype"}),
        "reasons": prepared.resolved.reasons,
        "result": {
            "adapter_sha256": folder_digest(out / "adapter") if config.method == "lora" else "",
            "model_sha256": folder_digest(out / "model"),
            "held_before": first, "held_after": best, "best_step": course.best, "steps": course.curve[-1][0],
            "tokens": course.tokens, "seconds": course.seconds, "cpu_seconds": course.cpu_seconds,
            "peak_memory_bytes": peak_memory_bytes,
        },
        "estimate": {"memory_bytes": prepared.resolved.memory_bytes, "seconds": prepared.resolved.seconds},
        "curve": [list(point) for point in course.curve],
        "held_curve": [list(point) for point in course.held],
        "samples": [_sample(example, before, after) for example, before, after in samples],
        "machine": {"system": platform.system(), "processor": platform.machine(), "device": device, "processes": processes,
                    "libraries": {name: version(name) for name in LIBRARIES}},
    }  # fmt: skip


def _sample(example: Example, before: str, after: str) -> dict[str, str]:
    return {"asked": example.key(), "expected": example.answer, "before": before, "after": after}
