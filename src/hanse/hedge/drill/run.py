"""Drill models one by one, each in a process that is cut off the network, from a mirror alone."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hanse.errors import HanseError, InputError
from hanse.hedge.cut import How
from hanse.hedge.drill.record import Drilled, Generated, Network, Stage
from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.parts import folder_of
from hanse.hedge.mirror.source import MirrorSource
from hanse.hedge.source.base import Source
from hanse.store import open_store

SPARE_BYTES = 64 << 20
TAIL_BYTES = 4000
"""Of what a process that died had to say."""


@dataclass(frozen=True)
class Plan:
    """How to drill."""

    mirror: str
    """URL of the mirror."""
    work: Path | None = None
    """Where models are written for the time of the drill. None: the system's place for temporary files."""
    cut: How | None = None
    """None: a namespace where the system has one."""
    generate: bool = False
    timeout_seconds: float = 7200.0
    """For one model."""


def drill(
    models: tuple[LockedModel, ...], plan: Plan, hear: Callable[[str], None] = lambda name: None
) -> list[Drilled]:
    """Drill each model; what went wrong is in its result. `hear` is told each name as it begins. Raises InputError for a
    mirror that cannot be opened or a work folder without room."""
    store = open_store(plan.mirror)
    local = folder_of(store)
    found = []
    for model in models:
        hear(model.name)
        with tempfile.TemporaryDirectory(prefix="hanse-drill-", dir=plan.work, ignore_cleanup_errors=True) as made:
            work = Path(made)
            _check_room(work, model.size * (1 if local is not None else 2))
            try:
                spooled = None if local is not None else _spool(model, plan.mirror, work / "spool")
            except HanseError as error:
                found.append(_result(model, {}, f"spool: {error}", None))
                continue
            url = str(local) if local is not None else str(work / "spool")
            found.append(_one(model, url, plan, work, spooled))
    return found


def _check_room(work: Path, needed: int) -> None:
    free = shutil.disk_usage(work).free
    if free < needed + SPARE_BYTES:
        raise InputError(
            f"{work.parent}: {free} bytes free, {needed + SPARE_BYTES} needed; name another folder with --work"
        )


def _spool(model: LockedModel, url: str, spool: Path) -> int:
    """Fetch a model's part of a remote mirror, before the network is cut; how many milliseconds it took."""
    began = time.perf_counter()

    def opener(text: str) -> Source:
        if text != "the mirror":
            raise InputError("not asked: this is a drill from the mirror alone")
        return MirrorSource(url)

    mirror = MirrorSource(url).mirror
    mirror.find(model.name, model.entry)
    done = keep(
        open_store(str(spool), create=True, fsync=False), Order((model,), None, ("the mirror",)), opener, lambda: 0
    )
    if done.incomplete:
        said = "; ".join(f"{item.path}: {item.what}" for item in done.troubles if item.source == "the mirror")
        raise InputError(f"the mirror does not give all of it: {said[:2000]}")
    return round((time.perf_counter() - began) * 1000)


def _one(model: LockedModel, url: str, plan: Plan, work: Path, spooled: int | None) -> Drilled:
    job, result = work / "job.json", work / "result.json"
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:  # what the cut process must not reach
        value = {"mirror": url, "model": model.model_dump(mode="json"), "folder": str(work / "model"), "cut": plan.cut,
                 "port": listener.getsockname()[1], "generate": plan.generate, "result": str(result)}  # fmt: skip
        job.write_text(json.dumps(value), encoding="utf-8")
        died = _run([sys.executable, "-m", "hanse.hedge.drill.inside", str(job)], work / "said", plan.timeout_seconds)
    try:
        told = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    failure = told.get("failure", "")
    if not failure and (died or told.get("doing")):
        failure = f"{told.get('doing') or 'start'}: the process {died or 'ended'}"
    return _result(model, told, failure, spooled)


def _run(command: list[str], said: Path, timeout_seconds: float) -> str:
    """Run the process to its end; how it ended, empty when well."""
    with open(said, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            code = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code == 0:
        return ""
    lines = said.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace").strip().splitlines()
    last = f": {lines[-1]}" if lines else ""
    if code is None:
        return f"was ended after {timeout_seconds:g} seconds{last}"
    return f"was killed by signal {-code}{last}" if code < 0 else f"ended with code {code}{last}"


def _result(model: LockedModel, told: dict[str, Any], failure: str, spooled: int | None) -> Drilled:
    try:
        network = Network.model_validate_json(json.dumps(told["network"])) if "network" in told else None
        stages = {name: Stage(**stage) for name, stage in told.get("stages", {}).items()}
        generated = Generated(**told["generated"]) if "generated" in told else None
    except (ValidationError, TypeError) as error:
        network, stages, generated, failure = None, {}, None, f"its result cannot be read: {error}"
    return Drilled(
        name=model.name,
        entry=model.entry,
        repository=model.repository,
        revision=model.revision,
        files=len(model.file),
        bytes=model.size,
        network=network,
        spool_milliseconds=spooled,
        stages=stages,
        generated=generated,
        peak_memory_bytes=told.get("peak_memory_bytes"),
        failure=_clean(failure),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:4000]
