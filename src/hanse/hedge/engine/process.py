"""A process of its own that reads and writes one JSON object a line: its memory and CPU time are its own, and what kills it kills
nothing else."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from hanse.errors import Unavailable

LINE_BYTES_MAX = 64 << 20
TAIL_BYTES = 4096


class Process:
    """`python -m MODULE JOB`, and a name for it in errors."""

    def __init__(self, name: str, module: str, job: Any) -> None:
        self._name, self._read, self._errors = name, b"", tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(job)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ask(self, row: dict[str, Any], seconds: float) -> dict[str, Any]:
        """What it says to this. Raises Unavailable when it died or took too long; it is gone then."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(row).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._stopped("its process ended") from error
        return self.hear(seconds)

    def hear(self, seconds: float) -> dict[str, Any]:
        """What it says next. Raises as `ask`."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._read:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise self._stopped(f"no answer within {seconds:g} seconds")
                data = os.read(self._process.stdout.fileno(), 1 << 16)
                self._read += data
                if not data or len(self._read) > LINE_BYTES_MAX:
                    raise self._stopped("its process ended" if not data else "its answer is too long")
        line, _, self._read = self._read.partition(b"\n")
        said: dict[str, Any] = json.loads(line)
        return said

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was still to be written to it
                    pipe.close()

    def _stopped(self, why: str) -> Unavailable:
        """What to raise, with the last line that its libraries wrote; the process is gone then."""
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - TAIL_BYTES))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self.close()
        return Unavailable(f"{self._name}: {why}{f': {lines[-1][:400]}' if lines else ''}")
