"""Every real store through `obstore`: a folder, S3, GCS, Azure, by URL.

One conditional PUT per object and never multipart: obstore's create mode ignores it and its default above 5 MB is
unconditional. Local files are read as files: one copy in memory, and many times faster than obstore's stream of them. The
folder store's create is atomic but not durable, so this class fsyncs file and folder unless told not to.
"""

from __future__ import annotations

import random
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from hanse.errors import AlreadyExists, InputError, NotFound, StoreError, TooLarge, Unavailable
from hanse.store.base import Stat, check_name
from hanse.store.disk import sync, sync_folders

T = TypeVar("T")
CHUNK = 8 << 20
TRIES = 5
TIMEOUT = "5m"
"""One request, body included: a part of 64 MiB on a slow line. obstore's own 30 s would ask for 18 Mbit/s."""
NO_RETRIES = {"max_retries": 0}
"""obstore's own retries would hide a lost reply: it repeats the PUT and reports the object as someone else's."""
REFUSALS = {"401": "check the credentials", "403": "check the credentials", "404": "no such bucket, or no credentials"}
"""Status codes no retry mends; obstore has no kind of error for them when it lists or asks for credentials."""


class ObjectStore:
    """A bucket or folder behind the four verbs. Transient errors are retried `TRIES` times, with jitter."""

    def __init__(
        self,
        url: str,
        inner: Any,
        folder: Path | None = None,
        fsync: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.url, self.inner, self.folder, self.fsync = url, inner, folder, fsync
        self._sleep, self._jitter = sleep, jitter
        self._durable = set() if folder is None else {folder}

    def put_once(self, name: str, data: bytes) -> None:
        """Create the object. A lost reply is recognized: after an ambiguous error, equal bytes in place are ours."""
        check_name(name)
        ambiguous = False

        def put() -> None:
            nonlocal ambiguous
            try:
                obstore.put(self.inner, name, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError) as error:
                if ambiguous and self.stat(name).size == len(data) and self.get(name, len(data)) == data:
                    return
                raise AlreadyExists(f"{self.url}: {name} exists already") from error
            except (FileNotFoundError, NotFoundError) as error:
                raise StoreError(f"{self.url}: put {name} failed: no such bucket ({_reason(error)})") from error
            except GenericError:
                ambiguous = True
                raise

        self._retried("put", name, put)
        self._sync(name)

    def get(self, name: str, limit: int) -> bytes:
        check_name(name)
        if self.folder is not None:
            return self._get_local(name, limit)

        def get() -> bytes:
            result = obstore.get(self.inner, name)
            size = int(result.meta["size"])
            if size > limit:
                raise self._too_large(name, size, limit)
            pieces = bytearray()
            for piece in result.stream(min_chunk_size=CHUNK):
                pieces += memoryview(piece)
                if len(pieces) > limit:  # the server's stated size was not the truth
                    raise self._too_large(name, len(pieces), limit)
            return bytes(pieces)

        return self._retried("get", name, get)

    def list(self, prefix: str, after: str = "") -> Iterator[Stat]:
        folder = prefix.rstrip("/")

        def listed() -> list[Stat]:
            found = []
            for batch in obstore.list(self.inner, prefix=folder or None):
                for item in batch:
                    path = item["path"]
                    if path.startswith(prefix) and path > after and "#" not in path:
                        found.append(Stat(path, int(item["size"])))
            return sorted(found, key=lambda stat: stat.name)

        yield from self._retried("list", prefix, listed)

    def stat(self, name: str) -> Stat:
        check_name(name)
        return self._retried("stat", name, lambda: Stat(name, int(obstore.head(self.inner, name)["size"])))

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace an object unconditionally: a mirror mends so, and `hanse store check` says whether it is possible."""
        check_name(name)
        self._retried("overwrite", name, lambda: obstore.put(self.inner, name, data, use_multipart=False))
        self._sync(name)

    def remove(self, name: str) -> None:
        """Delete an object. A folder's store keeps the emptied folder: another writer may be about to use it."""
        check_name(name)
        with suppress(NotFound):
            self._retried("delete", name, lambda: obstore.delete(self.inner, name))

    def remove_folder(self, prefix: str) -> None:
        """Delete what the check wrote; a refusal leaves it there."""
        with suppress(StoreError):
            for found in list(self.list(f"{prefix}/")):
                self._retried("delete", found.name, partial(obstore.delete, self.inner, found.name))

    def _get_local(self, name: str, limit: int) -> bytes:
        def get() -> bytes:
            path = self.folder / name if self.folder is not None else Path(name)
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise FileNotFoundError(path)
            if found.st_size > limit:
                raise self._too_large(name, found.st_size, limit)
            return path.read_bytes()

        return self._retried("get", name, get)

    def _sync(self, name: str) -> None:
        if self.folder is not None and self.fsync:
            sync(self.folder / name)
            sync_folders((self.folder / name).parent, self._durable)

    def _too_large(self, name: str, size: int, limit: int) -> TooLarge:
        return TooLarge(f"{self.url}: {name} has {size} bytes, at most {limit} are read")

    def _retried(self, verb: str, name: str, call: Callable[[], T]) -> T:
        for attempt in range(TRIES):
            try:
                return call()
            except (FileNotFoundError, NotADirectoryError, NotFoundError) as error:
                raise NotFound(f"{self.url}: no object {name}") from error
            except (PermissionDeniedError, UnauthenticatedError) as error:
                text = f"{self.url}: {verb} {name} refused: check the credentials ({_reason(error)})"
                raise StoreError(text) from error
            except GenericError as error:
                status = re.search(r"status code: (\d{3})", str(error))
                if status and status[1] in REFUSALS:
                    text = f"{self.url}: {verb} {name} refused: {REFUSALS[status[1]]} ({_reason(error)})"
                    raise StoreError(text) from error
                if attempt == TRIES - 1:
                    text = f"{self.url}: {verb} {name} failed {TRIES} times: {_reason(error)}; try again later"
                    raise Unavailable(text) from error
                self._sleep(0.2 * 2**attempt * (1 + self._jitter()))
            except (BaseError, OSError) as error:
                raise StoreError(f"{self.url}: {verb} {name} failed: {_reason(error)}") from error
        raise AssertionError("unreachable")  # the loop returns or raises


def open_store(url: str, create: bool = False, fsync: bool = True) -> ObjectStore:
    """The store at `url`: a folder's path or file://, s3://, gs://, az:// with obstore's own credentials.

    `create` makes a missing folder. Raises InputError naming the URL and the accepted forms.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        return _open_folder(url, Path(unquote(rest) if separator else url), create, fsync)
    if scheme not in ("s3", "s3a", "gs", "az", "abfs", "abfss", "http", "https"):
        raise InputError(f"bucket URL {url!r}: expected a folder, file://, s3://, gs:// or az://")
    address, _, query = url.partition("?")  # messages show the address alone: the query may hold keys
    options: Any = dict(unquote(item).partition("=")[::2] for item in query.split("&") if item)
    client: Any = {"timeout": TIMEOUT} | ({"allow_http": True} if options.pop("allow_http", "") == "true" else {})
    retry: Any = NO_RETRIES
    try:
        inner = obstore.store.from_url(address, config=options or None, client_options=client, retry_config=retry)
    except (BaseError, ValueError, TypeError) as error:
        raise InputError(f"bucket URL {address!r}: {_reason(error)}") from error
    return ObjectStore(address, inner)


def _open_folder(url: str, path: Path, create: bool, fsync: bool) -> ObjectStore:
    if not str(path) or str(path) == ".":
        raise InputError(f"bucket URL {url!r}: names no folder")
    if path.exists() and not path.is_dir():
        raise InputError(f"bucket {path}: is a file, expected a folder")
    if not path.exists() and not create:
        raise InputError(f"bucket {path}: no such folder; make it, or correct the URL")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"bucket {path}: cannot make the folder: {error.strerror}") from error
    path = path.resolve()
    return ObjectStore(path.as_uri(), obstore.store.LocalStore(path), path, fsync)


def _reason(error: BaseException) -> str:
    """The first line of obstore's report, and the server's own code, which is on a later one."""
    code = re.search(r"<Code>(\w+)</Code>", str(error))
    line = re.sub(r"<\?xml.*", "", str(error).split("\n", 1)[0])[:300].rstrip(" :")
    return f"{line}: {code[1]}" if code else line
