"""A hub with models in it, and a desk where commands run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hedge.hub_server import Hub, running

from hanse.cli.main import main


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own tokens, endpoints and proxies stay out of it."""
    for name in list(os.environ):
        if name.upper().startswith("HF_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running(Hub()) as made:
        yield made


@dataclass(frozen=True)
class Done:
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture
def hanse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run `hanse` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["hanse", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(str(ended.value.code)), captured.out, captured.err)

    return run
