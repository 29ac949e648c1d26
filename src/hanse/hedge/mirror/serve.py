"""The mirror as a hub over HTTP, read-only. A file is hashed while it is first sent: the last bytes leave only when all of it
was right, otherwise the connection is cut, so no client ends with a whole wrong file."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hanse.errors import DigestMismatch, HanseError, InputError
from hanse.hedge.mirror.hub import Ask, Hub, Reply, one_line
from hanse.hedge.mirror.layout import Record
from hanse.hedge.mirror.reading import Mirror

THREADS = 32
"""Connections at once; one more is told to come back."""
WAIT_SECONDS = 5.0
"""How long a connection waits for a thread."""
IDLE_SECONDS = 30.0
"""After which a connection that neither asks nor takes is closed."""
BODY_BYTES_MAX = 1 << 20
DAMAGED_SECONDS = 30.0
"""How long a file that was found wrong is refused at once, before it is looked at again."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server(ThreadingHTTPServer):
    """Serves a mirror until `stop`. `log` is told one line per request and per damaged file."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, mirror: Mirror, address: tuple[str, int], log: Callable[[str], None]) -> None:
        self.mirror, self.hub, self.log = mirror, Hub(mirror, time.monotonic), log
        self._threads_free = threading.BoundedSemaphore(THREADS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._right: set[str] = set()
        self._damaged: dict[str, tuple[float, str]] = {}
        self._stopping = False
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"cannot serve at {address[0]}:{address[1]}: {error}; choose another --host or --port"
            ) from error

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is set to."""
        host, port = str(self.server_address[0]), self.server_address[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def stop(self) -> None:
        """Take no more requests, let those that are being answered end, and return when they have. Not from the thread
        that serves."""
        self._stopping = True
        self.shutdown()
        self.close()

    def close(self) -> None:
        """What `stop` does after serving has ended."""
        self._stopping = True
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # an idle one hears the end; one that is being sent to goes on
        self.server_close()

    def pieces(self, record: Record, start: int, end: int) -> Iterator[bytes | memoryview]:
        """Bytes of a file: checked while they are read, the first time in this process. Raises DigestMismatch."""
        found = self._damaged.get(record.sha256)
        if found is not None and time.monotonic() - found[0] < DAMAGED_SECONDS:
            raise InputError(found[1])
        if record.sha256 in self._right:
            yield from self.mirror.pieces(record, start, end)
            return
        try:
            yield from self.mirror.checked(record, start, end)
        except DigestMismatch as error:
            self._damaged[record.sha256] = time.monotonic(), str(error)
            self.log(f"DAMAGED {one_line(str(error))}")
            raise
        self._right.add(record.sha256)

    def process_request(self, request: Any, client_address: Any) -> None:
        """As the base class, in one of a bounded number of threads."""
        if not self._threads_free.acquire(timeout=WAIT_SECONDS):
            with suppress(OSError):
                request.sendall(
                    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            self.shutdown_request(request)
            return
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the base class; the thread is free again afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            self._threads_free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "hanse-mirror"
    sys_version = ""
    timeout = IDLE_SECONDS
    server: Server

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, format: str, *args: Any) -> None:
        self.server.log(one_line(f"{self.command or '-'} {self.path if self.command else '-'} {format % args}"))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        self.server.log(one_line(f"{code} {self.command} {self.path}"))

    def _reply(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Reply(413))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        ask = Ask(self.command, self.path, headers, self.rfile.read(int(length)))
        host = (
            self.headers.get("Host", "localhost").rpartition("]")[0].lstrip("[")
            or self.headers.get("Host", "").split(":")[0]
        )
        if self.server.server_address[0] in LOOPBACK and host not in (*LOOPBACK, ""):
            self._send(
                Reply(403, {"X-Error-Message": "served to this machine only"})
            )  # a page that had its name turned here
            return
        self._send(self.server.hub.answer(ask))

    def _send(self, reply: Reply) -> None:
        if reply.file is None or self.command == "HEAD":
            self._send_head(reply)
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            return
        begun = False
        try:
            for piece in self.server.pieces(*reply.file):
                if not begun:
                    self._send_head(reply)
                    begun = True
                self.wfile.write(piece)
            if not begun:
                self._send_head(reply)
        except HanseError as error:
            self.close_connection = True
            if not begun:  # a small file: its check ended before its first byte left
                self._send_head(Reply(500, {"X-Error-Message": one_line(str(error))}))

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers and reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
