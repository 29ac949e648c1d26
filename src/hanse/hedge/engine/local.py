"""A model in a process of its own: so its memory and CPU time are its own, and what kills it does not kill the comparison."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from hanse.errors import InputError, Unavailable
from hanse.hedge.engine.base import Answer, Identity, Question, Settings

LOADING_FACTOR = 10
LINE_BYTES_MAX = 64 << 20
TAIL_BYTES = 4096


class LocalEngine:
    """Starts when it is first asked."""

    def __init__(self, path: Path, identity: Identity, settings: Settings) -> None:
        self.identity = identity
        self._path, self._settings = path, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._read = b""

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def answer(self, question: Question, seed: int) -> Answer:
        """Raises InputError for a question that cannot be put to it or a model that cannot be loaded, Unavailable when its
        process died or took too long."""
        self._start()
        asked = {"id": question.id, "prompt": question.prompt, "messages": list(question.messages), "seed": seed}
        self._tell(json.dumps(asked).encode() + b"\n")
        said = self._hear(self._settings.timeout_seconds)
        if "error" in said:
            raise InputError(f"{self.identity.name}: {said['error']}")
        return Answer(**said["answer"])

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, self._errors):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was still to be written to it
                    pipe.close()

    def _start(self) -> None:
        if self._process is not None:
            return
        job = {"kind": self.identity.kind, "path": str(self._path.absolute()), "settings": asdict(self._settings)}
        self._errors, self._read = tempfile.TemporaryFile(), b""  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hanse.hedge.engine.inside", json.dumps(job)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        said = self._hear(self._settings.timeout_seconds * LOADING_FACTOR)
        if "error" in said:
            self.close()
            raise InputError(said["error"])

    def _tell(self, line: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._stopped("its process ended") from error

    def _hear(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
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

    def _stopped(self, why: str) -> Unavailable:
        """What to raise, with the last line that its libraries wrote; the process is gone then."""
        assert self._errors is not None
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - TAIL_BYTES))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self.close()
        return Unavailable(f"{self.identity.name}: {why}{f': {lines[-1][:400]}' if lines else ''}")
