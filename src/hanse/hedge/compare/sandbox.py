"""Run somebody's Python checker on one answer so that whatever it does, the worst is a failed item.

It runs in a process of its own (`held`), with limits on its time, memory, children, files and output; after the wall clock, or
the first byte too many, the process and all it started are killed.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal

from hanse.errors import InputError

How = Literal["namespaces", "limits"]
"""What holds a checker: see `held`."""
START_SECONDS = 60.0
"""Until it is held; only then its own time begins."""
READ_BYTES = 1 << 16
MARK_BYTES_MAX = 1 << 12
_PROBE = "def check(answer, item):\n    return True\n"


@dataclass(frozen=True)
class Limits:
    """Of one run of a checker."""

    wall_seconds: float = 10.0
    cpu_seconds: int = 5
    """Of each process."""
    memory_bytes: int = 512 << 20
    """Address space of each process."""
    processes: int = 1
    """At once, threads too; where there are no namespaces it is 1 whatever stands here."""
    file_bytes: int = 16 << 20
    """In its folder, which is memory; where there are no namespaces it may write none."""
    output_bytes: int = 1 << 16
    """Printed."""


@dataclass(frozen=True)
class Held:
    """What came of one run."""

    mark: float | None
    """From 0 to 1; None when it failed."""
    reason: str
    """Why it failed, empty when it did not."""
    how: How


@dataclass(frozen=True)
class _Ended:
    code: int | None
    """None when it was killed from here."""
    why: str
    told: bytes
    printed: bytes


@cache
def holding() -> How:
    """What this system has. Raises InputError when it has neither."""
    said = []
    for how in ("namespaces", "limits"):
        ended = _run(how, {"source": _PROBE, "name": "probe", "answer": "", "item": {}}, Limits())
        if _parse(ended, how) == 1:
            return how
        said.append(f"{how}: {ended.why or _last(ended.printed) or 'no mark'}")
    raise InputError(f"Python checkers cannot be held on this system ({'; '.join(said)}); use another kind of check")


def run(source: str, name: str, answer: str, item: dict[str, Any], limits: Limits, how: How | None = None) -> Held:
    """Have the checker `source` mark an answer: its `check(answer, item)`. `how` None: the best there is. Raises InputError
    where nothing holds a checker."""
    how = how or holding()
    ended = _run(how, {"source": source, "name": name, "answer": answer, "item": item}, limits)
    if not ended.told.startswith(_line(how)):
        raise InputError(f"{name}: cannot be held by {how}: {ended.why or _last(ended.printed) or 'no reason was given'}")
    if ended.why:
        return Held(None, ended.why, how)
    mark = _parse(ended, how)
    if mark is None:
        return Held(None, _reason(ended, limits), how)
    return Held(mark, "", how)


def _line(how: str) -> bytes:
    return json.dumps({"held": how}).encode() + b"\n"


def _parse(ended: _Ended, how: str) -> float | None:
    """The mark, from a run that ended well."""
    try:
        mark = json.loads(ended.told.removeprefix(_line(how)))["mark"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return float(mark) if ended.code == 0 and isinstance(mark, int | float) and 0 <= mark <= 1 else None


def _reason(ended: _Ended, limits: Limits) -> str:
    number = ended.code - 128 if ended.code is not None and ended.code > 128 else -(ended.code or 0)
    if number == signal.SIGXCPU:
        return f"used more than {limits.cpu_seconds} CPU seconds"
    if number > 0:
        return f"was ended by signal {number}"
    return _last(ended.printed) or f"ended with code {ended.code} and no mark"


def _last(printed: bytes) -> str:
    lines = printed.decode("utf-8", "replace").strip().splitlines()
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in lines[-1])[:400] if lines else ""


def _run(how: str, job: dict[str, Any], limits: Limits) -> _Ended:
    with tempfile.TemporaryDirectory(prefix="hanse-check-", ignore_cleanup_errors=True) as made:
        given, folder = Path(made, "job.json"), Path(made, "folder")
        given.write_text(json.dumps(job), encoding="utf-8")
        folder.mkdir(mode=0o700)
        command = [sys.executable, "-B", "-m", "hanse.hedge.compare.held", how, json.dumps(asdict(limits)), str(folder)]
        with given.open("rb") as stdin:
            process = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
            )
        try:
            return _listen(process, limits)
        finally:
            _kill(process)


def _listen(process: subprocess.Popen[bytes], limits: Limits) -> _Ended:
    """Until its end, its time or its output is over."""
    deadline, seconds = time.monotonic() + START_SECONDS, START_SECONDS
    told, printed = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, into, most in ((process.stdout, told, MARK_BYTES_MAX), (process.stderr, printed, limits.output_bytes)):
            selector.register(_pipe(pipe), selectors.EVENT_READ, (into, most))
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return _Ended(None, f"ran longer than {seconds:g} seconds", bytes(told), bytes(printed))
            for key, _ in ready:
                into, most = key.data
                data = os.read(key.fd, READ_BYTES)
                if into is told and not told and data:
                    deadline, seconds = time.monotonic() + limits.wall_seconds, limits.wall_seconds
                into += data
                if len(into) > most:
                    return _Ended(None, f"wrote more than {most} bytes", bytes(told), bytes(printed))
                if not data:
                    selector.unregister(key.fileobj)
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return _Ended(None, f"ran longer than {seconds:g} seconds", bytes(told), bytes(printed))
    return _Ended(code, "", bytes(told), bytes(printed))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """It and all it started: its group, and with its first process the namespace."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdout, process.stderr):
        _pipe(pipe).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # asked for
    return pipe
