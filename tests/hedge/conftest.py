"""A hub on this machine, a folder with a record, and nobody's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hedge.hub_server import Hub, running
from tests.hedge.record.recording_desk import Desk


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


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    for name in ("HANSE_RECORD", "HANSE_RECORD_KEY", "HANSE_RECORD_TRUST"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path)
