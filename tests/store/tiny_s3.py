"""A few lines that pass for S3 and fail on order: errors, lost replies, cut bodies, conditions accepted and ignored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import listening

ITEM = "<Contents><Key>{}</Key><Size>{}</Size><ETag>e</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
PAGE = "<ListBucketResult><KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>{}</ListBucketResult>"
MORE = "<NextContinuationToken>{}</NextContinuationToken>"
PAGE_SIZE = 1000
DATED = {"ETag": '"e"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
CUT = 1
"""A fault beside the HTTP codes: the answer promises more bytes than it sends."""


@dataclass
class TinyS3:
    """One bucket. Each request takes the next of `faults`; when there is none it is answered as it should be."""

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: deque[int] = field(default_factory=deque)
    stores_first: bool = False
    """A PUT takes effect before its fault: the reply is lost, not the request."""
    honors_condition: bool = True
    requests: list[str] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        keys = "access_key_id=tiny&secret_access_key=tiny-secret&region=us-east-1&disable_bulk_delete=true"
        return f"s3://tiny?{keys}&endpoint=http://127.0.0.1:{self.port}&allow_http=true"


@contextmanager
def running(tiny: TinyS3) -> Iterator[TinyS3]:
    class Handler(_Handler):
        server_state = tiny

    with listening(Handler) as tiny.port:
        yield tiny


class _Handler(BaseHTTPRequestHandler):
    server_state: TinyS3

    def do_PUT(self) -> None:
        tiny, name = self.server_state, self._name()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with tiny.lock:
            fault = self._begin(name)
            refused = tiny.honors_condition and self.headers["If-None-Match"] == "*" and name in tiny.objects
            if not refused and (not fault or tiny.stores_first):
                tiny.objects[name] = data
        self._answer(fault or (412 if refused else 200))

    def do_GET(self) -> None:
        tiny, name = self.server_state, self._name()
        with tiny.lock:
            fault = self._begin(name)
        if fault > CUT:
            self._answer(fault)
        elif not name:
            self._answer(200, self._page().encode())
        elif name not in tiny.objects:
            self._answer(404)
        else:
            data = tiny.objects[name]
            self._answer(200, data[: len(data) // 2] if fault else data, len(data))

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        tiny, name = self.server_state, self._name()
        with tiny.lock:
            fault = self._begin(name)
            tiny.objects.pop(name, None)
        self._answer(fault or 204)

    def _page(self) -> str:
        query = parse_qs(urlsplit(self.path).query)
        prefix, start = query.get("prefix", [""])[0], int(query.get("continuation-token", ["0"])[0])
        items = sorted((key, len(data)) for key, data in self.server_state.objects.items() if key.startswith(prefix))
        page, end = items[start : start + PAGE_SIZE], start + PAGE_SIZE
        more = end < len(items)
        content = "".join(ITEM.format(*item) for item in page) + (MORE.format(end) if more else "")
        return PAGE.format(len(page), str(more).lower(), content)

    def _name(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/tiny").removeprefix("/")

    def _begin(self, name: str) -> int:
        tiny = self.server_state
        tiny.requests.append(f"{self.command} {name}")
        return tiny.faults.popleft() if tiny.faults else 0

    def _answer(self, code: int, body: bytes | None = None, length: int | None = None) -> None:
        if body is None:
            body = b"" if code < 300 else b'<?xml version="1.0"?>\n<Error><Code>TinyError</Code></Error>'
        self.send_response(code)
        for key, value in DATED.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the requests are counted in `requests`."""
