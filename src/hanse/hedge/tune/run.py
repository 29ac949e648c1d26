"""`hanse tune`: from a prepared run to its folder.

    adapter/        as peft has it (method lora)
    model/          the merged model, a Hugging Face folder in 16 bits
    tuned.json      what it was made of and how it went
    report.html     the same for people
    metrics.jsonl   the loss as it went
    work/           checkpoints; gone when the run has ended
"""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from hanse.errors import TuneError
from hanse.hedge.tune import facts
from hanse.hedge.tune.base import Base, load
from hanse.hedge.tune.folder import write_model
from hanse.hedge.tune.lora import attach, merge, save
from hanse.hedge.tune.page import render
from hanse.hedge.tune.prepare import Prepared
from hanse.hedge.tune.samples import answers, questions
from hanse.hedge.tune.train import Course, Watch, train
from hanse.hedge.tune.tuner import Learned, Tuner, World
from hanse.lm.metrics import Metrics
from hanse.store.disk import replace_file

IDENTITY = "identity.json"


@dataclass(frozen=True)
class Around:
    """Where a run takes place."""

    device: torch.device
    world: World
    report: Callable[[int, Course], None]
    is_stopped: Callable[[], bool]
    peak_memory: Callable[[], int]
    """Bytes, of this process so far."""
    made_by: str
    now: Callable[[], datetime]


def finished(out: Path, identity: dict[str, str]) -> dict[str, Any] | None:
    """The facts of a run that has ended there. Raises TuneError when another one stands there."""
    work, done = out / "work" / IDENTITY, out / facts.FILE
    if not work.is_file() and not done.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise TuneError(f"{out}: is there and holds no run of hanse tune; name another output")
        return None
    try:
        told = json.loads((done if done.is_file() else work).read_bytes())
        was = told["identity"] if done.is_file() else told
    except (ValueError, KeyError, TypeError) as error:
        raise TuneError(f"{out}: its {facts.FILE} or work/{IDENTITY} cannot be read: {error}") from error
    changed = [name for name, value in identity.items() if was.get(name) != value]
    if changed:
        raise TuneError(f"{out}: holds a run with other {', '.join(changed)}; name another output, or remove it")
    return told if done.is_file() else None


def run(prepared: Prepared, around: Around) -> dict[str, Any] | None:
    """Train, merge, sample, write. The facts; None when it was stopped: call it again to go on. Only the first of several processes
    writes, and has facts. Raises TuneError, OSError when the disk is full: what stands there is good to go on from."""
    config, world, out = prepared.config, around.world, prepared.config.output_path
    work, is_first = out / "work", world.rank == 0
    asked = questions(prepared.parts, config.samples)
    before: list[str] = []
    found = None
    if is_first:
        identity = prepared.identity(world.size)
        found = finished(out, identity)
        if found is None:
            work.mkdir(parents=True, exist_ok=True)
            replace_file(work / IDENTITY, json.dumps(identity, sort_keys=True).encode())
            before = _before(prepared, asked, work / "before.json")
    if not world.least(found is None, around.device):  # the others wait here for the first
        return found
    model = prepared.model
    if config.method == "lora":
        model = attach(model, prepared.lora)
    settings = prepared.resolved.settings
    how = Learned(config.clip, config.beta, config.seed)
    torch.manual_seed(config.seed)
    tuner = Tuner(model, prepared.train, prepared.held, settings, how, around.device, world)
    if settings.objective == "dpo":
        tuner.refer()
    metrics = Metrics(out / "metrics.jsonl" if is_first else None, config.tracker if is_first else "", out.name)
    watch = Watch(_reporting(metrics, around.report), lambda step: _forget(metrics.path, step), around.is_stopped)
    course = train(tuner, work, config.patience, watch)
    if course is None:
        return None
    _write(prepared, tuner.whole(), model, is_first)
    if not is_first:
        return None
    del tuner, model
    gc.collect()
    merged, tokenizer = load(Base(prepared.base.name, out / "model", "", ""), "auto")
    after = answers(merged, tokenizer, asked, config.sample_tokens)
    told = facts.facts(prepared, course, list(zip(asked, before, after, strict=True)), around.peak_memory(),
                       (around.made_by, around.now()), world.size, str(around.device))  # fmt: skip
    replace_file(out / "report.html", render(told).encode())
    replace_file(out / facts.FILE, json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode())
    shutil.rmtree(work)
    return told


def _before(prepared: Prepared, asked: Any, path: Path) -> list[str]:
    """The base's answers; those of a run that was stopped are kept."""
    if path.is_file():
        kept: list[str] = json.loads(path.read_bytes())
        return kept
    made = answers(prepared.model, prepared.tokenizer, asked, prepared.config.sample_tokens)
    replace_file(path, json.dumps(made).encode())
    return made


def _reporting(metrics: Metrics, report: Callable[[int, Course], None]) -> Callable[[int, Course], None]:
    def tell(done: int, course: Course) -> None:
        if course.curve and course.curve[-1][0] == done:
            row: dict[str, Any] = {"step": done, "loss": course.curve[-1][1], "learning_rate": course.curve[-1][2]}
            row |= {"held_loss": course.held[-1][1]} if course.held and course.held[-1][0] == done else {}
            metrics.write(row)
        report(done, course)

    return tell


def _forget(path: Path | None, step: int) -> None:
    """Lines of steps that are done again: the process was killed after its last checkpoint."""
    if path is not None and path.is_file():
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if line.endswith(b"\n") and json.loads(line)["step"] <= step]
        replace_file(path, *kept)


def _write(prepared: Prepared, weights: dict[str, torch.Tensor], model: Any, is_first: bool) -> None:
    """adapter/ and model/ from what was trained, of all processes."""
    out, base, dtype = prepared.config.output_path, prepared.base, prepared.config.merge_dtype
    if not is_first:
        return
    for name in ("adapter", "model"):  # of a run that was killed while it wrote them
        shutil.rmtree(out / name, ignore_errors=True)
    plain = {name.removeprefix("model."): tensor for name, tensor in weights.items()}  # `Scored` holds the model
    if not all(type(tensor) is torch.nn.Parameter for tensor in model.parameters()) or _is_sharded(model):
        model = load(base, prepared.resolved.settings.dtype)[0]
        model = attach(model, prepared.lora) if prepared.config.method == "lora" else model
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in plain.items():
            own[name].copy_(tensor)
    if prepared.config.method == "lora":
        save(model, out / "adapter", base)
        merge(base, out / "adapter", out / "model", dtype)
    else:
        write_model(model.to(getattr(torch, dtype)).cpu(), base, out / "model", dtype)


def _is_sharded(model: Any) -> bool:
    return any(hasattr(tensor, "full_tensor") for tensor in model.parameters())
