"""Bytes done by several threads, told to one listener."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Tally:
    """Adds up sizes; `hear` is told the sum, by one thread at a time."""

    def __init__(self, hear: Callable[[int], None]) -> None:
        self._hear, self._done, self._lock = hear, 0, threading.Lock()

    def add(self, size: int) -> None:
        """`size` more bytes are done; less than none when some are to be done again."""
        with self._lock:
            self._done += size
            self._hear(self._done)


def unheard(done: int) -> None:
    """For who wants to hear nothing."""
