"""The Hugging Face hub, and whatever speaks its protocol, through `huggingface_hub`: its session (company proxies and
certificates from the environment), its token (HF_TOKEN or `hf auth login`), its errors.

The token goes to the hub that HF_ENDPOINT names (huggingface.co without it) and to no other: a lock is a file that others
may edit, and `hub:URL` in it must not make a client hand over its token. Files are read in ranges: a hub that serves from a
CDN signs short-lived URLs and cuts answers of more than 50 GB.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from hanse.errors import HanseError, InputError, NotFound, Unavailable
from hanse.hedge.source.base import CHUNK, Listed, Listing

SPAN = 8 << 30
"""Bytes asked for in one request."""
TIMEOUT_SECONDS = 30.0
"""Without a byte."""
FILES_MAX = 100_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?")
_TOTAL = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


class HubSource:
    """`hub` is the one HF_ENDPOINT names; `hub:URL` another."""

    def __init__(self, text: str) -> None:
        self.text = text
        url = text.removeprefix("hub").removeprefix(":").rstrip("/")
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise InputError(f"source {text!r}: expected hub or hub:https://...")
        self._url = url

    @property
    def endpoint(self) -> str:
        """Where it is."""
        from huggingface_hub import constants

        return self._url or constants.ENDPOINT

    def listing(self, repository: str, revision: str) -> Listing:
        from huggingface_hub import HfApi

        with self._said(repository, revision):
            api = HfApi(endpoint=self.endpoint, token=self._token())
            info = api.model_info(repository, revision=revision or None, timeout=TIMEOUT_SECONDS)
            if not isinstance(info.sha, str) or not _COMMIT.fullmatch(info.sha):
                raise InputError(f"{self.text}: {repository}: states no commit: is {self.endpoint} a hub?")
            files = sorted(self._tree(repository, info.sha), key=lambda item: item.path)
        moved = info.id if isinstance(info.id, str) and info.id != repository else ""
        return Listing(info.sha, tuple(files), gated=bool(info.gated), moved=moved)

    def read(self, repository: str, revision: str, path: str, offset: int = 0) -> Iterator[bytes]:
        from huggingface_hub import hf_hub_url

        with self._said(repository, revision, path):
            endpoint = self.endpoint
            url = hf_hub_url(repository, path, revision=revision or None, endpoint=endpoint)
            headers = _client().build_hf_headers(token=self._token()) | {"Accept-Encoding": "identity"}
            while True:
                total = None
                for chunk, stated in self._span(url, headers, offset):
                    offset, total = offset + len(chunk), stated
                    yield chunk
                if total is None or offset >= total:
                    return

    def _span(self, url: str, headers: dict[str, str], offset: int) -> Iterator[tuple[bytes, int | None]]:
        """Bytes from `offset`, each with the file's size when more may follow in another request."""
        headers = headers | {"Range": f"bytes={offset}-{offset + SPAN - 1}"}
        with _client().get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS) as answer:
            stated = _TOTAL.fullmatch(answer.headers.get("Content-Range", ""))
            if answer.status_code == 416 and stated and int(stated[3]) <= offset:
                return  # there is nothing after the end, which is how an empty file looks too
            _client().hf_raise_for_status(answer)
            ranged = answer.status_code == 206
            if ranged and (stated is None or stated[1] is None or int(stated[1]) != offset):
                raise Unavailable(f"{self.text}: {urlsplit(url).path}: sent another range than was asked for")
            if ranged and answer.headers.get("Content-Encoding", "identity") != "identity":
                raise Unavailable(f"{self.text}: {urlsplit(url).path}: a range of it was compressed on the way")
            skip = 0 if ranged else offset  # a server may send everything all the same
            for chunk in answer.iter_bytes(CHUNK):
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:], int(stated[3]) if ranged and stated else None
                skip = 0

    def _tree(self, repository: str, commit: str) -> Iterator[Listed]:
        """Every file. `HfApi.list_repo_tree` asks the same, but waits for ever for a silent server."""
        client = _client()
        headers = client.build_hf_headers(token=self._token())
        query: dict[str, str] | None
        url, query = f"{self.endpoint}/api/models/{repository}/tree/{commit}", {"recursive": "true", "expand": "false"}
        count, pages = 0, 0
        while url:
            answer = client.http_backoff(
                "GET", url, params=query, headers=headers, timeout=TIMEOUT_SECONDS, max_retries=3
            )
            client.hf_raise_for_status(answer)
            pages += 1
            for entry in answer.json():
                if entry["type"] != "file":
                    continue
                count += 1
                if count > FILES_MAX:
                    raise InputError(f"{self.text}: {repository}: more than {FILES_MAX} files; a lock holds no more")
                yield _listed(entry)
            url, query = answer.links.get("next", {}).get("url"), None
            if pages > FILES_MAX // 50:
                raise InputError(f"{self.text}: {repository}: its listing has no end")

    def _token(self) -> bool | None:
        """None: the client's own. False: none at all."""
        from huggingface_hub import constants

        return None if not self._url or self._url == constants.ENDPOINT else False

    @contextmanager
    def _said(self, repository: str, revision: str, path: str = "") -> Iterator[None]:
        """Raise the client's errors as ours, with what to do."""
        from huggingface_hub import errors

        http_error: type[Exception] = errors.HfHubHTTPError.__bases__[
            0
        ]  # of httpx or httpx2: whichever this version of the client uses
        if not _REPOSITORY.fullmatch(repository):
            raise InputError(f"{self.text}: {repository!r}: expected org/name, as the hub calls it")
        at = f"{self.text}: {repository}" + (f"@{revision}" if revision else "") + (f": {path}" if path else "")
        access = "log in with `hf auth login` or set HF_TOKEN"
        if self._token() is False:
            access = f"set HF_ENDPOINT={self._url} and HF_TOKEN (a token goes to HF_ENDPOINT alone)"
        try:
            yield
        except HanseError:
            raise
        except errors.GatedRepoError as error:
            raise InputError(f"{at}: gated: accept its terms at {self.endpoint}/{repository}, and {access}") from error
        except errors.DisabledRepoError as error:
            raise NotFound(f"{at}: withdrawn: the hub has disabled access to it") from error
        except errors.RepositoryNotFoundError as error:
            raise NotFound(
                f"{at}: no such repository at {self.endpoint}, or it is private: check the name, or {access}"
            ) from error
        except errors.RevisionNotFoundError as error:
            raise NotFound(f"{at}: no such revision") from error
        except errors.EntryNotFoundError as error:
            raise NotFound(f"{at}: no such file at this revision") from error
        except errors.HFValidationError as error:
            raise InputError(f"{at}: expected org/name as the hub calls it: {_line(error)}") from error
        except errors.OfflineModeIsEnabled as error:
            raise InputError(f"{at}: HF_HUB_OFFLINE forbids asking the hub; unset it") from error
        except errors.HfHubHTTPError as error:
            if error.response is not None and error.response.status_code in (401, 403):
                raise InputError(f"{at}: refused ({error.response.status_code}): {access}") from error
            raise Unavailable(f"{at}: {_line(error)}; try again later") from error
        except http_error as error:
            raise Unavailable(
                f"{at}: {_line(error)}; check the network and the proxy (HTTPS_PROXY), or try later"
            ) from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:  # ValueError: no JSON, or a proxy's address
            raise InputError(f"{at}: {self.endpoint} does not answer as a hub: {_line(error)}") from error


def _client() -> Any:
    """The client's session and what belongs to it."""
    return importlib.import_module("huggingface_hub.utils")


def _listed(entry: dict[str, Any]) -> Listed:
    path, lfs = entry["path"], entry.get("lfs")
    size, sha256 = (lfs["size"], lfs["oid"]) if lfs else (entry["size"], None)
    if not isinstance(path, str) or not isinstance(size, int) or size < 0:
        raise TypeError(f"an entry of the listing with path {path!r} and size {size!r}")
    stated = isinstance(sha256, str) and _SHA256.fullmatch(sha256)
    return Listed(path, size, sha256 if stated else None)


def _line(error: BaseException) -> str:
    line = (str(error).strip() or type(error).__name__).split("\n", 1)[0][:300]
    return "".join(letter if letter.isprintable() else "?" for letter in line)  # the server's words, perhaps
