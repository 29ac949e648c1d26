"""What holds for all tests: Ctrl-C reaches what they start, and side by side long files begin first."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.forked import needs_its_own_imports

HUB = ("HF_", "TRANSFORMERS_")
BEFORE = frozenset(os.environ)

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch and numpy are imported: the other core is the other worker's


@pytest.fixture(autouse=True)
def _libraries_keep_their_settings() -> Iterator[None]:
    """What a hub's client reads from the environment is as before: the tests after this one would be offline else."""
    before = {name: value for name, value in os.environ.items() if name.startswith(HUB)}
    yield
    after = {name: value for name, value in os.environ.items() if name.startswith(HUB)}
    for name in after.keys() - before.keys():
        del os.environ[name]
    assert set(after) <= set(before), "it leaves settings of the hub's client in the environment"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker is left with a long one at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
        items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish() -> None:
    """Or every command of the tests would be started the long way (tests/warm.py), a second or more each."""
    left = {name for name in os.environ.keys() - BEFORE if needs_its_own_imports({name: ""})}
    if left:
        raise pytest.UsageError(f"test modules, or what they import, set {', '.join(sorted(left))}: see tests/forked.py")


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would the commands that tests interrupt: they would never end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
