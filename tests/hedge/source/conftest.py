"""A hub and a registry on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.hedge.hub_server import Hub
from tests.hedge.hub_server import running as hub_running
from tests.hedge.registry_server import Registry
from tests.hedge.registry_server import running as registry_running


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own tokens, endpoints and proxies stay out of it."""
    for name in list(os.environ):
        if name.upper().startswith("HF_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_running(Hub()) as made:
        yield made


@pytest.fixture
def registry() -> Iterator[Registry]:
    with registry_running(Registry()) as made:
        yield made
