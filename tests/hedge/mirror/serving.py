"""A mirror served for a test, and requests without a client library."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.serve import Server
from hanse.store.base import Store


@dataclass
class Served:
    """A running server and what it logged."""

    server: Server
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, body. Raises http.client.IncompleteRead when the line is cut."""
        line = http.client.HTTPConnection("127.0.0.1", int(self.server.server_address[1]), timeout=60)
        try:
            line.request(method, path, body, dict(headers or {}))
            reply = line.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        finally:
            line.close()


@contextmanager
def serving(store: Store) -> Iterator[Served]:
    log: list[str] = []
    server = Server(Mirror(store), ("127.0.0.1", 0), log.append)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Served(server, log)
    finally:
        server.stop()
        thread.join()
