"""A registry on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.hedge.registry_server import Registry, running


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running(Registry()) as made:
        yield made
