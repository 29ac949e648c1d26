"""llama.cpp's server out of the wheel `xllamacpp`, started here and nowhere else. The library is only imported when called."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import InputError


@dataclass(frozen=True)
class Served:
    """A loaded model."""

    server: Any
    key: str
    """What who asks over HTTP must show; empty: nothing."""

    @property
    def address(self) -> str:
        """Base URL, on this machine."""
        return str(self.server.listening_address)


def serve(path: Path, context: int, parallel: int = 1, threads: int = 0, is_open: bool = False) -> Served:
    """Load a GGUF file with `context` tokens for each of `parallel` requests at once; `threads` 0: as many as llama.cpp likes. It
    listens on a free port of this machine: for all who reach it (`is_open`), or for who has the key. Raises InputError."""
    xllamacpp: Any = import_module("xllamacpp")
    given = xllamacpp.CommonParams()
    given.model.path = str(path)
    given.n_ctx, given.n_parallel, given.warmup, given.verbosity = context * parallel, parallel, False, 1
    given.use_jinja, given.offline = True, True
    given.hostnames, given.port = ["127.0.0.1"], 0
    if threads:
        given.cpuparams.n_threads = given.cpuparams_batch.n_threads = threads
    key = "" if is_open else secrets.token_hex(32)
    if key:
        given.api_keys = [key]
    try:
        return Served(xllamacpp.Server(given), key)
    except RuntimeError as error:
        raise InputError(f"{path.name}: llama.cpp cannot load it: {error}") from error
