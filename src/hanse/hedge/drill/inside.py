"""The process that drills one model: `python -m hanse.hedge.drill.inside JOB`. It cuts itself off before it does anything else.

What it has done is written to the job's result after each stage, so that whoever started it knows where it died.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import HanseError, InputError, IntegrityError
from hanse.hedge.cut import cut, devices, probe
from hanse.store.disk import replace_file


class _Result:
    """The result file."""

    def __init__(self, path: Path) -> None:
        self._path, self.value = path, dict[str, Any](stages={}, doing="cut", failure="")

    def save(self, **changed: Any) -> None:
        """Change it, at once and whole."""
        self.value |= changed | {"peak_memory_bytes": peak_memory()}
        replace_file(self._path, json.dumps(self.value).encode(), fsync=False)

    def stage(self, name: str, work: Callable[[], str]) -> None:
        """Do one stage and keep how long it took and what it says. A failure is kept and raised."""
        self.save(doing=name)
        began = time.perf_counter()
        try:
            detail, failure = work(), ""
        except (HanseError, OSError) as error:
            detail, failure = str(error)[:2000], f"{name}: {str(error)[:2000]}"
        took = round((time.perf_counter() - began) * 1000)
        self.value["stages"][name] = {"ok": not failure, "milliseconds": took, "detail": detail}
        self.save(doing="", failure=failure)
        if failure:
            raise InputError(failure)


def peak_memory() -> int | None:
    """Largest resident size of this process so far, in bytes; None where the system does not tell."""
    with (
        suppress(OSError),
        open("/proc/self/status", encoding="ascii") as file,
    ):  # getrusage counts whoever started us too
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with suppress(ImportError):  # not on Windows
        resource = import_module("resource")
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)
    return None


def main(path: Path) -> None:
    """Carry out a job."""
    job = json.loads(path.read_text(encoding="utf-8"))
    result = _Result(Path(job["result"]))
    try:
        how = cut(job["cut"])
        result.save(network={"cut": how, "devices": devices(), "probe": probe(job["port"])})
        _stages(job, result)
    except (InputError, IntegrityError) as error:
        result.save(failure=result.value["failure"] or str(error))


def _stages(job: dict[str, Any], result: _Result) -> None:
    from hanse.hedge.lock.schema import (
        LockedModel,
    )  # after the cut: no thread may be running when the namespace is left

    model = LockedModel.model_validate_json(json.dumps(job["model"]))
    folder = Path(job["folder"])
    result.stage("materialize", lambda: _materialize(job["mirror"], model, folder))
    result.stage("verify", lambda: _verify(model, folder))
    result.stage("load", lambda: _load(folder))
    if job["generate"]:
        result.stage("generate", lambda: _generate(folder, result))


def _materialize(url: str, model: Any, folder: Path) -> str:
    from hanse.hedge.mirror.get import get
    from hanse.hedge.mirror.reading import Mirror
    from hanse.store import open_store

    mirror = Mirror(open_store(url))
    mirror.table(model)  # the mirror says itself that it has this entry
    got = get(mirror, model, folder)
    return f"{got.written} files, {got.bytes} bytes"


def _verify(model: Any, folder: Path) -> str:
    from hanse.errors import DigestMismatch
    from hanse.hedge.lock.hashing import Digest, hash_places
    from hanse.hedge.source.folder import Place

    places = {item: Place(folder, item.path) for item in model.file}
    found = hash_places([(place, item.size) for item, place in places.items()])
    for item, place in places.items():
        digest = found[place]
        if not isinstance(digest, Digest) or digest.sha256 != item.sha256:
            raise DigestMismatch(f"{item.path}: {digest}, the lock says {item.sha256}")
    return f"{len(places)} digests right"


def _load(folder: Path) -> str:
    from hanse.hedge.drill.load import load

    return load(folder)


def _generate(folder: Path, result: _Result) -> str:
    from hanse.hedge.drill.generate import Silent, generate
    from hanse.hedge.offline import OFFLINE

    os.environ.update(OFFLINE)
    said = generate(folder)
    if isinstance(said, Silent):
        return f"not asked: {said.why}"
    result.value["generated"] = {"tokens": said.tokens, "text": said.text.encode("utf-8", "replace").decode()[:2000]}
    return f"{said.tokens} tokens with {said.with_}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
