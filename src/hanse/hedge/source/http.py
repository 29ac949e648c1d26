"""One HTTP GET with the standard library: proxies (HTTPS_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE) from the environment,
redirects without the Authorization header, which is for the registry and not for the storage it points at, and no silence
about a body that ends early.
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from hanse.errors import InputError, Unavailable

TIMEOUT_SECONDS = 30.0
"""Without a byte."""


class Refused(Exception):
    """An answer of 400 or more. Never leaves `hanse.hedge.source`."""

    def __init__(self, url: str, status: int, challenge: str) -> None:
        super().__init__(f"{url}: {status}")
        self.url, self.status, self.challenge = url, status, challenge


class Answer:
    """An answer whose body has not been read."""

    def __init__(self, url: str, inner: Any) -> None:
        self._url, self._inner = url, inner
        self.status: int = inner.status
        stated = re.match(r"bytes (\d+)-", inner.headers.get("Content-Range") or "")
        self.range_start = int(stated[1]) if stated else None

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.close()

    def chunks(self, bytes_max: int) -> Iterator[bytes]:
        """The body. Raises Unavailable when it is cut."""
        try:
            while chunk := self._inner.read(bytes_max):
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._url}: the line was cut: {error}") from error
        if self._inner.length:  # what is left of Content-Length: `read` itself says nothing
            raise Unavailable(f"{self._url}: the line was cut {self._inner.length} bytes before the end")

    def whole(self, bytes_max: int) -> bytes:
        """A small body. Raises InputError when it is larger than `bytes_max`."""
        data = bytearray()
        for chunk in self.chunks(1 << 16):
            data += chunk
            if len(data) > bytes_max:
                raise InputError(f"{self._url}: sends more than {bytes_max} bytes where a small document is expected")
        return bytes(data)


def request(url: str, headers: dict[str, str], authorization: str = "") -> Answer:
    """GET. Raises Refused for a status of 400 and more, Unavailable when there is no answer."""
    asked = urllib.request.Request(url, headers={"User-Agent": "hanse", **headers})
    if authorization:
        asked.add_unredirected_header("Authorization", authorization)
    try:
        return Answer(url, _opener().open(asked, timeout=TIMEOUT_SECONDS))
    except urllib.error.HTTPError as error:
        error.close()
        raise Refused(url, error.code, error.headers.get("WWW-Authenticate") or "") from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a redirect to no address
        reason = getattr(error, "reason", error)
        raise Unavailable(f"{url}: {reason}; check the network and the proxy (HTTPS_PROXY), or try later") from error


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS alone: a redirect must not lead to a file of this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
