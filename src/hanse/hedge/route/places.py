"""A target's places: so many requests at once, so many that wait, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Full(Exception):
    """All places are taken, those to wait at, too. Never leaves `hanse.hedge.route`."""


class Places:
    """First come, first served."""

    def __init__(self, parallel: int, queue: int) -> None:
        self._free, self._queue = asyncio.Semaphore(parallel), queue
        self.running = self.waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place for as long as the block runs. Raises Full at once when there is none to wait at."""
        if self._free.locked():
            if self.waiting >= self._queue:
                raise Full
            self.waiting += 1
            try:
                await self._free.acquire()
            finally:
                self.waiting -= 1
        else:
            await self._free.acquire()  # does not wait
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._free.release()
