"""A model in a process of its own: so its memory and CPU time are its own, and what kills it does not kill the comparison."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from hanse.errors import InputError, Unavailable
from hanse.hedge.engine.base import Answer, Identity, Question, Settings, answer_of
from hanse.hedge.engine.process import Process

LOADING_FACTOR = 10


class LocalEngine:
    """Starts when it is first asked."""

    def __init__(self, path: Path, identity: Identity, settings: Settings) -> None:
        self.identity = identity
        self._path, self._settings = path, settings
        self._process: Process | None = None

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def answer(self, question: Question, seed: int) -> Answer:
        """Raises InputError for a question that cannot be put to it or a model that cannot be loaded, Unavailable when its
        process died or took too long."""
        try:
            said = self._started().ask(asdict(question) | {"seed": seed}, self._settings.timeout_seconds)
        except Unavailable:
            self._process = None
            raise
        if "error" in said:
            raise InputError(f"{self.identity.name}: {said['error']}")
        return answer_of(said["answer"])

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _started(self) -> Process:
        if self._process is None:
            job = {"kind": self.identity.kind, "path": str(self._path.absolute()), "settings": asdict(self._settings)}
            self._process = Process(self.identity.name, "hanse.hedge.engine.inside", job)
            said = self._process.hear(self._settings.timeout_seconds * LOADING_FACTOR)
            if "error" in said:
                self.close()
                raise InputError(said["error"])
        return self._process
