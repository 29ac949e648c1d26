"""A hub on this machine, and nobody's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.hedge.hub_server import Hub, running


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
