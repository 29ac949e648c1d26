"""Kill a real `hanse mirror keep` at a random moment, look at what it left, run it again. Used by a test and a benchmark."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.verify import verify
from hanse.store import open_store


@dataclass
class Told:
    """What happened to one mirror."""

    kills: int = 0
    during: int = 0
    """Kills that came before the process had ended by itself."""
    left: list[int] = field(default_factory=list)
    """Files that stood whole after each kill."""
    problems: list[str] = field(default_factory=list)
    """What was visible and wrong; must stay empty."""


def command(lock: Path, to: Path) -> list[str]:
    return [sys.executable, "-m", "hanse.cli.main", "mirror", "keep", str(lock), "--to", str(to), "--json"]


def seconds_of_a_run(lock: Path, to: Path) -> float:
    """How long an undisturbed run takes."""
    began = time.perf_counter()
    subprocess.run(command(lock, to), check=True, capture_output=True)
    return time.perf_counter() - began


def torture(
    lock: Path, to: Path, model: LockedModel, kills: int, seconds: float, seed: int, racing: bool = False
) -> Told:
    """Kill `kills` runs into one mirror, each at a random moment of its `seconds`; then let one end. With `racing` a second
    run writes the same mirror meanwhile and is left alone."""
    chance, told = random.Random(seed), Told()
    for _ in range(kills):
        other = subprocess.Popen(command(lock, to), stdout=subprocess.DEVNULL) if racing else None
        process = subprocess.Popen(command(lock, to), stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.0) * seconds)
        told.during += process.poll() is None
        process.kill()
        process.wait()
        told.kills += 1
        if other is not None and other.wait() != 0:
            told.problems.append(f"the run beside it ended with {other.returncode}")
        _look(to, model, told)
    subprocess.run(command(lock, to), check=True, capture_output=True)
    told.problems += [
        f"at the end: {p.what}: {p.detail}" for p in verify(Mirror(open_store(str(to))), (model,)).problems
    ]
    return told


def _look(to: Path, model: LockedModel, told: Told) -> None:
    """Everything that is visible must be whole and right; a model only when all its files are."""
    if not to.is_dir():
        told.left.append(0)
        return
    mirror = Mirror(open_store(str(to)))
    found = verify(mirror)
    told.left.append(found.files)
    told.problems += [f"{problem.what}: {problem.detail}" for problem in found.problems]
    if found.models and found.files < len({item.sha256 for item in model.file}):
        told.problems.append("a model is listed without all its files")
