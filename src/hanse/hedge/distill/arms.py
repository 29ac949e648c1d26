"""One student trained once: alone, taught, or alone for longer; with the CPU time it took over all its restarts.

    arms/1-alone/facts.json   written last: what it came to; an arm that has it is not trained again
    arms/1-alone/spent.json   CPU time up to the last checkpoint
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hanse.errors import TuneError
from hanse.hedge.lock.hashing import listed_digest
from hanse.lm import model as models
from hanse.lm.alone import Prepared, Report, claim, train_prepared
from hanse.lm.config import LmConfig
from hanse.lm.evaluate import Score
from hanse.lm.tokenizer import Tokenizer
from hanse.lm.train import Loss, pick_device
from hanse.store.disk import file_digest, replace_file

Facts = dict[str, Any]
Scores = dict[str, dict[str, Score]]
"""By part (dev, test) and domain."""
Scoring = Callable[[torch.nn.Module, Tokenizer], Scores]


@dataclass(frozen=True)
class Arm:
    """What is to be trained."""

    name: str
    """Such as 1-alone."""
    config: LmConfig
    """Its folder is the arm's own."""
    prepared: Prepared
    marks: dict[str, str]
    """What its weights depend on beside the configuration: digests of text and teaching."""
    loss: Loss | None = None


def train_arm(arm: Arm, scoring: Scoring, report: Report, stop: Callable[[], bool]) -> Facts | None:
    """Train to the end and score; None when `stop` said so. Raises what `hanse.lm.alone.train_alone` does."""
    folder = arm.config.folder_path
    done = folder / "facts.json"
    claim(arm.config, arm.config.identity() | arm.marks)
    if done.exists():
        return read_facts(done)
    report("arm", {"name": arm.name, "steps": arm.config.total_steps})
    spent = _Spent(folder / "spent.json", report)
    result = train_prepared(arm.config, arm.prepared, spent.report, stop, arm.loss)
    if result is None:
        return None
    model, tokenizer = models.load_folder(folder / "model")
    facts = {
        "name": arm.name,
        "steps": result["steps"],
        "tokens": result["tokens"],
        "parameters": result["parameters"],
        "cpu_seconds": round(spent.seconds, 3),
        "weights": weights_digest(folder / "model"),
        "curve": read_curve(folder / "metrics.jsonl", arm.prepared.held["dev"]),
        "scores": summed(scoring(model.to(pick_device(arm.config.device)), tokenizer)),
    }
    replace_file(done, json.dumps(facts).encode())
    return read_facts(done)


class _Spent:
    """CPU time of the steps whose result is kept: what a crash loses is done again, and counted then."""

    def __init__(self, path: Path, inner: Report) -> None:
        self.path, self.inner, self.seconds = path, inner, 0.0

    def report(self, what: str, details: dict[str, Any]) -> None:
        if what == "resumed" and self.path.exists():
            self.seconds = float(read_facts(self.path)["seconds"])
        elif what == "trained":
            self.seconds += details["cpu_seconds"]
        elif what == "saved":
            replace_file(self.path, json.dumps({"step": details["step"], "seconds": self.seconds}).encode())
        self.inner(what, details)


def read_facts(path: Path) -> Facts:
    """Raises TuneError."""
    try:
        found: Facts = json.loads(path.read_bytes())
        return found
    except (OSError, ValueError) as error:
        raise TuneError(f"{path}: cannot be read ({error}); remove it to train or score again") from error


def weights_digest(folder: Path) -> str:
    """SHA-256 of a model folder's safetensors; of several, of the lines of `sha256sum`."""
    digests = {path.name: file_digest(path) for path in folder.glob("*.safetensors")}
    return next(iter(digests.values())) if len(digests) == 1 else listed_digest(digests)


def summed(scores: Scores) -> dict[str, Any]:
    """By part: all domains together and each, with every document's loss, in nats, for intervals."""
    found = {}
    for part, domains in scores.items():
        nats = [value for name in sorted(domains) for value in domains[name].nats]
        sizes = [value for name in sorted(domains) for value in domains[name].byte_counts]
        whole = Score(tuple(nats), tuple(sizes))
        found[part] = {
            "bits_per_byte": whole.bits_per_byte, "nats": nats, "bytes": sizes,
            "domains": {name: score.bits_per_byte for name, score in sorted(domains.items())},
        }  # fmt: skip
    return found


def read_curve(path: Path, held: Mapping[str, Sequence[str]]) -> list[tuple[int, float]]:
    """(step, dev bits per byte over all domains) as training went."""
    sizes = {domain: sum(len(text.encode()) for text in texts) for domain, texts in held.items()}
    found: dict[int, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        values = {domain: record.get(f"dev/{domain}/bits_per_byte") for domain in sizes}
        if sizes and all(value is not None for value in values.values()):
            found[record["step"]] = sum(values[domain] * size for domain, size in sizes.items()) / sum(sizes.values())
    return sorted(found.items())
